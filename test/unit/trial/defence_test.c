#include "trial/defence.h"

#include <string.h>

#include "test/support/check.h"

static void every_defence_builds_at_both_ends(void)
{
    CHECK_INT(tm_defence_count(), 5);
    for (size_t i = 0; i < tm_defence_count(); i++) {
        const struct tm_defence *d = tm_defence_at(i);
        CHECK(tm_defence_named(d->name) == d);
        for (int side = TM_DEFENCE_CLIENT; side <= TM_DEFENCE_SERVER; side++) {
            struct tm_mb_ready r = {.n = 0};
            CHECK_INT(d->build(&r, (enum tm_defence_side)side, &d->numbers, 1, NULL), TM_OK);
            CHECK(r.n > 0);
            tm_mb_ready_free(&r);
        }
    }
    CHECK(tm_defence_named("nothing") == NULL);
}

/* Each number changes the machines, or makes them impossible: none is forgotten on the way. */
static void every_number_counts(void)
{
    for (size_t i = 0; i < tm_defence_number_count(); i++) {
        const struct tm_defence_number *n = tm_defence_number_at(i);
        const struct tm_defence *d = tm_defence_named(n->defence);
        struct tm_defence_numbers numbers = d->numbers;
        struct tm_mb_ready r = {.n = 0};
        struct tm_msg msg = {""};
        n->set(&numbers, TM_DEFENCE_CLIENT, -1);
        CHECK(memcmp(&numbers, &d->numbers, sizeof numbers) != 0);
        CHECK_INT(d->build(&r, TM_DEFENCE_CLIENT, &numbers, 1, &msg), TM_ERR_RANGE);
        CHECK(msg.text[0] != '\0');
        tm_mb_ready_free(&r);
    }
}

/* Those of the papers, in one place more than here: the headers' names for them. */
static void the_numbers_are_the_papers(void)
{
    const struct tm_mb_front_cfg front = TM_MB_FRONT;
    const struct tm_mb_regulator_cfg regulator = TM_MB_REGULATOR_HEAVY;
    const struct tm_mb_tamaraw_cfg tamaraw[] = {TM_MB_TAMARAW_CLIENT, TM_MB_TAMARAW_SERVER};
    CHECK_MEM(&tm_defence_named("front")->numbers.front, &front, sizeof front);
    CHECK_MEM(&tm_defence_named("regulator")->numbers.regulator, &regulator, sizeof regulator);
    for (int side = 0; side < 2; side++) {
        const struct tm_mb_tamaraw_cfg *got = &tm_defence_named("tamaraw")->numbers.tamaraw[side];
        CHECK(got->interval_s == tamaraw[side].interval_s && got->chunk == tamaraw[side].chunk);
    }
}

static const struct check_case cases[] = {
    {"every_defence_builds_at_both_ends", every_defence_builds_at_both_ends},
    {"every_number_counts", every_number_counts},
    {"the_numbers_are_the_papers", the_numbers_are_the_papers},
};

CHECK_MAIN("trial/defence", cases)
