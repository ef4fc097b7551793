/* tm/net/tunnel_server.h - the server's end of tunnels: the sessions of all its clients, keyed by (client id, session id), and strangers,
 * who meet the decoy.  It starts its own wire thread; every call and callback is on the loop's thread. */
#ifndef TM_NET_TUNNEL_SERVER_H
#define TM_NET_TUNNEL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <uv.h>

#include "tm/net/guard.h"
#include "tm/net/orport.h"
#include "tm/net/permit.h"
#include "tm/net/supply.h"
#include "tm/net/tunnel.h"

/* The secret of client `id` (kind CARRIER) or of invitation `id` (kind JOIN).  TM_OK; TM_ERR_AUTH: unknown;
 * TM_ERR_CLOSED: revoked, or an invitation used before.  Asked again for every carrier. */
typedef int (*tm_tunnel_lookup_fn)(void *user, enum tm_token_kind kind,
                                   const uint8_t id[TM_CLIENT_ID_LEN],
                                   uint8_t secret[TM_SECRET_LEN]);
/* A model whose digest begins with these bytes (TM_TOKEN_DIGEST_LEN; TM_TOKEN_PART_LEN for a part of a mix), or NULL; it must live as
 * long as the server. */
typedef const struct tm_model *(*tm_tunnel_model_fn)(void *user, const uint8_t *digest, size_t len);
/* The schedule file with this digest, or NULL; it must live as long as the server. */
typedef const struct tm_schedfile *(*tm_tunnel_schedule_fn)(
    void *user, const uint8_t digest[TM_TOKEN_DIGEST_LEN]);
/* Answers the one request of a JOIN session of invitation `id`: writes the reply and returns its length, 1..cap
 * (TM_TUNNEL_ASK_MAX), or returns an error (the client sees TM_ERR_CLOSED). */
struct tm_tunnel_join {
    uint8_t id[TM_CLIENT_ID_LEN];
    struct tm_view request;                /* valid during the call */
    uint8_t exporter[TM_TLS_EXPORTER_LEN]; /* as in struct tm_tunnel_answer */
};
typedef int (*tm_tunnel_join_fn)(void *user, const struct tm_tunnel_join *j, uint8_t *reply,
                                 size_t cap);
/* A file for the schedule log of a session that begins, or NULL; the tunnel closes it (fclose). */
typedef FILE *(*tm_tunnel_log_fn)(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                                  const uint8_t session_id[TM_SESSION_ID_LEN]);

/* A client's session moved so many bytes on the wire, both ways, since it was told last: when it ends, and in
 * tm_tunnel_server_count. */
typedef void (*tm_tunnel_used_fn)(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                                  uint64_t bytes);

struct tm_tunnel_server_cfg {
    uv_loop_t *loop;       /* borrowed */
    const int *listen_fds; /* listening TCP sockets; owned from now on, also on error */
    size_t n_listen_fds;   /* 1..16 */
    struct tm_ticket_key key;
    tm_tunnel_lookup_fn lookup;
    tm_tunnel_model_fn model;
    tm_tunnel_schedule_fn schedule; /* NULL: no files here; embedded ones are played all the same */
    tm_tunnel_join_fn join;         /* NULL: JOIN tokens are strangers' */
    tm_tunnel_log_fn open_log;      /* NULL: no schedule log */
    tm_tunnel_used_fn used;         /* NULL: nobody counts */
    tm_supply_answer_fn supply;     /* what clients ask the server itself; NULL: nothing */
    FILE *stream_log; /* tm/net/streamlog.h, of all sessions, with its head; NULL: none; borrowed */
    void *user;
    const struct sockaddr *decoy;   /* NULL: strangers are closed unanswered; copied */
    const struct tm_guard *guard;   /* destinations; borrowed; NULL: all, for tests */
    const struct tm_permit *permit; /* where it listens for clients; borrowed; NULL: nowhere */
    const char *replay_path;        /* tm/net/replay.h; NULL: nothing survives a restart */
    const char *cc;                 /* TCP congestion control, NULL: the system's; copied */
    const uint8_t
        *master_seed;         /* TM_TOKEN_SEED_LEN bytes that all sessions with the server as master
                                     play, for experiments; NULL: random; borrowed until stopped */
    uint32_t n_sessions_max;  /* 0: 1024 */
    uint32_t n_strangers_max; /* connections not (yet) ours, relays included; 0: 512 */
    uint32_t idle_s;          /* a session without carriers ends after; 0: TM_TUNNEL_IDLE_S */
    uint32_t left_s;  /* ..., when its client has begun another since; 0: TM_TUNNEL_LEFT_S */
    int64_t grace_us; /* of all sessions (struct tm_session_cfg); 0: TM_GRACE_US */
    int64_t (*wall_us)(void); /* as of the client's */

    /* A Tor transport: the only destination; borrowed.  NULL: destinations as asked for. */
    const struct tm_orport_cfg *orport;
    bool keeps_played; /* the same, of each session */
};

struct tm_tunnel_server;

/* TM_ERR_NOMEM, TLS, IO, FORMAT (replay file); msg says what. */
TM_MUST_CHECK int tm_tunnel_server_new(struct tm_tunnel_server **out,
                                       const struct tm_tunnel_server_cfg *cfg, struct tm_msg *msg);
/* As tm_tunnel_client_stop; strangers' relays end with resets. */
void tm_tunnel_server_stop(struct tm_tunnel_server *t, void (*stopped)(void *user), void *user);
/* From now on clients that ask for a stream are refused; those that are open go on.  Cover goes on. */
void tm_tunnel_server_refuse_streams(struct tm_tunnel_server *t);
/* As of the client's, for all sessions; heard: by all that have a carrier. */
void tm_tunnel_server_reset_streams(struct tm_tunnel_server *t);
bool tm_tunnel_server_is_heard(const struct tm_tunnel_server *t);
/* Another web server for strangers who come from now on; NULL: none.  Copied. */
void tm_tunnel_server_set_decoy(struct tm_tunnel_server *t, const struct sockaddr *decoy);
/* Ends all sessions of a client at once (revoked). */
void tm_tunnel_server_drop(struct tm_tunnel_server *t, const uint8_t client_id[TM_CLIENT_ID_LEN]);

struct tm_tunnel_server_stats {
    uint32_t sessions_live, sessions_begun, sessions_ended;
    uint32_t carriers_live;
    uint32_t strangers_live;
    uint64_t accepted;  /* TCP connections */
    uint64_t strangers; /* of these, not ours: no hello of our kind */
    uint64_t
        refused; /* of these, tokens of ours not accepted: unknown or revoked client, bad time, used
                             before, other model or version */
    uint64_t decoy_failed; /* strangers that the decoy did not take */
    struct tm_session_stats
        total; /* sums over ended and live sessions; of the gauges and times, only over live */
};
void tm_tunnel_server_stats(const struct tm_tunnel_server *t, struct tm_tunnel_server_stats *out);
typedef void (*tm_tunnel_session_fn)(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                                     const struct tm_session_stats *stats);
/* cfg.used for every live session of an enrolled client. */
void tm_tunnel_server_count(struct tm_tunnel_server *t);
/* Calls fn for every live session. */
void tm_tunnel_server_each(const struct tm_tunnel_server *t, tm_tunnel_session_fn fn, void *user);

#endif
