#include "audit/detect/donor.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define PACKETS 24U

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

/* `flight` small segments, a write of ten full ones, a request, and a write of eleven. */
static void add(struct tm_trace_set *set, int64_t rtt_us, uint32_t flight)
{
    struct tm_trace t = {.rtt_us = {rtt_us, 0}};
    struct tm_trace_packet p[PACKETS];
    uint32_t n = 0;
    for (; n < flight; n++)
        p[n] = (struct tm_trace_packet){.t_us = 10 * n, .bytes = 300, .dir = TM_DOWN};
    for (; n < flight + 10; n++)
        p[n] = (struct tm_trace_packet){.t_us = 10 * n, .bytes = 1448, .dir = TM_DOWN};
    p[n++] = (struct tm_trace_packet){.t_us = 1000000, .bytes = 100, .dir = TM_UP};
    for (uint32_t k = 0; k < 11; k++)
        p[n++] = (struct tm_trace_packet){.t_us = 2000000 + k, .bytes = 1448, .dir = TM_DOWN};
    CHECK_INT(tm_trace_set_name(set, "s", &t.session), TM_OK);
    CHECK_INT(tm_trace_set_add(set, &t, p, n), TM_OK);
}

struct world {
    struct tm_trace_set set;
    struct tm_writes writes;
    struct tm_donors donors;
};

static void open_world(struct world *w)
{
    CHECK_INT(tm_writes_cut(&w->writes, &w->set), TM_OK);
    CHECK_INT(tm_donors_init(&w->donors, &w->writes, &w->set), TM_OK);
}

static void close_world(struct world *w)
{
    tm_donors_deinit(&w->donors);
    tm_writes_deinit(&w->writes);
    tm_trace_set_deinit(&w->set);
}

/* The connection's write of n segments. */
static size_t write_of(const struct world *w, size_t trace, uint32_t n)
{
    for (size_t i = w->writes.start[trace]; i < w->writes.start[trace + 1]; i++) {
        if (w->writes.v[i].n_segments == n)
            return i;
    }
    CHECK_INT(n, 0);
    return 0;
}

/* Twenty connections each of 10 and 40 ms, with two small segments before the answer or none. */
static struct world four_kinds(void)
{
    struct world w = {.set = {0}};
    for (unsigned i = 0; i < 80; i++)
        add(&w.set, i % 2 ? 40000 : 10000, i / 2 % 2 ? 2 : 0);
    open_world(&w);
    return w;
}

static void a_donor_is_another_connection_of_the_same_path_and_place(void)
{
    struct world w = four_kinds();
    struct tm_rng rng = rng_of(1);
    for (size_t t = 0; t < 80; t++) {
        for (uint32_t n = 10; n <= 11; n++) {
            size_t own = write_of(&w, t, n);
            const struct tm_write_cut *c = &w.writes.v[tm_donors_pick(&w.donors, own, &rng)];
            CHECK(c->trace != t);
            CHECK_INT(c->trace % 2, t % 2); /* path */
            CHECK_INT(c->n_segments, n);    /* place: an open window or not */
            CHECK(n == 11 || c->trace / 2 % 2 == (uint32_t)t / 2 % 2); /* flight */
        }
    }
    close_world(&w);
}

static void several_donors_are_drawn(void)
{
    struct world w = four_kinds();
    struct tm_rng rng = rng_of(2);
    size_t own = write_of(&w, 5, 10);
    bool seen[80] = {false};
    unsigned n = 0;
    for (int k = 0; k < 200; k++) {
        uint32_t t = w.writes.v[tm_donors_pick(&w.donors, own, &rng)].trace;
        n += !seen[t];
        seen[t] = true;
    }
    CHECK_INT(n, TM_DONORS);
    close_world(&w);
}

static void a_write_without_another_is_its_own_donor(void)
{
    struct world w = {.set = {0}};
    struct tm_rng rng = rng_of(3);
    add(&w.set, TM_NEVER, 0);
    open_world(&w);
    size_t own = write_of(&w, 0, 10);
    CHECK_INT(tm_donors_pick(&w.donors, own, &rng), own);
    close_world(&w);
}

static void lengths_are_matched_where_all_else_is_equal(void)
{
    struct world w = {.set = {0}};
    struct tm_rng rng = rng_of(4);
    struct tm_trace_packet p[60];
    for (uint32_t i = 0; i < 60; i++)
        p[i] = (struct tm_trace_packet){.t_us = i, .bytes = 1448, .dir = TM_DOWN};
    for (uint32_t i = 0; i < 40; i++) {
        struct tm_trace t = {.rtt_us = {20000, 0}};
        CHECK_INT(tm_trace_set_add(&w.set, &t, p, i < 20 ? 10 + i % 2 : 59 + i % 2), TM_OK);
    }
    open_world(&w);
    for (size_t i = 0; i < 40; i++) {
        uint32_t n = w.writes.v[tm_donors_pick(&w.donors, i, &rng)].n_segments;
        CHECK(i < 20 ? n <= 11 : n >= 59);
    }
    close_world(&w);
}

static const struct check_case CASES[] = {
    {"a_donor_is_another_connection_of_the_same_path_and_place",
     a_donor_is_another_connection_of_the_same_path_and_place},
    {"several_donors_are_drawn", several_donors_are_drawn},
    {"a_write_without_another_is_its_own_donor", a_write_without_another_is_its_own_donor},
    {"lengths_are_matched_where_all_else_is_equal", lengths_are_matched_where_all_else_is_equal},
};
CHECK_MAIN("audit/detect/donor", CASES)
