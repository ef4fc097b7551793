/* What was found, in a sentence. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "audit/correlate/correlate.h"

const char *tm_correlate_verdict_key(enum tm_correlate_verdict v)
{
    switch (v) {
    case TM_CORRELATE_NOTHING:
        return "nothing";
    case TM_CORRELATE_NO_CONTROL:
        return "no-control";
    case TM_CORRELATE_TEST:
        return "test-failed";
    case TM_CORRELATE_FOUND:
        return "found";
    case TM_CORRELATE_NO_CLAIM:
        return "no-claim";
    case TM_CORRELATE_NOT_FOUND:
        return "not-found";
    }
    return "";
}

/* The attack with the highest TPR at FPR 1e-2, or with the highest lower end. */
static enum tm_correlator worst(const struct tm_correlate_found *f, bool by_low)
{
    double best = -1;
    int at = 0;
    for (int c = 0; c < TM_CORRELATORS; c++) {
        double v = by_low ? f->at[c].tpr[0].low : f->at[c].tpr[0].value;
        if (f->has[c] && v > best) {
            best = v;
            at = c;
        }
    }
    return (enum tm_correlator)at;
}

void tm_correlate_text(const struct tm_correlate *r, char out[512])
{
    const struct tm_correlate_found *f = &r->found[TM_SET_DEFENDED][r->judged];
    bool is_found = r->verdict == TM_CORRELATE_FOUND;
    enum tm_correlator c = worst(f, is_found);
    const struct tm_interval *v = &f->at[c].tpr[0];
    switch (r->verdict) {
    case TM_CORRELATE_NOTHING:
        (void)snprintf(out, 512,
                       "no flow has a carrier that could be mistaken for another: nothing to match "
                       "carrier by carrier");
        return;
    case TM_CORRELATE_NO_CONTROL:
        (void)snprintf(out, 512,
                       "no claim: without undefended flows (--control) nothing shows that the "
                       "attacks work; at most a TPR of %.3f [%.3f, %.3f] at FPR 1e-2 (%s)",
                       v->value, v->low, v->high, tm_correlator_name(c));
        return;
    case TM_CORRELATE_TEST:
        (void)snprintf(out, 512,
                       "the test itself failed: on undefended flows %" PRIu32
                       " attacks reach a TPR of %.2f at FPR 1e-2, %u are needed",
                       r->n_working, TM_CORRELATE_CONTROL, TM_CORRELATE_WORKING);
        return;
    case TM_CORRELATE_FOUND:
        (void)snprintf(out, 512,
                       "flows are matched with carriers: %s, TPR %.3f [%.3f, %.3f] at FPR 1e-2",
                       tm_correlator_name(c), v->value, v->low, v->high);
        return;
    case TM_CORRELATE_NO_CLAIM:
        (void)snprintf(out, 512,
                       "no claim: at most a TPR of %.3f [%.3f, %.3f] at FPR 1e-2 (%s) with %" PRIu32
                       " true pairs, around the aim of %.3f; %u pairs are needed for it",
                       v->value, v->low, v->high, tm_correlator_name(c), f->n_true,
                       TM_CORRELATE_AIM, TM_CORRELATE_CLAIM);
        return;
    case TM_CORRELATE_NOT_FOUND:
        (void)snprintf(out, 512,
                       "these attacks do not match flows with carriers: at most a TPR of %.3f "
                       "[%.3f, %.3f] at FPR 1e-2 (%s), %" PRIu32 " true pairs; chance is 0.010",
                       v->value, v->low, v->high, tm_correlator_name(c), f->n_true);
        return;
    }
}
