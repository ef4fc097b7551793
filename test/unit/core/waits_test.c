/* Since when bytes wait. */
#include "tm/core/waits.h"

#include "test/support/check.h"
#include "tm/base/time.h"

static void the_oldest_byte_is_the_one_that_leaves_next(void)
{
    struct tm_waits w = {0};
    CHECK(tm_waits_since(&w, 0) == TM_NEVER);
    tm_waits_put(&w, 100, 5000);
    tm_waits_put(&w, 300, 9000);
    CHECK_INT(tm_waits_since(&w, 0), 5000);
    CHECK_INT(tm_waits_since(&w, 99), 5000);
    CHECK_INT(tm_waits_since(&w, 100), 9000);
    CHECK(tm_waits_since(&w, 300) == TM_NEVER);
    tm_waits_drop(&w, 99);
    CHECK_INT(w.n, 2);
    tm_waits_drop(&w, 100);
    CHECK_INT(w.n, 1);
    tm_waits_drop(&w, 300);
    CHECK_INT(w.n, 0);
}

static void the_same_bytes_are_noted_once(void)
{
    struct tm_waits w = {0};
    tm_waits_put(&w, 100, 5000);
    tm_waits_put(&w, 100, 90000);
    CHECK_INT(w.n, 1);
    CHECK_INT(tm_waits_since(&w, 99), 5000);
    tm_waits_put(&w, 150, 5999); /* less than a millisecond later: one mark */
    CHECK_INT(w.n, 1);
    CHECK_INT(tm_waits_since(&w, 149), 5000);
    tm_waits_put(&w, 200, 6000);
    CHECK_INT(w.n, 2);
}

/* Round the ring many times; with too many marks an age is too large and never too small. */
static void too_many_pieces_make_ages_larger_never_smaller(void)
{
    struct tm_waits w = {0};
    uint64_t next = 0;
    for (uint64_t end = 10; end < 10000; end += 10) {
        tm_waits_put(&w, end, (int64_t)end * 1000);
        CHECK(w.n <= TM_WAITS_MAX);
        if (end % 200 == 0) {
            for (; next < end; next += 10) {
                int64_t put_us = ((int64_t)next + 10) * 1000;
                CHECK(tm_waits_since(&w, next) <= put_us);
                tm_waits_drop(&w, next);
            }
            tm_waits_drop(&w, next);
            CHECK_INT(w.n, 0);
        }
    }
}

static const struct check_case cases[] = {
    {"the_oldest_byte_is_the_one_that_leaves_next", the_oldest_byte_is_the_one_that_leaves_next},
    {"the_same_bytes_are_noted_once", the_same_bytes_are_noted_once},
    {"too_many_pieces_make_ages_larger_never_smaller",
     too_many_pieces_make_ages_larger_never_smaller},
};
CHECK_MAIN("waits", cases)
