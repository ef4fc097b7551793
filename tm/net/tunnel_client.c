/* tm/net/tunnel_client.c - the client's end: openings, and what the app hears of them. */
#include "tm/net/tunnel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/base/log.h"
#include "tm/core/session_end.h"
#include "tm/net/addr.h"
#include "tm/net/front_impl.h"
#include "tm/net/lane.h"
#include "tm/net/outlet.h"
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
    tm_tunnel_remote_fn on_remote;
    void *remote_user;
    const struct tm_tunnel_remote *remotes; /* borrowed; by listener */
    size_t n_remotes;
    void *user;
    struct tm_session_cfg session;  /* of the session that is, and of the next */
    struct tm_session_stats before; /* of the sessions before it */
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

static void report_all(struct tm_tunnel_client *t, const struct tm_tunnel_report *r)
{
    t->state = r->state;
    (void)snprintf(t->trouble, sizeof t->trouble, "%s", r->text);
    if (t->on_state != NULL && !t->is_stopping)
        t->on_state(t->user, r);
}

static void report(struct tm_tunnel_client *t, enum tm_tunnel_state state, int err,
                   const char *text)
{
    report_all(t, &(struct tm_tunnel_report){
                      .state = state, .err = err, .ever_up = t->ever_up, .text = text});
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

static void on_failed(void *owner, const struct tm_event *ev)
{
    struct tm_tunnel_client *t = owner;
    report_all(t, &(struct tm_tunnel_report){.state = TM_TUNNEL_FAILED,
                                             .err = TM_ERR_PROTO,
                                             .ever_up = t->ever_up,
                                             .is_forgotten = ev->is_forgotten,
                                             .text = ev->why});
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

/* A connection came to a listener at the server: the engine lets through only those that were asked for. */
static void on_stream(void *owner, const struct tm_event *ev)
{
    struct tm_tunnel_client *t = owner;
    struct tm_event open = *ev;
    open.dest = t->remotes[ev->listener].dest;
    tm_outlet_open(t->front, &open, NULL);
}

static void on_listener(void *owner, const struct tm_event *ev)
{
    struct tm_tunnel_client *t = owner;
    if (!t->is_stopping && t->on_remote != NULL)
        t->on_remote(t->remote_user, ev->listener, ev->reply, ev->dest.port);
}

/* Their numbers are those of the remotes: nobody else asks. */
static int ask_for_listeners(struct tm_tunnel_client *t)
{
    uint32_t listener;
    int rc = TM_OK;
    for (size_t i = 0; i < t->n_remotes && rc == TM_OK; i++)
        rc = tm_session_listen(t->front->session, &t->remotes[i].bind, &listener);
    return rc;
}

static const struct tm_front_ops client_ops = {.open = on_open,
                                               .stream = on_stream,
                                               .listener = on_listener,
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
    const struct tm_wirepoll_cfg wire = {.loop = cfg->loop,
                                         .wire = {.cc = cfg->cc,
                                                  .unacked_us = cfg->session.grace_us,
                                                  .priority = TM_WIRE_PRIORITY_REALTIME},
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
    t->session = cfg->session;
    t->session.side = TM_CLIENT;
    t->session.shape = shape_of(t->tls);
    if (tm_pulse_new(&t->pulse, cfg->loop, t->wall_us) != TM_OK ||
        (cfg->kind == TM_TOKEN_CARRIER && tm_tally_new(&t->tally, tm_now_us()) != TM_OK))
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    if (RAND_bytes(t->session.session_id, TM_SESSION_ID_LEN) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random numbers");
    const struct tm_front_cfg front = {.loop = cfg->loop,
                                       .wire = tm_wirepoll_wire(t->wirepoll),
                                       .session = &t->session,
                                       .ops = &client_ops,
                                       .owner = t,
                                       .log = cfg->schedule_log,
                                       .log_how = TM_LOGDRAIN_BORROW,
                                       .tally = t->tally,
                                       .pulse = t->pulse,
                                       .keep_keys = cfg->kind == TM_TOKEN_JOIN,
                                       .keeps_played = cfg->keeps_played};
    rc = tm_front_new(&t->front, &front);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "the session cannot begin: %s", tm_strerror(rc));
    rc = ask_for_listeners(t);
    return rc == TM_OK ? rc
                       : tm_msg_set(msg, rc, "at most %u listeners at the server, by address",
                                    TM_LISTENERS_MAX);
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
    t->remotes = cfg->remotes;
    t->n_remotes = cfg->n_remotes;
    t->on_remote = cfg->on_remote;
    t->remote_user = cfg->remote_user;
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

int tm_tunnel_client_renew(struct tm_tunnel_client *t, const uint8_t seed[TM_TOKEN_SEED_LEN])
{
    struct tm_session_cfg session = t->session;
    struct tm_session_stats stats;
    TM_ASSERT(t->state == TM_TUNNEL_FAILED && !t->is_stopping);
    memcpy(session.seed, seed, sizeof session.seed);
    if (RAND_bytes(session.session_id, TM_SESSION_ID_LEN) != 1)
        return TM_ERR_TLS;
    tm_session_get_stats(t->front->session, &stats);
    int rc = tm_front_renew(t->front, &session);
    if (rc == TM_OK) {
        tm_session_stats_add(&t->before, &stats);
        t->session = session;
        t->state = TM_TUNNEL_PREPARING;
        t->trouble[0] = '\0';
        rc = ask_for_listeners(t);
    }
    OPENSSL_cleanse(&session, sizeof session);
    return rc;
}

void tm_tunnel_client_reset_streams(struct tm_tunnel_client *t)
{
    tm_front_reset_streams(t->front);
}

bool tm_tunnel_client_is_heard(const struct tm_tunnel_client *t)
{
    return tm_session_is_heard(t->front->session);
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
    tm_session_stats_add(out, &t->before);
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
    out->total = tm_tally_total(t->tally);
    tm_wire_get_stats(tm_wirepoll_wire(t->wirepoll), &out->wire);
    tm_pulse_get_stats(t->pulse, &out->clocks);
    (void)snprintf(out->trouble, sizeof out->trouble, "%s", t->trouble);
    tm_session_get_control(t->front->session, now_us, &out->control);
    tm_tunnel_client_stats(t, &out->stats);
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
