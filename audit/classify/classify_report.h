/* audit/classify/classify_report.h - the findings of `tm-audit classify` as text for people and as JSON. */
#ifndef TM_AUDIT_CLASSIFY_REPORT_H
#define TM_AUDIT_CLASSIFY_REPORT_H

#include <stdio.h>

#include "audit/classify/classify.h"

void tm_classify_report_text(const struct tm_classify_result *r, const struct tm_classify_cfg *cfg,
                             FILE *out);
/* One object, schema_version 1; shares are 0..1, intervals [value, low, high], what is not known null. */
void tm_classify_report_json(const struct tm_classify_result *r, const struct tm_classify_cfg *cfg,
                             FILE *out);

#endif
