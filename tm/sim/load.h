/* tm/sim/load.h - what people do in a world: transfers, each a stream of the tunnel.
 *
 * The client opens a stream and sends up_bytes; the destination, which stands beside the server and answers at once,
 * sends down_bytes when it has them (or both send from the start, for TM_LOAD_FLOOD, and never end).  Pure. */
#ifndef TM_SIM_LOAD_H
#define TM_SIM_LOAD_H

#include <stdint.h>

#include "tm/base/err.h"
#include "tm/sim/sim.h"

/* When the client's application may send: at once, or when it was told that the server has connected (tm-client's
 * --socks-reply). */
enum tm_load_reply { TM_LOAD_EARLY, TM_LOAD_EXACT };
#define TM_LOAD_FLOOD UINT64_MAX /* of up_bytes and down_bytes: both ways, without end */

struct tm_transfer {
    uint64_t up_bytes, down_bytes; /* wanted */
    int64_t start_us;              /* when it was wanted */
    int64_t first_us;              /* the client has the first byte down; TM_NEVER before */
    int64_t done_us;               /* both ends have all; TM_NEVER before */
    uint64_t put[2];               /* bytes given to the tunnel, by the side that sends */
    uint64_t got[2];               /* ... taken from it, by the side that receives */
};

struct tm_load; /* opaque */

/* Borrows the world, and is the only one who opens streams in it. */
TM_MUST_CHECK int tm_load_new(struct tm_load **out, struct tm_sim *w, enum tm_load_reply reply);
void tm_load_free(struct tm_load *l);
/* Opens a stream for a transfer that was wanted at start_us.  *number is its number: 0, 1, 2, ...  TM_ERR_LIMIT: all streams are in
 * use, try again later; TM_ERR_NOMEM; TM_ERR_CLOSED. */
TM_MUST_CHECK int tm_load_begin(struct tm_load *l, uint64_t up_bytes, uint64_t down_bytes,
                                int64_t start_us, uint64_t *number);
/* An event of the kind TM_SIM_APP.  1: transfer *number is done; 0; TM_ERR_CLOSED: the session failed. */
TM_MUST_CHECK int tm_load_event(struct tm_load *l, const struct tm_sim_event *ev, uint64_t *number);
/* number < tm_load_n; borrowed until the next tm_load_begin. */
const struct tm_transfer *tm_load_get(const struct tm_load *l, uint64_t number);
uint64_t tm_load_n(const struct tm_load *l);
/* Bytes that arrived of all transfers, by direction of travel. */
uint64_t tm_load_delivered_bytes(const struct tm_load *l, enum tm_dir dir);

#endif
