#include "audit/detect/control.h"

#include "test/support/check.h"

#include <stdlib.h>

#include "test/unit/audit/detect/synthetic.h"

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

static bool has_size(const struct tm_trace_set *set, uint32_t bytes, uint8_t dir)
{
    for (size_t i = 0; i < set->n_packets; i++) {
        if (set->packets[i].bytes == bytes && set->packets[i].dir == dir)
            return true;
    }
    return false;
}

static void naive_connections_are_made_of_recorded_sizes_and_end_after_their_last_packet(void)
{
    struct synthetic s = {.n_sessions = 8, .loads = 1, .siblings = 3, .seed = 4};
    struct tm_trace_set set = {0}, out = {0};
    struct tm_rng rng = rng_of(2);
    synthetic_make(&set, &s);
    CHECK_INT(tm_control_naive(&out, &set, 25, &rng), TM_OK);
    CHECK_INT(out.n, 25);
    for (size_t i = 0; i < out.n; i++) {
        const struct tm_trace_packet *p = tm_trace_packets(&out, &out.v[i]);
        CHECK(out.v[i].n_packets > 0);
        CHECK(out.v[i].duration_us >= p[out.v[i].n_packets - 1].t_us);
        for (uint32_t k = 0; k < out.v[i].n_packets; k++) {
            CHECK(has_size(&set, p[k].bytes, p[k].dir));
            CHECK(k == 0 || p[k].t_us >= p[k - 1].t_us);
        }
        CHECK(i == 0 || out.v[i].session != out.v[i - 1].session);
    }
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

static void a_subclass_keeps_directions_and_its_own_sizes_within_a_tenth(void)
{
    static const uint32_t CLUSTER[] = {0, 1};
    struct tm_trace_packet small[] = {{.t_us = 5, .bytes = 100, .dir = TM_UP, .is_new = true},
                                      {.t_us = 9, .bytes = 200, .dir = TM_DOWN, .is_new = true}},
                           large[] = {{.t_us = 5, .bytes = 600, .dir = TM_DOWN, .is_new = true},
                                      {.t_us = 9, .bytes = 1448, .dir = TM_UP, .is_new = true}};
    struct tm_trace t = {.duration_us = 20};
    struct tm_trace_set set = {0}, out = {0};
    struct tm_rng rng = rng_of(2);
    unsigned n_moved = 0;
    CHECK_INT(tm_trace_set_add(&set, &t, small, 2), TM_OK);
    CHECK_INT(tm_trace_set_add(&set, &t, large, 2), TM_OK);
    CHECK_INT(tm_control_subclass(&out, &set, CLUSTER, 2, 40, &rng), TM_OK);
    CHECK_INT(out.n, 40);
    for (size_t i = 0; i < out.n; i++) {
        const struct tm_trace_packet *p = tm_trace_packets(&out, &out.v[i]);
        const struct tm_trace_packet *old = p[0].dir == TM_UP ? small : large;
        CHECK_INT(out.v[i].n_packets, 2);
        CHECK_INT(p[1].dir, old[1].dir);
        for (int k = 0; k < 2; k++)
            CHECK(p[k].bytes * 10 >= old[k].bytes * 9 && p[k].bytes * 10 <= old[k].bytes * 11);
        n_moved += p[0].bytes != old[0].bytes;
        CHECK(old == small || p[1].bytes == 1448);
    }
    CHECK(n_moved > 20);
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

static const struct check_case CASES[] = {
    {"naive_connections_are_made_of_recorded_sizes_and_end_after_their_last_packet",
     naive_connections_are_made_of_recorded_sizes_and_end_after_their_last_packet},
    {"a_subclass_keeps_directions_and_its_own_sizes_within_a_tenth",
     a_subclass_keeps_directions_and_its_own_sizes_within_a_tenth},
};
CHECK_MAIN("audit/detect/control", CASES)
