/* tm/app/bridge.h - the bridges that tor's bridge lines name, and a tunnel to each: joined at the first use, kept in tor's state directory.
 *
 *            +--not joined yet--> JOINING --+
 *   new -----+                              +--> STARTING --first carrier--> UP
 *            +--joined before---------------+       |                         |
 *                        ^                          | unreachable, refused    | the session has failed
 *                        |                          v                         v
 *                        +---- 1 s and asked ---- RESTING <--- STOPPING <-----+
 *
 * Arguments of a bridge line: link=KEYS (tm_link_encode_keys), and model, preset, users, pace, idle-stop as options of tm-client run.  Two lines
 * that differ in anything are two bridges.  Files: STATE/trafficmimic-client/DIGEST OF KEYS/server (tm/app/client_state.h). */
#ifndef TM_APP_BRIDGE_H
#define TM_APP_BRIDGE_H

#include <uv.h>

#include "tm/app/options.h"
#include "tm/core/proxy.h"
#include "tm/net/tunnel.h"

#define TM_BRIDGES_MAX 8U /* at the same time: each has a schedule of its own to keep */

struct tm_bridges;

/* dir: STATE/trafficmimic-client; o: the command line of pt.  Both borrowed.  NULL: no memory. */
struct tm_bridges *tm_bridges_new(uv_loop_t *loop, const char *dir, const struct tm_options *o);
/* Ends all; the loop then has nothing of theirs left. */
void tm_bridges_stop(struct tm_bridges *all);
/* After the loop has run out. */
void tm_bridges_free(struct tm_bridges *all);
/* Logs what each has carried. */
void tm_bridges_log(struct tm_bridges *all);

/* A tm_local_route_fn, for user = the bridges: the tunnel to the bridge that a SOCKS request names by its address and its login. */
int tm_bridges_route(void *user, const struct tm_proxy *p, struct tm_tunnel_client **tunnel,
                     struct tm_dest *dest, enum tm_reply *reply);

#endif
