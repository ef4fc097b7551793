/* learner/ops/compare_report.h - internal: what tm-learn compare and diff print, as text and as JSON. */
#ifndef TM_LEARNER_OPS_COMPARE_REPORT_H
#define TM_LEARNER_OPS_COMPARE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/ops/compare.h"
#include "learner/ops/dependence.h"
#include "learner/ops/text.h"
#include "learner/ops/wavelet.h"
#include "models/store/store.h"

/* One side of a comparison. */
struct tm_compare_side {
    const char *name;                 /* what it is called in the report */
    const char *what;                 /* "swing model", "capture", ... */
    uint64_t n_conns;                 /* 0: not known */
    const struct tm_wavelet *wavelet; /* NULL: none */
    const double *rho;                /* TM_RELATIONS of them; NULL: not known */
};

struct tm_compare_report {
    struct tm_compare_side side[2];
    const struct tm_compared *compared; /* TM_SWING_PARAMS */
    const char *note;                   /* NULL: none; a line on how a side was made */
};

void tm_compare_report_text(struct tm_text *t, const struct tm_compare_report *r);
void tm_compare_report_json(struct tm_text *t, const struct tm_compare_report *r);

/* What differs between two models. */
/* names: what the sides are called. */
void tm_diff_text(struct tm_text *t, const char *const name[2],
                  const struct tm_store_entry *const e[2]);
void tm_diff_json(struct tm_text *t, const char *const name[2],
                  const struct tm_store_entry *const e[2]);

#endif
