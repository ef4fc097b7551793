/* test/unit/sim/agenda_test.c - items come out by time, then in the order in which they went in. */
#include "tm/sim/agenda.h"

#include "test/support/check.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"

static void put(struct tm_agenda *a, int64_t t_us, uint64_t number)
{
    CHECK_INT(tm_agenda_add(a, (struct tm_agenda_item){.t_us = t_us, .number = number}), TM_OK);
}

static void an_empty_agenda_has_nothing_to_come(void)
{
    struct tm_agenda a = {0};
    struct tm_agenda_item item;
    CHECK_INT(tm_agenda_next_us(&a), TM_NEVER);
    CHECK(!tm_agenda_take(&a, &item));
    tm_agenda_deinit(&a);
}

static void items_of_one_moment_keep_their_order(void)
{
    struct tm_agenda a = {0};
    struct tm_agenda_item item;
    for (uint64_t i = 0; i < 3000; i++)
        put(&a, 7, i);
    int wrong = 0;
    for (uint64_t i = 0; i < 3000; i++)
        wrong += !tm_agenda_take(&a, &item) || item.number != i;
    CHECK_INT(wrong, 0);
    tm_agenda_deinit(&a);
}

static void time_never_goes_back(void)
{
    const uint8_t seed[TM_SEED_LEN] = {1};
    struct tm_rng r;
    struct tm_agenda a = {0};
    struct tm_agenda_item item;
    int64_t now_us = 0;
    int wrong = 0, taken = 0;
    tm_rng_init(&r, seed);
    for (int i = 0; i < 20000; i++) {
        if (tm_rng_below(&r, 5) < 3 || !tm_agenda_take(&a, &item)) {
            put(&a, now_us + (int64_t)tm_rng_below(&r, 50), 0);
            continue;
        }
        wrong += item.t_us < now_us || tm_agenda_next_us(&a) < item.t_us;
        now_us = item.t_us;
        taken++;
    }
    CHECK_INT(wrong, 0);
    CHECK(taken > 5000);
    tm_agenda_deinit(&a);
}

static const struct check_case cases[] = {
    {"an_empty_agenda_has_nothing_to_come", an_empty_agenda_has_nothing_to_come},
    {"items_of_one_moment_keep_their_order", items_of_one_moment_keep_their_order},
    {"time_never_goes_back", time_never_goes_back},
};
CHECK_MAIN("agenda", cases)
