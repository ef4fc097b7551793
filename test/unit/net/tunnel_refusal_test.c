/* test/unit/net/tunnel_refusal_test.c - strangers, refusals and joining: who is let in, and who hears what. */
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/mix.h"
#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/base/time.h"

static struct tm_model constant_model(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant =
        (struct tm_constant){.size_bytes = 12000, .interval_us = 8000, .n_exchanges = 20};
    return m;
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
    while (n == 0 &&
           (web = scene_accept(&s, s.decoy)) >= 0) { /* the carriers' decoys close without a byte */
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
    SCENE_UNTIL(&s, 20, s.n_up > 0)
    {
    }
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
    for (int i = 0; i < 500 && n == 0 && (web = scene_accept(s, s->decoy)) >= 0; i++) {
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
    SCENE_UNTIL(&s, 20, s.n_up > 0)
    {
    }
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

/* What a web server might say to a hello of ours: an error in clear, or (cut short) a flight of its own, in a
 * record that is longer than the planned flight. */
static const char plain_answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
static char tls_answer[20000] = {22, 3, 3, 0x3f, 0};

/* The web server behind the decoy's address: every connection that spoke gets the answer, at once. */
enum web_end { WEB_WAITS, WEB_RESETS };
struct web {
    const char *answer;
    size_t len;
    enum web_end end; /* after the answer */
    size_t n_heard;
    size_t n_open;
    int open[RELAY_MAX];
};

static void web_accept(struct web *w, int listener)
{
    int fd = w->n_open == RELAY_MAX ? -1 : accept(listener, NULL, NULL);
    if (fd >= 0)
        w->open[w->n_open++] = fd;
}

static void web_close(int fd, enum web_end end)
{
    const struct linger now = {.l_onoff = 1};
    if (end == WEB_RESETS)
        CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    (void)close(fd);
}

static void web_step(struct web *w, int listener)
{
    char buf[CAPTURE_MAX];
    web_accept(w, listener);
    for (size_t i = w->n_open; i > 0; i--) {
        int fd = w->open[i - 1];
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n > 0) {
            w->n_heard++;
            CHECK_INT(send(fd, w->answer, w->len, MSG_NOSIGNAL), w->len);
        }
        if (n == 0 || (n > 0 && w->end == WEB_RESETS)) {
            web_close(fd, n == 0 ? WEB_WAITS : w->end);
            w->open[i - 1] = w->open[--w->n_open];
        }
    }
}

static bool is_told(const struct scene *s, int err, const char *words)
{
    return s->last_err == err && strstr(s->last_text, words) != NULL;
}

/* The client hears TROUBLE with this error, has never been UP and sent nothing but hellos.  When silence after an
 * answer is what is judged (cfg->grace_us), other carriers may have died of it unanswered before. */
static void expect_trouble_with(const struct scene_cfg *cfg, int err, const char *words,
                                struct web *web)
{
    static struct scene s;
    scene_start(&s, cfg);
    int app = scene_connect(&s.forward_addr);
    CHECK_INT(send(app, "secret", 6, 0), 6);
    SCENE_UNTIL(&s, 60, s.n_trouble > 0 && (is_told(&s, err, words) || cfg->grace_us == 0))
    {
        web_step(web, s.decoy);
    }
    CHECK(cfg->no_decoy || cfg->no_server || web->n_heard > 0); /* a stranger like any other */
    CHECK_INT(s.n_up, 0);
    CHECK_INT(s.last_err, err);
    if (strstr(s.last_text, words) == NULL)
        CHECK_STR(s.last_text, words);
    for (size_t i = 0; i < s.relay.n_conns; i++) {
        const struct relay_conn *c = &s.relay.conn[i];
        if (c->up > 0)
            CHECK_INT(c->up, 5U + ((size_t)c->captured[3] << 8 | c->captured[4]));
    }
    while (web->n_open > 0)
        (void)close(web->open[--web->n_open]);
    (void)close(app);
    scene_stop(&s);
}

static void expect_trouble(const struct scene_cfg *cfg, int err, const char *words)
{
    struct web web = {.answer = plain_answer, .len = sizeof plain_answer - 1};
    expect_trouble_with(cfg, err, words, &web);
}

static const char refused[] = "did not accept us";

static void a_wrong_secret_is_told_clearly(void)
{
    struct tm_model m = constant_model();
    struct scene_cfg cfg = {.model = &m, .wrong_secret = true};
    expect_trouble(&cfg, TM_ERR_AUTH, refused);
    struct web web = {.answer = tls_answer, .len = sizeof tls_answer};
    expect_trouble_with(&cfg, TM_ERR_AUTH, refused, &web);
    m.u.constant = (struct tm_constant){.size_bytes = 600, .interval_us = 8000, .n_exchanges = 1};
    web = (struct web){.answer = tls_answer, .len = 1000};
    expect_trouble_with(&cfg, TM_ERR_AUTH, refused, &web);
    static char page[1000] =
        "HTTP/1.1 400 Bad Request\r\n\r\n"; /* longer than planned, and no TLS */
    web = (struct web){.answer = page, .len = sizeof page};
    expect_trouble_with(&cfg, TM_ERR_AUTH, refused, &web);
    cfg.no_decoy = true;
    expect_trouble(&cfg, TM_ERR_AUTH, refused);
}

static void half_an_answer_and_silence_is_a_refusal(void)
{
    struct tm_model m = constant_model();
    struct scene_cfg cfg = {.model = &m, .wrong_secret = true, .grace_us = 2 * TM_US_PER_S};
    struct web web = {.answer = tls_answer, .len = 1000};
    expect_trouble_with(&cfg, TM_ERR_AUTH, refused, &web);
}

static void half_an_answer_and_a_reset_is_a_refusal(void)
{
    struct tm_model m = constant_model();
    struct scene_cfg cfg = {.model = &m, .wrong_secret = true};
    struct web web = {.answer = tls_answer, .len = 1000, .end = WEB_RESETS};
    expect_trouble_with(&cfg, TM_ERR_AUTH, refused, &web);
}

/* Who cuts a connection that nobody has answered on is not known. */
static void a_reset_without_an_answer_is_not_taken_for_a_refusal(void)
{
    struct tm_model m = constant_model();
    struct scene_cfg cfg = {.model = &m, .wrong_secret = true};
    struct web web = {.answer = "", .end = WEB_RESETS};
    expect_trouble_with(&cfg, TM_ERR_IO, "cut off without an answer", &web);
}

static void a_revoked_client_and_an_unknown_model_are_told_clearly(void)
{
    struct tm_model m = constant_model();
    const struct scene_cfg revoked = {.model = &m, .revoked = true};
    expect_trouble(&revoked, TM_ERR_AUTH, refused);
    const struct scene_cfg model = {.model = &m, .unknown_model = true};
    expect_trouble(&model, TM_ERR_AUTH, refused);
    struct tm_model other = constant_model(), mix;
    other.u.constant.size_bytes++;
    const struct tm_mix parts = {.n_parts = 2, .part = {{&m, 1}, {&other, 2}}};
    CHECK_INT(tm_mix_make(&mix, &parts, NULL), TM_OK);
    const struct scene_cfg part = {.model = &mix, .unknown_model = true};
    expect_trouble(&part, TM_ERR_AUTH, refused);
}

static void a_client_dropped_while_it_runs_hears_of_it(void)
{
    struct tm_model m = constant_model();
    static struct scene s;
    char buf[8];
    const struct scene_cfg cfg = {.model = &m};
    scene_start(&s, &cfg);
    int app = scene_connect(&s.forward_addr);
    CHECK_INT(send(app, "hello", 5, 0), 5);
    int dest = scene_accept(&s, s.dest);
    CHECK_INT(scene_read(&s, dest, buf, sizeof buf), 5);
    s.cfg.revoked = true;
    tm_tunnel_server_drop(s.server, scene_client_id);
    CHECK_INT(scene_read(&s, dest, buf, sizeof buf), -ECONNRESET);
    /* The decoy ends what it has read.  What was half open has been cut before. */
    int web = -1;
    char hello[CAPTURE_MAX];
    SCENE_UNTIL(&s, 20, is_told(&s, TM_ERR_AUTH, refused))
    {
        if (web < 0)
            web = accept(s.decoy, NULL, NULL);
        else if (recv(web, hello, sizeof hello, MSG_DONTWAIT) >= 0) {
            (void)close(web);
            web = -1;
        }
    }
    CHECK_INT(s.last_err, TM_ERR_AUTH);
    CHECK_INT(s.n_up, 1);
    (void)close(web);
    (void)close(app);
    (void)close(dest);
    scene_stop(&s);
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
    (void)snprintf(s->answer, sizeof s->answer, "%.*s", (int)a->reply.len,
                   (const char *)a->reply.p);
}

static void ask(struct scene *s, const char *text)
{
    SCENE_UNTIL(s, 20, s->n_up > 0)
    {
    }
    const struct tm_view request = {(const uint8_t *)text, strlen(text)};
    CHECK_INT(tm_tunnel_client_ask(s->client, request, on_answer, s), TM_OK);
    CHECK_INT(tm_tunnel_client_ask(s->client, request, on_answer, s), TM_ERR_LIMIT);
    SCENE_UNTIL(s, 20, s->n_answers > 0)
    {
    }
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
    SCENE_UNTIL(&s, 20, s.n_up > 0)
    {
    }
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

static const struct check_case cases[] = {
    {"a_stranger_talks_to_the_decoy", a_stranger_talks_to_the_decoy},
    {"without_a_decoy_a_stranger_is_closed_unanswered",
     without_a_decoy_a_stranger_is_closed_unanswered},
    {"a_replayed_token_goes_to_the_decoy_also_after_a_restart",
     a_replayed_token_goes_to_the_decoy_also_after_a_restart},
    {"a_wrong_secret_is_told_clearly", a_wrong_secret_is_told_clearly},
    {"half_an_answer_and_silence_is_a_refusal", half_an_answer_and_silence_is_a_refusal},
    {"half_an_answer_and_a_reset_is_a_refusal", half_an_answer_and_a_reset_is_a_refusal},
    {"a_reset_without_an_answer_is_not_taken_for_a_refusal",
     a_reset_without_an_answer_is_not_taken_for_a_refusal},
    {"a_revoked_client_and_an_unknown_model_are_told_clearly",
     a_revoked_client_and_an_unknown_model_are_told_clearly},
    {"a_client_dropped_while_it_runs_hears_of_it", a_client_dropped_while_it_runs_hears_of_it},
    {"nobody_at_the_address_is_told_clearly", nobody_at_the_address_is_told_clearly},
    {"a_join_session_is_asked_and_answered_once", a_join_session_is_asked_and_answered_once},
    {"stopping_ends_streams_and_answers", stopping_ends_streams_and_answers},
};
CHECK_MAIN("tunnel_refusal", cases)
