/* audit/wf/wf.h - website fingerprinting: does what a client sends and receives tell which page it visits?  Pure.
 *
 * Every visit is named by attacks (audit/wf/attack.h) that learned from other visits of the same wire: cross-validation with folds of whole
 * visits, each page spread over all folds.  So the attacker is the adaptive one, who trains on defended traffic.
 *
 * Closed world: only the watched pages exist.  Accuracy is the share of visits named right; chance is the share of the most frequent page.  The
 * interval is Wilson's, of visits.  An attack is said to tell pages when so many hits or more have a probability of at most TM_WF_ALPHA by chance,
 * divided by the number of attacks.
 *
 * Open world: there are visits to other pages too, which attacks learn as one class.  Of the visits to watched pages: `right`, named as the page
 * they are (TPR), and `wrong`, named as another watched page; of the other visits: `alarm`, named as any watched page (FPR).  Precision at base
 * rate b, the share of visits that are to watched pages: b TPR / (b (TPR + wrong) + (1 - b) FPR).  Who guesses has it at b / pages.
 *
 * The control is the same pages on a wire without defence: where no attack is right TM_WF_CONTROL times as often as by chance (TM_WF_SURE, where
 * that is more), nothing is said of the other wire. */
#ifndef TM_AUDIT_WF_WF_H
#define TM_AUDIT_WF_WF_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/ml/auc.h"
#include "audit/wf/attack.h"
#include "audit/wf/sample.h"
#include "tm/base/err.h"

#define TM_WF_ALPHA   0.01
#define TM_WF_CONTROL 5.0
#define TM_WF_SURE    0.95

struct tm_wf_cfg {
    uint32_t folds;   /* 2..255 */
    double base_rate; /* (0, 1) */
    uint64_t seed;
    bool has[TM_WF_ATTACKS]; /* which attacks */
    struct tm_wf_effort effort;
    void (*progress)(const char *name, unsigned done, unsigned of); /* NULL: nobody is told */
};
/* 5 folds, base rate 0.05, seed 1, all attacks. */
struct tm_wf_cfg tm_wf_cfg_default(void);

struct tm_wf_closed {
    uint32_t n, hits;
    struct tm_interval accuracy;
    double p; /* of so many hits or more by chance */
};

struct tm_wf_open {
    uint32_t n_watched, n_other;
    struct tm_interval right, wrong, alarm;
    double precision; /* at the base rate; NaN: nothing was named as a watched page */
};

struct tm_wf_found { /* of one wire */
    uint32_t n_pages, n_watched, n_other;
    double chance;   /* closed world */
    uint32_t limit;  /* hits from which on an attack tells pages */
    bool has_open;   /* there are enough other visits */
    int64_t slot_us; /* the network's */
    struct tm_wf_closed closed[TM_WF_ATTACKS];
    struct tm_wf_open open[TM_WF_ATTACKS];
};

enum tm_wf_verdict {
    TM_WF_TOLD,        /* some attack names pages more often than by chance */
    TM_WF_CHANCE,      /* none does, and the control was caught */
    TM_WF_NO_CONTROL,  /* none does, and there is no control: no claim */
    TM_WF_CONTROL_MISS /* the control was not caught: no claim */
};
/* "told", "chance", "no-control", "control-missed". */
const char *tm_wf_verdict_key(enum tm_wf_verdict v);

/* Attacks one wire; `name` is for messages.  TM_ERR_RANGE with a message: one page only, or fewer visits of a page than folds.  TM_ERR_NOMEM,
 * TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_wf_run(struct tm_wf_found *out, const struct tm_wf_cfg *cfg,
                            const struct tm_wf_sample *s, const char *name, struct tm_msg *msg);
/* control: NULL when there is none. */
enum tm_wf_verdict tm_wf_judge(const struct tm_wf_cfg *cfg, const struct tm_wf_found *wire,
                               const struct tm_wf_found *control);
/* The attack with most hits. */
enum tm_wf_attack tm_wf_best(const struct tm_wf_cfg *cfg, const struct tm_wf_found *f);

#endif
