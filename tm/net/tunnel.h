/* tm/net/tunnel.h - a whole tunnel end on a libuv loop: engine, TLS, wire thread, streams.
 *
 * tm_tunnel_client is one session to one server; tm_tunnel_server owns the sessions of all its clients,
 * keyed by (client id, session id), and hands strangers to the decoy.  Each starts its own wire thread.
 * Every call and callback is on the loop's thread.  Sizes and times on the wire come from the engine's
 * schedule alone; what was not authenticated never sees a byte of ours beyond the ClientHello. */
#ifndef TM_NET_TUNNEL_H
#define TM_NET_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <uv.h>

#include "tm/core/session.h"
#include "tm/core/session_listen.h"
#include "tm/core/token.h"
#include "tm/net/ticket.h"
#include "tm/net/tls.h"

#define TM_TUNNEL_IDLE_S  86400U /* a model may be silent for long; a day is beyond any of them */
#define TM_TUNNEL_LEFT_S  60U    /* of a client that has begun another session meanwhile */
#define TM_TUNNEL_ASK_MAX 4096U  /* bytes of a request of tm_tunnel_client_ask, and of its reply */

/* ---- Client ---- */

enum tm_tunnel_state {
    TM_TUNNEL_PREPARING, /* a joint model's first batches are put together; nothing has been sent */
    TM_TUNNEL_CONNECTING, /* the schedule has begun; no carrier has been authenticated yet */
    TM_TUNNEL_UP,         /* a carrier's far end proved to be our server */
    TM_TUNNEL_TROUBLE, /* a carrier could not be opened: err and text say why; the session goes on by its
                             schedule, the app may stop it */
    TM_TUNNEL_FAILED, /* the session is over (engine or wire): nothing more will be sent */
    TM_TUNNEL_PLAYED /* the schedule file was played to its end: nothing more will be sent; streams have ended */
};
struct tm_tunnel_report {
    enum tm_tunnel_state state;
    int err;      /* TROUBLE: TM_ERR_AUTH: whoever answers is not our server, or does not take us;
                         TM_ERR_IO: refused, unreachable, timed out, cut off;  FAILED: TM_ERR_PROTO or other */
    bool ever_up; /* a carrier had been authenticated before */
    bool
        is_forgotten; /* FAILED: the server was started again; tm_tunnel_client_renew begins another session */
    const char *
        text; /* TROUBLE, FAILED: what happened, as it stands behind "cannot reach HOST:PORT: "; valid during the call */
};
/* CONNECTING comes once, before any other, from the loop.  UP comes at the first authenticated carrier and again after TROUBLE; TROUBLE at every failed opening. */
typedef void (*tm_tunnel_state_fn)(void *user, const struct tm_tunnel_report *r);

/* A listener at the server (ssh's -R): who connects there comes out at `dest`, as this end reaches it. */
struct tm_tunnel_remote {
    struct tm_dest bind; /* an address; port 0: the server chooses */
    struct tm_dest dest;
};
/* What the server says of the remote with this index: OK and the port, or why there is none, or no longer. */
typedef void (*tm_tunnel_remote_fn)(void *user, size_t index, enum tm_reply reply, uint16_t port);

struct tm_tunnel_client_cfg {
    uv_loop_t *loop;               /* borrowed */
    const struct sockaddr *server; /* resolved address; copied */
    const char *sni;               /* host name in the hello, NULL: none; copied */
    enum tm_token_kind kind;       /* CARRIER, or JOIN with the invitation's id and secret */
    uint8_t client_id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    struct tm_ticket_key key;
    struct tm_session_cfg
        session; /* side, shape and session_id are set by the tunnel; what it borrows lives as long as the tunnel */
    const char *cc;              /* TCP congestion control, NULL: the system's; copied */
    FILE *schedule_log;          /* JSON lines (tm/core/schedlog.h), NULL: none; borrowed */
    tm_tunnel_state_fn on_state; /* may be NULL */
    void *user;
    int64_t (*wall_us)(void);               /* the wall clock, us since 1970; NULL: tm_wall_us */
    const struct tm_tunnel_remote *remotes; /* borrowed until the tunnel has stopped */
    size_t n_remotes;                       /* at most TM_LISTENERS_MAX */
    tm_tunnel_remote_fn on_remote;
    void *remote_user;
    bool keeps_played; /* counts sizes and pauses of what it plays (tm_session_set_played) */
};

/* The handshake sizes of a client that shows `sni` (NULL: none), as its sessions will have them: a dry handshake.  TM_ERR_TLS
 * with msg. */
TM_MUST_CHECK int tm_tunnel_shape(struct tm_shape *out, const char *sni, struct tm_msg *msg);

struct tm_tunnel_client;

/* Makes the session, starts the wire thread and, when the first plans can be made, the schedule.  TM_ERR_NOMEM, RANGE, TLS, IO: msg says what. */
TM_MUST_CHECK int tm_tunnel_client_new(struct tm_tunnel_client **out,
                                       const struct tm_tunnel_client_cfg *cfg, struct tm_msg *msg);
/* Ends everything: streams are reset, carriers closed, the wire thread joined; `stopped` (may be NULL) is
 * called from the loop when the object has been freed.  Idempotent. */
void tm_tunnel_client_stop(struct tm_tunnel_client *t, void (*stopped)(void *user), void *user);

/* After FAILED, not from its callback: another session with the same server, with this seed, another number and all else as in cfg.session,
 * whose borrowed parts must still be there.  Streams opened before have ended; the schedule log has ended too.  The states begin anew
 * with CONNECTING.  TM_ERR_NOMEM, TM_ERR_TLS (no random numbers): all is as before. */
TM_MUST_CHECK int tm_tunnel_client_renew(struct tm_tunnel_client *t,
                                         const uint8_t seed[TM_TOKEN_SEED_LEN]);
/* Before the end: every stream is given up at both ends, by what the schedule sends anyway; it goes on. */
void tm_tunnel_client_reset_streams(struct tm_tunnel_client *t);
/* Whether the server knows of it. */
bool tm_tunnel_client_is_heard(const struct tm_tunnel_client *t);

struct tm_front *tm_tunnel_client_front(struct tm_tunnel_client *t);
/* Of all its sessions. */
void tm_tunnel_client_stats(const struct tm_tunnel_client *t, struct tm_session_stats *out);
enum tm_tunnel_state tm_tunnel_client_state(const struct tm_tunnel_client *t);
/* PREPARING: about so many batches are missing. */
uint32_t tm_tunnel_client_missing(const struct tm_tunnel_client *t);

/* A JOIN session's one request to the server itself (not to a destination), and its answer.  `exporter` is
 * keying material of one of the session's carriers (tm_tls_exporter with TM_IDENTITY_LABEL), the same on both
 * sides, for the server to sign and the client to verify (tm/net/identity.h). */
struct tm_tunnel_answer {
    int err;              /* TM_OK, or why there is none: CLOSED (the server declined, or
                                                     the session failed) */
    struct tm_view reply; /* valid during the call; empty on error */
    uint8_t exporter[TM_TLS_EXPORTER_LEN];
};
typedef void (*tm_tunnel_answer_fn)(void *user, const struct tm_tunnel_answer *a);
/* May be called as soon as the state is UP.  request is copied, 1..TM_TUNNEL_ASK_MAX bytes.  `answer` is called
 * once, not from inside this call.  TM_ERR_LIMIT: asked before; CLOSED: not UP; NOMEM; RANGE. */
TM_MUST_CHECK int tm_tunnel_client_ask(struct tm_tunnel_client *t, struct tm_view request,
                                       tm_tunnel_answer_fn answer, void *user);

/* The model of JOIN sessions, built in on both sides: constant, 1448 bytes every 100 ms, 10 exchanges. */
void tm_tunnel_join_model(struct tm_model *m);

#endif
