/* Sizes and pauses of models and of what was played, counted alike. */
#include "models/likeness.h"

#include <string.h>

#include "models/schedfile.h"
#include "test/support/check.h"

static void a_first_write_has_no_pause(void)
{
    static struct tm_likeness l;
    tm_likeness_add(&l, 0, TM_UP, 517, 9);
    tm_likeness_add(&l, 1, TM_DOWN, 3000, -5);
    tm_likeness_add(&l, 2, TM_UP, 31, 7);
    CHECK_INT(l.size[TM_UP].n, 2);
    CHECK_INT(l.size[TM_UP].max, 517);
    CHECK_INT(l.size[TM_DOWN].n, 1);
    CHECK_INT(l.pause[TM_UP].n, 1);
    CHECK_INT(l.pause[TM_UP].bins[7], 1);
    CHECK_INT(l.pause[TM_DOWN].bins[0], 1);
}

static void swing_gives_its_distributions(void)
{
    static struct tm_likeness l;
    struct tm_model m = {.kind = TM_MODEL_SWING};
    uint64_t sizes[] = {3, 5, 5, 9};
    uint64_t thinks[] = {1, 2};
    struct tm_swing *s = &m.u.swing;
    CHECK_INT(tm_dist_fit(&s->param[TM_SWING_REQ], sizes, 4), TM_OK);
    CHECK_INT(tm_dist_fit(&s->param[TM_SWING_SERVER_THINK], thinks, 2), TM_OK);
    tm_likeness_of_model(&l, &m);
    CHECK_INT(l.size[TM_UP].n, 4);
    CHECK_INT(l.size[TM_UP].bins[5], 2);
    CHECK_INT(l.size[TM_DOWN].n, 0);
    CHECK_INT(l.pause[TM_DOWN].n, 2);
    CHECK_INT(l.pause[TM_UP].n, 0);
    tm_model_deinit(&m);
}

static void a_deck_gives_its_writes(void)
{
    static struct tm_likeness l;
    struct tm_model m = {.kind = TM_MODEL_JOINT};
    struct tm_deck *d = &m.u.joint.deck;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(tm_deck_add_conn(d, TM_DECK_FIRST, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(d, (struct tm_write){.size = 20, .dir = TM_UP}), TM_OK);
        CHECK_INT(tm_deck_add_write(
                      d, (struct tm_write){.size = 10, .gap_us = 4, .dir = TM_DOWN, .ref_back = 1}),
                  TM_OK);
    }
    tm_likeness_of_model(&l, &m);
    CHECK_INT(l.size[TM_UP].bins[20], 3);
    CHECK_INT(l.size[TM_DOWN].bins[10], 3);
    CHECK_INT(l.pause[TM_DOWN].bins[4], 3);
    CHECK_INT(l.pause[TM_UP].n, 0);
    tm_model_deinit(&m);
}

/* About TM_LIKENESS_WRITES_MAX of a schedule's writes are counted, however many it has. */
static void of_many_connections_some_are_counted(void)
{
    static struct tm_likeness l;
    static struct tm_schedfile_conn conn[1000];
    static struct tm_write w[200];
    const struct tm_schedfile f = {.conn = conn, .n_conns = 1000};
    for (size_t i = 0; i < 200; i++)
        w[i] = (struct tm_write){.size = 9, .dir = i % 2};
    for (size_t i = 0; i < 1000; i++)
        conn[i].plan = (struct tm_plan){.w = w, .n_writes = 200};
    tm_likeness_of_schedule(&l, &f);
    uint64_t n = l.size[TM_UP].n + l.size[TM_DOWN].n;
    CHECK(n <= TM_LIKENESS_WRITES_MAX && n > TM_LIKENESS_WRITES_MAX / 2);
}

static void the_distance_is_the_largest_gap(void)
{
    static struct tm_hist a, b, none;
    for (uint64_t v = 0; v < 10; v++)
        tm_hist_add(&a, v);
    CHECK_INT(tm_likeness_distance(&a, &a), 0);
    CHECK_INT(tm_likeness_distance(&a, &none), 1000);
    for (uint64_t v = 0; v < 20; v++)
        tm_hist_add(&b, v);
    CHECK_INT(tm_likeness_distance(&a, &b), 500); /* at 9: 10/10 and 10/20 */
    CHECK_INT(tm_likeness_distance(&b, &a), 500);
}

static const struct check_case cases[] = {
    {"a_first_write_has_no_pause", a_first_write_has_no_pause},
    {"swing_gives_its_distributions", swing_gives_its_distributions},
    {"a_deck_gives_its_writes", a_deck_gives_its_writes},
    {"of_many_connections_some_are_counted", of_many_connections_some_are_counted},
    {"the_distance_is_the_largest_gap", the_distance_is_the_largest_gap},
};
CHECK_MAIN("likeness", cases)
