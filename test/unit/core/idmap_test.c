/* Stream ids to places. */
#include "tm/core/idmap.h"

#include "test/support/check.h"

#define ROUND (2U * TM_IDMAP_CELLS) /* ids so far apart have one home */

static void an_id_is_found_where_it_was_put_last(void)
{
    static struct tm_idmap m;
    CHECK_INT(tm_idmap_get(&m, 2), TM_IDMAP_NONE);
    CHECK_INT(tm_idmap_get(&m, 0), TM_IDMAP_NONE);
    tm_idmap_put(&m, 2, 7);
    tm_idmap_put(&m, 4, 0);
    CHECK_INT(tm_idmap_get(&m, 2), 7);
    CHECK_INT(tm_idmap_get(&m, 4), 0);
    tm_idmap_put(&m, 2, 8);
    CHECK_INT(tm_idmap_get(&m, 2), 8);
    tm_idmap_remove(&m, 2);
    tm_idmap_remove(&m, 6); /* was not there */
    CHECK_INT(tm_idmap_get(&m, 2), TM_IDMAP_NONE);
    CHECK_INT(tm_idmap_get(&m, 4), 0);
}

static void ids_of_one_home_are_kept_apart_whichever_goes(void)
{
    for (uint64_t gone = 0; gone < 4; gone++) {
        static struct tm_idmap m;
        const uint64_t base = ROUND - 2; /* the last cell: they go on at the first */
        for (uint64_t i = 0; i < 4; i++)
            tm_idmap_put(&m, base + i * ROUND, (uint32_t)i);
        tm_idmap_put(&m, ROUND + 2, 9); /* its home is taken by the third of them */
        tm_idmap_remove(&m, base + gone * ROUND);
        for (uint64_t i = 0; i < 4; i++)
            CHECK_INT(tm_idmap_get(&m, base + i * ROUND), i == gone ? TM_IDMAP_NONE : i);
        CHECK_INT(tm_idmap_get(&m, ROUND + 2), 9);
        for (uint64_t i = 0; i < 4; i++)
            tm_idmap_remove(&m, base + i * ROUND);
        tm_idmap_remove(&m, ROUND + 2);
        for (uint32_t i = 0; i < TM_IDMAP_CELLS; i++)
            CHECK_INT(m.cell[i].id, 0);
    }
}

/* Against a plain array: ids come and go as a peer would choose them to be in each other's way. */
static void it_agrees_with_a_plain_array(void)
{
    enum { IDS = 24 };
    static struct tm_idmap m;
    uint32_t at[IDS];
    uint32_t x = 1;
    for (int i = 0; i < IDS; i++)
        at[i] = TM_IDMAP_NONE;
    for (uint32_t step = 0; step < 20000; step++) {
        x = x * 1664525U + 1013904223U;
        uint32_t i = (x >> 16) % IDS;
        uint64_t id = 2 + (uint64_t)(i % 6) * 2 + (uint64_t)(i / 6) * ROUND;
        at[i] = (x >> 28) < 8 ? step : TM_IDMAP_NONE;
        if (at[i] == TM_IDMAP_NONE)
            tm_idmap_remove(&m, id);
        else
            tm_idmap_put(&m, id, at[i]);
        for (uint32_t k = 0; k < IDS; k++) {
            uint64_t other = 2 + (uint64_t)(k % 6) * 2 + (uint64_t)(k / 6) * ROUND;
            if (tm_idmap_get(&m, other) != at[k])
                CHECK_INT(tm_idmap_get(&m, other), at[k]);
        }
    }
    CHECK_INT(tm_idmap_get(&m, 0), TM_IDMAP_NONE);
}

static const struct check_case cases[] = {
    {"an_id_is_found_where_it_was_put_last", an_id_is_found_where_it_was_put_last},
    {"ids_of_one_home_are_kept_apart_whichever_goes",
     ids_of_one_home_are_kept_apart_whichever_goes},
    {"it_agrees_with_a_plain_array", it_agrees_with_a_plain_array},
};
CHECK_MAIN("idmap", cases)
