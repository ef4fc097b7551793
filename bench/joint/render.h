/* bench/joint/render.h - connections of a deck -> the segments that a tap beside the client would see, without a network.
 *
 * A stand-in for playing a model: writes leave when their events and pauses say so, TCP cuts them into full segments and sends them when
 * it would (bench/joint/sender.h).  No losses, no delayed acknowledgements; segments that are not full are never merged. */
#ifndef TM_BENCH_JOINT_RENDER_H
#define TM_BENCH_JOINT_RENDER_H

#include <stdint.h>
#include <stdio.h>

#include "bench/joint/sender.h"
#include "models/deck.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Where a connection is put in the capture. */
struct tm_render_place {
    int64_t start_us;        /* since 1970 */
    uint32_t client, server; /* IPv4 addresses, host order */
    uint16_t client_port, server_port;
};

/* The capture's head: pcap, microseconds, raw IP, 96 bytes of each packet. */
void tm_render_head(FILE *out);
/* One connection.  Errors of writing show in ferror(out).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_render_conn(FILE *out, const struct tm_deck *d, uint32_t conn,
                                 const struct tm_render_path *path,
                                 const struct tm_render_place *place, struct tm_rng *rng);

#endif
