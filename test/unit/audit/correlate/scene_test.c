/* A scene built by hand: sorted, added up, on one clock. */
#include "audit/correlate/scene.h"

#include "test/support/check.h"

static uint32_t add(struct tm_scene *s, enum tm_scene_side side, uint32_t tunnel,
                    const struct tm_scene_packet *v, uint32_t n)
{
    uint32_t number = 77;
    CHECK_INT(tm_scene_add(s, side, tunnel, v, n, &number), TM_OK);
    return number;
}

static const struct tm_scene_packet A[] = {{900, 50, TM_DOWN}, {500, 10, TM_UP}};
static const struct tm_scene_packet B[] = {{400, 7, TM_UP}, {900, 3, TM_UP}};
static const struct tm_scene_packet C[] = {{1000, 1, TM_DOWN}};

static void packets_are_sorted_and_the_clock_begins_at_zero(void)
{
    struct tm_scene s = {0};
    CHECK_INT(add(&s, TM_SCENE_FLOW, 0, A, 2), 0);
    CHECK_INT(add(&s, TM_SCENE_CARRIER, 0, B, 2), 0);
    CHECK_INT(tm_scene_finish(&s), TM_OK);
    CHECK_INT(tm_scene_first_us(&s.flows[0]), 100);
    CHECK_INT(tm_scene_last_us(&s.flows[0]), 500);
    CHECK_INT(s.flows[0].v[0].bytes, 10);
    CHECK_INT(s.flows[0].bytes[TM_DOWN], 50);
    CHECK_INT(tm_scene_first_us(&s.carriers[0]), 0);
    CHECK_INT(tm_scene_at(&s.carriers[0], 0), 0);
    CHECK_INT(tm_scene_at(&s.carriers[0], 1), 1);
    CHECK_INT(tm_scene_at(&s.carriers[0], 500), 1);
    CHECK_INT(tm_scene_at(&s.carriers[0], 501), 2);
    tm_scene_deinit(&s);
}

static void carriers_of_a_tunnel_add_up(void)
{
    struct tm_scene s = {0};
    (void)add(&s, TM_SCENE_FLOW, 2, C, 1);
    (void)add(&s, TM_SCENE_CARRIER, 0, A, 2);
    (void)add(&s, TM_SCENE_CARRIER, 2, C, 1);
    (void)add(&s, TM_SCENE_CARRIER, 0, B, 2);
    CHECK_INT(tm_scene_finish(&s), TM_OK);
    CHECK_INT(s.n_tunnels, 3);
    CHECK_INT(s.sums[0].n, 4);
    CHECK_INT(s.sums[0].bytes[TM_UP], 20);
    CHECK_INT(s.sums[0].bytes[TM_DOWN], 50);
    for (uint32_t i = 1; i < s.sums[0].n; i++)
        CHECK(s.sums[0].v[i - 1].t_us <= s.sums[0].v[i].t_us);
    CHECK_INT(s.sums[1].n, 0);
    CHECK_INT(s.sums[2].n, 1);
    tm_scene_deinit(&s);
}

static void shares_are_sorted_and_added_up(void)
{
    struct tm_scene s = {0};
    CHECK_INT(tm_scene_share(&s, 1, 0, 5), TM_OK);
    CHECK_INT(tm_scene_share(&s, 0, 1, 7), TM_OK);
    CHECK_INT(tm_scene_share(&s, 1, 0, 6), TM_OK);
    CHECK_INT(tm_scene_share(&s, 0, 0, 9), TM_OK);
    CHECK_INT(tm_scene_finish(&s), TM_OK);
    CHECK_INT(s.n_shares, 3);
    CHECK(s.has_bytes);
    CHECK_INT(s.shares[0].bytes, 9);
    CHECK_INT(s.shares[1].bytes, 7);
    CHECK_INT(s.shares[2].bytes, 11);
    tm_scene_deinit(&s);
}

static void an_unknown_part_makes_the_share_unknown(void)
{
    struct tm_scene s = {0};
    CHECK_INT(tm_scene_share(&s, 1, 0, 5), TM_OK);
    CHECK_INT(tm_scene_share(&s, 1, 0, 0), TM_OK);
    CHECK_INT(tm_scene_finish(&s), TM_OK);
    CHECK_INT(s.n_shares, 1);
    CHECK_INT(s.shares[0].bytes, 0);
    CHECK(!s.has_bytes);
    tm_scene_deinit(&s);
}

static void delay_moves_the_directions_apart(void)
{
    struct tm_scene s = {0};
    (void)add(&s, TM_SCENE_FLOW, 0, C, 1);
    (void)add(&s, TM_SCENE_CARRIER, 0, A, 2);
    tm_scene_delay(&s, 300);
    CHECK_INT(s.carriers[0].v[0].t_us, 600); /* down */
    CHECK_INT(s.carriers[0].v[1].t_us, 800); /* up */
    CHECK_INT(s.flows[0].v[0].t_us, 1000);
    tm_scene_deinit(&s);
}

static const struct check_case CASES[] = {
    {"packets_are_sorted_and_the_clock_begins_at_zero",
     packets_are_sorted_and_the_clock_begins_at_zero},
    {"carriers_of_a_tunnel_add_up", carriers_of_a_tunnel_add_up},
    {"shares_are_sorted_and_added_up", shares_are_sorted_and_added_up},
    {"an_unknown_part_makes_the_share_unknown", an_unknown_part_makes_the_share_unknown},
    {"delay_moves_the_directions_apart", delay_moves_the_directions_apart},
};
CHECK_MAIN("audit/correlate/scene", CASES)
