/* test/unit/core/standstill_test.c - what three clocks say between two looks. */
#include "tm/core/standstill.h"

#include "test/support/check.h"

#define EVERY   500000
#define HOUR_US (3600 * TM_US_PER_S)

static const struct tm_clocks start = {
    .mono_us = 5 * TM_US_PER_S, .boot_us = 9 * TM_US_PER_S, .wall_us = INT64_C(1800000000000000)};

static struct tm_standstill begun(void)
{
    struct tm_standstill st;
    tm_standstill_init(&st, &start, EVERY);
    return st;
}

/* All clocks go on by gone_us. */
static struct tm_clocks later(const struct tm_standstill *st, int64_t gone_us)
{
    struct tm_clocks c = st->last;
    c.mono_us += gone_us;
    c.boot_us += gone_us;
    c.wall_us += gone_us;
    return c;
}

static void ordinary_life_is_no_news(void)
{
    struct tm_standstill st = begun();
    for (int i = 0; i < 1000; i++) {
        struct tm_clocks c = later(&st, i % 7 == 0 ? EVERY + TM_STOOD_US : i * 1000);
        c.boot_us += i % 50 * 1000;      /* clocks that are read one after another */
        c.wall_us += i % 3 * 100 * 1000; /* one that is corrected by and by */
        struct tm_standstill_news n = tm_standstill_look(&st, &c);
        CHECK_INT(n.stood_us, 0);
        CHECK_INT(n.slept_us, 0);
        CHECK_INT(n.set_us, 0);
    }
    CHECK_INT(st.stats.n_stood + st.stats.n_slept + st.stats.n_set, 0);
    CHECK_INT(st.stats.ended_us, 0);
}

static void a_program_that_was_stopped_stood_still_since_it_was_asked_for(void)
{
    struct tm_standstill st = begun();
    struct tm_clocks c = later(&st, EVERY + TM_STOOD_US + 1);
    CHECK_INT(tm_standstill_look(&st, &c).stood_us, TM_STOOD_US + 1);
    c = later(&st, EVERY + 15 * TM_US_PER_S);
    struct tm_standstill_news n = tm_standstill_look(&st, &c);
    CHECK_INT(n.stood_us, 15 * TM_US_PER_S);
    CHECK_INT(n.slept_us, 0);
    CHECK_INT(n.set_us, 0);
    CHECK_INT(st.stats.n_stood, 2);
    CHECK_INT(st.stats.stood_us, 16 * TM_US_PER_S + 1);
    CHECK_INT(st.stats.stood_max_us, 15 * TM_US_PER_S);
    CHECK_INT(st.stats.ended_us, c.mono_us);
    CHECK_INT(st.stats.stood_from_us, c.mono_us - 15 * TM_US_PER_S);
}

static void a_machine_that_slept_is_told_from_a_program_that_stood_still(void)
{
    struct tm_standstill st = begun();
    struct tm_clocks c = later(&st, EVERY);
    c.boot_us += 40 * TM_US_PER_S;
    c.wall_us += 40 * TM_US_PER_S;
    struct tm_standstill_news n = tm_standstill_look(&st, &c);
    CHECK_INT(n.slept_us, 40 * TM_US_PER_S);
    CHECK_INT(n.stood_us, 0);
    CHECK_INT(n.set_us, 0);
    c = later(&st, EVERY);
    CHECK_INT(tm_standstill_look(&st, &c).slept_us, 0); /* once */
    CHECK_INT(st.stats.n_slept, 1);
    CHECK_INT(st.stats.slept_max_us, 40 * TM_US_PER_S);
    CHECK_INT(st.stats.ended_us, 0);
}

static void a_wall_clock_that_was_set_is_told_with_its_sign(void)
{
    static const int64_t SET[] = {TM_US_PER_S, HOUR_US, 24 * HOUR_US, 87660 * HOUR_US};
    struct tm_standstill st = begun();
    for (int i = 0; i < 8; i++) {
        int64_t set_us = i % 2 == 0 ? SET[i / 2] : -SET[i / 2];
        struct tm_clocks c = later(&st, EVERY);
        c.wall_us += set_us;
        struct tm_standstill_news n = tm_standstill_look(&st, &c);
        CHECK_INT(n.set_us, set_us);
        CHECK_INT(n.stood_us, 0);
        CHECK_INT(n.slept_us, 0);
    }
    CHECK_INT(st.stats.n_set, 8);
    CHECK_INT(st.stats.set_us, 0);
}

static const struct check_case cases[] = {
    {"ordinary_life_is_no_news", ordinary_life_is_no_news},
    {"a_program_that_was_stopped_stood_still_since_it_was_asked_for",
     a_program_that_was_stopped_stood_still_since_it_was_asked_for},
    {"a_machine_that_slept_is_told_from_a_program_that_stood_still",
     a_machine_that_slept_is_told_from_a_program_that_stood_still},
    {"a_wall_clock_that_was_set_is_told_with_its_sign",
     a_wall_clock_that_was_set_is_told_with_its_sign},
};
CHECK_MAIN("standstill", cases)
