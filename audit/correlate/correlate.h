/* audit/correlate/correlate.h - flow correlation: is a flow behind the server found again among the carriers of the tunnel?
 *
 * Four attacks score every pair (audit/correlate/pairs.h):
 *
 *   Spearman, Pearson   bins.h        what both send in the same bins of time
 *   subset sum          subset.h      which flows add up to what the carrier sent
 *   network             pair_input.h  trained on undefended pairs; and, the fair test, on pairs of the defence itself
 *
 * Two sets of scenes: the control, undefended (each flow on a carrier of its own), which shows that the attacks work on these flows and
 * which the network learns from; and the defended ones.  A network is never asked about pairs of a group that it learned from.  Scores of
 * different fits are made comparable: each becomes the share of its fold's false pairs below it.  Pure. */
#ifndef TM_AUDIT_CORRELATE_H
#define TM_AUDIT_CORRELATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/correlate/operating.h"
#include "audit/correlate/pairs.h"
#include "audit/correlate/scene.h"
#include "tm/base/err.h"

enum tm_correlator {
    TM_CORRELATOR_SPEARMAN,
    TM_CORRELATOR_PEARSON,
    TM_CORRELATOR_SUBSET,
    TM_CORRELATOR_NET,      /* trained on the control */
    TM_CORRELATOR_NET_FAIR, /* trained on the defended set */
    TM_CORRELATORS
};
/* "spearman", ...; for JSON. */
const char *tm_correlator_key(enum tm_correlator c);
const char *tm_correlator_name(enum tm_correlator c);

enum tm_correlate_set { TM_SET_CONTROL, TM_SET_DEFENDED, TM_CORRELATE_SETS };

#define TM_CORRELATE_AIM 0.015 /* TPR at FPR 1e-2 that no attack may pass per carrier */
#define TM_CORRELATE_CONTROL                                                                       \
    0.9 /* TPR at FPR 1e-2 that TM_CORRELATE_WORKING attacks must reach on the control */
#define TM_CORRELATE_WORKING 2U
#define TM_CORRELATE_CLAIM   2000U /* true pairs for a claim */
#define TM_CORRELATE_FOLDS   3U

struct tm_correlate_cfg {
    uint64_t seed;
    uint32_t n_false;  /* other pairs for each true one, at most */
    uint32_t rounds;   /* of the bootstrap */
    bool has_net;      /* false: without the networks */
    uint32_t n_epochs; /* of a network */
    uint32_t n_rows;   /* pairs that a network learns from, at most; >= 8 */
    void (*progress)(void *user, unsigned done, unsigned of); /* NULL: none */
    void *user;
};
/* Seed 1, 20 others, 500 rounds, networks of 15 epochs and 8,000 pairs. */
struct tm_correlate_cfg tm_correlate_cfg_default(void);

/* One question to one set of scenes. */
struct tm_correlate_found {
    uint32_t n_true, n_false, n_left; /* pairs; flows that are not asked about */
    bool has[TM_CORRELATORS];
    struct tm_operating at[TM_CORRELATORS];
};

enum tm_correlate_verdict {
    TM_CORRELATE_NOTHING,    /* no question could be asked about the defended set */
    TM_CORRELATE_NO_CONTROL, /* nothing shows that the attacks work */
    TM_CORRELATE_TEST,       /* they do not work on the control: the test itself failed */
    TM_CORRELATE_FOUND,      /* some attack's whole interval lies above the aim */
    TM_CORRELATE_NO_CLAIM,   /* too few pairs, or a value above the aim whose interval holds it */
    TM_CORRELATE_NOT_FOUND   /* no attack's value passes the aim */
};
/* "not-found", ... */
const char *tm_correlate_verdict_key(enum tm_correlate_verdict v);

struct tm_correlate {
    uint64_t seed;
    uint32_t n_scenes[TM_CORRELATE_SETS], n_flows[TM_CORRELATE_SETS], n_carriers[TM_CORRELATE_SETS],
        n_tunnels[TM_CORRELATE_SETS];
    struct tm_correlate_found found[TM_CORRELATE_SETS][TM_QUESTIONS];
    enum tm_question
        judged; /* the per-carrier question that the verdict is about: carried, or alike without bytes */
    uint32_t n_working; /* attacks that reach TM_CORRELATE_CONTROL on the control */
    enum tm_correlate_verdict verdict;
};

struct tm_correlate_scenes {
    const struct tm_scene *v; /* borrowed */
    uint32_t n;
};

/* Attacks sets[TM_SET_DEFENDED], and sets[TM_SET_CONTROL] (n 0: none).  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_correlate_run(struct tm_correlate *out, const struct tm_correlate_cfg *cfg,
                                   const struct tm_correlate_scenes sets[TM_CORRELATE_SETS]);
/* One sentence for people. */
void tm_correlate_text(const struct tm_correlate *r, char out[512]);

#endif
