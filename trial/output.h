/* trial/output.h - what the client sees of a defended connection, as a trace: sn, sp, rn, rp (tm/mbsim/trace.h). */
#ifndef TM_TRIAL_OUTPUT_H
#define TM_TRIAL_OUTPUT_H

#include "tm/mbsim/event.h"
#include "tm/mbsim/trace.h"

/* Times from the first packet there on.  Sizes are the log's, or else the trace's packets', in order, where it has them, and size_bytes for
 * padding if so.  path "-" is standard output.  TM_ERR_IO with the reason in msg. */
TM_MUST_CHECK int tm_trial_write(const char *path, const struct tm_mbsim_log *log,
                                 const struct tm_mbsim_trace *trace, uint32_t size_bytes,
                                 struct tm_msg *msg);

#endif
