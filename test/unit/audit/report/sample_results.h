/* test/unit/audit/report/sample_results.h - results to write pages of: no attack ran for them. */
#ifndef TM_TEST_SAMPLE_RESULTS_H
#define TM_TEST_SAMPLE_RESULTS_H

#include "audit/classify/classify.h"
#include "audit/correlate/correlate.h"
#include "audit/detect/detect.h"
#include "audit/interference/interference.h"

enum sample_kind {
    SAMPLE_ORDINARY, /* cover that is told apart */
    SAMPLE_HOSTILE,  /* every text is markup and broken UTF-8 */
    SAMPLE_EXTREME,  /* NaN, infinities, zeros and the largest values */
    SAMPLE_EMPTY,    /* nothing was run */
    SAMPLE_KINDS
};

#define SAMPLE_WORKLOADS 2U
/* Fills entries[SAMPLE_WORKLOADS] and a report over them. */
struct tm_interference_report sample_interference(enum sample_kind kind,
                                                  struct tm_interference_entry *entries);

void sample_correlate(struct tm_correlate *r, enum sample_kind kind);

#define SAMPLE_CLASSES 3U
struct sample_classify {
    struct tm_classify_result result; /* over the arrays below: not for tm_classify_deinit */
    struct tm_classify_class classes[SAMPLE_CLASSES];
    uint32_t confusion[SAMPLE_CLASSES * SAMPLE_CLASSES];
    struct tm_classify_cover covers[2];
    double share[2][SAMPLE_CLASSES];
    char names[5][64];
};
void sample_classify(struct sample_classify *s, enum sample_kind kind);

/* Free with sample_detect_free; NULL: out of memory. */
struct tm_detect_result *sample_detect(enum sample_kind kind);
void sample_detect_free(struct tm_detect_result *r);

#endif
