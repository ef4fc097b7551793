/* audit/detect/detect.h - can a trained observer tell cover connections from real ones?  The whole experiment, pure.
 *
 * C2ST (Lopez-Paz, Oquab, ICLR 2017): a learner is trained on both kinds and scores connections of sessions that it
 * has not seen; AUC 0.5 is chance.  Three things make the number valid:
 *   sessions   siblings of one page load are not independent.  Folds, the interval's bootstrap and the null's
 *              permutations move whole sessions, and AUCs are taken inside a fold, never pooled.
 *   interval   the bootstrap holds the trained learners fixed, and folds and learners vary too: on recordings without any difference its
 *              95 % held 0.5 in four of five.  So it is stretched until it is as wide as what permuted sessions give.
 *   floors     R: real training connections cut into writes and rendered again.  Rb: the same, sessions drawn with
 *              replacement (reuse alone is found).  No model that is made of writes can be expected below them.
 *   controls   resampled connections that the instrument must find, halves of one recording that it must not.  When one fails,
 *              the test itself failed, and no verdict is given.
 * The observer scores each connection on its own; it does not add up siblings. */
#ifndef TM_AUDIT_DETECT_H
#define TM_AUDIT_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/features/table.h"
#include "audit/features/trace.h"
#include "audit/ml/auc.h"
#include "audit/ml/trees.h"
#include "tm/base/err.h"

#define TM_DETECT_TOP          12U /* features listed for each group */
#define TM_DETECT_SHOWN_MAX    8U  /* features whose distributions are kept for plots */
#define TM_DETECT_QUANTILES    101U
#define TM_DETECT_WARNINGS_MAX 16U
#define TM_DETECT_TEXT_LEN     640U

enum tm_detect_side { TM_REAL, TM_COVER, TM_TRAIN, TM_DETECT_SIDES };

/* Called as work goes on: done of total steps.  `what` is static text. */
typedef void (*tm_detect_progress_fn)(void *ctx, const char *what, uint32_t done, uint32_t total);

struct tm_detect_cfg {
    unsigned groups; /* enum tm_feature_group, ored; 0: all but TAM */
    struct tm_trees_cfg trees;
    uint32_t folds;       /* >= 2 */
    uint32_t n_null;      /* permutations of session labels that are learned anew; 0: no null */
    uint32_t n_boot;      /* rounds of the bootstrap */
    uint32_t n_ks;        /* permutations behind the p-values of single features */
    uint32_t max_conns;   /* a side; 0: all */
    int64_t floor_us;     /* time stamps rounded down to this; 0: as captured */
    bool is_one_per_load; /* one connection of each page load, drawn at random */
    bool has_controls;
    uint32_t min_sessions; /* fewer on one side: no verdict */
    uint32_t min_conns;
    uint64_t seed;
    tm_detect_progress_fn progress; /* NULL: none */
    void *progress_ctx;
};
/* Boosted: as trees.h has it, but depth 4, which finds as much at these n and is faster; a forest as trees.h has it. */
struct tm_trees_cfg tm_detect_trees(enum tm_trees_kind kind);
struct tm_detect_cfg tm_detect_cfg_default(void);

/* What is compared; all borrowed.  Sets must not share session names across sides by accident: sessions are counted per side. */
struct tm_detect_input {
    const struct tm_trace_set *side[TM_DETECT_SIDES]; /* TM_TRAIN may be NULL or empty */
    const char *name[TM_DETECT_SIDES];                /* for people: files */
    const char
        *sessions[TM_DETECT_SIDES]; /* where the sessions come from: "labels", "blocks of 10 s" */
};

struct tm_detect_count {
    uint32_t n_conns, n_sessions;
};

/* One two-sample test. */
struct tm_detect_test {
    bool is_done;
    struct tm_interval auc;      /* inside folds; 95 % */
    struct tm_detect_count n[2]; /* TM_REAL, and the other sample */
};

struct tm_detect_feature {
    char name[TM_COLUMN_NAME_LEN];
    double gain;   /* share of the trees' total gain in this group, mean over folds */
    double ks;     /* distance of all connections, 0..1 */
    double p;      /* under permuted session labels */
    double p_holm; /* adjusted over all features tested */
};

/* AUCs of the same attack when session labels are permuted: what "nothing to find" looks like. */
struct tm_detect_null {
    uint32_t n;                 /* 0: not made */
    double mean, sd, low, high; /* 2.5 % and 97.5 % quantiles (the extremes when n < 40) */
    double half;                /* mean half-width of their bootstrap intervals */
    double p;                   /* (1 + number of null AUCs >= the cover's) / (1 + n) */
    double z;                   /* the cover's distance from the mean in sd; NaN when n < 2 */
};

enum tm_detect_verdict {
    TM_DETECT_TOO_FEW, /* no claim: an interval, and how many are needed */
    TM_DETECT_CHANCE,  /* the interval holds 0.5 */
    TM_DETECT_TOLD,    /* told apart: above 0.5, and above the null */
    TM_DETECT_UNCLEAR, /* interval and null disagree, or the interval is below 0.5 */
    TM_DETECT_FAILED   /* a control failed: the test itself failed */
};

struct tm_detect_group {
    unsigned group;   /* enum tm_feature_group */
    const char *name; /* static */
    uint32_t n_cols;
    struct tm_detect_test cover;
    struct tm_detect_null null;
    double widening; /* bootstrap intervals of this group are stretched by this, >= 1 */
    struct tm_detect_test floor_r, floor_rb; /* is_done false: no training captures */
    double tpr[TM_DETECT_QUANTILES]; /* at false-positive rates 0, 1/100 .. 1; positive: cover */
    struct tm_detect_feature top[TM_DETECT_TOP]; /* by gain, largest first */
    uint32_t n_top;
    enum tm_detect_verdict verdict;
    char text[TM_DETECT_TEXT_LEN]; /* one or two sentences with n and interval */
};

/* Nearest neighbours among the training connections.  A ratio of 1: as far from training as new real connections are; 0: copies. */
struct tm_detect_memory {
    bool is_done;
    uint32_t n_train, n_real, n_cover;
    double median[2], q05[2];       /* distances, by TM_REAL and TM_COVER */
    double median_ratio, q05_ratio; /* cover over real; NaN: the real one is 0 */
    double exact_share[2]; /* whose sequence of (direction, size) is some training connection's */
    double run_share
        [2]; /* mean share of a connection's writes in its longest run (direction, size) found in one training
                            connection: 1 when it has a single parent */
};

struct tm_detect_shown {
    char name[TM_COLUMN_NAME_LEN];
    double q
        [2]
        [TM_DETECT_QUANTILES]; /* quantiles 0, 1/100 .. 1 by TM_REAL and TM_COVER; NaN: no value at all */
};

enum tm_detect_control_kind {
    TM_CONTROL_NAIVE,
    TM_CONTROL_SUBCLASS,
    TM_CONTROL_HALVES,
    TM_CONTROLS
};

struct tm_detect_control {
    struct tm_detect_test test; /* on group ALL, whatever was asked for */
    bool is_passed;             /* is_done and what had to be seen was seen */
    char text[TM_DETECT_TEXT_LEN];
};
#define TM_CONTROL_AUC_MIN 0.8

struct tm_detect_result {
    char name[TM_DETECT_SIDES][256], sessions[TM_DETECT_SIDES][96];
    struct tm_detect_count given[TM_DETECT_SIDES]; /* before the choice of equally many */
    struct tm_detect_count used[TM_DETECT_SIDES];
    int64_t floor_us;
    bool is_one_per_load;
    uint32_t folds;
    uint64_t seed;
    enum tm_trees_kind learner;
    struct tm_detect_group *groups; /* owned, in the order of enum tm_feature_group */
    uint32_t n_groups;
    struct tm_detect_feature *features; /* owned: every feature of ALL, smallest p first; gain: 0 */
    uint32_t n_features, n_told;        /* n_told: p_holm < 0.05 */
    struct tm_detect_memory memory;
    struct tm_detect_shown shown[TM_DETECT_SHOWN_MAX];
    uint32_t n_shown;
    bool has_controls;
    struct tm_detect_control control[TM_CONTROLS];
    enum tm_detect_verdict verdict; /* the worst of the groups */
    char text[TM_DETECT_TEXT_LEN];
    char warning[TM_DETECT_WARNINGS_MAX][TM_DETECT_TEXT_LEN];
    uint32_t n_warnings;
};

/* Runs the experiment.  TM_ERR_RANGE: a side has too few sessions to make the folds of (msg says how many are needed);
 * TM_ERR_NOMEM, errors of the learner. */
TM_MUST_CHECK int tm_detect_run(struct tm_detect_result *out, const struct tm_detect_cfg *cfg,
                                const struct tm_detect_input *in, struct tm_msg *msg);
void tm_detect_deinit(struct tm_detect_result *r);

/* Adds a warning; those beyond TM_DETECT_WARNINGS_MAX are dropped. */
void tm_detect_warn(struct tm_detect_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "chance", "told apart", "too few", "unclear", "test failed". */
const char *tm_detect_verdict_name(enum tm_detect_verdict v);
/* "naive resampling", "resampling inside a sub-class", "halves of one recording". */
const char *tm_detect_control_name(enum tm_detect_control_kind k);

#endif
