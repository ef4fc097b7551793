#include "audit/prove/prove.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "page/scale.h"
#include "tm/base/time.h"

#define MOVED_BYTES_MIN 1000U /* fewer moved by a whole phase are no traffic */
#define MONTH_S         (30.0 * 24 * 3600)

__attribute__((format(printf, 2, 3))) static void add(struct tm_prove_reasons *r, const char *fmt,
                                                      ...)
{
    va_list ap;
    if (r->n == TM_PROVE_REASONS_MAX)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(r->text[r->n++], TM_PROVE_REASON_LEN, fmt, ap);
    va_end(ap);
}

bool tm_prove_is_captured(const struct tm_prove *r)
{
    return r->trial->interface[0] != '\0';
}

const char *tm_prove_verdict_text(enum tm_prove_verdict v)
{
    static const char *const NAMES[] = {"nothing found", "found", "no verdict"};
    return NAMES[v];
}

double tm_prove_month_bytes(const struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    double span_s = (double)(p->to_us - p->from_us) / 1e6;
    double bytes = (double)(p->wire_bytes[TM_UP] + p->wire_bytes[TM_DOWN]);
    return span_s > 0 ? bytes / span_s * MONTH_S : 0;
}

/* ---- What voids the test ---- */

static const char *const WHOSE[] = {"the tunnel", "the control"};

static void check_wire(struct tm_prove *r, enum tm_trial_phase_kind k)
{
    if (r->wire->phase[k].n > 0)
        return;
    if (tm_prove_is_captured(r))
        add(&r->missing,
            "no packet of %s to or from %s was captured on %s: it is not the interface that leads "
            "there, or the connections go elsewhere",
            WHOSE[k], r->trial->server_text, r->trial->interface);
    else
        add(&r->missing, "%s counted no bytes on the wire", WHOSE[k]);
}

static void check_traffic(struct tm_prove *r, enum tm_trial_phase_kind k)
{
    const struct tm_proof_phase *p = &r->phase[k];
    if (p->moved_bytes[TM_UP] + p->moved_bytes[TM_DOWN] < MOVED_BYTES_MIN)
        add(&r->missing, "no traffic: the test's transfers moved %" PRIu64 " bytes through %s",
            p->moved_bytes[TM_UP] + p->moved_bytes[TM_DOWN], WHOSE[k]);
}

static void check_control(struct tm_prove *r)
{
    const struct tm_proof_finding *f = r->phase[TM_TRIAL_CONTROL].finding;
    if (!f[TM_PROOF_ACTIVITY].is_found)
        add(&r->missing,
            "the control was not caught: without a model busy must be told from idle, and was not "
            "(AUC %.3f, p %.3f)",
            f[TM_PROOF_ACTIVITY].value.value, f[TM_PROOF_ACTIVITY].p);
    if (!f[TM_PROOF_TIMES].is_found)
        add(&r->missing,
            "the control was not caught: without a model the times of transfers must be seen, and "
            "were not (correlation %.3f, p %.3f)",
            f[TM_PROOF_TIMES].value.value, f[TM_PROOF_TIMES].p);
}

/* ---- What was found ---- */

static void look(struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    const struct tm_proof_finding *f = p->finding;
    if (f[TM_PROOF_ACTIVITY].is_found)
        add(&r->found, "busy was told from idle (AUC %.3f, p %.3f)",
            f[TM_PROOF_ACTIVITY].value.value, f[TM_PROOF_ACTIVITY].p);
    if (f[TM_PROOF_TIMES].is_found)
        add(&r->found, "the times of transfers show in %s (correlation %.3f, p %.3f)", p->series,
            f[TM_PROOF_TIMES].value.value, f[TM_PROOF_TIMES].p);
    if (r->conform != NULL && r->conform->n_carriers > 0 && r->first_diff.text[0] != '\0')
        add(&r->found, "the wire differs from the schedule: %.300s", r->first_diff.text);
}

static void warn(struct tm_prove *r)
{
    const struct tm_trial *t = r->trial;
    if (!tm_prove_is_captured(r))
        add(&r->warnings,
            "Nothing was captured (%.200s). What follows is on the programs' own word: what they "
            "say "
            "that they wrote and read, ten times a second, without packets, openings or "
            "acknowledgements.",
            t->note[0] != '\0' ? t->note : "no reason given");
    if (!t->is_payload_independent)
        add(&r->warnings,
            "Model %.100s is not payload-independent: its wire follows what is carried, and it "
            "does "
            "not promise anything else. The test says what it finds.",
            t->model);
    if (t->phase[TM_TRIAL_MODEL].n_others > 0)
        add(&r->warnings,
            "%" PRIu64
            " other connections were in the tunnel when the test began: what they did is in "
            "the picture too. That does not make a finding more likely; it may hide one.",
            t->phase[TM_TRIAL_MODEL].n_others);
    if (t->n_dropped > 0)
        add(&r->warnings, "The kernel dropped %" PRIu64 " packets before they were captured.",
            t->n_dropped);
    if (r->wire->n_strange > 0)
        add(&r->warnings,
            "%" PRIu64 " connections began with more different hellos than are listed.",
            r->wire->n_strange);
}

static int run_phase(struct tm_prove *r, enum tm_trial_phase_kind k, struct tm_msg *msg)
{
    struct tm_msg why = {""};
    int rc = tm_proof_run(&r->phase[k], &r->trial->phase[k], &r->wire->phase[k], r->seed, &why);
    if (rc == TM_ERR_RANGE) {
        add(&r->missing, "%s: %.300s", WHOSE[k], why.text);
        return TM_OK;
    }
    return rc == TM_OK
               ? rc
               : tm_msg_set(msg, rc, "%.400s", why.text[0] != '\0' ? why.text : tm_strerror(rc));
}

void tm_prove_judge(struct tm_prove *r)
{
    const struct tm_trial_phase *t = &r->trial->phase[TM_TRIAL_MODEL];
    for (unsigned k = 0; k < TM_TRIAL_PHASES && r->missing.n == 0; k++) {
        check_wire(r, (enum tm_trial_phase_kind)k);
        check_traffic(r, (enum tm_trial_phase_kind)k);
    }
    if (t->has_kept && !t->is_in_control)
        add(&r->missing, "the model was not in control of the wire when the test ended");
    if (r->missing.n == 0)
        check_control(r);
    look(r);
    warn(r);
    r->verdict = r->missing.n > 0 ? TM_PROVE_NONE
                 : r->found.n > 0 ? TM_PROVE_FOUND
                                  : TM_PROVE_NOTHING_FOUND;
}

int tm_prove_run(struct tm_prove *r, struct tm_msg *msg)
{
    int rc = run_phase(r, TM_TRIAL_MODEL, msg);
    if (rc == TM_OK)
        rc = run_phase(r, TM_TRIAL_CONTROL, msg);
    if (rc == TM_OK)
        tm_prove_judge(r);
    return rc;
}

void tm_prove_sentence(char *out, size_t cap, const struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    size_t at = 0;
    switch (r->verdict) {
    case TM_PROVE_NONE:
        at = (size_t)snprintf(out, cap, "Nothing can be concluded: ");
        break;
    case TM_PROVE_FOUND:
        at = (size_t)snprintf(out, cap, "Whoever watches this wire learns something: ");
        break;
    case TM_PROVE_NOTHING_FOUND:
        (void)snprintf(out, cap,
                       "In %.0f s the two attacks did not learn when transfers ran through the "
                       "tunnel. Both saw the same transfers without the model.",
                       (double)(p->to_us - p->from_us) / 1e6);
        return;
    }
    const struct tm_prove_reasons *why = r->verdict == TM_PROVE_NONE ? &r->missing : &r->found;
    for (uint32_t i = 0; i < why->n && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i > 0 ? "; " : "", why->text[i]);
    if (at < cap)
        (void)snprintf(out + at, cap - at, ".");
}
