/* audit/classify/knn.h - the weighted k-nearest-neighbours classifier with the anomaly rule d_i > t * m_k. */
#ifndef TM_AUDIT_CLASSIFY_KNN_H
#define TM_AUDIT_CLASSIFY_KNN_H

#include <stdint.h>

#include "audit/classify/points.h"
#include "audit/ml/neighbours.h"
#include "tm/base/err.h"

#define TM_FOLD_NONE UINT32_MAX

struct tm_knn {   /* empty: {0} */
    float *x;     /* owned, n x d, z-scored by these rows */
    uint8_t *cls; /* owned */
    uint32_t n, d, n_classes;
    float mean[TM_CLASSIFY_COLS_MAX], sd[TM_CLASSIFY_COLS_MAX];
    double reach[256]; /* m_k of each class */
};

/* From the rows of p whose fold is neither of two (TM_FOLD_NONE: none left out).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_knn_fit(struct tm_knn *k, const struct tm_points *p, uint32_t but_fold,
                             uint32_t but_fold_too);
void tm_knn_deinit(struct tm_knn *k);

struct tm_knn_answer {
    uint8_t cls;
    double ratio; /* d_i / m_k: anomalous when above t */
};
/* The TM_CLASSIFY_K_MAX nearest to a row that is scaled like p; how many there are. */
uint32_t tm_knn_look(const struct tm_knn *k, const float *row, struct tm_neighbour *near);
/* The vote of the first `votes` of them (at least one), each weighing 1 / distance; equal sums go to the class of the nearer. */
struct tm_knn_answer tm_knn_vote(const struct tm_knn *k, const struct tm_neighbour *near,
                                 uint32_t n, uint32_t votes);

#endif
