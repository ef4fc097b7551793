/* learner/path.h - what one TCP connection tells of the network under it: segment size, bottleneck, loss.
 *
 * Measured and stored with a model, never played.
 *
 *   capacity  passive packet pairs: two data segments of one direction, one after the other, of the same
 *             size >= 500 bytes and with the same acknowledgement number, neither seen before, give
 *             (size + 40) * 8 / dt; sorted by dt the slower half is ignored (a receiver that
 *             acknowledges every other segment lets every other pair out together), and the median of
 *             the rest is the connection's.
 *   loss      of all data segments: one that fills a hole more than a round trip after the hole was
 *             seen was lost before the tap; one that was all seen before was lost behind it.
 *
 * Source: Swing (ToN 2009) sec. III.C; RFC 9293 sec. 3.7.1 for the MSS option.  Pure. */
#ifndef TM_LEARNER_PATH_H
#define TM_LEARNER_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/exchange.h"

#define TM_PATH_PAIRS                                                                              \
    12U /* packet pairs kept of each direction; the rest of a connection is not asked */

/* Of a finished connection. */
struct tm_path_conn {
    uint32_t n_data[2];       /* segments with payload */
    uint32_t n_lost[2];       /* of these, sent again because they were lost */
    uint64_t capacity_bps[2]; /* by direction; 0: no estimate */
    uint32_t mss_bytes;       /* the smaller option of both SYNs; 0: not seen */
};

struct tm_path_half {
    int64_t last_us;   /* of the last data segment */
    uint32_t last_len; /* 0: it cannot begin a pair */
    uint32_t last_ack;
    uint32_t next;      /* the sequence number after the highest byte seen */
    uint32_t hole_from; /* the last hole, equal: none */
    uint32_t hole_to;
    uint8_t n_pairs;
    bool is_valid;
};

/* What most packets touch stands first (as in struct tm_exchange). */
struct tm_path {
    uint32_t n_data[2]; /* as in struct tm_path_conn */
    uint32_t n_lost[2];
    struct tm_path_half half[2];
    uint32_t kbps[2][TM_PATH_PAIRS]; /* those to the client first, who gets most */
    int64_t hole_us[2];              /* when the direction's last hole was seen */
};

/* All zero is a connection whose first segment with payload is about to be fed. */

/* The number of a direction's first byte, if the opening was seen. */
void tm_path_start(struct tm_path *p, enum tm_dir dir, uint32_t first);
/* One segment; `rtt_us` is the round trip as far as known, or TM_PAIR_NONE. */
void tm_path_feed(struct tm_path *p, const struct tm_segment *s, uint32_t rtt_us);
/* What was found; *p is left as it is.  `mss` are the options of client's and server's SYN, or 0. */
struct tm_path_conn tm_path_finish(const struct tm_path *p, const uint16_t mss[2]);

#endif
