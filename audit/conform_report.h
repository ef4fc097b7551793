/* audit/conform_report.h - what conform found, for a person or as JSON. */
#ifndef TM_AUDIT_CONFORM_REPORT_H
#define TM_AUDIT_CONFORM_REPORT_H

#include <stdio.h>

#include "audit/bare.h"
#include "audit/conform.h"
#include "audit/played.h"
#include "audit/schedule.h"
#include "audit/wire_view.h"
#include "tm/base/err.h"

struct tm_conform_report {
    struct tm_conform *result; /* its samples get sorted */
    const struct tm_schedule *schedule;
    const struct tm_wire_view *view;
    const struct tm_conform_cfg *cfg;
    const struct tm_bare *bare;     /* NULL: none */
    const struct tm_played *played; /* against a schedule file; NULL: none was given */
    const char *played_name;
    const char *capture_name;
    const char *capture_note; /* e.g. "cut at frame 12"; NULL: none */
};

/* The table, the differences, and last one line that begins with "conform: ".  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_conform_report_text(const struct tm_conform_report *r, FILE *f);
/* The same as one JSON object with schema_version 1. */
TM_MUST_CHECK int tm_conform_report_json(const struct tm_conform_report *r, FILE *f);

#endif
