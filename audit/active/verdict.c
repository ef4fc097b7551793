#include "audit/active/verdict.h"

#include <assert.h>
#include <stddef.h>

#define ERROR_LEVEL 0.01

bool tm_active_is_found(const struct tm_ranking *r, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double limit = ERROR_LEVEL / (2.0 * n);
        if (r[i].first_p < limit || r[i].placement_p < limit)
            return true;
    }
    return false;
}

static bool is_caught(const struct tm_ranking *control, uint32_t n, double rank1)
{
    double best = 0;
    for (uint32_t i = 0; i < n; i++)
        best = control[i].first.value > best ? control[i].first.value : best;
    return tm_active_is_found(control, n) && best >= rank1;
}

enum tm_active_verdict tm_active_judge(const struct tm_ranking *wire,
                                       const struct tm_ranking *control, uint32_t n,
                                       double control_rank1)
{
    if (wire->n_trials < TM_TRIALS_MIN || (control && control->n_trials < TM_TRIALS_MIN))
        return TM_ACTIVE_TOO_FEW;
    if (control && !is_caught(control, n, control_rank1))
        return TM_ACTIVE_CONTROL_MISSED;
    if (tm_active_is_found(wire, n))
        return TM_ACTIVE_FOUND;
    return control ? TM_ACTIVE_CHANCE : TM_ACTIVE_NO_CONTROL;
}

const char *tm_active_verdict_key(enum tm_active_verdict v)
{
    static const char *const KEY[] = {"found", "chance", "no-control", "control-missed", "too-few"};
    static_assert(sizeof KEY / sizeof *KEY == TM_ACTIVE_VERDICTS, "a key for each verdict");
    return KEY[v];
}

const char *tm_active_verdict_text(enum tm_active_verdict v)
{
    static const char *const TEXT[] = {
        "found more often than chance gives",
        "found no more often than chance gives, and the control was caught",
        "found no more often than chance gives; without a control that is no claim",
        "the control was not caught: nothing is said of this wire",
        "too few trials, of the wire or of its control: nothing is said of this wire",
    };
    static_assert(sizeof TEXT / sizeof *TEXT == TM_ACTIVE_VERDICTS, "a text for each verdict");
    return TEXT[v];
}
