/* A fitter fed from a world, connection by connection, against all records at the end. */
#include "learner/fitter.h"

#include <string.h>

#include "learner/fit.h"
#include "learner/held.h"
#include "learner/keymap.h"
#include "learner/world.h"
#include "test/support/check.h"
#include "tm/base/time.h"

enum { SLOTS = 40, PACKETS = 60000 };

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Connections of a few clients with a few servers, mixed packet by packet, many open at the end; some with
 * one packet, some with many exchanges, some opened in the same microsecond. */
static void feed(struct tm_world *w, int64_t step_us)
{
    static struct {
        uint32_t n;
        uint32_t seq[2];
        uint16_t port;
    } slot[SLOTS];
    uint64_t state = 42;
    int64_t t = 0;
    uint16_t port = 1000;
    memset(slot, 0, sizeof slot);
    for (int i = 0; i < PACKETS; i++) {
        size_t k = next(&state) % SLOTS;
        unsigned dir = next(&state) % 2;
        uint32_t what = next(&state) % 100;
        uint8_t client = (uint8_t)(1 + k % 5);
        uint8_t server = (uint8_t)(100 + k % 3);
        t += next(&state) % 3 * (int64_t)(next(&state) % 1000) * step_us;
        struct tm_packet p = {.t_us = t, .flags = TM_TCP_ACK};
        if (slot[k].n == 0) {
            dir = 0;
            slot[k].port = port++;
            p.flags = TM_TCP_SYN;
        }
        p.src[0] = dir == 0 ? client : server;
        p.dst[0] = dir == 0 ? server : client;
        p.src_port = dir == 0 ? slot[k].port : 443;
        p.dst_port = dir == 0 ? 443 : slot[k].port;
        p.seq = slot[k].seq[dir];
        p.ack = slot[k].seq[!dir];
        if (slot[k].n > 0) {
            p.payload_len = what < 70 ? next(&state) % 1448 : 0;
            p.flags = (uint8_t)(what == 99 ? TM_TCP_RST : p.flags | (what > 96 ? TM_TCP_FIN : 0));
        }
        slot[k].seq[dir] += p.payload_len + ((p.flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
        slot[k].n++;
        if (p.flags & TM_TCP_RST)
            slot[k].n = 0;
        CHECK_INT(tm_world_packet(w, &p), TM_OK);
    }
    CHECK_INT(tm_world_end(w), TM_OK);
}

static void check_equal(struct tm_samples *a, struct tm_samples *b)
{
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS; kind++) {
        struct tm_dist x;
        struct tm_dist y;
        CHECK_INT(tm_samples_fit(a, kind, TM_DIST_POINTS_MAX, &x), TM_OK);
        CHECK_INT(tm_samples_fit(b, kind, TM_DIST_POINTS_MAX, &y), TM_OK);
        CHECK_INT(x.n_points, y.n_points);
        if (x.n_points == y.n_points && x.n_points > 0)
            CHECK_MEM(x.pt, y.pt, x.n_points * sizeof *x.pt);
        tm_dist_deinit(&x);
        tm_dist_deinit(&y);
    }
}

static void check_both_ways(const struct tm_fit_cfg *cfg, int64_t step_us)
{
    static const uint16_t port = 443;
    struct tm_world_cfg wc = {
        .ports = &port,
        .n_ports = 1,
        .min_packets = 6,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 1000, .linger_us = TM_US_PER_S},
    };
    struct tm_samples s[2] = {0};
    struct tm_group_counts counts[2] = {0};
    struct tm_fitter *f = NULL;
    wc.exchange.max_pairs = 7;
    for (int is_online = 0; is_online < 2; is_online++) {
        struct tm_world *w = NULL;
        if (is_online)
            CHECK_INT(tm_fitter_new(&f, cfg, &s[1], &counts[1]), TM_OK);
        wc.fitter = f;
        CHECK_INT(tm_world_new(&w, &wc), TM_OK);
        feed(w, step_us);
        size_t n;
        const struct tm_record *r = tm_world_records(w, &n);
        CHECK(tm_world_counts(w)->n_conns > 500);
        CHECK_INT(n, is_online ? 0 : tm_world_counts(w)->n_conns);
        if (is_online)
            CHECK_INT(tm_fitter_end(f), TM_OK);
        else
            CHECK_INT(tm_fit_records(cfg, tm_world_pairs(w), r, n, &s[0], &counts[0]), TM_OK);
        if (is_online && step_us > 0)
            CHECK(tm_world_pairs(w)->n_pairs < 1000); /* given back as connections end */
        tm_world_free(w);
    }
    CHECK_MEM(&counts[0], &counts[1], sizeof counts[0]);
    CHECK(counts[0].n_rres > (step_us > 0 ? 10 : 4));
    check_equal(&s[0], &s[1]);
    tm_fitter_free(f);
    tm_samples_deinit(&s[0]);
    tm_samples_deinit(&s[1]);
}

static void online_and_at_the_end_are_the_same(void)
{
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default(), .min_rtts = 5};
    check_both_ways(&cfg, 100);
    cfg.key = TM_USER_PAIR;
    cfg.end = TM_END_CLOSE;
    check_both_ways(&cfg, 10);
}

static void openings_at_one_time_are_grouped_in_one_order(void)
{
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default(), .min_rtts = 1};
    cfg.group.inter_conn_us = 2 * TM_US_PER_S;
    check_both_ways(&cfg, 0);
    check_both_ways(&cfg, TM_US_PER_S);
}

enum { SESSIONS = 100000 }; /* more than there is room for exactly */

/* One connection each of as many users, all open together and ended one way or the other. */
static void end_sessions(bool is_backwards, struct tm_samples *samples)
{
    static uint32_t ticket[SESSIONS];
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default()};
    struct tm_group_counts counts = {0};
    struct tm_fitter *f;
    struct tm_pair_pool pool;
    struct tm_record r = {.conn = {.first_pair = TM_PAIR_NONE,
                                   .close_think_us = TM_PAIR_NONE,
                                   .rtt_us = {TM_PAIR_NONE, TM_PAIR_NONE}}};
    tm_pair_pool_init(&pool);
    CHECK_INT(tm_fitter_new(&f, &cfg, samples, &counts), TM_OK);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        memcpy(r.client, &i, sizeof i);
        CHECK_INT(tm_fitter_open(f, r.client, r.server, (int64_t)i * 977, &ticket[i]), TM_OK);
    }
    for (uint32_t k = 0; k < SESSIONS; k++) {
        uint32_t i = is_backwards ? SESSIONS - 1 - k : k;
        memcpy(r.client, &i, sizeof i);
        r.conn.start_us = (int64_t)i * 977;
        r.conn.end_us = SESSIONS * (int64_t)977;
        CHECK_INT(tm_fitter_close(f, ticket[i], &r, &pool), TM_OK);
    }
    CHECK_INT(tm_fitter_end(f), TM_OK);
    tm_fitter_free(f);
    CHECK_INT(counts.n_sessions, SESSIONS);
}

static void many_sessions_start_when_they_do_whatever_ends_first(void)
{
    struct tm_samples a = {0};
    struct tm_samples b = {0};
    end_sessions(false, &a);
    end_sessions(true, &b);
    check_equal(&a, &b);
    tm_samples_deinit(&a);
    tm_samples_deinit(&b);
}

static void held_values_stay_exact_while_they_are_few(void)
{
    struct tm_held h = {0};
    for (uint32_t i = 0; i < 5000; i++)
        CHECK_INT(tm_held_add(&h, i % 7, i % 2, UINT64_C(1000003) * (i % 500)), TM_OK);
    CHECK_INT(h.bits, 0);
    size_t n_kind = 0;
    CHECK_INT(tm_held_sort(&h, 1, &n_kind), TM_OK);
    uint64_t total[2] = {0};
    for (size_t i = 0; i < h.n_rows; i++) {
        CHECK_INT(h.row[i].kind, i < n_kind);
        total[i < n_kind] += h.row[i].count;
        CHECK(h.row[i].value % 1000003 == 0);
        if (i > 0 && i < n_kind)
            CHECK(h.row[i - 1].host < h.row[i].host ||
                  (h.row[i - 1].host == h.row[i].host && h.row[i - 1].value < h.row[i].value));
    }
    CHECK_INT(total[0], 2500);
    CHECK_INT(total[1], 2500);
    tm_held_deinit(&h);
}

static void held_rows_are_bounded_and_no_value_moves_far(void)
{
    struct tm_held h = {0};
    uint64_t state = 3;
    double sum = 0;
    double kept = 0;
    for (int i = 0; i < 1200000; i++) {
        uint64_t v = next(&state);
        sum += (double)v;
        CHECK_INT(tm_held_add(&h, 1, 0, v), TM_OK);
    }
    CHECK(h.bits >= TM_HELD_BITS_MIN && h.bits < 31);
    size_t n_kind = 0;
    CHECK_INT(tm_held_sort(&h, 0, &n_kind), TM_OK);
    CHECK_INT(n_kind, h.n_rows);
    CHECK(h.n_rows <= TM_HELD_ROWS_MAX);
    for (size_t i = 0; i < h.n_rows; i++)
        kept += (double)h.row[i].value * (double)h.row[i].count;
    CHECK(kept <= sum && kept > sum * 0.998);
    tm_held_deinit(&h);
}

/* The sum of all values as they come out again. */
static double sum_held(const struct tm_held *h)
{
    double sum = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        uint64_t before = 0;
        for (uint64_t k = 0; k < h->row[i].count; k++) {
            uint64_t v = tm_held_value(h, &h->row[i], k);
            CHECK(v >= before && v >= h->row[i].value);
            before = v;
            sum += (double)v;
        }
    }
    return sum;
}

static void held_rows_of_many_hosts_are_bounded_and_keep_their_mean(void)
{
    enum { HOSTS = 5000, EACH = 150 };
    static uint64_t v[HOSTS * EACH];
    struct tm_held h[2] = {{0}, {0}};
    size_t n_kind = 0;
    uint64_t state = 3;
    double sum = 0;
    for (uint32_t i = 0; i < HOSTS * EACH; i++) {
        v[i] = next(&state) >> i % 12;
        sum += (double)v[i];
        CHECK_INT(tm_held_add(&h[0], i % HOSTS, 0, v[i]), TM_OK);
    }
    for (uint32_t i = HOSTS * EACH; i-- > 0;)
        CHECK_INT(tm_held_add(&h[1], i % HOSTS, 0, v[i]), TM_OK);
    for (int k = 0; k < 2; k++) {
        CHECK_INT(tm_held_sort(&h[k], 0, &n_kind), TM_OK);
        CHECK(h[k].n_rows <= TM_HELD_ROWS_MAX);
        CHECK(h[k].bits >= TM_HELD_BITS_MIN && h[k].bits < TM_HELD_BITS_FINE);
    }
    CHECK_INT(h[0].n_rows, h[1].n_rows); /* in whatever order they came */
    CHECK_MEM(h[0].row, h[1].row, h[0].n_rows * sizeof *h[0].row);
    double kept = sum_held(&h[0]);
    CHECK(kept > sum * 0.998 && kept < sum * 1.002);
    tm_held_deinit(&h[0]);
    tm_held_deinit(&h[1]);
}

static uint32_t number_of(struct tm_keymap *m, uint32_t i, bool want_new)
{
    uint8_t key[TM_KEYMAP_KEY_LEN] = {0};
    uint32_t n = 0;
    bool is_new;
    memcpy(key + 28, &i, sizeof i);
    CHECK_INT(tm_keymap_put(m, key, &n, &is_new), TM_OK);
    CHECK_INT(is_new, want_new);
    return n;
}

static void keys_get_numbers_in_order(void)
{
    struct tm_keymap m = {0};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3000; i++)
            CHECK_INT(number_of(&m, i, round == 0), i);
    }
    CHECK_INT(m.n, 3000);
    tm_keymap_deinit(&m);
}

static void removed_keys_leave_no_trace(void)
{
    struct tm_keymap m = {0};
    for (uint32_t i = 0; i < 100; i++)
        (void)number_of(&m, i, true);
    for (uint32_t i = 100; i < 20000; i++) /* a flood: comes and goes */
        tm_keymap_remove(&m, number_of(&m, i, true));
    CHECK_INT(m.n, 101);
    for (uint32_t i = 0; i < 100; i += 2)
        tm_keymap_remove(&m, i);
    for (uint32_t i = 1; i < 100; i += 2)
        CHECK_INT(number_of(&m, i, false), i);
    for (uint32_t i = 0; i < 51; i++)
        CHECK(number_of(&m, 50000 + i, true) <= 100);
    CHECK_INT(m.n, 101);
    CHECK_INT(number_of(&m, 60000, true), 101);
    tm_keymap_deinit(&m);
}

static const struct check_case cases[] = {
    {"online_and_at_the_end_are_the_same", online_and_at_the_end_are_the_same},
    {"openings_at_one_time_are_grouped_in_one_order",
     openings_at_one_time_are_grouped_in_one_order},
    {"many_sessions_start_when_they_do_whatever_ends_first",
     many_sessions_start_when_they_do_whatever_ends_first},
    {"held_values_stay_exact_while_they_are_few", held_values_stay_exact_while_they_are_few},
    {"held_rows_of_many_hosts_are_bounded_and_keep_their_mean",
     held_rows_of_many_hosts_are_bounded_and_keep_their_mean},
    {"held_rows_are_bounded_and_no_value_moves_far", held_rows_are_bounded_and_no_value_moves_far},
    {"keys_get_numbers_in_order", keys_get_numbers_in_order},
    {"removed_keys_leave_no_trace", removed_keys_leave_no_trace},
};
CHECK_MAIN("fitter", cases)
