/* tm/app/look.h - a look at a running tunnel, for status, metrics and page.
 *
 * Only from memory of the front thread, which calls it, and from atomic counters: see tm/net/tunnel_watch.h. */
#ifndef TM_APP_LOOK_H
#define TM_APP_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/app/status.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

/* Where to look: one of client and server, which point to where the owner keeps the tunnel, NULL there when it is gone; both outlive this. */
struct tm_look_at {
    struct tm_tunnel_client *const *client;
    struct tm_tunnel_server *const *server;
    uint64_t start_ns; /* uv_hrtime when the program began */
    const char *note;  /* server: what its owner should know; NULL: nothing; static */
};

struct tm_look {
    struct tm_status status;
    struct tm_session_control
        shown; /* whose cfg is NULL: there is no session; borrowed until the loop goes on */
    const struct tm_tally_total *total;  /* borrowed until then */
    struct tm_tunnel_server_stats stats; /* of a server */
};

/* False: the tunnel is gone. */
bool tm_look_take(const struct tm_look_at *at, struct tm_look *out);
/* What was counted since the start, in little time; zero when it is gone. */
void tm_look_count(const struct tm_look_at *at, struct tm_session_stats *out);
/* Whether the loop can spare the time for a look: it takes a fraction of a millisecond of the thread that composes. */
bool tm_look_has_time(const struct tm_look_at *at);

#endif
