/* test/unit/net/tunnel_test.c - a client and a server over loopback: bytes, deaths, strangers, refusals. */
#include "tm/net/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/dist.h"
#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/core/schedlog.h"

#define MEGABYTE (1U << 20)

static struct tm_model constant_model(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant = (struct tm_constant){.size_bytes = 12000, .interval_us = 8000, .n_exchanges = 20};
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
    ssize_t n = f->is_end ? -1 : recv(f->fd, is_full ? &extra : f->in + f->got, is_full ? 1 : MEGABYTE - f->got, 0);
    if (n > 0)
        CHECK(!is_full);
    f->got += n > 0 ? (size_t)n : 0;
    f->is_end |= n == 0;
}

/* A megabyte each way at once through the forward, both ends closing their direction behind it. */
static void exchange_a_megabyte(struct scene *s, int seconds)
{
    struct flow app = flow_new(scene_connect(&s->forward_addr), 1);
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

/* ---- Deaths ---- */

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

/* ---- Strangers ---- */

static void a_stranger_talks_to_the_decoy(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    struct tm_tunnel_server_stats stats;
    const struct scene_cfg cfg = {.model = &m};
    char buf[64];
    scene_start(&s, &cfg);
    int probe = scene_connect(&s.relay.server);
    CHECK_INT(send(probe, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    int web = -1;
    ssize_t n = 0;
    while (n == 0 && (web = scene_accept(&s, s.decoy)) >= 0) { /* the carriers' decoys close without a byte */
        n = scene_read(&s, web, buf, sizeof buf);
        if (n <= 0)
            (void)close(web);
    }
    CHECK_INT(n, 18);
    CHECK_MEM(buf, "GET / HTTP/1.0\r\n\r\n", 18);
    CHECK_INT(send(web, "HTTP/1.0 200 OK\r\n\r\n", 19, 0), 19);
    CHECK_INT(scene_read(&s, probe, buf, sizeof buf), 19);
    (void)close(web);
    CHECK_INT(scene_read(&s, probe, buf, sizeof buf), 0);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.strangers, 1);
    CHECK_INT(stats.refused, 0);
    (void)close(probe);
    scene_stop(&s);
}

static void without_a_decoy_a_stranger_is_closed_unanswered(void)
{
    struct tm_model m = constant_model();
    struct scene s;
    const struct scene_cfg cfg = {.model = &m, .no_decoy = true};
    char buf[64];
    scene_start(&s, &cfg);
    int probe = scene_connect(&s.relay.server);
    CHECK_INT(send(probe, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    CHECK(scene_read(&s, probe, buf, sizeof buf) <= 0);
    (void)close(probe);
    SCENE_UNTIL(&s, 20, s.n_up > 0) {}
    CHECK_INT(s.n_up, 1); /* our own still come through */
    scene_stop(&s);
}

/* Sends a hello that was used before and expects it at the decoy, byte by byte. */
static void expect_replay_at_decoy(struct scene *s, const struct relay_conn *c)
{
    uint8_t buf[CAPTURE_MAX];
    size_t hello = 5U + ((size_t)c->captured[3] << 8 | c->captured[4]);
    CHECK(hello > 200 && hello <= c->n_captured);
    int probe = scene_connect(&s->relay.server);
    CHECK_INT(send(probe, c->captured, hello, 0), hello);
    ssize_t n = 0;
    int web;
    while (n == 0 && (web = scene_accept(s, s->decoy)) >= 0) {
        n = scene_read(s, web, buf, sizeof buf);
        (void)close(web);
    }
    CHECK_INT(n, hello);
    CHECK_MEM(buf, c->captured, hello);
    CHECK(scene_read(s, probe, buf, sizeof buf) <= 0);
    (void)close(probe);
}

static void a_replayed_token_goes_to_the_decoy_also_after_a_restart(void)
{
    struct tm_model m = constant_model();
    static struct scene s;
    struct tm_tunnel_server_stats stats;
    static struct relay_conn used;
    char path[] = "/tmp/tm-tunnel-test-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    const struct scene_cfg cfg = {.model = &m, .replay_path = path};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_up > 0) {}
    used = s.relay.conn[0];
    expect_replay_at_decoy(&s, &used);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.refused, 1);
    scene_stop(&s);
    scene_start(&s, &cfg);
    expect_replay_at_decoy(&s, &used);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK_INT(stats.refused, 1);
    scene_stop(&s);
    (void)unlink(path);
}

/* ---- Refusals ---- */

/* The client hears TROUBLE with this error, has never been UP and sent nothing but hellos. */
static void expect_trouble(const struct scene_cfg *cfg, int err, const char *words)
{
    static struct scene s;
    scene_start(&s, cfg);
    int app = scene_connect(&s.forward_addr);
    CHECK_INT(send(app, "secret", 6, 0), 6);
    int web = -1;
    SCENE_UNTIL(&s, 30, s.n_trouble > 0)
    {
        char buf[CAPTURE_MAX];
        if (web < 0)
            web = accept(s.decoy, NULL, NULL);
        else if (recv(web, buf, sizeof buf, MSG_DONTWAIT) > 0)
            CHECK_INT(send(web, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0), 28);
    }
    if (web >= 0)
        (void)close(web);
    CHECK(s.n_trouble > 0);
    CHECK_INT(s.n_up, 0);
    CHECK_INT(s.last_err, err);
    if (strstr(s.last_text, words) == NULL)
        CHECK_STR(s.last_text, words);
    for (size_t i = 0; i < s.relay.n_conns; i++) {
        const struct relay_conn *c = &s.relay.conn[i];
        if (c->up > 0)
            CHECK_INT(c->up, 5U + ((size_t)c->captured[3] << 8 | c->captured[4]));
    }
    (void)close(app);
    scene_stop(&s);
}

static void a_wrong_secret_is_told_clearly(void)
{
    struct tm_model m = constant_model();
    struct scene_cfg cfg = {.model = &m, .wrong_secret = true};
    expect_trouble(&cfg, TM_ERR_AUTH, "did not accept us");
    cfg.no_decoy = true;
    expect_trouble(&cfg, TM_ERR_AUTH, "did not accept us");
}

static void a_revoked_client_and_an_unknown_model_are_told_clearly(void)
{
    struct tm_model m = constant_model();
    const struct scene_cfg revoked = {.model = &m, .revoked = true};
    expect_trouble(&revoked, TM_ERR_AUTH, "did not accept us");
    const struct scene_cfg model = {.model = &m, .unknown_model = true};
    expect_trouble(&model, TM_ERR_AUTH, "did not accept us");
}

static void nobody_at_the_address_is_told_clearly(void)
{
    struct tm_model m = constant_model();
    const struct scene_cfg cfg = {.model = &m, .no_server = true};
    expect_trouble(&cfg, TM_ERR_IO, "connection refused");
}

/* ---- Joining ---- */

static void on_answer(void *user, const struct tm_tunnel_answer *a)
{
    struct scene *s = user;
    s->n_answers++;
    s->answer_err = a->err;
    memcpy(s->answer_exporter, a->exporter, sizeof s->answer_exporter);
    (void)snprintf(s->answer, sizeof s->answer, "%.*s", (int)a->reply.len, (const char *)a->reply.p);
}

static void ask(struct scene *s, const char *text)
{
    SCENE_UNTIL(s, 20, s->n_up > 0) {}
    const struct tm_view request = {(const uint8_t *)text, strlen(text)};
    CHECK_INT(tm_tunnel_client_ask(s->client, request, on_answer, s), TM_OK);
    CHECK_INT(tm_tunnel_client_ask(s->client, request, on_answer, s), TM_ERR_LIMIT);
    SCENE_UNTIL(s, 20, s->n_answers > 0) {}
    CHECK_INT(s->n_answers, 1);
    CHECK_INT(s->n_joins, 1);
}

static void a_join_session_is_asked_and_answered_once(void)
{
    static struct scene s;
    struct tm_model m;
    const uint8_t zero[TM_TLS_EXPORTER_LEN] = {0};
    tm_tunnel_join_model(&m);
    const struct scene_cfg cfg = {.model = &m, .kind = TM_TOKEN_JOIN};
    scene_start(&s, &cfg);
    ask(&s, "admit");
    CHECK_INT(s.answer_err, TM_OK);
    CHECK_STR(s.answer, "welcome");
    CHECK_MEM(s.answer_exporter, s.join_exporter, TM_TLS_EXPORTER_LEN);
    CHECK(memcmp(s.answer_exporter, zero, sizeof zero) != 0);
    scene_stop(&s);
    scene_start(&s, &cfg);
    ask(&s, "go away");
    CHECK_INT(s.answer_err, TM_ERR_CLOSED);
    CHECK_STR(s.answer, "");
    scene_stop(&s);
    CHECK_INT(s.n_answers, 1);
}

static void stopping_ends_streams_and_answers(void)
{
    static struct scene s;
    struct tm_model m;
    char buf[8];
    tm_tunnel_join_model(&m);
    const struct scene_cfg cfg = {.model = &m, .kind = TM_TOKEN_JOIN};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_up > 0) {}
    int app = scene_connect(&s.forward_addr);
    for (int i = 0; i < 20; i++)
        scene_step(&s);
    const struct tm_view request = {(const uint8_t *)"admit", 5};
    CHECK_INT(tm_tunnel_client_ask(s.client, request, on_answer, &s), TM_OK);
    scene_stop(&s);
    CHECK_INT(s.n_answers, 1);
    CHECK_INT(s.answer_err, TM_ERR_CLOSED);
    CHECK_INT(recv(app, buf, sizeof buf, 0), -1);
    CHECK_INT(errno, ECONNRESET);
    (void)close(app);
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
        CHECK_INT(tm_schedlog_parse(&l, line, strcspn(line, "\n")), TM_OK);
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
    {"killed_carriers_lose_nothing", killed_carriers_lose_nothing},
    {"a_reset_of_either_application_reaches_the_other", a_reset_of_either_application_reaches_the_other},
    {"a_destination_that_refuses_means_a_reset", a_destination_that_refuses_means_a_reset},
    {"a_stranger_talks_to_the_decoy", a_stranger_talks_to_the_decoy},
    {"without_a_decoy_a_stranger_is_closed_unanswered", without_a_decoy_a_stranger_is_closed_unanswered},
    {"a_replayed_token_goes_to_the_decoy_also_after_a_restart",
     a_replayed_token_goes_to_the_decoy_also_after_a_restart},
    {"a_wrong_secret_is_told_clearly", a_wrong_secret_is_told_clearly},
    {"a_revoked_client_and_an_unknown_model_are_told_clearly",
     a_revoked_client_and_an_unknown_model_are_told_clearly},
    {"nobody_at_the_address_is_told_clearly", nobody_at_the_address_is_told_clearly},
    {"a_join_session_is_asked_and_answered_once", a_join_session_is_asked_and_answered_once},
    {"stopping_ends_streams_and_answers", stopping_ends_streams_and_answers},
    {"both_ends_write_their_schedule_log", both_ends_write_their_schedule_log},
};
CHECK_MAIN("tunnel", cases)
