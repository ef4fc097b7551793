/* tm/app/client_keys.h - a running client asks its server now and then whether its keys were renewed.
 *
 * Soon after the session is up and once a day from then on, over a stream of the session: nothing of it shows beyond the schedule.
 * Where cover waits for streams (--on-demand, --idle-stop) only while another stream is open, so that asking wakes nothing. */
#ifndef TM_APP_CLIENT_KEYS_H
#define TM_APP_CLIENT_KEYS_H

#include <uv.h>

#include "tm/app/client_state.h"
#include "tm/app/options.h"
#include "tm/net/tunnel.h"

struct tm_client_keys;

/* s (borrowed) and the file it is from are changed when there are new keys; o is borrowed.  NULL: no memory. */
struct tm_client_keys *tm_client_keys_open(uv_loop_t *loop, struct tm_tunnel_client *tunnel,
                                           struct tm_client_state *s, const struct tm_options *o);
/* Before the tunnel is stopped; NULL is allowed. */
void tm_client_keys_close(struct tm_client_keys *k);

#endif
