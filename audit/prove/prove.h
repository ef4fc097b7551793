/* audit/prove/prove.h - the findings about one user's own wire, and what may be concluded from them.
 *
 * No verdict unless the control was caught: the same transfers, from the same program over the same path without a model, must be seen by each
 * attack.  Pure. */
#ifndef TM_AUDIT_PROVE_PROVE_H
#define TM_AUDIT_PROVE_PROVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/conform.h"
#include "audit/prove/proof.h"
#include "audit/prove/trial.h"
#include "audit/prove/wire.h"
#include "page/text.h"
#include "tm/base/err.h"

enum tm_prove_verdict { TM_PROVE_NOTHING_FOUND, TM_PROVE_FOUND, TM_PROVE_NONE };

#define TM_PROVE_REASONS_MAX 8U
#define TM_PROVE_REASON_LEN  400U
struct tm_prove_reasons {
    char text[TM_PROVE_REASONS_MAX][TM_PROVE_REASON_LEN];
    uint32_t n;
};

struct tm_prove {
    const struct tm_trial *trial;     /* borrowed */
    const struct tm_proof_wire *wire; /* borrowed */
    struct tm_proof_phase phase[TM_TRIAL_PHASES];
    const struct tm_conform *conform;  /* borrowed; NULL: no schedule log, or no capture */
    struct tm_conform_diff first_diff; /* text empty: none */
    uint64_t seed;
    /* By tm_prove_judge: */
    enum tm_prove_verdict verdict;
    struct tm_prove_reasons missing;  /* why there is no verdict */
    struct tm_prove_reasons found;    /* what was found in the tunnel's phase */
    struct tm_prove_reasons warnings; /* what bends the result, but does not void it */
};

/* Runs both attacks on both phases (trial, wire, conform and seed are set), and judges.    Phases that cannot be attacked are a reason for no
 * verdict and no error.  TM_ERR_NOMEM, and the learner's, in msg. */
TM_MUST_CHECK int tm_prove_run(struct tm_prove *r, struct tm_msg *msg);
/* The verdict on phases that were attacked, and its reasons; `missing` may hold some already. */
void tm_prove_judge(struct tm_prove *r);
bool tm_prove_is_captured(const struct tm_prove *r);
/* "nothing found", "found", "no verdict". */
const char *tm_prove_verdict_text(enum tm_prove_verdict v);
/* The verdict as one sentence for people. */
void tm_prove_sentence(char *out, size_t cap, const struct tm_prove *r);
/* Wire bytes a month, both directions, at the rate of the tunnel's phase. */
double tm_prove_month_bytes(const struct tm_prove *r);

/* One page; TM_ERR_NOMEM is kept in `out`. */
void tm_prove_page(struct tm_text *out, const struct tm_prove *r);
/* For a terminal, and as one JSON object. */
void tm_prove_text(FILE *f, const struct tm_prove *r);
void tm_prove_json(FILE *f, const struct tm_prove *r);

#endif
