/* tm/mbsim/line.h - one direction of the path in mode network: a bottleneck with its queue, then a delay with jitter, and losses.
 *
 * Packets keep their order: jitter holds up those behind as well. */
#ifndef TM_MBSIM_LINE_H
#define TM_MBSIM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/maybenot/rng.h"
#include "tm/base/err.h"

#define TM_MBSIM_PADDING UINT32_MAX

/* A packet, and when something happens to it. */
struct tm_mbsim_item {
    int64_t t_ns;
    uint32_t index; /* in its end's script, or PADDING */
    uint32_t size_bytes;
};

/* First in, first out. */
struct tm_mbsim_fifo {           /* {0} is an empty one */
    struct tm_mbsim_item *items; /* a ring of `cap`, a power of two or 0 */
    size_t from, n, cap;
};

TM_MUST_CHECK int tm_mbsim_fifo_push(struct tm_mbsim_fifo *f, const struct tm_mbsim_item *i);
/* Of one that is not empty. */
const struct tm_mbsim_item *tm_mbsim_fifo_first(const struct tm_mbsim_fifo *f);
struct tm_mbsim_item tm_mbsim_fifo_pop(struct tm_mbsim_fifo *f);
void tm_mbsim_fifo_deinit(struct tm_mbsim_fifo *f);

#define TM_MBSIM_RATE_MIN    1000U                  /* bits a second */
#define TM_MBSIM_SIZE_MAX    65535U                 /* bytes of a packet */
#define TM_MBSIM_WAIT_MAX_NS INT64_C(3600000000000) /* a bottleneck's queue holds at most so much */

struct tm_mbsim_line_cfg {
    int64_t delay_ns;     /* >= 0 */
    int64_t jitter_ns;    /* at most so much more, evenly drawn; >= 0 */
    uint64_t rate_bps;    /* of the bottleneck, at least RATE_MIN; 0: none */
    uint64_t queue_bytes; /* waiting there at most, others are lost; 0: an hour's worth */
    double p_loss;        /* 0..0.9, of each packet by itself */
};

struct tm_mbsim_line {
    int64_t free_ns;    /* when the bottleneck has sent all that waits */
    int64_t arrival_ns; /* of the last packet */
};

enum tm_mbsim_fate { TM_MBSIM_ARRIVES, TM_MBSIM_LOST, TM_MBSIM_DROPPED /* by the full queue */ };

/* A packet enters at now_ns: what becomes of it, and when it arrives (or is lost: would have arrived).  Two numbers are drawn for each
 * packet, so that one packet's fate does not change the others' draws. */
enum tm_mbsim_fate tm_mbsim_line_send(struct tm_mbsim_line *l, const struct tm_mbsim_line_cfg *cfg,
                                      struct tm_mb_rng *rng, int64_t now_ns, uint32_t size_bytes,
                                      int64_t *arrival_ns);

#endif
