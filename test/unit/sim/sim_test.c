/* test/unit/sim/sim_test.c - the virtual clock and links.  What engines do in a world is in test/sim. */
#include "tm/sim/sim.h"

#include "test/support/check.h"
#include "tm/base/time.h"

static struct tm_sim_cfg cfg_of(const struct tm_model *m)
{
    return (struct tm_sim_cfg){
        .model = m, .shape = tm_sim_shape, .n_users = 1, .seed = 3, .delay_us = 20000};
}

static struct tm_sim *world_of(const struct tm_sim_cfg *cfg)
{
    struct tm_sim *w = NULL;
    CHECK_INT(tm_sim_new(&w, cfg), TM_OK);
    return w;
}

/* TrafficMimic's baseline: 10 exchanges, a request every 500 ms, answered at once.  The first departs when TCP is up, after
 * a round trip, and its answer prep_us after it came; the second is the Finished, and so counts from that answer; the
 * connection closes 500 ms after the last byte, and the next opens when the client has the server's FIN.  So a connection takes
 * 40 + 42 + 9 * 500 + 42 + 500 + 40 ms. */
static void the_baseline_sends_when_arithmetic_says(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_sim_cfg cfg = cfg_of(&m);
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    const int64_t round_us = 40000 + 42000 + 9 * 500000 + 42000 + 500000 + 40000;
    int n_up = 0, n_down = 0, wrong = 0;
    while (tm_sim_next(w, 3 * round_us - 1, &ev) == 1) {
        if (ev.kind != TM_SIM_SENT)
            continue;
        int n = ev.side == TM_CLIENT ? n_up++ : n_down++;
        int64_t due_us = n / 10 * round_us + 40000 + n % 10 * 500000 + (n % 10 > 0 ? 42000 : 0);
        if (ev.side == TM_SERVER)
            due_us += 20000 + TM_PREP_US;
        wrong += tm_sim_now_us(w) != due_us;
        wrong += ev.size_bytes != 1448;
    }
    CHECK_INT(n_up, 30);
    CHECK_INT(n_down, 30);
    CHECK_INT(wrong, 0);
    CHECK_INT(tm_sim_now_us(w), 3 * round_us - 1);
    tm_sim_free(w);
    tm_model_deinit(&m);
}

static void the_line_is_shared_by_all_connections(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant =
        (struct tm_constant){.size_bytes = 100000, .interval_us = 250000, .n_exchanges = 1000};
    uint64_t bytes[2];
    for (int many = 0; many < 2; many++) {
        struct tm_sim_cfg cfg = cfg_of(&m);
        cfg.n_users = many ? 3 : 1;
        cfg.line_bps = 4000000; /* one user wants 3.2 Mb/s */
        struct tm_sim *w = world_of(&cfg);
        struct tm_sim_event ev;
        struct tm_session_stats s;
        while (tm_sim_next(w, 5 * TM_US_PER_S, &ev) == 1)
            CHECK(ev.kind != TM_SIM_APP || ev.app.kind != TM_EVENT_FAILED);
        tm_session_get_stats(tm_sim_end(w, TM_SERVER), &s);
        bytes[many] = s.wire_rx_bytes;
        tm_sim_free(w);
    }
    /* 4 Mb/s for 5 s are 2.5 MB; one user makes about 19 requests of 100 kB meanwhile. */
    CHECK(bytes[0] > 1700000 && bytes[0] < 2000000);
    CHECK(bytes[1] > 2200000 && bytes[1] <= 2500000);
    tm_model_deinit(&m);
}

/* How long after it left the third write of the client is answered, whole: the first two are of the handshake. */
static int64_t answer_us(uint32_t size_bytes, bool is_slow_start)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant = (struct tm_constant){
        .size_bytes = size_bytes, .interval_us = 2 * TM_US_PER_S, .n_exchanges = 4};
    struct tm_sim_cfg cfg = cfg_of(&m);
    cfg.is_slow_start = is_slow_start;
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    int64_t sent_us = 0, answered_us = 0;
    for (int n_up = 0, n_down = 0; n_down < 3 && tm_sim_next(w, 20 * TM_US_PER_S, &ev) == 1;) {
        if (ev.kind != TM_SIM_SENT)
            continue;
        n_up += ev.side == TM_CLIENT;
        n_down += ev.side == TM_SERVER;
        if (ev.side == TM_CLIENT && n_up == 3)
            sent_us = tm_sim_now_us(w);
        answered_us = tm_sim_now_us(w);
    }
    tm_sim_free(w);
    tm_model_deinit(&m);
    return answered_us - sent_us;
}

static void what_is_more_than_the_window_takes_round_trips(void)
{
    const int64_t least_us = 20000 + TM_PREP_US;
    CHECK_INT(answer_us(14000, false), least_us);
    CHECK_INT(answer_us(14000, true), least_us);
    CHECK_INT(answer_us(60000, false), least_us);
    /* Writes two seconds apart find the window at ten segments again: 14,480, 28,960 and the rest. */
    CHECK_INT(answer_us(60000, true), least_us + 2 * 40000);
}

/* The client closes behind its last write, of which most waits for the window. */
static void a_closing_comes_behind_what_waits(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant =
        (struct tm_constant){.size_bytes = 100000, .interval_us = 1000, .n_exchanges = 3};
    struct tm_sim_cfg cfg = cfg_of(&m);
    cfg.is_slow_start = true;
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    struct tm_session_stats up, down;
    int rc;
    while ((rc = tm_sim_next(w, 20 * TM_US_PER_S, &ev)) == 1)
        ;
    tm_session_get_stats(tm_sim_end(w, TM_CLIENT), &up);
    tm_session_get_stats(tm_sim_end(w, TM_SERVER), &down);
    CHECK_INT(rc, 0);
    CHECK(up.carriers_ended > 10);
    CHECK_INT(up.carriers_died, 0);
    CHECK_INT(down.carriers_died, 0);
    tm_sim_free(w);
    tm_model_deinit(&m);
}

static void timers_come_in_time_and_in_order(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_sim_cfg cfg = cfg_of(&m);
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    CHECK_INT(tm_sim_timer(w, 5000, 2), TM_OK);
    CHECK_INT(tm_sim_timer(w, 1000, 1), TM_OK);
    CHECK_INT(tm_sim_timer(w, 5000, 3), TM_OK);
    uint64_t seen = 0;
    while (tm_sim_next(w, 30000, &ev) == 1) {
        if (ev.kind != TM_SIM_TIMER)
            continue;
        seen = 10 * seen + ev.number;
        CHECK_INT(tm_sim_now_us(w), ev.number == 1 ? 1000 : 5000);
    }
    CHECK_INT(seen, 123);
    CHECK_INT(tm_sim_now_us(w), 30000);
    tm_sim_free(w);
    tm_model_deinit(&m);
}

static void a_cut_connection_ends_and_the_next_opens(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_sim_cfg cfg = cfg_of(&m);
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    struct tm_session_stats s;
    CHECK_INT(tm_sim_timer(w, 1000000, 0), TM_OK);
    while (tm_sim_next(w, 3 * TM_US_PER_S, &ev) == 1) {
        if (ev.kind == TM_SIM_TIMER) {
            CHECK(tm_sim_cut(w, 0, TM_CLIENT, 1010000));
            CHECK(!tm_sim_cut(w, 0, TM_CLIENT, 1010000));
            CHECK(!tm_sim_cut(w, 77, TM_CLIENT, 1010000));
        }
    }
    tm_session_get_stats(tm_sim_end(w, TM_CLIENT), &s);
    CHECK_INT(s.carriers_died, 1);
    CHECK_INT(s.carriers_opened, 2);
    tm_sim_free(w);
    tm_model_deinit(&m);
}

/* 300 users, of whom 256 can have a connection: the others' openings are late. */
static void time_never_goes_back_when_openings_must_wait(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_sim_cfg cfg = cfg_of(&m);
    cfg.n_users = 300;
    struct tm_sim *w = world_of(&cfg);
    struct tm_sim_event ev;
    int64_t last_us = 0;
    int n_back = 0, rc;
    while ((rc = tm_sim_next(w, 20 * TM_US_PER_S, &ev)) == 1) {
        n_back += tm_sim_now_us(w) < last_us;
        last_us = tm_sim_now_us(w);
    }
    struct tm_session_stats s;
    tm_session_get_stats(tm_sim_end(w, TM_CLIENT), &s);
    CHECK_INT(rc, 0);
    CHECK_INT(n_back, 0);
    CHECK_INT(s.carriers_died, 0);
    CHECK(s.carriers_opened > 600);
    tm_sim_free(w);
    tm_model_deinit(&m);
}

static void what_cannot_be_played_is_refused(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_sim_cfg cfg = cfg_of(&m);
    struct tm_sim *w;
    cfg.n_users = 0;
    CHECK_INT(tm_sim_new(&w, &cfg), TM_ERR_RANGE);
    CHECK(w == NULL);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"the_baseline_sends_when_arithmetic_says", the_baseline_sends_when_arithmetic_says},
    {"the_line_is_shared_by_all_connections", the_line_is_shared_by_all_connections},
    {"what_is_more_than_the_window_takes_round_trips",
     what_is_more_than_the_window_takes_round_trips},
    {"a_closing_comes_behind_what_waits", a_closing_comes_behind_what_waits},
    {"timers_come_in_time_and_in_order", timers_come_in_time_and_in_order},
    {"a_cut_connection_ends_and_the_next_opens", a_cut_connection_ends_and_the_next_opens},
    {"time_never_goes_back_when_openings_must_wait", time_never_goes_back_when_openings_must_wait},
    {"what_cannot_be_played_is_refused", what_cannot_be_played_is_refused},
};
CHECK_MAIN("sim", cases)
