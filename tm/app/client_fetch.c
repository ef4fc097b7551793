/* tm/app/client_fetch.c - see client_fetch.h.
 *
 *   session up ──> KEYS ──> LIST ──> dir/server ──> MODEL ──> checked, dir/models/DIGEST ──> MODEL ... ──> end */
#include "tm/app/client_fetch.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <uv.h>

#include "tm/app/address.h"
#include "tm/app/keys.h"
#include "tm/app/signals.h"
#include "tm/app/supply.h"
#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/core/supply.h"
#include "tm/net/tunnel.h"

#define LIMIT_MS 300000U /* 16 MiB take two minutes */

struct fetch {
    uv_loop_t loop;
    uv_timer_t limit;
    uv_async_t quit; /* stopping from a callback of the tunnel waits for the next turn */
    struct tm_signals signals;
    struct tm_tunnel_client *tunnel; /* owned */
    struct tm_model model;           /* of the session */
    struct tm_client_state *s;
    const char *dir;
    tm_client_wants_fn wants;
    void *user;
    char where[TM_ADDRESS_TEXT_MAX];
    bool is_asked;
    bool is_over;
    size_t next; /* of s->models, to be looked at */
    int rc;
    struct tm_msg *msg;
};

static void end(struct fetch *f, int rc)
{
    if (!f->is_over)
        f->rc = rc;
    f->is_over = true;
    uv_async_send(&f->quit);
}

/* Ends with this line (arguments of printf). */
#define FAIL(f, err, ...)                                                                          \
    do {                                                                                           \
        tm_msg_set((f)->is_over ? NULL : (f)->msg, err, __VA_ARGS__);                              \
        end(f, err);                                                                               \
    } while (0)

static void ask(struct fetch *f, enum tm_supply_kind kind, const uint8_t *digest, size_t answer_max,
                tm_supply_done_fn done)
{
    struct tm_supply_request r = {.kind = kind};
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    if (digest != NULL)
        memcpy(r.digest, digest, sizeof r.digest);
    tm_supply_request_encode(&r, request);
    int rc = tm_supply_ask(tm_tunnel_client_front(f->tunnel), request, answer_max, done, f);
    if (rc != TM_OK)
        FAIL(f, rc, "cannot ask %s: %s", f->where, tm_strerror(rc));
}

static void ask_for_next(struct fetch *f);

static void on_model(void *user, int err, struct tm_view answer)
{
    struct fetch *f = user;
    const struct tm_join_model *m = &f->s->models[f->next];
    struct tm_msg why;
    if (f->is_over)
        return;
    if (err != TM_OK) {
        FAIL(f, err, "%s does not hand out its model %s (%s); its log says why", f->where, m->name,
             tm_strerror(err));
        return;
    }
    int rc = tm_supply_store(f->dir, answer, f->s->pin, m->digest, &why);
    if (rc != TM_OK) {
        FAIL(f, rc, "model %s of %s is not used: %.300s", m->name, f->where, why.text);
        return;
    }
    tm_log(TM_LOG_INFO, "model %s: fetched from %s, %zu bytes, signed by it", m->name, f->where,
           answer.len);
    f->next++;
    ask_for_next(f);
}

static void ask_for_next(struct fetch *f)
{
    while (f->next < f->s->n_models && !f->wants(f->user, &f->s->models[f->next]))
        f->next++;
    if (f->next == f->s->n_models)
        end(f, TM_OK);
    else
        ask(f, TM_SUPPLY_MODEL, f->s->models[f->next].digest, TM_SUPPLY_MAX, on_model);
}

static bool is_same_list(const struct tm_client_state *s, const struct tm_join_reply *r)
{
    if (s->n_models != r->n_models)
        return false;
    for (size_t i = 0; i < r->n_models; i++)
        if (strcmp(s->models[i].name, r->models[i].name) != 0 ||
            memcmp(s->models[i].digest, r->models[i].digest, TM_TOKEN_DIGEST_LEN) != 0)
            return false;
    return true;
}

static void on_list(void *user, int err, struct tm_view answer)
{
    struct fetch *f = user;
    static struct tm_join_reply r;
    if (f->is_over)
        return;
    int rc = err == TM_OK ? tm_join_reply_decode(&r, answer.p, answer.len) : err;
    if (rc != TM_OK || r.status != TM_JOIN_OK) {
        FAIL(f, TM_ERR_CLOSED,
             "%s does not say which models it has (%s); use the same release on both ends",
             f->where, tm_strerror(rc != TM_OK ? rc : TM_ERR_FORMAT));
        return;
    }
    if (!is_same_list(f->s, &r)) {
        struct tm_msg why;
        f->s->n_models = r.n_models;
        memcpy(f->s->models, r.models, sizeof r.models);
        rc = tm_client_state_replace(f->s, f->dir, &why);
        if (rc != TM_OK) {
            FAIL(f, rc, "%s", why.text);
            return;
        }
    }
    ask_for_next(f);
}

/* Models are signed with the server's present key: is that the one that we know? */
static void on_keys(void *user, int err, struct tm_view answer)
{
    struct fetch *f = user;
    struct tm_msg why;
    int rc = err == TM_OK ? tm_keys_take(f->s, answer) : err;
    if (f->is_over)
        return;
    if (rc == 1 && tm_client_state_replace(f->s, f->dir, &why) != TM_OK)
        FAIL(f, TM_ERR_IO, "%s", why.text);
    else if (rc == TM_ERR_AUTH)
        FAIL(f, rc,
             "%s has keys that the server which this client joined did not sign; join again with a "
             "new link",
             f->where);
    else
        ask(f, TM_SUPPLY_LIST, NULL, TM_JOIN_REPLY_LEN, on_list);
}

static void ask_keys(struct fetch *f)
{
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    int rc = tm_keys_request(request, f->s);
    if (rc == TM_OK)
        rc = tm_supply_ask(tm_tunnel_client_front(f->tunnel), request, TM_SUPPLY_KEYS_LEN, on_keys,
                           f);
    if (rc != TM_OK)
        FAIL(f, rc, "cannot ask %s: %s", f->where, tm_strerror(rc));
}

static void on_trouble(struct fetch *f, const struct tm_tunnel_report *r)
{
    if (r->err == TM_ERR_AUTH)
        FAIL(f, TM_ERR_AUTH,
             "%s " TM_CLIENT_NOT_TAKEN
             " or is of an older release, or the clocks differ by more than two "
             "hours; check, or join again with a new link",
             f->where);
    else
        FAIL(f, TM_ERR_IO, "cannot reach %s: %s; check that tm-server runs there and is reachable",
             f->where, r->text);
}

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct fetch *f = user;
    switch (r->state) {
    case TM_TUNNEL_PREPARING:
    case TM_TUNNEL_CONNECTING:
    case TM_TUNNEL_PLAYED: /* schedule files only */
        break;
    case TM_TUNNEL_UP:
        if (!f->is_asked)
            ask_keys(f);
        f->is_asked = true;
        break;
    case TM_TUNNEL_TROUBLE:
        if (!r->ever_up)
            on_trouble(f, r);
        break;
    case TM_TUNNEL_FAILED:
        FAIL(f, TM_ERR_PROTO, "the session with %s failed: %s; try again", f->where, r->text);
        break;
    }
}

static void on_limit(uv_timer_t *t)
{
    struct fetch *f = t->data;
    FAIL(f, TM_ERR_IO, "no answer from %s within %u s; try again", f->where, LIMIT_MS / 1000);
}

static void on_interrupt(void *user)
{
    struct fetch *f = user;
    FAIL(f, TM_ERR_CLOSED, "interrupted");
}

static void on_stats(void *user)
{
    (void)user; /* none worth printing */
}

static void on_quit(uv_async_t *async)
{
    struct fetch *f = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)async, NULL);
    uv_close((uv_handle_t *)&f->limit, NULL);
    tm_signals_stop(&f->signals);
    if (f->tunnel != NULL)
        tm_tunnel_client_stop(f->tunnel, NULL, NULL);
    f->tunnel = NULL;
}

static int start(struct fetch *f)
{
    struct sockaddr_storage server;
    const struct tm_client_state *s = f->s;
    struct tm_address a = {.port = (uint16_t)s->port};
    memcpy(a.host, s->host, sizeof a.host);
    int rc = tm_address_resolve(&server, &a, f->msg);
    if (rc != TM_OK)
        return rc;
    struct tm_tunnel_client_cfg cfg = {
        .loop = &f->loop,
        .server = (const struct sockaddr *)&server,
        .sni = s->name[0] != '\0' ? s->name : NULL,
        .kind = TM_TOKEN_CARRIER,
        .key = s->token,
        .session = {.master = TM_CLIENT,
                    .plan_mode = TM_PLAN_SEEDED,
                    .model = &f->model,
                    .n_users = 1,
                    .prep_us = TM_PREP_US},
        .on_state = on_state,
        .user = f,
    };
    memcpy(cfg.client_id, s->client_id, sizeof cfg.client_id);
    memcpy(cfg.secret, s->secret, sizeof cfg.secret);
    rc = RAND_bytes(cfg.session.seed, sizeof cfg.session.seed) == 1
             ? tm_tunnel_client_new(&f->tunnel, &cfg, f->msg)
             : tm_msg_set(f->msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

int tm_client_fetch(struct tm_client_state *s, const char *dir, tm_client_wants_fn wants,
                    void *user, struct tm_msg *msg)
{
    struct fetch f = {.s = s, .dir = dir, .wants = wants, .user = user, .msg = msg};
    tm_address_print(f.where, s->host, (uint16_t)s->port);
    tm_supply_schedule(&f.model);
    uv_loop_init(&f.loop);
    uv_async_init(&f.loop, &f.quit, on_quit);
    f.quit.data = &f;
    uv_timer_init(&f.loop, &f.limit);
    f.limit.data = &f;
    uv_timer_start(&f.limit, on_limit, LIMIT_MS, 0);
    static const struct tm_signals_fns fns = {on_interrupt, on_stats, NULL};
    if (tm_signals_start(&f.signals, &f.loop, &fns, &f) != TM_OK)
        FAIL(&f, TM_ERR_IO, "cannot watch signals");
    else
        f.rc = start(&f);
    if (f.rc != TM_OK)
        end(&f, f.rc);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    uv_loop_close(&f.loop);
    tm_model_deinit(&f.model);
    return f.rc;
}
