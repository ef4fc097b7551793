/* tm/net/tunnel_client.c - the client's end: openings, and what the app hears of them. */
#include "tm/net/tunnel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/base/log.h"
#include "tm/net/addr.h"
#include "tm/net/front_impl.h"
#include "tm/net/lane.h"
#include "tm/net/privilege.h"
#include "tm/net/token_time.h"
#include "tm/net/tunnel_keys.h"
#include "tm/net/tunnel_watch.h"
#include "tm/net/wirepoll.h"

struct tm_tunnel_client {
    struct sockaddr_storage server;
    enum tm_token_kind kind;
    uint8_t client_id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    struct tm_ticket_key key;
    struct tm_token_time time;
    int64_t (*wall_us)(void);
    tm_tunnel_state_fn on_state;
    void *user;
    struct tm_tls_ctx *tls;
    struct tm_wirepoll *wirepoll;
    struct tm_front *front;
    struct tm_pulse *pulse;
    struct tm_tally *tally; /* owned; NULL: joining */
    enum tm_tunnel_state state;
    char trouble[128]; /* why no carrier could be opened, the last time */
    bool ever_up;
    bool has_asked;
    bool is_stopping;
    uv_timer_t stopper;
    unsigned n_closing; /* parts that have not reported their end */
    void (*stopped)(void *user);
    void *stopped_user;
};

/* ---- What the app hears ---- */

static void report(struct tm_tunnel_client *t, enum tm_tunnel_state state, int err,
                   const char *text)
{
    const struct tm_tunnel_report r = {
        .state = state, .err = err, .ever_up = t->ever_up, .text = text};
    t->state = state;
    (void)snprintf(t->trouble, sizeof t->trouble, "%s", text);
    if (t->on_state != NULL && !t->is_stopping)
        t->on_state(t->user, &r);
}

static void on_lane_up(void *owner, struct tm_lane *lane)
{
    struct tm_tunnel_client *t = owner;
    tm_token_time_answered(&t->time, tm_lane_carried_us(lane));
    if (t->state == TM_TUNNEL_UP || t->state == TM_TUNNEL_FAILED)
        return;
    report(t, TM_TUNNEL_UP, TM_OK, "");
    t->ever_up = true;
}

static void on_lane_lost(void *owner, struct tm_lane *lane, int err, const char *why)
{
    struct tm_tunnel_client *t = owner;
    if (!tm_lane_is_authentic(lane))
        tm_token_time_unanswered(&t->time);
    if (tm_lane_is_authentic(lane))
        tm_log(TM_LOG_DEBUG, "carrier %" PRIu32 ": died: %s", tm_lane_carrier(lane), why);
    else if (t->state != TM_TUNNEL_FAILED)
        report(t, TM_TUNNEL_TROUBLE, err, why);
}

static void on_failed(void *owner, const char *why)
{
    report(owner, TM_TUNNEL_FAILED, TM_ERR_PROTO, why);
}

static void on_prepared(void *owner)
{
    report(owner, TM_TUNNEL_CONNECTING, TM_OK, "");
}

static void on_played(void *owner)
{
    report(owner, TM_TUNNEL_PLAYED, TM_OK, "the schedule is at its end");
}

/* ---- Opening a carrier ---- */

/* The hello of act->size bytes, and the TLS object behind it. */
static int make_hello(struct tm_tunnel_client *t, const struct tm_act *act, uint8_t *hello,
                      struct tm_tls **tls)
{
    struct tm_token token;
    uint8_t identity[TM_HELLO_MAX];
    uint8_t psk[TM_PSK_LEN];
    uint32_t base = tm_tls_ctx_sizes(t->tls)->hello_base;
    if (act->size <= base || act->size > TM_HELLO_MAX)
        return TM_ERR_RANGE;
    const struct tm_view view = {identity, act->size - base};
    tm_session_token(t->front->session, act->carrier, &token);
    token.kind = t->kind;
    memcpy(token.client_id, t->client_id, sizeof token.client_id);
    token.time_ms = tm_token_time_ms(&t->time, t->wall_us(), tm_boot_us());
    int rc = tm_ticket_seal(&t->key, &token, identity, view.len);
    if (rc == TM_OK)
        rc = tm_ticket_psk(psk, t->secret, view);
    if (rc == TM_OK)
        rc = tm_tls_client_new(tls, t->tls, psk, view, hello, act->size);
    OPENSSL_cleanse(psk, sizeof psk);
    OPENSSL_cleanse(&token, sizeof token);
    return rc;
}

static int open_lane(struct tm_tunnel_client *t, const struct tm_act *act)
{
    uint8_t hello[TM_HELLO_MAX];
    const struct sockaddr *addr = (const struct sockaddr *)&t->server;
    struct tm_wire *wire = tm_wirepoll_wire(t->wirepoll);
    struct tm_lane *lane = NULL;
    struct tm_tls *tls = NULL;
    uint32_t conn;
    int rc = make_hello(t, act, hello, &tls);
    if (rc != TM_OK)
        return rc;
    rc = tm_wire_open(wire, addr, tm_addr_len(addr), act->due_us, &conn);
    if (rc != TM_OK) {
        tm_tls_free(tls);
        return rc;
    }
    const struct tm_lane_cfg cfg = {.front = t->front,
                                    .carrier = act->carrier,
                                    .conn = conn,
                                    .take_tls = tls,
                                    .side = TM_CLIENT,
                                    .carried_us = t->time.carried_us};
    rc = tm_lane_new(&lane, &cfg);
    if (rc != TM_OK) {
        TM_ASSERT_EQ(tm_wire_reset(wire, conn), TM_OK);
        return rc;
    }
    return tm_lane_hello(lane, act, hello);
}

static void on_open(void *owner, const struct tm_act *act)
{
    struct tm_tunnel_client *t = owner;
    int rc = open_lane(t, act);
    if (rc == TM_OK)
        return;
    struct tm_lane *lane = tm_front_lane(t->front, act->carrier);
    tm_log(TM_LOG_ERROR, "carrier %" PRIu32 ": cannot be opened: %s", act->carrier,
           tm_strerror(rc));
    (void)tm_session_gone(t->front->session, act->carrier, TM_GONE_LOST, tm_now_us());
    if (lane != NULL)
        tm_lane_kill(lane, tm_strerror(rc));
    else
        report(t, TM_TUNNEL_TROUBLE, TM_ERR_IO, tm_strerror(rc));
}

/* ---- The wire thread ---- */

static void on_wire(void *user, const struct tm_wire_event *ev)
{
    const struct tm_tunnel_client *t = user;
    struct tm_lane *lane = tm_front_lane_of_conn(t->front, ev->id);
    if (lane != NULL) /* else it was given up, and its last events are under way */
        tm_lane_on_wire(lane, ev);
}

static bool on_batch(void *user)
{
    struct tm_tunnel_client *t = user;
    tm_front_pump(t->front);
    return false; /* what it left has its alarm */
}

static void on_room(void *user)
{
    struct tm_tunnel_client *t = user;
    tm_front_room(t->front);
}

static void on_want_room(void *owner)
{
    struct tm_tunnel_client *t = owner;
    tm_wirepoll_want_room(t->wirepoll);
}

static void on_stream(void *owner, const struct tm_event *ev)
{
    struct tm_tunnel_client *t = owner;
    /* Servers open no streams in this version. */
    tm_session_stream_reset(t->front->session, ev->stream, TM_REPLY_COMMAND_UNSUPPORTED);
}

static const struct tm_front_ops client_ops = {.open = on_open,
                                               .stream = on_stream,
                                               .failed = on_failed,
                                               .prepared = on_prepared,
                                               .played = on_played,
                                               .lane_up = on_lane_up,
                                               .lane_lost = on_lane_lost,
                                               .want_room = on_want_room};

/* ---- Life ---- */

static void part_closed(struct tm_tunnel_client *t)
{
    if (--t->n_closing > 0)
        return;
    void (*stopped)(void *) = t->stopped;
    void *user = t->stopped_user;
    tm_tally_free(t->tally);
    OPENSSL_cleanse(t, sizeof *t);
    free(t);
    if (stopped != NULL)
        stopped(user);
}

static void on_front_closed(void *user)
{
    part_closed(user);
}

static void on_stopper_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

static void do_stop(uv_timer_t *timer)
{
    struct tm_tunnel_client *t = timer->data;
    t->n_closing = 1 + (t->front != NULL);
    if (t->front != NULL)
        tm_front_free(t->front, on_front_closed, t);
    tm_wirepoll_free(t->wirepoll);
    tm_pulse_free(t->pulse);
    tm_tls_ctx_free(t->tls);
    uv_close((uv_handle_t *)timer, on_stopper_closed);
}

static struct tm_shape shape_of(const struct tm_tls_ctx *tls)
{
    const struct tm_tls_sizes *sizes = tm_tls_ctx_sizes(tls);
    return (struct tm_shape){.hello_min = (uint32_t)(sizes->hello_base + TM_TICKET_LEN_MIN(0)),
                             .flight_min = sizes->flight_min,
                             .fin_min = sizes->fin_min};
}

int tm_tunnel_shape(struct tm_shape *out, const char *sni, struct tm_msg *msg)
{
    struct tm_tls_ctx *tls = NULL;
    int rc = tm_tls_ctx_new(&tls, TM_CLIENT, sni, msg);
    if (rc == TM_OK)
        *out = shape_of(tls);
    tm_tls_ctx_free(tls);
    return rc;
}

static int start(struct tm_tunnel_client *t, const struct tm_tunnel_client_cfg *cfg,
                 struct tm_msg *msg)
{
    struct tm_session_cfg session = cfg->session;
    const struct tm_wirepoll_cfg wire = {
        .loop = cfg->loop,
        .wire = {.cc = cfg->cc, .priority = TM_WIRE_PRIORITY_REALTIME},
        .on_event = on_wire,
        .on_batch = on_batch,
        .on_room = on_room,
        .user = t};
    int rc = tm_tls_ctx_new(&t->tls, TM_CLIENT, cfg->sni, msg);
    if (rc == TM_OK)
        rc = tm_wirepoll_new(&t->wirepoll, &wire, msg);
    if (rc != TM_OK)
        return rc;
    tm_privilege_settle(); /* the wire thread was what needed it; those that follow have it not */
    session.side = TM_CLIENT;
    session.shape = shape_of(t->tls);
    if (tm_pulse_new(&t->pulse, cfg->loop, t->wall_us) != TM_OK ||
        (cfg->kind == TM_TOKEN_CARRIER && tm_tally_new(&t->tally, tm_now_us()) != TM_OK))
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    if (RAND_bytes(session.session_id, TM_SESSION_ID_LEN) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random numbers");
    const struct tm_front_cfg front = {.loop = cfg->loop,
                                       .wire = tm_wirepoll_wire(t->wirepoll),
                                       .session = &session,
                                       .ops = &client_ops,
                                       .owner = t,
                                       .log = cfg->schedule_log,
                                       .log_how = TM_LOGDRAIN_BORROW,
                                       .tally = t->tally,
                                       .pulse = t->pulse,
                                       .keep_keys = cfg->kind == TM_TOKEN_JOIN};
    rc = tm_front_new(&t->front, &front);
    return rc == TM_OK ? rc : tm_msg_set(msg, rc, "the session cannot begin: %s", tm_strerror(rc));
}

int tm_tunnel_client_new(struct tm_tunnel_client **out, const struct tm_tunnel_client_cfg *cfg,
                         struct tm_msg *msg)
{
    *out = NULL;
    struct tm_tunnel_client *t = calloc(1, sizeof *t);
    if (t == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    memcpy(&t->server, cfg->server, tm_addr_len(cfg->server));
    t->kind = cfg->kind;
    memcpy(t->client_id, cfg->client_id, sizeof t->client_id);
    memcpy(t->secret, cfg->secret, sizeof t->secret);
    t->key = cfg->key;
    t->on_state = cfg->on_state;
    t->user = cfg->user;
    t->wall_us = cfg->wall_us != NULL ? cfg->wall_us : tm_wall_us;
    t->state = TM_TUNNEL_PREPARING;
    t->stopper.data = t;
    (void)uv_timer_init(cfg->loop, &t->stopper);
    int rc = start(t, cfg, msg);
    if (rc != TM_OK) {
        tm_tunnel_client_stop(t, NULL, NULL);
        return rc;
    }
    tm_front_start(t->front);
    *out = t;
    return TM_OK;
}

void tm_tunnel_client_stop(struct tm_tunnel_client *t, void (*stopped)(void *user), void *user)
{
    if (t->is_stopping)
        return;
    t->is_stopping = true;
    t->stopped = stopped;
    t->stopped_user = user;
    (void)uv_timer_start(&t->stopper, do_stop, 0, 0); /* the caller may be one of our callbacks */
}

void tm_tunnel_client_set_key(struct tm_tunnel_client *t, const struct tm_ticket_key *key)
{
    t->key = *key;
}

struct tm_front *tm_tunnel_client_front(struct tm_tunnel_client *t)
{
    return t->front;
}

void tm_tunnel_client_stats(const struct tm_tunnel_client *t, struct tm_session_stats *out)
{
    tm_session_get_stats(t->front->session, out);
}

bool tm_tunnel_client_has_time(const struct tm_tunnel_client *t)
{
    return tm_session_next_us(t->front->session) > tm_now_us() + TM_TUNNEL_SPARE_US;
}

void tm_tunnel_client_watch(struct tm_tunnel_client *t, struct tm_tunnel_watch *out)
{
    int64_t now_us = tm_now_us();
    *out = (struct tm_tunnel_watch){.now_us = now_us};
    tm_tally_view(t->tally, now_us, &out->tally);
    tm_wire_get_stats(tm_wirepoll_wire(t->wirepoll), &out->wire);
    tm_pulse_get_stats(t->pulse, &out->clocks);
    (void)snprintf(out->trouble, sizeof out->trouble, "%s", t->trouble);
    tm_session_get_control(t->front->session, now_us, &out->control);
    tm_session_get_stats(t->front->session, &out->stats);
}

enum tm_tunnel_state tm_tunnel_client_state(const struct tm_tunnel_client *t)
{
    return t->state;
}

uint32_t tm_tunnel_client_missing(const struct tm_tunnel_client *t)
{
    return tm_session_missing(t->front->session);
}

int tm_tunnel_client_ask(struct tm_tunnel_client *t, struct tm_view request,
                         tm_tunnel_answer_fn answer, void *user)
{
    if (t->has_asked)
        return TM_ERR_LIMIT;
    if (t->front->n_keys == 0)
        return TM_ERR_CLOSED;
    if (request.len == 0 || request.len > TM_TUNNEL_ASK_MAX)
        return TM_ERR_RANGE;
    const struct tm_ask_key *key = &t->front->keys[(t->front->n_keys - 1) % TM_FRONT_KEYS];
    int rc = tm_ask_start(t->front, key, request, answer, user);
    t->has_asked = rc == TM_OK;
    return rc;
}

void tm_tunnel_join_model(struct tm_model *m)
{
    tm_model_constant_default(m);
    m->u.constant =
        (struct tm_constant){.size_bytes = 1448, .interval_us = 100000, .n_exchanges = 10};
    memcpy(m->name, "join", sizeof "join");
}
