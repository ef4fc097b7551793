/* tm/net/tunnel_server_impl.h - the server's end, shared by its files and nobody else:
 *   tunnel_server.c         sessions: routed to, admitted, begun, ended
 *   tunnel_server_source.c  what they play
 *   tunnel_server_stream.c  where their streams go
 *   tunnel_server_watch.c   what it tells of them
 *   tunnel_server_change.c  what changes while it runs, and before it ends
 *   tunnel_server_listen.c  their listeners */
#ifndef TM_NET_TUNNEL_SERVER_IMPL_H
#define TM_NET_TUNNEL_SERVER_IMPL_H

#include "tm/net/admit.h"
#include "tm/net/front_impl.h"
#include "tm/net/gate.h"
#include "tm/net/tunnel_server.h"
#include "tm/net/tunnel_watch.h"
#include "tm/net/wirepoll.h"

#define TM_SERVER_BUCKETS 256U

struct tm_server_route;
struct tm_remote; /* tm/net/remote.h */

struct tm_server_session {
    struct tm_server_session *next;
    struct tm_tunnel_server *server;
    struct tm_front *front;
    struct tm_streamlog *streamlog; /* owned; the front's; NULL: none */
    enum tm_token_kind kind;
    uint8_t client_id[TM_CLIENT_ID_LEN];
    uint8_t session_id[TM_SESSION_ID_LEN];
    int64_t seen_us;     /* last time with a carrier */
    int64_t ahead_us;    /* its clock (tm/net/token_time.h) minus CLOCK_BOOTTIME */
    struct tm_model mix; /* what it plays, when that is a mix */
    bool has_begun;      /* it has had a carrier */
    bool is_over;        /* failed or dropped: the sweep ends it */
    bool is_left;        /* its client has begun another since */
    bool is_dirty;       /* to be pumped */
    struct tm_server_session *next_dirty;
    int64_t next_us;        /* of one that is: when its next action is due for preparation */
    uint64_t counted_bytes; /* that cfg.used was told of */
    struct tm_ask_server ask;

    struct sockaddr_storage peer;               /* of its last carrier */
    struct tm_remote *remote[TM_LISTENERS_MAX]; /* owned; by listener; NULL: none (any more) */
    struct tm_supply_server supply;
};

struct tm_tunnel_server {
    struct tm_tunnel_server_cfg cfg;
    struct tm_ticket_key key;
    struct tm_ticket_key key_old;
    int64_t old_until_us; /* wall clock; 0: there is no old key */
    struct tm_model join_model;
    struct tm_tls_ctx *tls;
    struct tm_replay *replay;
    struct tm_wirepoll *wirepoll;
    struct tm_gate *gate;
    struct tm_admit admit;
    struct tm_server_session *sessions, *dirty;
    struct tm_server_route *bucket[TM_SERVER_BUCKETS];
    struct tm_tunnel_server_stats stats;
    struct tm_tally *tally; /* owned; of all sessions */
    struct tm_pulse *pulse;
    int64_t stood_until_us; /* of what it told, the sweep knows */
    uv_timer_t sweeper;
    bool is_stopping;
    bool refuses_streams;
    unsigned n_closing; /* one for itself, one for every front that is being closed */
    void (*stopped)(void *user);
    void *stopped_user;
};

/* Puts what decides a session that begins with this token into *cfg: a model, in *mix if it is one, a schedule, or a driver.  NULL, or why it
 * cannot be played here. */
const char *tm_tunnel_server_source(struct tm_tunnel_server *t, const struct tm_token *tok,
                                    struct tm_model *mix, struct tm_session_cfg *cfg);

/* Event OPEN of a session. */
void tm_tunnel_server_stream(void *owner, const struct tm_event *ev);
/* Event LISTEN of a session: listens there or says why not. */
void tm_tunnel_server_listen(struct tm_server_session *s, const struct tm_event *ev);
/* Closes all listeners of the session. */
void tm_tunnel_server_unlisten(struct tm_server_session *s);

/* Tells cfg.used what a session moved since. */
void tm_tunnel_server_used(struct tm_server_session *s, const struct tm_session_stats *stats);

#endif
