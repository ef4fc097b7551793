/* From numbers to words.  Nothing here says that cover cannot be told: only that this attack, on this many connections, did not. */
#include "audit/detect/experiment.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *tm_detect_verdict_name(enum tm_detect_verdict v)
{
    switch (v) {
    case TM_DETECT_TOO_FEW:
        return "too few";
    case TM_DETECT_CHANCE:
        return "chance";
    case TM_DETECT_TOLD:
        return "told apart";
    case TM_DETECT_UNCLEAR:
        return "unclear";
    case TM_DETECT_FAILED:
        return "test failed";
    }
    return "unknown";
}

const char *tm_detect_control_name(enum tm_detect_control_kind k)
{
    switch (k) {
    case TM_CONTROL_NAIVE:
        return "naive resampling";
    case TM_CONTROL_SUBCLASS:
        return "resampling inside a sub-class";
    case TM_CONTROL_HALVES:
        return "halves of one recording";
    case TM_CONTROLS:
        break;
    }
    return "unknown";
}

void tm_detect_warn(struct tm_detect_result *r, const char *fmt, ...)
{
    if (r->n_warnings == TM_DETECT_WARNINGS_MAX)
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(r->warning[r->n_warnings++], TM_DETECT_TEXT_LEN, fmt, ap);
    va_end(ap);
}

static void append(char text[TM_DETECT_TEXT_LEN], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char text[TM_DETECT_TEXT_LEN], const char *fmt, ...)
{
    size_t n = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text + n, TM_DETECT_TEXT_LEN - n, fmt, ap);
    va_end(ap);
}

static bool has_failed_control(const struct tm_detect_result *r)
{
    for (int k = 0; r->has_controls && k < TM_CONTROLS; k++) {
        if (r->control[k].test.is_done && !r->control[k].is_passed)
            return true;
    }
    return false;
}

static bool is_too_few(const struct tm_detect_test *t, const struct tm_detect_cfg *cfg)
{
    for (unsigned s = 0; s < 2; s++) {
        if (t->n[s].n_sessions < cfg->min_sessions || t->n[s].n_conns < cfg->min_conns)
            return true;
    }
    return false;
}

static enum tm_detect_verdict verdict_of(const struct tm_detect_group *g,
                                         const struct tm_detect_cfg *cfg, bool has_failed)
{
    if (has_failed)
        return TM_DETECT_FAILED;
    if (is_too_few(&g->cover, cfg))
        return TM_DETECT_TOO_FEW;
    if (g->cover.auc.low <= 0.5 && g->cover.auc.high >= 0.5)
        return TM_DETECT_CHANCE;
    if (g->cover.auc.low > 0.5 && (g->null.n == 0 || g->cover.auc.value > g->null.high))
        return TM_DETECT_TOLD;
    return TM_DETECT_UNCLEAR;
}

static void say_floor(struct tm_detect_group *g)
{
    const struct tm_interval *r = &g->floor_r.auc, *rb = &g->floor_rb.auc, *c = &g->cover.auc;
    if (g->floor_r.is_done)
        append(g->text, "  Floors: R %.3f [%.3f, %.3f]", r->value, r->low, r->high);
    if (g->floor_rb.is_done)
        append(g->text, ", Rb %.3f [%.3f, %.3f]", rb->value, rb->low, rb->high);
    if (!g->floor_r.is_done)
        return;
    double high = g->floor_rb.is_done && rb->high > r->high ? rb->high : r->high;
    append(g->text, "%s",
           c->low > high ? "; the cover is farther from real than either."
                         : "; the cover is not clearly farther from real than these.");
}

static void say_group(struct tm_detect_group *g, const struct tm_detect_cfg *cfg)
{
    const struct tm_detect_test *t = &g->cover;
    (void)snprintf(g->text, sizeof g->text,
                   "%s: AUC %.3f [%.3f, %.3f] on %" PRIu32 " real connections of %" PRIu32
                   " sessions and %" PRIu32 " of cover of %" PRIu32,
                   g->name, t->auc.value, t->auc.low, t->auc.high, t->n[0].n_conns,
                   t->n[0].n_sessions, t->n[1].n_conns, t->n[1].n_sessions);
    if (g->null.n > 0)
        append(g->text, " (%" PRIu32 " permutations of sessions: %.3f to %.3f)", g->null.n,
               g->null.low, g->null.high);
    switch (g->verdict) {
    case TM_DETECT_TOO_FEW:
        append(g->text,
               ": too few for a claim, which needs %" PRIu32 " sessions and %" PRIu32
               " connections a side.",
               cfg->min_sessions, cfg->min_conns);
        break;
    case TM_DETECT_CHANCE:
        append(g->text, ": this attack is not told from guessing by these connections; more of "
                        "them, or a better attack, may do better.");
        break;
    case TM_DETECT_TOLD:
        append(g->text, ": cover is told from real.");
        break;
    case TM_DETECT_UNCLEAR:
        append(g->text, "%s",
               t->auc.high < 0.5 ? ": below chance, which is no evidence of likeness: sessions are "
                                   "too few or too uneven."
                                 : ": above 0.5, but permuted sessions reach as much; more "
                                   "sessions are needed.");
        break;
    case TM_DETECT_FAILED:
        append(g->text, ": no verdict, because a control failed.");
        if (is_too_few(t, cfg))
            append(g->text,
                   "  Too few for a claim as well, which needs %" PRIu32 " sessions and %" PRIu32
                   " connections a side.",
                   cfg->min_sessions, cfg->min_conns);
        break;
    }
    say_floor(g);
}

static void say_all(struct tm_detect_result *r, const struct tm_detect_cfg *cfg)
{
    uint32_t n[TM_DETECT_FAILED + 1] = {0};
    const struct tm_detect_group *most = &r->groups[0];
    for (uint32_t g = 0; g < r->n_groups; g++) {
        n[r->groups[g].verdict]++;
        if (r->groups[g].cover.auc.value > most->cover.auc.value)
            most = &r->groups[g];
    }
    const struct tm_interval *auc = &most->cover.auc;
    r->verdict = n[TM_DETECT_FAILED]    ? TM_DETECT_FAILED
                 : n[TM_DETECT_TOO_FEW] ? TM_DETECT_TOO_FEW
                 : n[TM_DETECT_TOLD]    ? TM_DETECT_TOLD
                 : n[TM_DETECT_UNCLEAR] ? TM_DETECT_UNCLEAR
                                        : TM_DETECT_CHANCE;
    switch (r->verdict) {
    case TM_DETECT_FAILED:
        append(r->text, "The test itself failed: a control did not come out as it must, so its "
                        "numbers prove nothing.");
        if (is_too_few(&most->cover, cfg))
            append(r->text,
                   "  Perhaps because there is too little to learn from: it needs %" PRIu32
                   " connections and %" PRIu32 " sessions a side.",
                   cfg->min_conns, cfg->min_sessions);
        return;
    case TM_DETECT_TOO_FEW:
        append(r->text,
               "Too few connections for a claim: %" PRIu32 " real ones of %" PRIu32
               " sessions, %" PRIu32 " of cover of %" PRIu32 "; it needs %" PRIu32
               " connections and %" PRIu32 " sessions a side.",
               r->used[TM_REAL].n_conns, r->used[TM_REAL].n_sessions, r->used[TM_COVER].n_conns,
               r->used[TM_COVER].n_sessions, cfg->min_conns, cfg->min_sessions);
        break;
    case TM_DETECT_TOLD:
        append(r->text, "Cover is told from real in %" PRIu32 " of %" PRIu32 " feature groups.",
               n[TM_DETECT_TOLD], r->n_groups);
        break;
    case TM_DETECT_UNCLEAR:
        append(r->text,
               "Unclear: interval and null disagree in %" PRIu32 " of %" PRIu32 " feature groups.",
               n[TM_DETECT_UNCLEAR], r->n_groups);
        break;
    case TM_DETECT_CHANCE:
        append(r->text, "In no feature group was cover told from real by this attack.");
        break;
    }
    append(r->text,
           "  Highest AUC: %s %.3f [%.3f, %.3f], n = %" PRIu32 " + %" PRIu32
           " connections, %" PRIu32 " + %" PRIu32
           " sessions.  The observer is assumed to score each connection alone%s.",
           most->name, auc->value, auc->low, auc->high, most->cover.n[0].n_conns,
           most->cover.n[1].n_conns, most->cover.n[0].n_sessions, most->cover.n[1].n_sessions,
           r->is_one_per_load ? ", one of each page load" : ", and not to add up siblings");
}

void tm_experiment_judge(struct tm_detect_result *r, const struct tm_detect_cfg *cfg)
{
    bool has_failed = has_failed_control(r);
    for (uint32_t g = 0; g < r->n_groups; g++) {
        r->groups[g].verdict = verdict_of(&r->groups[g], cfg, has_failed);
        say_group(&r->groups[g], cfg);
    }
    say_all(r, cfg);
    if (r->given[TM_TRAIN].n_conns == 0)
        tm_detect_warn(r, "no training captures: no floors R and Rb, and nothing about copies");
    else if (!r->groups[0].floor_r.is_done)
        tm_detect_warn(r, "too few training sessions for the floors");
    if (!r->has_controls)
        tm_detect_warn(r, "controls were left out: whether the test works was not seen");
    if (r->folds < cfg->folds)
        tm_detect_warn(r, "%" PRIu32 " folds instead of %" PRIu32 ": a side has no more sessions",
                       r->folds, cfg->folds);
}
