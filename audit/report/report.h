/* audit/report/report.h - the results of the attacks as one page that a person can judge them by.
 *
 * Pure: result structures in, HTML out.  What was not run is left out, and the page says so. */
#ifndef TM_AUDIT_REPORT_H
#define TM_AUDIT_REPORT_H

#include <stddef.h>

#include "page/text.h"
#include "tm/base/err.h"

struct tm_classify_result;     /* audit/classify/classify.h */
struct tm_correlate;           /* audit/correlate/correlate.h */
struct tm_detect_result;       /* audit/detect/detect.h */
struct tm_interference_report; /* audit/interference/interference.h */

struct tm_report {
    const char *title;   /* NULL: one made of the inputs' names */
    const char *command; /* the command line that made it; NULL: not said */
    /* NULL: not run. */
    const struct tm_detect_result *detect;
    const struct tm_classify_result *classify;
    const struct tm_interference_report *interference;
    const struct tm_correlate *correlate;
};

/* Writes the whole page into `out` (empty before).  Results are borrowed.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_report_page(struct tm_text *out, const struct tm_report *r);

#endif
