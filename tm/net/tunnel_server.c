/* tm/net/tunnel_server.c - the server's end: sessions, keyed by client and session id.
 *
 *   wire thread ──> gate (strangers) ──admit──> session: front + lanes
 *                └─ route: connection -> session
 *
 * Sessions end in the sweep, once a second, when they failed, were dropped or stood without carriers for too
 * long: never in the middle of a callback.  A client that is started again begins another; what the former one carried would
 * wait for a day for somebody who does not come back, and its destinations with it.  Two programs may have one identity,
 * so a session that still has carriers goes on. */
#include "tm/net/tunnel_server_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/base/log.h"
#include "tm/net/addr.h"
#include "tm/net/lane.h"
#include "tm/net/outlet.h"
#include "tm/net/streamlog.h"
#include "tm/net/tunnel_keys.h"

#define SESSIONS_MAX  1024U
#define STRANGERS_MAX 512U
#define JOIN_IDLE_S   30U
#define SWEEP_MS      1000U

/* Which session a connection belongs to. */
struct tm_server_route {
    struct tm_server_route *next;
    uint32_t conn, carrier;
    struct tm_server_session *session; /* NULL: ended before the connection */
};

/* ---- Routes ---- */

static struct tm_server_route **route_of(struct tm_tunnel_server *t, uint32_t conn)
{
    struct tm_server_route **r = &t->bucket[(conn * 2654435761U >> 16) % TM_SERVER_BUCKETS];
    while (*r != NULL && (*r)->conn != conn)
        r = &(*r)->next;
    return r;
}

static void mark_dirty(struct tm_server_session *s)
{
    if (s->is_dirty)
        return;
    s->is_dirty = true;
    s->next_dirty = s->server->dirty;
    s->server->dirty = s;
}

static void on_wire(void *user, const struct tm_wire_event *ev)
{
    struct tm_tunnel_server *t = user;
    struct tm_server_route **slot = route_of(t, ev->id);
    struct tm_server_route *r = *slot;
    if (r == NULL) {
        tm_gate_on_wire(t->gate, ev);
        return;
    }
    struct tm_lane *lane = r->session == NULL ? NULL : tm_front_lane(r->session->front, r->carrier);
    if (r->session != NULL)
        mark_dirty(r->session);
    if (ev->kind == TM_WIRE_DOWN) {
        *slot = r->next;
        free(r);
    }
    if (lane != NULL && tm_lane_conn(lane) == ev->id)
        tm_lane_on_wire(lane, ev);
}

static void unmark(struct tm_server_session *s)
{
    struct tm_server_session **at = &s->server->dirty;
    while (*at != NULL && *at != s)
        at = &(*at)->next_dirty;
    if (*at != NULL)
        *at = s->next_dirty;
    s->is_dirty = false;
}

/* Of those to be pumped, whose next action is due first. */
static struct tm_server_session *most_urgent(const struct tm_tunnel_server *t)
{
    struct tm_server_session *best = t->dirty;
    for (struct tm_server_session *s = best->next_dirty; s != NULL; s = s->next_dirty)
        best = s->next_us < best->next_us ? s : best;
    return best;
}

static bool on_batch(void *user)
{
    struct tm_tunnel_server *t = user;
    int64_t until_us = tm_now_us() + TM_WIREPOLL_BATCH_US;
    for (struct tm_server_session *s = t->dirty; s != NULL; s = s->next_dirty)
        s->next_us = tm_session_next_us(s->front->session);
    while (t->dirty != NULL && tm_now_us() < until_us) {
        struct tm_server_session *s = most_urgent(t);
        unmark(s);
        tm_front_pump(s->front);
    }
    return t->dirty != NULL;
}

static void on_room(void *user)
{
    struct tm_tunnel_server *t = user;
    for (struct tm_server_session *s = t->sessions; s != NULL; s = s->next)
        tm_front_room(s->front);
}

/* ---- What a session tells ---- */

static void on_want_room(void *owner)
{
    struct tm_server_session *s = owner;
    tm_wirepoll_want_room(s->server->wirepoll);
}

static const struct tm_ask_key *find_key(void *owner, uint32_t carrier)
{
    const struct tm_server_session *s = owner;
    return tm_front_key(s->front, carrier);
}

static void on_listener(void *owner, const struct tm_event *ev)
{
    tm_tunnel_server_listen(owner, ev);
}

static void id_text(const uint8_t *id, char out[2 * TM_CLIENT_ID_LEN + 1])
{
    for (size_t i = 0; i < TM_CLIENT_ID_LEN; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static void on_failed(void *owner, const struct tm_event *ev)
{
    struct tm_server_session *s = owner;
    char id[2 * TM_CLIENT_ID_LEN + 1];
    id_text(s->client_id, id);
    s->is_over = true;
    tm_log(TM_LOG_WARN, "session of client %s: failed: %s", id, ev->why);
}

static void on_lane_up(void *owner, struct tm_lane *lane)
{
    (void)owner;
    (void)lane;
}

static void on_lane_lost(void *owner, struct tm_lane *lane, int err, const char *why)
{
    const struct tm_server_session *s = owner;
    char id[2 * TM_CLIENT_ID_LEN + 1];
    (void)err;
    id_text(s->client_id, id);
    tm_log(TM_LOG_DEBUG, "client %s: carrier %" PRIu32 ": died: %s", id, tm_lane_carrier(lane),
           why);
}

static void on_open(void *owner, const struct tm_act *act)
{
    (void)owner;
    TM_ASSERT_EQ(act->kind, TM_ACT_WRITE); /* a server opens no carriers */
}

static void on_nothing(void *owner)
{
    (void)owner; /* it is the client's to say */
}

static void on_made(void *owner)
{
    struct tm_server_session *s = owner;
    tm_gate_again(s->server->gate);
    tm_front_pump(s->front);
}

static const struct tm_front_ops server_ops = {.open = on_open,
                                               .stream = tm_tunnel_server_stream,
                                               .listener = on_listener,
                                               .failed = on_failed,
                                               .prepared = on_nothing,
                                               .made = on_made,
                                               .played = on_nothing,
                                               .lane_up = on_lane_up,
                                               .lane_lost = on_lane_lost,
                                               .want_room = on_want_room};

/* ---- Sessions ---- */

static struct tm_server_session *find_session(const struct tm_tunnel_server *t,
                                              const struct tm_token *tok)
{
    struct tm_server_session *s = t->sessions;
    while (s != NULL && (s->is_over || s->kind != tok->kind ||
                         memcmp(s->client_id, tok->client_id, TM_CLIENT_ID_LEN) != 0 ||
                         memcmp(s->session_id, tok->session_id, TM_SESSION_ID_LEN) != 0))
        s = s->next;
    return s;
}

/* NULL also without memory: the session goes on without. */
static struct tm_streamlog *new_streamlog(const struct tm_tunnel_server *t,
                                          const struct tm_token *tok)
{
    struct tm_streamlog *log = NULL;
    char id[2 * TM_CLIENT_ID_LEN + 1];
    id_text(tok->client_id, id);
    if (t->cfg.stream_log != NULL && tok->kind != TM_TOKEN_JOIN &&
        tm_streamlog_new(&log, t->cfg.stream_log, id, t->cfg.wall_us() - tm_now_us()) != TM_OK)
        tm_log(TM_LOG_ERROR, "client %s: out of memory: its streams are not logged", id);
    return log;
}

static struct tm_server_session *new_session(struct tm_tunnel_server *t, const struct tm_token *tok)
{
    struct tm_session_cfg cfg;
    tm_session_cfg_from_token(&cfg, tok);
    cfg.grace_us = t->cfg.grace_us;
    struct tm_server_session *s = calloc(1, sizeof *s);
    if (s == NULL || RAND_bytes(cfg.master_seed, sizeof cfg.master_seed) != 1) {
        free(s);
        return NULL;
    }
    const char *why = t->stats.sessions_live >= t->cfg.n_sessions_max
                          ? "too many sessions"
                          : tm_tunnel_server_source(t, tok, &s->mix, &cfg);
    if (why != NULL) {
        tm_admit_refuse(&t->admit, tok, why);
        free(s);
        return NULL;
    }
    if (t->cfg.master_seed != NULL)
        memcpy(cfg.master_seed, t->cfg.master_seed, sizeof cfg.master_seed);
    s->streamlog = new_streamlog(t, tok);
    FILE *log = t->cfg.open_log == NULL || tok->kind == TM_TOKEN_JOIN || cfg.drive != TM_DRIVE_PLANS
                    ? NULL
                    : t->cfg.open_log(t->cfg.user, tok->client_id, tok->session_id);
    const struct tm_front_cfg front = {.loop = t->cfg.loop,
                                       .wire = tm_wirepoll_wire(t->wirepoll),
                                       .session = &cfg,
                                       .ops = &server_ops,
                                       .owner = s,
                                       .log = log,
                                       .log_how = TM_LOGDRAIN_CLOSE,
                                       .streamlog = s->streamlog,
                                       .tally = tok->kind == TM_TOKEN_JOIN ? NULL : t->tally,
                                       .pulse = t->pulse,
                                       .keep_keys = tok->kind == TM_TOKEN_JOIN,
                                       .keeps_played =
                                           t->cfg.keeps_played && tok->kind != TM_TOKEN_JOIN};
    if (tm_front_new(&s->front, &front) != TM_OK) {
        tm_admit_refuse(&t->admit, tok,
                        "its session cannot begin: the token asks for what we cannot play");
        tm_streamlog_free(s->streamlog);
        free(s);
        return NULL;
    }
    s->server = t;
    s->kind = tok->kind;
    memcpy(s->client_id, tok->client_id, sizeof s->client_id);
    memcpy(s->session_id, tok->session_id, sizeof s->session_id);
    s->seen_us = tm_now_us();
    s->ahead_us = t->cfg.wall_us() - tm_boot_us();
    s->ask = (struct tm_ask_server){
        .join = t->cfg.join, .user = t->cfg.user, .find_key = find_key, .owner = s};
    memcpy(s->ask.id, tok->client_id, sizeof s->ask.id);
    s->supply = (struct tm_supply_server){.answer = t->cfg.supply, .user = t->cfg.user};
    memcpy(s->supply.client_id, tok->client_id, sizeof s->supply.client_id);
    s->next = t->sessions;
    t->sessions = s;
    t->stats.sessions_live++;
    t->stats.sessions_begun++;
    return s;
}

static void part_closed(struct tm_tunnel_server *t)
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

/* Takes the session off the list (at *at) and ends it. */
static void end_session(struct tm_server_session **at)
{
    struct tm_server_session *s = *at;
    struct tm_tunnel_server *t = s->server;
    struct tm_session_stats stats;
    *at = s->next;
    unmark(s);
    for (uint32_t b = 0; b < TM_SERVER_BUCKETS; b++)
        for (struct tm_server_route *r = t->bucket[b]; r != NULL; r = r->next)
            r->session = r->session == s ? NULL : r->session;
    tm_session_get_stats(tm_front_session(s->front), &stats);
    tm_session_stats_add(&t->stats.total, &stats);
    tm_tunnel_server_used(s, &stats);
    t->stats.sessions_live--;
    t->stats.sessions_ended++;
    t->n_closing++;
    tm_tunnel_server_unlisten(s);
    tm_front_free(s->front, on_front_closed, t);
    tm_streamlog_free(s->streamlog);
    free(s);
}

/* How long it may be without carriers. */
static uint32_t patience_s(const struct tm_server_session *s)
{
    const struct tm_tunnel_server_cfg *cfg = &s->server->cfg;
    uint32_t most_s = s->kind == TM_TOKEN_JOIN ? JOIN_IDLE_S : cfg->idle_s;
    return s->is_left && cfg->left_s < most_s ? cfg->left_s : most_s;
}

static void sweep(uv_timer_t *timer)
{
    struct tm_tunnel_server *t = timer->data;
    int64_t now_us = tm_now_us();
    struct tm_server_session **at = &t->sessions;
    while (*at != NULL) {
        struct tm_server_session *s = *at;
        if (s->front->n_lanes > 0)
            s->seen_us = now_us;
        if (s->is_over || now_us - s->seen_us > (int64_t)patience_s(s) * TM_US_PER_S)
            end_session(at);
        else
            at = &s->next;
    }
    if (tm_pulse_heard_us(t->pulse, now_us, &t->stood_until_us) == now_us)
        tm_gate_sweep(t->gate, now_us); /* else who spoke meanwhile has not been heard yet */
}

/* ---- Admission ---- */

static uint64_t time_of(void *owner, const struct tm_token *tok)
{
    const struct tm_tunnel_server *t = owner;
    const struct tm_server_session *s = find_session(t, tok);
    return (uint64_t)(s != NULL && s->has_begun ? tm_boot_us() + s->ahead_us : t->cfg.wall_us()) /
           1000;
}

/* The session that the token is of, begun if need be. */
static struct tm_server_session *session_of(struct tm_tunnel_server *t, const struct tm_token *tok)
{
    struct tm_server_session *s = find_session(t, tok);
    if (s != NULL)
        return s;
    s = new_session(t, tok);
    while (s != NULL && tm_session_prepare(s->front->session))
        ;
    return s;
}

/* Its plan needs a batch that is being made: nobody else is to wait for that. */
static bool is_early(const struct tm_server_session *s, const struct tm_token *tok)
{
    return !tm_session_is_prepared(s->front->session, tok) &&
           tm_workshop_is_busy(s->front->workshop);
}

/* The session has its first carrier: the client's former ones have been left. */
static void begin(struct tm_server_session *s)
{
    for (struct tm_server_session *o = s->server->sessions; o != NULL; o = o->next)
        if (o != s && o->kind == s->kind &&
            memcmp(o->client_id, s->client_id, TM_CLIENT_ID_LEN) == 0)
            o->is_left = true;
    s->has_begun = true;
}

/* An admitted token becomes a lane of its session. */
static int adopt(struct tm_tunnel_server *t, struct tm_server_session *s,
                 const struct tm_gate_guest *guest, const struct tm_admitted *ad)
{
    struct tm_lane *lane = NULL;
    struct tm_tls *tls = NULL;
    struct tm_server_route *r = calloc(1, sizeof *r);
    int rc = r == NULL ? TM_ERR_NOMEM : tm_tls_server_new(&tls, t->tls, ad->psk, guest->raw);
    if (rc != TM_OK)
        goto out;
    rc = tm_session_accept(s->front->session, &ad->token, (uint32_t)guest->raw.len, guest->t_us);
    if (rc != TM_OK) {
        tm_admit_refuse(
            &t->admit, &ad->token,
            rc == TM_ERR_PROTO
                ? "its carrier is not the one planned; are both ends of the same release?"
                : tm_strerror(rc));
        goto out;
    }
    const struct tm_lane_cfg cfg = {.front = s->front,
                                    .carrier = ad->token.carrier,
                                    .conn = guest->conn,
                                    .take_tls = tls,
                                    .side = TM_SERVER};
    tls = NULL;
    rc = tm_lane_new(&lane, &cfg);
    if (rc != TM_OK) {
        (void)tm_session_gone(s->front->session, ad->token.carrier, TM_GONE_LOST, guest->t_us);
        goto out;
    }
    s->peer = guest->accepted->peer;
    *r = (struct tm_server_route){.conn = guest->conn, .carrier = ad->token.carrier, .session = s};
    *route_of(t, guest->conn) = r;
    r = NULL;
    if (!s->has_begun)
        begin(s);
    tm_lane_log_up(lane, guest->accepted);
    mark_dirty(s);
    if (guest->end != NULL)
        tm_lane_on_wire(lane, guest->end);
out:
    tm_tls_free(tls);
    free(r);
    return rc;
}

static enum tm_gate_verdict judge(void *user, const struct tm_gate_guest *guest)
{
    struct tm_tunnel_server *t = user;
    struct tm_admitted ad = {0};
    struct tm_server_session *s = NULL;
    enum tm_gate_verdict verdict = TM_GATE_STRANGER;
    t->admit.key_old = t->cfg.wall_us() < t->old_until_us ? &t->key_old : NULL;
    int rc = tm_admit_check(&t->admit, guest, &ad);
    if (rc == TM_OK)
        s = session_of(t, &ad.token);
    if (s != NULL && is_early(s, &ad.token)) {
        verdict = TM_GATE_LATER;
    } else if (s != NULL && adopt(t, s, guest, &ad) == TM_OK) {
        verdict = TM_GATE_OURS;
    } else if (s != NULL && !s->has_begun) {
        s->is_over = true;
    }
    if (verdict != TM_GATE_STRANGER && !guest->is_again)
        tm_admit_use(&t->admit, &ad);
    OPENSSL_cleanse(&ad, sizeof ad);
    return verdict;
}

/* ---- Life ---- */

static int start(struct tm_tunnel_server *t, struct tm_msg *msg)
{
    const struct tm_tunnel_server_cfg *cfg = &t->cfg;
    const struct tm_replay_cfg replay = {.path = cfg->replay_path};
    const struct tm_wirepoll_cfg wire = {
        .loop = cfg->loop,
        .wire = {.cc = cfg->cc, .unacked_us = cfg->grace_us, .priority = TM_WIRE_PRIORITY_REALTIME},
        .on_event = on_wire,
        .on_batch = on_batch,
        .on_room = on_room,
        .user = t};
    int rc = tm_tls_ctx_new(&t->tls, TM_SERVER, NULL, msg);
    if (rc == TM_OK)
        rc = tm_replay_new(&t->replay, &replay, msg);
    if (rc == TM_OK && (tm_tally_new(&t->tally, tm_now_us()) != TM_OK ||
                        tm_pulse_new(&t->pulse, cfg->loop, cfg->wall_us) != TM_OK))
        rc = tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    if (rc == TM_OK)
        rc = tm_wirepoll_new(&t->wirepoll, &wire, msg);
    if (rc != TM_OK)
        return rc;
    const struct tm_gate_cfg gate = {.loop = cfg->loop,
                                     .wire = tm_wirepoll_wire(t->wirepoll),
                                     .decoy = cfg->decoy,
                                     .n_max = cfg->n_strangers_max,
                                     .judge = judge,
                                     .user = t};
    rc = tm_gate_new(&t->gate, &gate);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "out of memory");
    t->admit = (struct tm_admit){.key = &t->key,
                                 .lookup = cfg->lookup,
                                 .user = cfg->user,
                                 .takes_join = cfg->join != NULL,
                                 .replay = t->replay,
                                 .now_ms = time_of,
                                 .owner = t};
    return TM_OK;
}

/* The sockets are the wire thread's, or closed. */
static int start_listening(struct tm_tunnel_server *t, const int *fds, size_t n, int rc)
{
    for (size_t i = 0; i < n; i++) {
        if (rc == TM_OK)
            rc = tm_wire_listen(tm_wirepoll_wire(t->wirepoll), fds[i]);
        if (rc != TM_OK)
            (void)close(fds[i]);
    }
    return rc;
}

int tm_tunnel_server_new(struct tm_tunnel_server **out, const struct tm_tunnel_server_cfg *cfg,
                         struct tm_msg *msg)
{
    *out = NULL;
    struct tm_tunnel_server *t = calloc(1, sizeof *t);
    if (t == NULL) {
        (void)start_listening(NULL, cfg->listen_fds, cfg->n_listen_fds, TM_ERR_NOMEM);
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    }
    t->cfg = *cfg;
    t->n_closing = 1;
    t->key = cfg->key;
    t->cfg.n_sessions_max = cfg->n_sessions_max == 0 ? SESSIONS_MAX : cfg->n_sessions_max;
    t->cfg.n_strangers_max = cfg->n_strangers_max == 0 ? STRANGERS_MAX : cfg->n_strangers_max;
    t->cfg.wall_us = cfg->wall_us == NULL ? tm_wall_us : cfg->wall_us;
    t->cfg.idle_s = cfg->idle_s == 0 ? TM_TUNNEL_IDLE_S : cfg->idle_s;
    t->cfg.left_s = cfg->left_s == 0 ? TM_TUNNEL_LEFT_S : cfg->left_s;
    tm_tunnel_join_model(&t->join_model);
    t->sweeper.data = t;
    (void)uv_timer_init(cfg->loop, &t->sweeper);
    int rc = start_listening(t, cfg->listen_fds, cfg->n_listen_fds, start(t, msg));
    if (rc != TM_OK) {
        tm_tunnel_server_stop(t, NULL, NULL);
        return rc;
    }
    t->cfg.decoy = NULL; /* copied by the gate */
    t->cfg.replay_path = t->cfg.cc = NULL;
    t->cfg.listen_fds = NULL;
    (void)uv_timer_start(&t->sweeper, sweep, SWEEP_MS, SWEEP_MS);
    *out = t;
    return TM_OK;
}

static void on_sweeper_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

static void do_stop(uv_timer_t *timer)
{
    struct tm_tunnel_server *t = timer->data;
    while (t->sessions != NULL)
        end_session(&t->sessions);
    tm_gate_free(t->gate);
    tm_wirepoll_free(t->wirepoll);
    tm_pulse_free(t->pulse);
    for (uint32_t b = 0; b < TM_SERVER_BUCKETS; b++) {
        while (t->bucket[b] != NULL) {
            struct tm_server_route *r = t->bucket[b];
            t->bucket[b] = r->next;
            free(r);
        }
    }
    tm_replay_free(t->replay);
    tm_tls_ctx_free(t->tls);
    uv_close((uv_handle_t *)timer, on_sweeper_closed);
}

void tm_tunnel_server_stop(struct tm_tunnel_server *t, void (*stopped)(void *user), void *user)
{
    if (t->is_stopping)
        return;
    t->is_stopping = true;
    t->stopped = stopped;
    t->stopped_user = user;
    (void)uv_timer_start(&t->sweeper, do_stop, 0, 0); /* the caller may be one of our callbacks */
}

void tm_tunnel_server_set_keys(struct tm_tunnel_server *t, const struct tm_ticket_key *key,
                               const struct tm_ticket_key *old, int64_t old_until_us)
{
    t->key = *key;
    t->old_until_us = old != NULL ? old_until_us : 0;
    if (old != NULL)
        t->key_old = *old;
}

void tm_tunnel_server_drop(struct tm_tunnel_server *t, const uint8_t client_id[TM_CLIENT_ID_LEN])
{
    for (struct tm_server_session *s = t->sessions; s != NULL; s = s->next)
        if (memcmp(s->client_id, client_id, TM_CLIENT_ID_LEN) == 0)
            s->is_over = true;
    if (!t->is_stopping)
        (void)uv_timer_start(&t->sweeper, sweep, 0, SWEEP_MS);
}
