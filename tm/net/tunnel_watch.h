/* tm/net/tunnel_watch.h - what a tunnel end can tell of itself, for `status`.
 *
 * All of it lies on the front thread already (the wire thread's reports came through its ring) or in atomic
 * counters.  So asking takes no lock, sends the wire thread nothing and wakes it for nothing: what is on the wire
 * cannot depend on whether somebody asks. */
#ifndef TM_NET_TUNNEL_WATCH_H
#define TM_NET_TUNNEL_WATCH_H

#include "tm/core/session_watch.h"
#include "tm/core/standstill.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"
#include "tm/net/wire.h"

struct tm_tunnel_watch {
    int64_t now_us;
    struct tm_tally_view tally;         /* the last five minutes */
    const struct tm_tally_total *total; /* since the start; borrowed until the tunnel is stopped */
    struct tm_wire_stats wire;          /* since the start */
    struct tm_standstill_stats clocks;  /* since the start */
    struct tm_session_stats stats;
    struct tm_session_control control; /* client: of its session */
    char trouble[128]; /* client: why a carrier could not be opened; "": the last one could */
};

/* Whether nothing is to be composed within the next TM_TUNNEL_SPARE_US: time enough to answer. */
#define TM_TUNNEL_SPARE_US 1500
bool tm_tunnel_client_has_time(const struct tm_tunnel_client *t);
bool tm_tunnel_server_has_time(const struct tm_tunnel_server *t);

void tm_tunnel_client_watch(struct tm_tunnel_client *t, struct tm_tunnel_watch *out);

/* One live session of a server, newest first; those that join are left out.  idle_us: how long it has had no
 * carrier, 0: it has one. */
typedef void (*tm_tunnel_watch_fn)(void *user, const struct tm_session_control *c, int64_t idle_us);
void tm_tunnel_server_watch(struct tm_tunnel_server *t, struct tm_tunnel_watch *out,
                            tm_tunnel_watch_fn fn, void *user);

#endif
