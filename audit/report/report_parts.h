/* audit/report/report_parts.h - the sections of a page, one function for each attack; used by report*.c alone. */
#ifndef TM_AUDIT_REPORT_PARTS_H
#define TM_AUDIT_REPORT_PARTS_H

#include "audit/ml/auc.h"
#include "audit/report/svg.h"
#include "page/html.h"
#include "page/scale.h"
#include "page/text.h"

struct tm_classify_result;
struct tm_correlate;
struct tm_detect_result;
struct tm_interference_report;

#define TM_REPORT_WIDTH_PX 950.0
#define TM_REPORT_HALF_PX  460.0
#define TM_REPORT_THIRD_PX 320.0

/* "0.512 [0.480, 0.544]", "not run" for NaN; returns text. */
#define TM_INTERVAL_LEN 64U
const char *tm_report_interval(char text[TM_INTERVAL_LEN], const struct tm_interval *v);
/* A p-value: "0.0123", "< 0.001". */
const char *tm_report_p(char text[TM_INTERVAL_LEN], double p);
/* The axis that all AUCs of a page share, so that they can be compared: 0.4 to 1, from further down when `low` (NaN: none) is. */
struct tm_svg_axis tm_report_auc_axis(double low);
/* The unit of a feature, by its name (audit/features/features.h). */
enum tm_unit tm_report_unit_of(const char *feature);

/* The verdict's box with warnings; then the sections. */
void tm_report_detect_verdict(struct tm_text *out, const struct tm_detect_result *r);
void tm_report_detect(struct tm_text *out, const struct tm_detect_result *r);
/* What the numbers rest on. */
void tm_report_detect_assumptions(struct tm_text *out, const struct tm_detect_result *r);
/* Distributions, two-sample tests of single features, and memorisation. */
void tm_report_detect_features(struct tm_text *out, const struct tm_detect_result *r);
void tm_report_detect_memory(struct tm_text *out, const struct tm_detect_result *r);

void tm_report_classify_verdict(struct tm_text *out, const struct tm_classify_result *r);
void tm_report_classify(struct tm_text *out, const struct tm_classify_result *r);

void tm_report_interference_verdict(struct tm_text *out, const struct tm_interference_report *r);
void tm_report_interference(struct tm_text *out, const struct tm_interference_report *r);

void tm_report_correlate_verdict(struct tm_text *out, const struct tm_correlate *r);
void tm_report_correlate(struct tm_text *out, const struct tm_correlate *r);

#endif
