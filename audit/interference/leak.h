/* audit/interference/leak.h - leaks put into connections on purpose, to show that the attacks would see one.
 *
 * A connection's writes are taken to be its segments of one direction in a row, no further apart than TM_LEAK_BURST_US.  Pure. */
#ifndef TM_AUDIT_INTERFERENCE_LEAK_H
#define TM_AUDIT_INTERFERENCE_LEAK_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_LEAK_BURST_US     1000
#define TM_LEAK_RECORD_BYTES 61U /* a record with a small control frame */

enum tm_leak_kind {
    TM_LEAK_RECORD, /* every write down is answered, with probability 1/2, by one record more up */
    TM_LEAK_LATE /* every write leaves later with probability 1/2, and so does all that follows */
};

struct tm_leak {
    enum tm_leak_kind kind;
    int64_t late_us; /* of TM_LEAK_LATE */
};

/* A copy of connection `t` of `from` with the leak, appended to `to`.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_leak_add(struct tm_trace_set *to, const struct tm_leak *leak,
                              const struct tm_trace_set *from, const struct tm_trace *t,
                              struct tm_rng *rng);

#endif
