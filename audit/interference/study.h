/* audit/interference/study.h - one workload against the idle one: offsets, attacks, and controls that the attacks must catch.
 *
 * Runs of two workloads are paired in the order given: the k-th of one and the k-th of the other play the same schedule.  Of each pair of
 * runs, the places whose connection both captures hold from opening to end enter the sample, once with each label.
 *
 * Groups for folds and intervals: a pair of runs, when there are TM_STUDY_RUNS or more.  With fewer, a session (one modelled user of a
 * pair of runs), when logs name them and there are TM_STUDY_GROUPS or more, or else stretches of time; then what differs
 * between two runs for reasons of the machine counts as a difference of the workloads.
 *
 * Controls: a leak (audit/interference/leak.h) is put into the loaded connections; when the attacks do not tell these from idle ones at
 * TM_STUDY_CAUGHT, the test itself has failed.  Pure but for the learners' library. */
#ifndef TM_AUDIT_INTERFERENCE_STUDY_H
#define TM_AUDIT_INTERFERENCE_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/interference/attack.h"
#include "audit/interference/leak.h"
#include "audit/interference/offsets.h"
#include "audit/interference/run.h"
#include "audit/ml/auc.h"
#include "tm/base/err.h"

#define TM_STUDY_RUNS   10U  /* pairs of runs that suffice as groups */
#define TM_STUDY_GROUPS 40U  /* sessions that suffice, and stretches of time wanted otherwise */
#define TM_STUDY_CAUGHT 0.8  /* AUC of a control */
#define TM_STUDY_AIM    0.55 /* AUC: no interval of an attack may end above it */
#define TM_STUDY_CLAIM                                                                             \
    1000U /* connections a side for an interval of about +-0.025: 1.96 / sqrt(6 n) */
#define TM_STUDY_CONTROLS 2U

enum tm_study_by { TM_STUDY_BY_STRETCH, TM_STUDY_BY_SESSION, TM_STUDY_BY_RUN };
/* "stretches", "sessions", "runs"; and what to know about them, in words. */
const char *tm_study_by_key(enum tm_study_by by);
const char *tm_study_by_text(enum tm_study_by by);

struct tm_study_cfg {
    uint64_t seed;
    int64_t late_us;                                          /* of the control TM_LEAK_LATE */
    void (*progress)(void *user, unsigned done, unsigned of); /* NULL: none */
    void *user;
};

struct tm_study_scores {
    bool has[TM_ATTACK_KINDS];
    struct tm_interval auc[TM_ATTACK_KINDS];
};

struct tm_study_control {
    struct tm_leak leak;
    struct tm_study_scores scores;
    bool is_caught; /* by one attack at least */
};

enum tm_verdict {
    TM_VERDICT_OFFSETS,  /* the offset sequences differ, or none could be compared */
    TM_VERDICT_CONTROL,  /* a control was not caught: the test itself failed */
    TM_VERDICT_TOLD,     /* some attack's whole interval lies above TM_STUDY_AIM */
    TM_VERDICT_NO_CLAIM, /* some interval holds TM_STUDY_AIM, or there are too few connections */
    TM_VERDICT_NOT_TOLD  /* all intervals end at or below TM_STUDY_AIM */
};

struct tm_study {
    struct tm_offsets offsets;
    uint32_t n_runs;   /* pairs of runs */
    uint32_t n_pairs;  /* of connections, in the sample */
    uint32_t n_places; /* both runs have the place */
    uint32_t n_groups;
    enum tm_study_by by; /* what the groups are */
    bool has_attacks;    /* there were enough groups for the folds */
    struct tm_study_scores scores;
    struct tm_study_control control[TM_STUDY_CONTROLS];
    enum tm_verdict verdict;
};

/* Compares the n runs of idle with the n of loaded.  TM_ERR_NOMEM; those of the learners, in msg. */
TM_MUST_CHECK int tm_study_run(struct tm_study *s, const struct tm_study_cfg *cfg,
                               const struct tm_run *const *idle, const struct tm_run *const *loaded,
                               uint32_t n, struct tm_msg *msg);
/* "control", "told", ... */
const char *tm_verdict_key(enum tm_verdict v);

#endif
