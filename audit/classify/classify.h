/* audit/classify/classify.h - TrafficMimic's own attack: which protocol is a connection, and is it cover?  Pure.
 *
 * TrafficMimic (Schear, Borisov; paper and poster): five features of a connection, z-scored; weighted k-NN, cross-validated; a
 * connection is unknown when d_i > t * m_k (d_i: distance to its nearest neighbour, m_k: largest distance of a training connection of
 * the class named to that class's centroid; t tuned by cross-validation); and for cover that this does not find, K-means:
 * clusters whose members are closest to each other are cover at a constant rate.
 * What the poster leaves open is fixed here: votes weigh 1 / distance; t is what flags `false_alarm` of real connections; a cluster is
 * flagged when its mean pairwise distance is below what flags `false_alarm` of other real connections of the same class.
 * Folds, and the intervals' bootstrap, move whole sessions.  A cover connection is judged by a classifier that has seen as many
 * real sessions as the one that judges a real connection. */
#ifndef TM_AUDIT_CLASSIFY_H
#define TM_AUDIT_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/features/table.h"
#include "audit/ml/auc.h"
#include "tm/base/err.h"

#define TM_CLASSIFY_COLS_MAX 10U
#define TM_CLASSIFY_K_MAX    15U
#define TM_CLASSIFY_TEXT_LEN 640U

enum tm_classify_scale {
    TM_SCALE_RAW, /* as the poster has it */
    TM_SCALE_LOG  /* log(1 + value): heavy tails do not hide the rest */
};

struct tm_classify_cfg {
    uint32_t k;         /* neighbours, 1..15; 0: 1, 3, 5, 9 or 15 by inner cross-validation */
    double t;           /* 0: by inner cross-validation */
    double false_alarm; /* share of real connections that may be flagged, (0, 0.5] */
    uint32_t folds;     /* 3..255; fewer when a class has fewer sessions */
    double
        condition_limit; /* columns are dropped until the condition number is at most this; 0: all stay */
    enum tm_classify_scale scale;
    uint32_t n_clusters;   /* of K-means, >= 2 */
    uint32_t n_boot;       /* rounds of the bootstrap */
    uint32_t min_sessions; /* of a class or cover; fewer: intervals, but no verdict */
    uint32_t min_conns;
    uint64_t seed;
};
/* k 3, t tuned, 5 % false alarms, 5 folds, condition <= 100, raw, 10 clusters, 500 rounds; 20 sessions, 100 connections; seed 1. */
struct tm_classify_cfg tm_classify_cfg_default(void);

struct tm_classify_count {
    uint32_t n_conns, n_sessions;
};

struct tm_classify_column {
    char name[TM_COLUMN_NAME_LEN];
    bool is_kept;
};

struct tm_classify_class {
    char *name; /* owned */
    struct tm_classify_count n;
    struct tm_interval recall;  /* of its connections, the share named so */
    struct tm_interval flagged; /* of its connections, the share found anomalous: false alarms */
    double precision;           /* of the connections named so, the share that is; NaN: none */
};

/* K-means over the cover and one half of the real sessions; the other half set the threshold. */
struct tm_classify_clusters {
    bool is_done; /* false: fewer real connections of the class than eight for each cluster */
    uint32_t n_real;
    double threshold; /* mean pairwise distance (z-scores) below which a cluster is flagged */
    double
        tightest_cover; /* the smallest such distance of a cluster that is mostly cover; NaN: none */
    struct tm_interval cover_flagged, real_flagged; /* shares of connections in flagged clusters */
};

struct tm_classify_cover {
    char *name;       /* owned: "smtp", or "smtp:constant" */
    int32_t poses_as; /* index of the real class before the colon; -1: no class of this name */
    struct tm_classify_count n;
    struct tm_interval named;     /* share named as that class; NaN without */
    double *share;                /* owned, n_classes: named as each; sums to 1 */
    struct tm_interval anomalous; /* share with d_i > t * m_k */
    struct tm_classify_clusters clusters;
    bool is_enough;
    char text[TM_CLASSIFY_TEXT_LEN]; /* the finding in plain words, with n and interval */
};

struct tm_classify_result {
    struct tm_classify_column cols[TM_CLASSIFY_COLS_MAX];
    uint32_t n_cols;
    double condition_all,
        condition_kept; /* infinite: a column is constant or a combination of others */

    struct tm_classify_class *classes; /* owned, in order of appearance */
    uint32_t n_classes;
    uint32_t *confusion; /* owned, n_classes x n_classes: [truth][named] */
    struct tm_classify_count n;
    uint32_t folds;
    struct tm_interval accuracy; /* of all connections */
    struct tm_interval balanced; /* mean of the classes' recalls: 1 / n_classes is chance */
    double majority;             /* share of the largest class: accuracy of naming it always */
    struct tm_interval flagged;  /* false alarms of the anomaly rule */
    uint32_t k_low, k_high;      /* chosen in the folds */
    double t_low, t_high;
    bool is_enough;
    char text[TM_CLASSIFY_TEXT_LEN];

    struct tm_classify_cover *covers; /* owned */
    uint32_t n_covers;
};

/* The whole attack.  Tables are borrowed, with the same columns (at most TM_CLASSIFY_COLS_MAX); a row's class is the
 * protocol (real) or the cover's name; `cover` may be NULL or empty.  TM_ERR_RANGE: no rows, too many columns, a class of fewer than
 * 3 sessions (msg names it and says what is needed), cfg out of range; TM_ERR_FORMAT: columns differ; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_classify(struct tm_classify_result *out, const struct tm_table *real,
                              const struct tm_table *cover, const struct tm_classify_cfg *cfg,
                              struct tm_msg *msg);
void tm_classify_deinit(struct tm_classify_result *r);

#endif
