#include "audit/detect/render.h"

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

static void add(struct tm_trace_set *set, const struct tm_trace_packet *p, uint32_t n,
                const char *session)
{
    struct tm_trace t = {.duration_us = p[n - 1].t_us + 500};
    CHECK_INT(tm_trace_set_name(set, session, &t.session), TM_OK);
    CHECK_INT(tm_trace_set_add(set, &t, p, n), TM_OK);
}

#define UP(t, n)                                                                                   \
    {                                                                                              \
        .t_us = (t), .bytes = (n), .dir = TM_UP, .is_new = true                                    \
    }
#define DOWN(t, n)                                                                                 \
    {                                                                                              \
        .t_us = (t), .bytes = (n), .dir = TM_DOWN, .is_new = true                                  \
    }

static void a_write_goes_on_while_segments_are_full_and_close(void)
{
    static const struct tm_trace_packet P[] = {
        UP(0, 1448),        UP(10, 300),      /* one: the second ends it, not being full */
        UP(20, 100),                          /* another */
        DOWN(30, 1448),     DOWN(40, 1448),   /* two full ones ... */
        DOWN(100039, 5),                      /* ... and just in time */
        DOWN(200000, 1448),                   /* alone: the next comes too late */
        DOWN(300000, 7),    UP(300010, 1448), /* another direction */
    };
    struct tm_trace_set set = {0};
    struct tm_writes w = {0};
    static const uint32_t WANT[][4] = {{0, 2, 1748, TM_UP},   {2, 1, 100, TM_UP},
                                       {3, 3, 2901, TM_DOWN}, {6, 1, 1448, TM_DOWN},
                                       {7, 1, 7, TM_DOWN},    {8, 1, 1448, TM_UP}};
    add(&set, P, sizeof P / sizeof *P, "a");
    CHECK_INT(tm_writes_cut(&w, &set), TM_OK);
    CHECK_INT(w.full[0], 1448);
    CHECK_INT(w.n, 6);
    for (size_t i = 0; i < w.n && i < 6; i++) {
        CHECK_INT(w.v[i].first, WANT[i][0]);
        CHECK_INT(w.v[i].n_segments, WANT[i][1]);
        CHECK_INT(w.v[i].bytes, WANT[i][2]);
        CHECK_INT(w.v[i].dir, WANT[i][3]);
    }
    CHECK_INT(w.start[0], 0);
    CHECK_INT(w.start[1], 6);
    tm_writes_deinit(&w);
    tm_trace_set_deinit(&set);
}

static void inner_gaps_come_from_another_write_and_outer_ones_stay(void)
{
    static const struct tm_trace_packet A[] = {UP(100, 1448), UP(110, 500), DOWN(1000, 77)};
    static const struct tm_trace_packet B[] = {UP(100, 1448), UP(140, 900), DOWN(3000, 88)};
    struct tm_trace_set set = {0}, out = {0};
    struct tm_writes w = {0};
    struct tm_rng rng = rng_of(1);
    add(&set, A, 3, "a");
    add(&set, B, 3, "b");
    CHECK_INT(tm_writes_cut(&w, &set), TM_OK);
    CHECK_INT(tm_render(&out, &set, &w, TM_RENDER_ONCE, 0, &rng), TM_OK);
    CHECK_INT(out.n, 2);
    const struct tm_trace_packet *a = tm_trace_packets(&out, &out.v[0]),
                                 *b = tm_trace_packets(&out, &out.v[1]);
    CHECK_INT(a[0].bytes, 1448);
    CHECK_INT(a[1].bytes, 500);
    CHECK_INT(a[1].t_us, 140); /* b's gap */
    CHECK_INT(a[2].t_us, 140 + 890);
    CHECK_INT(out.v[0].duration_us, 140 + 890 + 500);
    CHECK_INT(b[1].t_us, 110); /* a's */
    CHECK_INT(b[2].t_us, 110 + 2860);
    CHECK_STR(out.names[out.v[1].session], "b");
    tm_writes_deinit(&w);
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

/* The longer write repeats the second half of the shorter one's gaps (20, 30). */
static void a_donor_that_is_too_short_goes_on_as_it_ended(void)
{
    static const struct tm_trace_packet SHORT[] = {UP(0, 1448), UP(10, 1448), UP(30, 1448),
                                                   UP(60, 1)};
    static const struct tm_trace_packet LONG[] = {UP(0, 1448),    UP(1000, 1448), UP(2000, 1448),
                                                  UP(3000, 1448), UP(4000, 1448), UP(5000, 1448),
                                                  UP(6000, 1)};
    static const int64_t WANT_US[] = {0, 10, 30, 60, 80, 110, 130};
    struct tm_trace_set set = {0}, out = {0};
    struct tm_writes w = {0};
    struct tm_rng rng = rng_of(1);
    add(&set, SHORT, 4, "a");
    add(&set, LONG, 7, "b");
    CHECK_INT(tm_writes_cut(&w, &set), TM_OK);
    CHECK_INT(tm_render(&out, &set, &w, TM_RENDER_ONCE, 0, &rng), TM_OK);
    const struct tm_trace_packet *p = tm_trace_packets(&out, &out.v[1]);
    CHECK_INT(out.v[1].n_packets, 7);
    for (uint32_t i = 0; i < 7 && i < out.v[1].n_packets; i++)
        CHECK_INT(p[i].t_us, WANT_US[i]);
    p = tm_trace_packets(&out, &out.v[0]);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_INT(p[i].t_us, 1000 * i);
    tm_writes_deinit(&w);
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

static void rendering_keeps_every_size_of_a_real_recording(void)
{
    struct tm_trace_set set = {0}, out = {0};
    struct tm_writes w = {0};
    struct tm_rng rng = rng_of(1);
    struct synthetic s = {.n_sessions = 30, .loads = 2, .siblings = 3, .seed = 4};
    uint32_t moved = 0;
    synthetic_make(&set, &s);
    CHECK_INT(tm_writes_cut(&w, &set), TM_OK);
    CHECK_INT(tm_render(&out, &set, &w, TM_RENDER_ONCE, 0, &rng), TM_OK);
    CHECK_INT(out.n, set.n);
    CHECK_INT(out.n_packets, set.n_packets);
    for (size_t i = 0; i < set.n_packets && i < out.n_packets; i++) {
        CHECK(out.packets[i].bytes == set.packets[i].bytes);
        CHECK(out.packets[i].dir == set.packets[i].dir);
        moved += out.packets[i].t_us != set.packets[i].t_us;
    }
    CHECK(moved > set.n_packets / 4);
    tm_writes_deinit(&w);
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

static void drawing_with_replacement_repeats_whole_sessions_under_new_names(void)
{
    struct tm_trace_set set = {0}, out = {0};
    struct tm_writes w = {0};
    struct tm_rng rng = rng_of(1);
    struct synthetic s = {.n_sessions = 20, .loads = 1, .siblings = 3, .seed = 4};
    uint32_t n_repeats = 0;
    synthetic_make(&set, &s);
    CHECK_INT(tm_writes_cut(&w, &set), TM_OK);
    CHECK_INT(tm_render(&out, &set, &w, TM_RENDER_WITH_REPLACEMENT, 55, &rng), TM_OK);
    CHECK_INT(out.n, 55);
    for (size_t i = 0; i < out.n; i++) {
        CHECK(out.v[i].session >= set.n_names);
        for (size_t k = 0; k < i; k++) {
            bool is_same_start = out.v[i].start_us == out.v[k].start_us;
            n_repeats += is_same_start && out.v[i].session != out.v[k].session;
        }
    }
    CHECK(n_repeats > 5);
    tm_writes_deinit(&w);
    tm_trace_set_deinit(&set);
    tm_trace_set_deinit(&out);
}

static const struct check_case CASES[] = {
    {"a_write_goes_on_while_segments_are_full_and_close",
     a_write_goes_on_while_segments_are_full_and_close},
    {"inner_gaps_come_from_another_write_and_outer_ones_stay",
     inner_gaps_come_from_another_write_and_outer_ones_stay},
    {"a_donor_that_is_too_short_goes_on_as_it_ended",
     a_donor_that_is_too_short_goes_on_as_it_ended},
    {"rendering_keeps_every_size_of_a_real_recording",
     rendering_keeps_every_size_of_a_real_recording},
    {"drawing_with_replacement_repeats_whole_sessions_under_new_names",
     drawing_with_replacement_repeats_whole_sessions_under_new_names},
};
CHECK_MAIN("audit/detect/render", CASES)
