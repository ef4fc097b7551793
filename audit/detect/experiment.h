/* audit/detect/experiment.h - what the parts of one detect run share.  Internal. */
#ifndef TM_AUDIT_DETECT_EXPERIMENT_H
#define TM_AUDIT_DETECT_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/detect/c2st.h"
#include "audit/detect/detect.h"
#include "audit/detect/draw.h"
#include "audit/features/table.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Connections, their features (row i is trace i), and the rows that take part. */
struct tm_arm {
    const struct tm_trace_set *set;
    struct tm_table table;
    struct tm_draw draw;
};

struct tm_experiment {
    const struct tm_detect_cfg *cfg;
    struct tm_arm arm[TM_DETECT_SIDES]; /* real and cover: equally many drawn; train: all */
    bool has_train;
    uint32_t folds;
    uint32_t n_done, n_steps;
};

/* A stream of its own for every purpose, so that one part of the run does not shift another's draws. */
enum tm_experiment_stream {
    TM_STREAM_DRAW,
    TM_STREAM_KS,
    TM_STREAM_RENDER,
    TM_STREAM_REPLACE,
    TM_STREAM_NAIVE,
    TM_STREAM_SUBCLASS,
    TM_STREAM_HALVES,
    TM_STREAM_TEST = 50,     /* added to the stream that a control was made with */
    TM_STREAM_FLOOR = 100,   /* + 2 * group + (R, Rb) */
    TM_STREAM_COVER = 200,   /* + group */
    TM_STREAM_NULL = 1000000 /* + group * 10000 + permutation */
};
void tm_experiment_rng(const struct tm_experiment *e, struct tm_rng *rng, uint64_t stream);
void tm_experiment_step(struct tm_experiment *e, const char *what);

/* Features of a set, all rows drawn.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_arm_init(struct tm_arm *a, const struct tm_experiment *e,
                              const struct tm_trace_set *set, struct tm_rng *rng);
void tm_arm_deinit(struct tm_arm *a);

/* Real rows against another arm's on the columns of `group`, equally many drawn.  Too few sessions: out->is_done stays false and
 * TM_OK is returned. */
TM_MUST_CHECK int tm_experiment_test(const struct tm_experiment *e, struct tm_detect_test *out,
                                     const struct tm_arm *other, unsigned group, uint64_t stream,
                                     struct tm_msg *msg);
/* Rows of two tables with the same columns; label 0 and label 1. */
struct tm_experiment_rows {
    const struct tm_table *table[2];
    const struct tm_draw *draw[2];
};
TM_MUST_CHECK int tm_experiment_test_rows(const struct tm_experiment *e, struct tm_detect_test *out,
                                          const struct tm_experiment_rows *rows, unsigned group,
                                          uint64_t stream, struct tm_msg *msg);

/* From the nulls: how far bootstrap intervals must be stretched, for each group half its own and half the groups' mean
 * square; stretches the groups' intervals. */
void tm_experiment_widen(struct tm_detect_result *r);
/* Both arms of the interval times `by`, inside 0..1. */
void tm_experiment_stretch(struct tm_interval *i, double by);

/* R and Rb of every group of r.  Needs training connections. */
TM_MUST_CHECK int tm_experiment_floors(struct tm_experiment *e, struct tm_detect_result *r,
                                       struct tm_msg *msg);
/* The three controls, on the columns of ALL; their intervals are stretched by `widening`. */
TM_MUST_CHECK int tm_experiment_controls(struct tm_experiment *e, struct tm_detect_result *r,
                                         double widening, struct tm_msg *msg);
/* Needs training connections. */
TM_MUST_CHECK int tm_experiment_memory(const struct tm_experiment *e, struct tm_detect_memory *out);

/* Verdicts, their words, and the warnings that follow from the numbers in r. */
void tm_experiment_judge(struct tm_detect_result *r, const struct tm_detect_cfg *cfg);

#endif
