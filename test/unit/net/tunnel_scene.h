/* test/unit/net/tunnel_scene.h - both ends of a tunnel on one loop over loopback, with everything around them.
 *
 *   app ── forward ── tunnel client ──(relay)── tunnel server ── destination
 *                                        │           └── decoy
 *                                        └ counts, records, kills
 *
 * Application sockets, relay, destination and decoy are plain non-blocking sockets worked by scene_step. */
#ifndef TM_TEST_UNIT_NET_TUNNEL_SCENE_H
#define TM_TEST_UNIT_NET_TUNNEL_SCENE_H

#include <netinet/in.h>

#include <uv.h>

#include "tm/net/local.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

#define RELAY_MAX   512
#define CAPTURE_MAX 4096

struct relay_conn {
    int client, server; /* -1: closed */
    uint64_t up, down;  /* bytes relayed */
    bool is_up_end, is_down_end;
    size_t n_captured; /* first bytes of the client */
    uint8_t captured[CAPTURE_MAX];
};

struct relay {
    int listener;
    struct sockaddr_in addr, server;
    struct relay_conn conn[RELAY_MAX];
    size_t n_conns;
    uint64_t kill_after; /* bytes of both directions on one connection; 0: never */
    unsigned kills_left;
    unsigned n_killed;
};

struct scene_cfg {
    const struct tm_model *model;        /* NULL: */
    const struct tm_schedfile *schedule; /* at the client, ... */
    bool has_server_schedule;            /* ... and at the server */
    enum tm_side master;
    enum tm_plan_mode plan_mode;
    bool no_decoy;
    bool no_server; /* nothing listens at the server's address */
    bool wrong_secret;
    bool revoked;
    bool unknown_model; /* to the server; of a mix, the last part */
    enum tm_token_kind kind;
    FILE *client_log;
    const char *server_log_path;
    FILE *stream_log; /* of the server */
    const char *replay_path;
    uint32_t idle_s, left_s;
    int64_t grace_us;
    const struct tm_permit *permit;         /* of the server */
    const struct tm_tunnel_remote *remotes; /* of every client */
    size_t n_remotes;
    tm_tunnel_remote_fn on_remote; /* its user is the scene */
    int64_t (*wall_us[2])(void);   /* wall clocks, by side; NULL: the machine's */
};

struct scene {
    struct scene_cfg cfg;
    uv_loop_t loop;
    uv_timer_t tick;
    struct tm_tunnel_client *client;
    struct tm_tunnel_server *server;
    struct tm_local *forward;
    struct sockaddr_in forward_addr;
    struct relay relay;
    int dest; /* listener */
    struct sockaddr_in dest_addr;
    int decoy; /* listener */
    struct sockaddr_in decoy_addr;
    int n_up, n_trouble, n_failed, n_played;
    int n_started, n_stopped; /* tunnel ends */
    int last_err;
    char last_text[256];
    int n_joins, n_answers, answer_err;
    char answer[64];
    uint8_t join_exporter[TM_TLS_EXPORTER_LEN], answer_exporter[TM_TLS_EXPORTER_LEN];
};

extern const uint8_t scene_client_id[TM_CLIENT_ID_LEN];

void scene_start(struct scene *s, const struct scene_cfg *cfg);
/* Runs the loop once (at most a millisecond) and the relay. */
void scene_step(struct scene *s);
void scene_stop(struct scene *s);
/* One more client like the first, in a session of its own. */
struct tm_tunnel_client *scene_new_client(struct scene *s);
/* A door of the client to the destination; sets *addr to where it listens. */
struct tm_local *scene_new_forward(struct scene *s, struct tm_tunnel_client *client,
                                   struct sockaddr_in *addr);
void scene_stop_client(struct scene *s, struct tm_tunnel_client *client);

int scene_listen(struct sockaddr_in *addr);
int scene_connect(const struct sockaddr_in *addr);
/* Steps until a connection comes; -1 after 20 s. */
int scene_accept(struct scene *s, int listener);
/* Steps until fd has something: recv's result, -errno. */
ssize_t scene_read(struct scene *s, int fd, void *buf, size_t cap);

/* Steps until cond, at most `seconds`; a block behind it is done after every step. */
#define SCENE_UNTIL(s, seconds, cond)                                                              \
    for (uint64_t end_ns_ = uv_hrtime() + (uint64_t)(seconds)*UINT64_C(1000000000);                \
         !(cond) && uv_hrtime() < end_ns_; scene_step(s))

#endif
