/* audit/active/probe.h - what the latency through a shared node tells of the load of somebody else's stream.
 *
 * Murdoch, Danezis: Low-Cost Traffic Analysis of Tor (IEEE S&P 2005), sec. 3.3.  A corrupt server sends to its victim for a while and is
 * silent for a while, as a pseudo-random pattern says; meanwhile the attacker's own probes go through the node.  With S(t) 1 where
 * the server was sending at sample t, and L'(t) the latency of the sample over the mean of all,
 *
 *   c = sum S(t) L'(t) / sum S(t)
 *
 * is above 1 when the victim's stream goes through the node.  The same for other patterns than the one that was sent says what c
 * is without the stream: those of the other runs, moved to the beginning of this one.  A second attack takes the ranks of the latencies,
 * which a few slow probes do not move.  Pure. */
#ifndef TM_AUDIT_ACTIVE_PROBE_H
#define TM_AUDIT_ACTIVE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/active/ranking.h"
#include "tm/base/err.h"

#define TM_PROBES_MAX     1000000U
#define TM_PROBE_RUNS_MAX 1024U
#define TM_PROBE_SAMPLES_MIN                                                                       \
    5U /* with the server sending, and as many without; fewer say nothing */
#define TM_PROBE_LOST_MAX                                                                          \
    0.2 /* of a run's probes: more of them unanswered, and a run says nothing */

struct tm_probe_sample {
    int64_t sent_us;    /* since 1970; rising */
    int64_t latency_us; /* -1: never answered */
};

struct tm_probe_span {         /* the server was sending */
    int64_t from_us, until_us; /* from_us < until_us */
};

struct tm_probe_run {               /* empty: {0} */
    struct tm_probe_sample *sample; /* owned */
    size_t n_samples, cap_samples;
    struct tm_probe_span *span; /* owned; in order, disjoint */
    size_t n_spans, cap_spans;
};

/* Probes, one a line; - stands for one that was not answered:
 *
 *   sent_us,latency_us
 *   1763710000200000,41250
 *
 * and when the server was sending:
 *
 *   from_us,until_us
 *   1763710004000000,1763710019000000
 *
 * Empty lines and those that begin with # say nothing.  `name` is for messages.  After an error only deinit may follow.  TM_ERR_FORMAT,
 * TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_probe_samples_parse(struct tm_probe_run *r, const char *text, size_t len,
                                         const char *name, struct tm_msg *msg);
TM_MUST_CHECK int tm_probe_spans_parse(struct tm_probe_run *r, const char *text, size_t len,
                                       const char *name, struct tm_msg *msg);
void tm_probe_run_deinit(struct tm_probe_run *r);

enum tm_probe_attack { TM_PROBE_LATENCY, TM_PROBE_RANKS, TM_PROBE_ATTACKS };
extern const char *const tm_probe_attack_key[TM_PROBE_ATTACKS];

/* What is normalised: of each answered sample of a run its latency over the mean, or its rank over the mean rank (ties share theirs). */
struct tm_probe_levels {            /* opened by init */
    const struct tm_probe_run *run; /* borrowed */
    double *v[TM_PROBE_ATTACKS];    /* owned; of each sample, NaN where it was not answered */
};
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_probe_levels_init(struct tm_probe_levels *l, const struct tm_probe_run *r);
void tm_probe_levels_deinit(struct tm_probe_levels *l);

/* c of the run for a pattern whose times are moved by shift_us; NaN when fewer than TM_PROBE_SAMPLES_MIN answered samples lie inside or
 * outside of it. */
double tm_probe_c(const struct tm_probe_levels *l, enum tm_probe_attack a,
                  const struct tm_probe_run *pattern, int64_t shift_us);

/* A trial for each run: its own pattern against those of the others.  used[n] (may be NULL): the runs that it was done with; the others had
 * too few samples, too many probes unanswered, or no other pattern.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_probe_rank(struct tm_trial_scores score[TM_PROBE_ATTACKS],
                                const struct tm_probe_run *run, uint32_t n, uint8_t *used);

#endif
