/* learner/report/model_page.h - a learned model as one page that a person can look at.
 *
 * Pure: the model, what its captures showed when they are at hand, and its provenance in; HTML out.
 * Times are in seconds, sizes in bytes.  Like the model, the page holds no addresses. */
#ifndef TM_LEARNER_REPORT_MODEL_PAGE_H
#define TM_LEARNER_REPORT_MODEL_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "learner/ops/lines.h"
#include "learner/ops/wavelet.h"
#include "learner/samples.h"
#include "models/store/store.h"
#include "page/text.h"
#include "tm/base/err.h"

struct tm_model_page {
    const struct tm_store_entry *entry;
    struct tm_samples *capture; /* as they were measured, not pooled; settled in place; NULL: no
                                   capture */
    uint64_t n_conns;           /* in the captures */
    const struct tm_wavelet *capture_energy; /* of the captures, and of this sample of the model; */
    const struct tm_wavelet *sample_energy;  /* NULL without captures */
    const struct tm_sample_head *sample;
    const char *command; /* the command line that made the page */
};

/* Writes the whole page into `out` (empty before).  The same input gives the same bytes.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_model_page(struct tm_text *out, const struct tm_model_page *p);

#endif
