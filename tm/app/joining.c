/* tm/app/joining.c - see joining.h. */
#include "tm/app/joining.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/app/address.h"
#include "tm/app/enrol.h"
#include "tm/base/time.h"
#include "tm/net/addr.h"
#include "tm/net/tunnel.h"

#define LIMIT_MS 30000U /* a join takes about ten round trips */

struct tm_joining {
    uv_loop_t *loop;
    uv_timer_t limit;
    uv_async_t quit; /* stopping from a callback of the tunnel waits for the next turn */
    struct tm_tunnel_client *tunnel; /* owned */
    struct tm_model model;           /* of the session */
    struct tm_link link;
    struct sockaddr_storage server;
    char where[TM_ADDRESS_TEXT_MAX]; /* HOST:PORT */
    uint8_t request[TM_JOIN_REQUEST_LEN];
    struct tm_join_reply reply;
    uint8_t secret[TM_SECRET_LEN];
    bool asked, joined, failed;
    unsigned n_closing; /* handles, and the tunnel */
    struct tm_msg msg;
    tm_joining_done_fn done;
    void *user;
};

static void finish(struct tm_joining *j)
{
    uv_async_send(&j->quit);
}

/* Where the text of a failure goes: the first one is the one to tell. */
static struct tm_msg *told(struct tm_joining *j)
{
    return j->failed || j->joined ? NULL : &j->msg;
}

/* Ends the program with this line (arguments of printf). */
#define FAIL(j, ...)                                                                               \
    do {                                                                                           \
        tm_msg_set(told(j), TM_ERR_CLOSED, __VA_ARGS__);                                           \
        fail(j);                                                                                   \
    } while (0)
static void fail(struct tm_joining *j)
{
    j->failed = true;
    finish(j);
}

static void take_reply(struct tm_joining *j, const struct tm_enrol *e)
{
    switch (j->reply.status) {
    case TM_JOIN_OK:
        if (tm_enrol_secret(j->secret, e) != TM_OK) {
            FAIL(j, "the TLS library failed");
            break;
        }
        j->joined = true;
        finish(j);
        break;
    case TM_JOIN_USED:
        FAIL(j, "the link has been used before; get a new one: tm-server invite");
        break;
    case TM_JOIN_EXPIRED:
        FAIL(j, "the link has expired; get a new one: tm-server invite");
        break;
    case TM_JOIN_FAILED:
        FAIL(j, "%s could not store the new client; its log says why", j->where);
        break;
    }
}

static void on_answer(void *user, const struct tm_tunnel_answer *a)
{
    struct tm_joining *j = user;
    struct tm_enrol e = {j->link.invite_id, a->exporter, {j->request, sizeof j->request}};
    int rc = a->err;
    if (rc != TM_OK) {
        FAIL(j, "%s did not answer (%s); try again, and look at the server's log", j->where,
             tm_strerror(rc));
        return;
    }
    rc = tm_enrol_check(j->link.server_pin, &e, a->reply, &j->reply);
    if (rc == TM_OK)
        take_reply(j, &e);
    else if (rc == TM_ERR_AUTH)
        FAIL(j,
             "%s knows the link's secret but is not the server that made it (wrong pin); do not "
             "use this link, get a new one in a safe way",
             j->where);
    else
        FAIL(j, "%s answered in a form that this version does not know (%s); use the same version",
             j->where, tm_strerror(rc));
}

static void ask(struct tm_joining *j)
{
    struct tm_view request = {j->request, sizeof j->request};
    j->asked = true;
    tm_join_request_encode(j->request);
    int rc = tm_tunnel_client_ask(j->tunnel, request, on_answer, j);
    if (rc != TM_OK)
        FAIL(j, "cannot ask %s: %s", j->where, tm_strerror(rc));
}

static void on_trouble(struct tm_joining *j, const struct tm_tunnel_report *r)
{
    if (r->err == TM_ERR_AUTH)
        FAIL(j,
             "%s did not take this link: another server is behind that address, the link is older "
             "than its set-up, or the clocks differ by more than two hours; check, or get a new "
             "link: tm-server invite",
             j->where);
    else
        FAIL(j, "cannot reach %s: %s; check that tm-server runs there and is reachable", j->where,
             r->text);
}

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct tm_joining *j = user;
    switch (r->state) {
    case TM_TUNNEL_PREPARING:
    case TM_TUNNEL_CONNECTING:
        break;
    case TM_TUNNEL_UP:
        if (!j->asked)
            ask(j);
        break;
    case TM_TUNNEL_TROUBLE:
        if (!r->ever_up)
            on_trouble(j, r);
        break;
    case TM_TUNNEL_FAILED:
        FAIL(j, "the session with %s failed: %s; try again", j->where, r->text);
        break;
    case TM_TUNNEL_PLAYED: /* schedule files only */
        break;
    }
}

static void on_limit(uv_timer_t *t)
{
    struct tm_joining *j = t->data;
    FAIL(j, "no answer from %s within %u s; check that tm-server runs there and is reachable",
         j->where, LIMIT_MS / 1000);
}

/* ---- Life ---- */

/* What the client keeps. */
static void fill(const struct tm_joining *j, struct tm_client_state *s)
{
    struct tm_address a = {.port = j->link.port};
    TM_ASSERT_EQ(tm_address_parse(&a, j->where, NULL), TM_OK); /* written by us */
    *s = (struct tm_client_state){.port = a.port, .n_models = j->reply.n_models};
    memcpy(s->host, a.host, sizeof s->host);
    memcpy(s->name, j->link.name, sizeof s->name);
    memcpy(s->pin, j->link.server_pin, sizeof s->pin);
    memcpy(s->client_id, j->reply.client_id, sizeof s->client_id);
    memcpy(s->secret, j->secret, sizeof s->secret);
    memcpy(s->token.prefix, j->link.token_prefix, sizeof s->token.prefix);
    memcpy(s->token.key, j->link.token_key, sizeof s->token.key);
    memcpy(s->models, j->reply.models, sizeof s->models);
}

static void free_all(struct tm_joining *j)
{
    tm_model_deinit(&j->model);
    OPENSSL_cleanse(j, sizeof *j);
    free(j);
}

static void part_closed(struct tm_joining *j)
{
    struct tm_client_state s = {0};
    if (--j->n_closing > 0)
        return;
    if (j->joined)
        fill(j, &s);
    int rc = j->joined ? TM_OK : TM_ERR_CLOSED;
    const tm_joining_done_fn done = j->done;
    void *user = j->user;
    const struct tm_msg why = j->msg;
    free_all(j);
    if (done != NULL)
        done(user, rc, &s, why.text);
    OPENSSL_cleanse(&s, sizeof s);
}

static void on_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

static void on_stopped(void *user)
{
    part_closed(user);
}

static void on_quit(uv_async_t *async)
{
    struct tm_joining *j = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    j->n_closing = 2 + (j->tunnel != NULL);
    uv_close((uv_handle_t *)async, on_closed);
    uv_close((uv_handle_t *)&j->limit, on_closed);
    if (j->tunnel != NULL)
        tm_tunnel_client_stop(j->tunnel, on_stopped, j);
}

/* Where the server is: as told, or as the link says (blocking). */
static int find_server(struct tm_joining *j, const struct tm_joining_cfg *cfg, struct tm_msg *msg)
{
    char text[TM_ADDR_TEXT_MAX];
    struct tm_address a = {.port = j->link.port};
    if (cfg->server != NULL) {
        tm_addr_text(cfg->server, text);
        (void)snprintf(j->where, sizeof j->where, "%s", text);
        memcpy(&j->server, cfg->server, tm_addr_len(cfg->server));
        return TM_OK;
    }
    tm_address_print(j->where, j->link.host, j->link.port);
    memcpy(a.host, j->link.host, sizeof a.host);
    return tm_address_resolve(&j->server, &a, msg);
}

static int open_tunnel(struct tm_joining *j, struct tm_msg *msg)
{
    struct tm_tunnel_client_cfg cfg = {
        .loop = j->loop,
        .server = (const struct sockaddr *)&j->server,
        .sni = j->link.name[0] != '\0' ? j->link.name : NULL,
        .kind = TM_TOKEN_JOIN,
        .session = {.master = TM_CLIENT,
                    .plan_mode = TM_PLAN_SEEDED,
                    .model = &j->model,
                    .n_users = 1,
                    .prep_us = TM_PREP_US},
        .on_state = on_state,
        .user = j,
    };
    memcpy(cfg.client_id, j->link.invite_id, sizeof cfg.client_id);
    memcpy(cfg.secret, j->link.invite_secret, sizeof cfg.secret);
    memcpy(cfg.key.prefix, j->link.token_prefix, sizeof cfg.key.prefix);
    memcpy(cfg.key.key, j->link.token_key, sizeof cfg.key.key);
    if (RAND_bytes(cfg.session.seed, sizeof cfg.session.seed) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    int rc = tm_tunnel_client_new(&j->tunnel, &cfg, msg);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

int tm_joining_start(struct tm_joining **out, const struct tm_joining_cfg *cfg, struct tm_msg *msg)
{
    *out = NULL;
    struct tm_joining *j = calloc(1, sizeof *j);
    if (j == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    j->loop = cfg->loop;
    j->link = *cfg->link;
    tm_tunnel_join_model(&j->model);
    int rc = find_server(j, cfg, msg);
    if (rc == TM_OK && uv_async_init(cfg->loop, &j->quit, on_quit) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "the event loop takes no more handles");
    if (rc != TM_OK) {
        free_all(j);
        return rc;
    }
    j->quit.data = j->limit.data = j;
    (void)uv_timer_init(cfg->loop, &j->limit);
    (void)uv_timer_start(&j->limit, on_limit, LIMIT_MS, 0);
    rc = open_tunnel(j, msg);
    if (rc != TM_OK) {
        on_quit(&j->quit); /* without done */
        return rc;
    }
    j->done = cfg->done;
    j->user = cfg->user;
    *out = j;
    return TM_OK;
}

void tm_joining_cancel(struct tm_joining *j, const char *why)
{
    if (!uv_is_closing((uv_handle_t *)&j->quit))
        FAIL(j, "%s", why);
}
