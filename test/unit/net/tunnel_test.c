/* test/unit/net/tunnel_test.c - a client and a server over loopback: bytes, deaths, strangers, refusals. */
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/dist.h"
#include "models/mix.h"
#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/core/schedlog.h"

#define MEGABYTE (1U << 20)

static struct tm_model constant_model(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant =
        (struct tm_constant){.size_bytes = 12000, .interval_us = 8000, .n_exchanges = 20};
    return m;
}

static void set_dist(struct tm_model *m, enum tm_swing_param p, uint64_t low, uint64_t high)
{
    const struct tm_dist_point pt[2] = {{low, 3}, {high, 4}};
    CHECK_INT(tm_dist_set(&m->u.swing.param[p], pt, 2), TM_OK);
}

/* A small web-like model: connections of 1 to 6 exchanges, several at once. */
static struct tm_model swing_model(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "small"};
    set_dist(&m, TM_SWING_NUM_RRE, 2, 4);
    set_dist(&m, TM_SWING_INTER_RRE, 5000, 20000);
    set_dist(&m, TM_SWING_NUM_CONN, 2, 3);
    set_dist(&m, TM_SWING_INTER_CONN, 1000, 9000);
    set_dist(&m, TM_SWING_NUM_PAIRS, 6, 12);
    set_dist(&m, TM_SWING_REQ, 9000, 40000);
    set_dist(&m, TM_SWING_RSP, 14000, 350000);
    set_dist(&m, TM_SWING_REQ_THINK, 2000, 15000);
    set_dist(&m, TM_SWING_SERVER_THINK, 500, 4000);
    set_dist(&m, TM_SWING_CLOSE_THINK, 1000, 3000);
    set_dist(&m, TM_SWING_INTER_SESSION, 20000, 40000);
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    return m;
}

/* ---- Moving bytes ---- */

struct flow {
    int fd;
    uint8_t *out, *in;
    size_t sent, got;
    bool is_shut, is_end;
};

static struct flow flow_new(int fd, uint32_t seed)
{
    struct flow f = {.fd = fd, .out = malloc(MEGABYTE), .in = malloc(MEGABYTE)};
    CHECK(f.out != NULL && f.in != NULL);
    for (uint32_t i = 0; i < MEGABYTE; i++)
        f.out[i] = (uint8_t)((i + seed) * 2654435761U >> 17);
    return f;
}

static void flow_free(struct flow *f)
{
    free(f->out);
    free(f->in);
    (void)close(f->fd);
}

static void flow_step(struct flow *f)
{
    if (f->sent < MEGABYTE) {
        ssize_t n = send(f->fd, f->out + f->sent, MEGABYTE - f->sent, MSG_NOSIGNAL);
        f->sent += n > 0 ? (size_t)n : 0;
    } else if (!f->is_shut) {
        f->is_shut = shutdown(f->fd, SHUT_WR) == 0;
    }
    uint8_t extra;
    bool is_full = f->got == MEGABYTE;
    ssize_t n = f->is_end ? -1
                          : recv(f->fd, is_full ? &extra : f->in + f->got,
                                 is_full ? 1 : MEGABYTE - f->got, 0);
    if (n > 0)
        CHECK(!is_full);
    f->got += n > 0 ? (size_t)n : 0;
    f->is_end |= n == 0;
}

/* A megabyte each way at once through a forward, both ends closing their direction behind it. */
static void exchange_through(struct scene *s, const struct sockaddr_in *forward, int seconds)
{
    struct flow app = flow_new(scene_connect(forward), 1);
    int fd = scene_accept(s, s->dest);
    if (fd >= 0) {
        struct flow dest = flow_new(fd, 77);
        SCENE_UNTIL(s, seconds, app.is_end && dest.is_end)
        {
            flow_step(&app);
            flow_step(&dest);
        }
        CHECK_INT(app.got, MEGABYTE);
        CHECK_INT(dest.got, MEGABYTE);
        CHECK(app.is_end && dest.is_end);
        CHECK_MEM(dest.in, app.out, MEGABYTE);
        CHECK_MEM(app.in, dest.out, MEGABYTE);
        flow_free(&dest);
    }
    flow_free(&app);
}

static void exchange_a_megabyte(struct scene *s, int seconds)
{
    exchange_through(s, &s->forward_addr, seconds);
}

static void megabyte_with(const struct tm_model *m, enum tm_side master, enum tm_plan_mode mode)
{
    struct scene s;
    struct tm_session_stats stats;
    const struct scene_cfg cfg = {.model = m, .master = master, .plan_mode = mode};
    scene_start(&s, &cfg);
    exchange_a_megabyte(&s, 90);
    CHECK(s.n_up == 1);
    CHECK_INT(s.n_trouble + s.n_failed, 0);
    CHECK_STR(s.last_text, "");
    tm_tunnel_client_stats(s.client, &stats);
    CHECK_INT(stats.payload_rx_bytes, MEGABYTE);
    CHECK_INT(stats.carriers_died, 0);
    scene_stop(&s);
}

static void constant_client_seeded(void)
{
    struct tm_model m = constant_model();
    megabyte_with(&m, TM_CLIENT, TM_PLAN_SEEDED);
}

static void constant_client_embedded(void)
{
    struct tm_model m = constant_model();
    megabyte_with(&m, TM_CLIENT, TM_PLAN_EMBEDDED);
}

static void constant_server_seeded(void)
{
    struct tm_model m = constant_model();
    megabyte_with(&m, TM_SERVER, TM_PLAN_SEEDED);
}

static void constant_server_embedded(void)
{
    struct tm_model m = constant_model();
    megabyte_with(&m, TM_SERVER, TM_PLAN_EMBEDDED);
}

static void swing_in_all_four_ways(void)
{
    struct tm_model m = swing_model();
    megabyte_with(&m, TM_CLIENT, TM_PLAN_SEEDED);
    megabyte_with(&m, TM_CLIENT, TM_PLAN_EMBEDDED);
    megabyte_with(&m, TM_SERVER, TM_PLAN_SEEDED);
    megabyte_with(&m, TM_SERVER, TM_PLAN_EMBEDDED);
    tm_model_deinit(&m);
}

/* Writes larger than what may be under way to the wire thread at once, of an awkward size. */
static void writes_of_a_megabyte_leave_in_pieces(void)
{
    struct tm_model m = constant_model();
    m.u.constant =
        (struct tm_constant){.size_bytes = 1100001, .interval_us = 60000, .n_exchanges = 3};
    megabyte_with(&m, TM_CLIENT, TM_PLAN_SEEDED);
    megabyte_with(&m, TM_SERVER, TM_PLAN_EMBEDDED);
}

/* The destination reads nothing for a while: the application is paused, the carriers are not. */
static void a_slow_reader_pauses_its_application_only(void)
{
    struct tm_model m = constant_model();
    static struct scene s;
    static uint8_t buf[65536];
    struct tm_session_stats before, after;
    const struct scene_cfg cfg = {.model = &m};
    scene_start(&s, &cfg);
    int app = scene_connect(&s.forward_addr);
    int dest = scene_accept(&s, s.dest);
    uint64_t sent = 0, got = 0, quiet_ns = uv_hrtime();
    SCENE_UNTIL(&s, 60, uv_hrtime() - quiet_ns > UINT64_C(700000000))
    {
        memset(buf, (int)(sent >> 16), sizeof buf);
        ssize_t n = send(app, buf, sizeof buf - (size_t)(sent & 0xffff), MSG_NOSIGNAL);
        if (n > 0) {
            sent += (uint64_t)n;
            quiet_ns = uv_hrtime();
        }
    }
    CHECK(sent < 64U * MEGABYTE); /* socket buffers and windows of both ends, all bounded */
    tm_tunnel_client_stats(s.client, &before);
    for (int i = 0; i < 300; i++)
        scene_step(&s);
    tm_tunnel_client_stats(s.client, &after);
    CHECK(after.wire_tx_bytes > before.wire_tx_bytes);
    CHECK(after.wire_rx_bytes > before.wire_rx_bytes);
    CHECK_INT(shutdown(app, SHUT_WR), 0);
    bool is_end = false, is_right = true;
    SCENE_UNTIL(&s, 60, is_end)
    {
        ssize_t n = recv(dest, buf, sizeof buf, 0);
        for (ssize_t i = 0; i < n; i++)
            is_right &= buf[i] == (uint8_t)((got + (uint64_t)i) >> 16);
        got += n > 0 ? (uint64_t)n : 0;
        is_end = n == 0;
    }
    CHECK(is_right);
    CHECK_INT(got, sent);
    (void)close(app);
    (void)close(dest);
    scene_stop(&s);
}

static void two_clients_have_sessions_of_their_own(void)
{
    struct tm_model m = constant_model();
    static struct scene s;
    struct sockaddr_in addr;
    struct tm_tunnel_server_stats stats;
    const struct scene_cfg cfg = {.model = &m, .idle_s = 1};
    scene_start(&s, &cfg);
    struct tm_tunnel_client *second = scene_new_client(&s);
    struct tm_local *forward = scene_new_forward(&s, second, &addr);
    exchange_a_megabyte(&s, 60);
    exchange_through(&s, &addr, 60);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.sessions_live, 2);
    CHECK_INT(stats.total.payload_rx_bytes, 2 * MEGABYTE);
    tm_local_close(forward);
    scene_stop_client(&s, second);
    SCENE_UNTIL(&s, 20, stats.sessions_live < 2)
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.sessions_live, 1); /* a session without carriers ends */
    CHECK_INT(stats.sessions_ended, 1);
    CHECK_INT(stats.total.payload_rx_bytes, 2 * MEGABYTE);
    exchange_a_megabyte(&s, 60);
    scene_stop(&s);
}

/* ---- Deaths ---- */

static void two_models_in_one_tunnel(void)
{
    struct tm_model m = constant_model(), other = constant_model(), mix;
    other.u.constant.size_bytes *= 2;
    const struct tm_mix parts = {.n_parts = 2, .part = {{&m, 1}, {&other, 2}}};
    CHECK_INT(tm_mix_make(&mix, &parts, NULL), TM_OK);
    megabyte_with(&mix, TM_CLIENT, TM_PLAN_SEEDED);
    megabyte_with(&mix, TM_SERVER, TM_PLAN_EMBEDDED);
}

static void killed_carriers_with(enum tm_side master, enum tm_plan_mode mode)
{
    struct tm_model m = constant_model();
    struct scene s;
    struct tm_session_stats stats;
    const struct scene_cfg cfg = {.model = &m, .master = master, .plan_mode = mode};
    scene_start(&s, &cfg);
    s.relay.kill_after = 47111;
    s.relay.kills_left = 12;
    exchange_a_megabyte(&s, 120);
    CHECK_INT(s.relay.n_killed, 12);
    CHECK_INT(s.n_failed, 0);
    tm_tunnel_client_stats(s.client, &stats);
    CHECK(stats.carriers_died >= 6);
    CHECK_INT(stats.payload_rx_bytes, MEGABYTE);
    scene_stop(&s);
}

static void killed_carriers_lose_nothing(void)
{
    killed_carriers_with(TM_CLIENT, TM_PLAN_SEEDED);
    killed_carriers_with(TM_CLIENT, TM_PLAN_EMBEDDED);
    killed_carriers_with(TM_SERVER, TM_PLAN_SEEDED);
    killed_carriers_with(TM_SERVER, TM_PLAN_EMBEDDED);
}

static void a_reset_of_either_application_reaches_the_other(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    const struct scene_cfg cfg = {.model = &m};
    const struct linger now = {.l_onoff = 1};
    char buf[8];
    scene_start(&s, &cfg);
    for (int side = 0; side < 2; side++) {
        int app = scene_connect(&s.forward_addr);
        CHECK_INT(send(app, "hello", 5, 0), 5);
        int dest = scene_accept(&s, s.dest);
        CHECK_INT(scene_read(&s, dest, buf, sizeof buf), 5);
        int broken = side == 0 ? app : dest;
        int other = side == 0 ? dest : app;
        CHECK_INT(setsockopt(broken, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        (void)close(broken);
        CHECK_INT(scene_read(&s, other, buf, sizeof buf), -ECONNRESET);
        (void)close(other);
    }
    scene_stop(&s);
}

/* The first client ends with a connection open, as when it is killed: its server hears of that from the next client alone. */
static void what_a_client_left_open_is_reset_once_it_has_begun_again(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    struct sockaddr_in addr;
    struct tm_tunnel_server_stats stats;
    const struct scene_cfg cfg = {.model = &m, .left_s = 1};
    char buf[8];
    scene_start(&s, &cfg);
    int app = scene_connect(&s.forward_addr);
    CHECK_INT(send(app, "hello", 5, 0), 5);
    int dest = scene_accept(&s, s.dest);
    CHECK_INT(scene_read(&s, dest, buf, sizeof buf), 5);
    tm_local_close(s.forward);
    scene_stop_client(&s, s.client);
    SCENE_UNTIL(&s, 20, s.n_stopped == 1)
    {
    }
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.sessions_live, 1);
    s.client = scene_new_client(&s);
    s.forward = scene_new_forward(&s, s.client, &addr);
    CHECK_INT(scene_read(&s, dest, buf, sizeof buf), -ECONNRESET);
    exchange_through(&s, &addr, 60);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.sessions_live, 1);
    CHECK_INT(stats.sessions_ended, 1);
    (void)close(app);
    (void)close(dest);
    scene_stop(&s);
}

static void a_destination_that_refuses_means_a_reset(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    const struct scene_cfg cfg = {.model = &m};
    char buf[8];
    scene_start(&s, &cfg);
    (void)close(s.dest);
    int app = scene_connect(&s.forward_addr);
    CHECK_INT(scene_read(&s, app, buf, sizeof buf), -ECONNRESET);
    (void)close(app);
    s.dest = -1;
    scene_stop(&s);
}

/* ---- The schedule log ---- */

/* Counts the lines of each kind; every line must parse. */
static void count_lines(const char *path, unsigned n[TM_SLOG_DROPPED + 1])
{
    char line[1024];
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        struct tm_schedlog_line l;
        int rc = tm_schedlog_parse(&l, line, strcspn(line, "\n"));
        CHECK_INT(rc, TM_OK);
        if (rc != TM_OK) {
            CHECK_STR(line, "a line that parses");
            continue;
        }
        n[l.kind]++;
    }
    (void)fclose(f);
}

static void both_ends_write_their_schedule_log(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    char client_path[] = "/tmp/tm-tunnel-test-XXXXXX";
    char server_path[] = "/tmp/tm-tunnel-test-XXXXXX";
    unsigned c[TM_SLOG_DROPPED + 1] = {0};
    unsigned v[TM_SLOG_DROPPED + 1] = {0};
    int fd = mkstemp(client_path);
    FILE *f = fdopen(fd, "w");
    CHECK(f != NULL);
    (void)close(mkstemp(server_path));
    const struct scene_cfg cfg = {.model = &m, .client_log = f, .server_log_path = server_path};
    scene_start(&s, &cfg);
    exchange_a_megabyte(&s, 60);
    scene_stop(&s);
    (void)fclose(f);
    count_lines(client_path, c);
    count_lines(server_path, v);
    CHECK_INT(c[TM_SLOG_SESSION], 1);
    CHECK_INT(v[TM_SLOG_SESSION], 1);
    CHECK(c[TM_SLOG_OPEN] >= 2 && c[TM_SLOG_UP] >= 2 && v[TM_SLOG_UP] >= 2);
    CHECK(c[TM_SLOG_WRITE] >= 80 && v[TM_SLOG_WRITE] >= 80);
    CHECK(c[TM_SLOG_RECV] >= 80 && v[TM_SLOG_RECV] >= 80);
    CHECK(c[TM_SLOG_CLOSE] >= 1 && c[TM_SLOG_END] >= 1 && v[TM_SLOG_END] >= 1);
    CHECK_INT(c[TM_SLOG_DROPPED] + v[TM_SLOG_DROPPED] + v[TM_SLOG_OPEN], 0);
    (void)unlink(client_path);
    (void)unlink(server_path);
}

static const struct check_case cases[] = {
    {"constant_client_seeded", constant_client_seeded},
    {"constant_client_embedded", constant_client_embedded},
    {"constant_server_seeded", constant_server_seeded},
    {"constant_server_embedded", constant_server_embedded},
    {"swing_in_all_four_ways", swing_in_all_four_ways},
    {"writes_of_a_megabyte_leave_in_pieces", writes_of_a_megabyte_leave_in_pieces},
    {"a_slow_reader_pauses_its_application_only", a_slow_reader_pauses_its_application_only},
    {"two_clients_have_sessions_of_their_own", two_clients_have_sessions_of_their_own},
    {"two_models_in_one_tunnel", two_models_in_one_tunnel},
    {"killed_carriers_lose_nothing", killed_carriers_lose_nothing},
    {"a_reset_of_either_application_reaches_the_other",
     a_reset_of_either_application_reaches_the_other},
    {"what_a_client_left_open_is_reset_once_it_has_begun_again",
     what_a_client_left_open_is_reset_once_it_has_begun_again},
    {"a_destination_that_refuses_means_a_reset", a_destination_that_refuses_means_a_reset},
    {"both_ends_write_their_schedule_log", both_ends_write_their_schedule_log},
};
CHECK_MAIN("tunnel", cases)
