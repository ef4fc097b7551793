/* audit/detect/detect_report.h - a detect result for a person or as JSON. */
#ifndef TM_AUDIT_DETECT_REPORT_H
#define TM_AUDIT_DETECT_REPORT_H

#include <stdio.h>

#include "audit/detect/detect.h"

/* What was compared, the table with floors and null, features, memorisation, controls, warnings, and last one line that
 * begins with "detect: ". */
void tm_detect_print(const struct tm_detect_result *r, FILE *f);
/* The same and the curves as one JSON object with schema_version 1; numbers that are not are null. */
void tm_detect_json(const struct tm_detect_result *r, FILE *f);

#endif
