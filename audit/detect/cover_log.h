/* audit/detect/cover_log.h - sessions of cover connections from the client's schedule log (audit/schedule.h).
 *
 * Cover has no sessions of people.  What its connections share is the user that the model plays and the state of the path, so a session
 * is what one user opened within one block of time. */
#ifndef TM_AUDIT_DETECT_COVER_LOG_H
#define TM_AUDIT_DETECT_COVER_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/trace.h"
#include "audit/schedule.h"
#include "tm/base/err.h"

/* Gives every connection of the set that is a carrier of one of the n logs (same endpoints, the nearest in time) the session
 * "user U of log L#BLOCK", block_us 0: "user U of log L".  *n_found: how many.  Others are left as they are.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cover_log_sessions(struct tm_trace_set *set, const struct tm_schedule *logs,
                                        size_t n_logs, int64_t block_us, size_t *n_found);

#endif
