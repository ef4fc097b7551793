/* audit/features/features_report.h - what `tm-audit features` says about the rows it made: a line for people, or an object of JSON. */
#ifndef TM_AUDIT_FEATURES_REPORT_H
#define TM_AUDIT_FEATURES_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "audit/features/material.h"
#include "tm/base/err.h"

struct tm_features_member {
    uint32_t cls, session; /* indices of names */
};

struct tm_features_report { /* all borrowed */
    const char *output;     /* file; NULL: standard output */
    const char *format;     /* "csv", "npz" */
    uint32_t n_cols;        /* features of a row; of an NPZ: numbers in a row of X */
    int64_t floor_us;
    const struct tm_material_counts *counts;
    char *const *names;
    uint32_t n_names;
    const struct tm_features_member *v; /* the rows, n of them */
    size_t n;
};

/* One line.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_features_report_text(const struct tm_features_report *r, FILE *f);
/* One object, classes in the order of their first rows.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_features_report_json(const struct tm_features_report *r, FILE *f);

#endif
