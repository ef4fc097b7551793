#include "tm/base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#include "test/support/check.h"

static void members_stay_while_the_array_grows(void)
{
    uint64_t *v = NULL;
    size_t cap = 0;
    int rc = TM_OK;
    for (size_t n = 0; n < 1000 && rc == TM_OK; n++) {
        size_t before = cap;
        rc = tm_grow(&v, &cap, n, sizeof *v);
        CHECK(cap > n && (cap == before || cap == 16 || cap == 2 * before));
        if (rc == TM_OK)
            v[n] = n;
    }
    CHECK_INT(rc, TM_OK);
    CHECK_INT(cap, 1024);
    for (size_t n = 0; n < 1000 && rc == TM_OK; n++)
        CHECK_INT(v[n], n);
    free(v);
}

static void room_for_many_comes_at_once(void)
{
    uint8_t *v = NULL;
    size_t cap = 0;
    CHECK_INT(tm_grow_by(&v, &cap, 0, 0, 1), TM_OK);
    CHECK(v == NULL && cap == 0);
    CHECK_INT(tm_grow_by(&v, &cap, 0, 17, 1), TM_OK);
    CHECK(v != NULL && cap == 32);
    CHECK_INT(tm_grow_by(&v, &cap, 30, 2, 1), TM_OK);
    CHECK_INT(cap, 32);
    CHECK_INT(tm_grow_by(&v, &cap, 30, 100, 1), TM_OK);
    CHECK_INT(cap, 256);
    CHECK_INT(tm_grow_by(&v, &cap, 30, SIZE_MAX, 1), TM_ERR_NOMEM);
    CHECK_INT(cap, 256);
    free(v);
}

static void what_cannot_be_had_changes_nothing(void)
{
    uint8_t one = 7;
    uint8_t *v = &one;
    size_t cap = SIZE_MAX / 2 + 1;
    CHECK_INT(tm_grow(&v, &cap, cap, 1), TM_ERR_NOMEM);
    CHECK(v == &one && cap == SIZE_MAX / 2 + 1);
    cap = SIZE_MAX / 4;
    CHECK_INT(tm_grow(&v, &cap, cap, 4), TM_ERR_NOMEM);
    CHECK(v == &one && cap == SIZE_MAX / 4);
}

static const struct check_case cases[] = {
    {"members_stay_while_the_array_grows", members_stay_while_the_array_grows},
    {"room_for_many_comes_at_once", room_for_many_comes_at_once},
    {"what_cannot_be_had_changes_nothing", what_cannot_be_had_changes_nothing},
};
CHECK_MAIN("grow", cases)
