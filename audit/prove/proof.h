/* audit/prove/proof.h - can the times of the user's own transfers be told from the wire?
 *
 *   slots   | idle | busy | busy | idle | busy | ...      drawn at random, as many busy as idle: the test's transfers run in the busy ones
 *   wire    bytes, packets and openings in windows of half a second, or bins of a tenth
 *
 * Two attacks, each on the tunnel and, as the positive control, on the same transfers carried without a model:
 *
 *  - activity: a forest learns from most of the slots which windows were busy, and judges the others (cross-validation by slot);
 *  - times: the correlation of the pattern with what the wire carried, in bins, either direction, up to a second later; the largest counts.
 *
 * Their p-values are exact whatever the wire does by itself: the pattern was drawn at random, so under "the wire does not depend on it" every
 * other pattern with as many busy slots was as likely, and the statistic is compared with those of PERMUTATIONS of them (randomization
 * test; Fisher 1935; Phipson, Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010, for the +1).  What is found is found at an error level of 1 % for both
 * attacks together.  Pure. */
#ifndef TM_AUDIT_PROVE_PROOF_H
#define TM_AUDIT_PROVE_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/ml/auc.h"
#include "audit/prove/trial.h"
#include "audit/prove/wire.h"
#include "tm/base/err.h"

#define TM_PROOF_LEVEL     0.005 /* of one attack */
#define TM_PROOF_SLOTS_MIN 12U   /* 924 patterns: the fewest for which that level can be reached */
#define TM_PROOF_BIN_US    100000

enum tm_proof_attack { TM_PROOF_ACTIVITY, TM_PROOF_TIMES, TM_PROOF_ATTACKS };

struct tm_proof_finding {
    struct tm_interval value; /* AUC with its 95 % interval; correlation, without one */
    double p;
    double needed; /* smaller values than this are not found in a test as short as this one */
    bool is_found;
};

struct tm_proof_phase {
    uint32_t n_slots, n_on, n_windows;
    int64_t from_us, to_us;
    uint64_t wire_bytes[2],
        moved_bytes[2]; /* by enum tm_dir: in the slots; by the test's transfers */
    struct tm_proof_finding finding[TM_PROOF_ATTACKS];
    int64_t lag_us;     /* of the largest correlation, ... */
    const char *series; /* ... and of what it is */
    float score
        [TM_TRIAL_SLOTS_MAX]; /* of each slot, by a forest that has not seen it: 1 busy, 0 idle */
    uint32_t n_named_on, n_named_off; /* busy and idle slots that it calls busy */
    double roc[101];                  /* as tm_roc */
};

/* t's phase against its events.  TM_ERR_RANGE: fewer than TM_PROOF_SLOTS_MIN slots, or fewer than five of a kind; TM_ERR_NOMEM; those of the
 * learner, in msg. */
TM_MUST_CHECK int tm_proof_run(struct tm_proof_phase *out, const struct tm_trial_phase *t,
                               const struct tm_proof_events *events, uint64_t seed,
                               struct tm_msg *msg);
/* Bytes of a direction in `n` equal bins from from_us to to_us. */
void tm_proof_bins(double *bins, uint32_t n, int64_t from_us, int64_t to_us,
                   const struct tm_proof_events *events, unsigned dir);

#endif
