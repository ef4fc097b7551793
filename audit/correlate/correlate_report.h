/* audit/correlate/correlate_report.h - what `tm-audit correlate` prints. */
#ifndef TM_AUDIT_CORRELATE_REPORT_H
#define TM_AUDIT_CORRELATE_REPORT_H

#include <stdio.h>

#include "audit/correlate/correlate.h"

/* TM_ERR_IO when f could not be written. */
TM_MUST_CHECK int tm_correlate_print(const struct tm_correlate *r, FILE *f);
TM_MUST_CHECK int tm_correlate_json(const struct tm_correlate *r, FILE *f);

#endif
