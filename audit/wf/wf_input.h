/* audit/wf/wf_input.h - captures and their visits on the command line -> traces, one for each visit. */
#ifndef TM_AUDIT_WF_WF_INPUT_H
#define TM_AUDIT_WF_WF_INPUT_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "audit/wf/cut.h"
#include "tm/base/err.h"

/* Appends the visits of one capture.  window_us > 0: all of that length; 0: as long as the labels say.  A capture that is cut in its
 * middle is used up to there, and visits without packets both ways are left out, each with a warning on stderr.  Errors as
 * tm_pcap_open and tm_visits_parse; TM_ERR_FORMAT: no visit has a packet (the clients' addresses or the times are not the capture's);
 * TM_ERR_RANGE: windows overlap. */
TM_MUST_CHECK int tm_wf_read(struct tm_trace_set *out, const char *capture, const char *labels,
                             int64_t window_us, struct tm_msg *msg);
/* Writes the visits in WFlib's layout (audit/features/npz.h): PATH must not exist before it is whole.  TM_ERR_IO, TM_ERR_LIMIT, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_wf_export(const struct tm_trace_set *set, const char *path, uint32_t max_len,
                               struct tm_msg *msg);

#endif
