/* audit/wf/wf_report.h - what website fingerprinting found, for people and as JSON. */
#ifndef TM_AUDIT_WF_WF_REPORT_H
#define TM_AUDIT_WF_WF_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "audit/wf/wf.h"

/* All that is said of one run; borrowed. */
struct tm_wf_said {
    const struct tm_wf_cfg *cfg;
    const struct tm_wf_found *wire, *control; /* control: NULL: none */
    enum tm_wf_verdict verdict;
    int64_t window_us; /* 0: visits as long as their labels say */
};

/* TM_ERR_IO. */
TM_MUST_CHECK int tm_wf_print(const struct tm_wf_said *s, FILE *f);
TM_MUST_CHECK int tm_wf_json(const struct tm_wf_said *s, FILE *f);

#endif
