/* audit/wf/sample.h - visits as the attacks take them: three rows of numbers each, and the page.
 *
 *   k-FP    the columns of groups "sizes" and "times" of audit/features/features.h: k-FP's (Hayes, Danezis, USENIX Security 2016) and some more
 *   CUMUL   totals and 100 points of the cumulative size (Panchenko et al., NDSS 2016)
 *   TAM     packets up and down in 256 slots of time (after Shen et al., USENIX Security 2023), as logarithms; slots are of 44 ms, wider
 *           where the longest visit would not fit
 *
 * Times are as captured.  Pure. */
#ifndef TM_AUDIT_WF_SAMPLE_H
#define TM_AUDIT_WF_SAMPLE_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "tm/base/err.h"

#define TM_WF_PAGES_MAX 200U /* watched ones */

enum tm_wf_rows { TM_WF_KFP, TM_WF_CUMUL, TM_WF_TAM };
#define TM_WF_ROWS 3U

struct tm_wf_sample {     /* empty: {0} */
    float *x[TM_WF_ROWS]; /* owned, n x d[] */
    uint32_t d[TM_WF_ROWS];
    uint32_t *label;  /* owned, n: 0..n_pages-1; n_pages: a page that nobody watches for */
    char **page;      /* owned, n_pages: names, alphabetically */
    uint32_t *visits; /* owned, n_pages + 1: how many of each label */
    uint32_t n, n_pages;
    int64_t slot_us;
};

/* From traces as tm_cut_end leaves them, at least one.  TM_ERR_LIMIT: more than TM_WF_PAGES_MAX pages; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_wf_sample_of(struct tm_wf_sample *out, const struct tm_trace_set *set);
/* The rows of `kind` of the visits `pick`, one after the other; x has room for n x d[kind]. */
void tm_wf_sample_pick(const struct tm_wf_sample *s, enum tm_wf_rows kind, const uint32_t *pick,
                       uint32_t n, float *x);
void tm_wf_sample_deinit(struct tm_wf_sample *s);

#endif
