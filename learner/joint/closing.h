/* learner/joint/closing.h - how a captured connection was closed -> how a plan says that (models/plan.h).
 *
 *   client FIN     it acknowledges all that the server sent: at the end.  Else it came before the server's last bytes, and runs from the
 *                  latest thing that the client knew: its own last write was out, or a write of the server had arrived
 *   client reset   without a FIN before it.  (What a closed socket answers to late bytes with is no closing: the FIN was.)
 *   server FIN     that does not acknowledge the client's: the server closed by itself, after its last write or one of the client's
 *
 * Acknowledgement numbers say what a side knew; times are brought to the sender's as in learner/joint/writes.h.  Pure. */
#ifndef TM_LEARNER_JOINT_CLOSING_H
#define TM_LEARNER_JOINT_CLOSING_H

#include "learner/joint/writes.h"

/* Notes a FIN or RST, before its own direction counts it. */
void tm_cut_note_end(struct tm_cut *c, const struct tm_segment *s, uint64_t acked, bool acks_fin);

struct tm_closing {
    struct tm_close close;
    uint32_t gap_us; /* the client's */
};
/* Of a connection that was cut into n >= 1 writes.  rtt_us: from the tap to the sender of each direction and back. */
struct tm_closing tm_cut_closing(const struct tm_cut *c, const struct tm_cut_run *w, uint32_t n,
                                 const int64_t rtt_us[2]);

#endif
