/* tm/mbsim/script.h - what an application does, taken from a trace: what each packet waits for, and how long after that it comes.
 *
 * A packet is taken to answer the last one that its end had seen by then, and to follow the one before it of its own end; between cause and
 * packet lies what the people and programs took.  So what holds up a request holds up its answer, and all that follows from that.
 *
 *   client   s0 ------.                .--> r0 --gap--> s1        the trace shows s0, r0, s1
 *   server             `--> (s0) --gap--' (r0)
 *
 * How long the path of the trace was is not in it: `trip_ns`, one way, is given or guessed. */
#ifndef TM_MBSIM_SCRIPT_H
#define TM_MBSIM_SCRIPT_H

#include "tm/mbsim/trace.h"

#define TM_MBSIM_NO_CAUSE UINT32_MAX

struct tm_mbsim_cue {
    uint32_t cause;      /* index of a packet of the other end; NO_CAUSE: the beginning */
    uint32_t size_bytes; /* > 0 */
    int64_t
        gap_ns; /* after the cause arrived; after the trace's first packet was seen, can be negative */
};

/* What one end sends, in order. */
struct tm_mbsim_script {
    struct tm_mbsim_cue *cues;
    size_t n;
};

/* Half the time from the first sent packet to the next received one, at most a second; 0 when there is none.  Of a sorted trace. */
int64_t tm_mbsim_script_guess_trip_ns(const struct tm_mbsim_trace *trace);
/* Both ends' scripts of a sorted trace of less than UINT32_MAX packets; `size_bytes` stands for sizes that are not known.  Free with
 * deinit.  TM_ERR_RANGE: too many packets, or none; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_script_make(struct tm_mbsim_script *client,
                                       struct tm_mbsim_script *server,
                                       const struct tm_mbsim_trace *trace, int64_t trip_ns,
                                       uint32_t size_bytes);
void tm_mbsim_script_deinit(struct tm_mbsim_script *s);

#endif
