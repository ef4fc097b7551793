/* tm/app/control.c - see control.h. */
#include "tm/app/control.h"

#include <stdarg.h>
#include <stdio.h>

#include "tm/base/time.h"

/* What models/gen.h plays where nothing was learned. */
#define INTER_RRE_US     (2 * TM_US_PER_S)
#define INTER_SESSION_US (300 * TM_US_PER_S)

static int64_t longest_us(const struct tm_dist *d, int64_t otherwise_us, int64_t pace_us)
{
    int64_t us = d->n_points > 0 ? (int64_t)tm_dist_quantile(d, 1000) : otherwise_us;
    return pace_us > 0 ? tm_min_us(us, pace_us) : us;
}

/* Its users all pause only as long as those of every part do. */
static int64_t mix_longest_gap_us(const struct tm_mix *mix, int64_t pace_us)
{
    int64_t us = TM_NEVER;
    for (size_t i = 0; i < mix->n_parts; i++)
        us = tm_min_us(us, tm_control_longest_gap_us(mix->part[i].model, pace_us));
    return us;
}

int64_t tm_control_longest_gap_us(const struct tm_model *m, int64_t pace_us)
{
    const struct tm_swing *s = NULL;
    if (m == NULL)
        return TM_NEVER;
    switch (m->kind) {
    case TM_MODEL_SWING:
        s = &m->u.swing;
        break;
    case TM_MODEL_JOINT:
        s = &m->u.joint.swing;
        break;
    case TM_MODEL_CONSTANT:
        return m->u.constant.interval_us;
    case TM_MODEL_MIX:
        return mix_longest_gap_us(&m->u.mix, pace_us);
    }
    if (s == NULL)
        return TM_NEVER;
    return tm_max_us(longest_us(&s->param[TM_SWING_INTER_RRE], INTER_RRE_US, pace_us),
                     longest_us(&s->param[TM_SWING_INTER_SESSION], INTER_SESSION_US, pace_us));
}

bool tm_control_is_payload_independent(const struct tm_model *m)
{
    if (m == NULL)
        return true;
    switch (m->kind) {
    case TM_MODEL_SWING:
    case TM_MODEL_CONSTANT:
    case TM_MODEL_JOINT:
    case TM_MODEL_MIX: /* none of whose parts is of another kind */
        return true;
    }
    return false; /* one that this program does not know promises nothing */
}

bool tm_control_is_independent(const struct tm_session_cfg *cfg)
{
    return cfg->drive == TM_DRIVE_PLANS && tm_control_is_payload_independent(cfg->model);
}

static double seconds(int64_t us)
{
    return (double)us / (double)TM_US_PER_S;
}

__attribute__((format(printf, 3, 4))) static void lost(struct tm_control *out, int64_t since_us,
                                                       const char *fmt, ...)
{
    va_list ap;
    out->in_control = false;
    out->since_us = since_us;
    va_start(ap, fmt);
    (void)vsnprintf(out->text, sizeof out->text, fmt, ap);
    va_end(ap);
}

/* The session, and the thread that sends. */
static bool is_alive(struct tm_control *out, const struct tm_control_facts *f)
{
    const struct tm_session_control *c = f->session;
    if (c == NULL)
        lost(out, TM_NEVER, "no client has a session");
    else if (c->failed != NULL)
        lost(out, TM_NEVER, "the session is over: %s", c->failed);
    else if (f->wire_has_ended)
        lost(out, TM_NEVER, "the thread that sends has ended");
    else if (c->overdue_us > TM_CONTROL_DEAD_US && f->now_us - f->wire_beat_us > TM_CONTROL_DEAD_US)
        lost(out, f->wire_beat_us,
             "the thread that sends does not run: a buffer should have left %.1f s ago",
             seconds(c->overdue_us));
    else
        return true;
    return false;
}

/* No carrier is open on which the other end has answered. */
static bool is_pausing(struct tm_control *out, const struct tm_control_facts *f)
{
    const struct tm_session_control *c = f->session;
    const char *trouble = f->trouble[0] != '\0' ? f->trouble : "no answer";
    int64_t opening_us = c->n_opening > 0 ? f->now_us - c->opening_us : 0;
    if (f->side == TM_SERVER) {
        int64_t gap_us =
            tm_control_longest_gap_us(c->cfg->model, (int64_t)c->cfg->pace_ms * TM_US_PER_MS);
        if (f->idle_us > tm_later_us(gap_us, TM_CONTROL_LATE_US))
            lost(out, f->now_us - f->idle_us,
                 "the client has opened no carrier for %.0f s, and the model's longest pause is "
                 "%.0f s (it may have stopped its cover, --idle-stop)",
                 seconds(f->idle_us), seconds(gap_us));
    } else if (c->unanswered_us != TM_NEVER) {
        lost(out, c->unanswered_us, "the server cannot be reached: %s", trouble);
    } else if (opening_us > TM_CONTROL_LATE_US) {
        lost(out, c->opening_us, "a carrier was begun %.1f s ago and is not open: %s",
             seconds(opening_us), trouble);
    } else if (c->n_opening == 0 && c->next_us == TM_NEVER) {
        lost(out, f->now_us, "the plan is missing: nothing is open and nothing is due");
    } else if (c->n_opening == 0 && c->next_us < f->now_us - TM_CONTROL_LATE_US) {
        lost(out, c->next_us, "the next connection should have been opened %.1f s ago",
             seconds(f->now_us - c->next_us));
    } else if (c->n_opening == 0) {
        (void)snprintf(out->text, sizeof out->text,
                       "the model pauses: the next connection opens in %.1f s",
                       seconds(tm_max_us(0, c->next_us - f->now_us)));
    }
    return out->in_control;
}

/* No cover, because nothing asks for any: nothing is sent, which is what was wanted. */
static bool is_resting(struct tm_control *out, const struct tm_control_facts *f)
{
    const struct tm_session_control *c = f->session;
    if (!c->is_held || c->n_open + c->n_opening > 0 || c->unanswered_us != TM_NEVER)
        return false;
    if (c->demand_us == TM_NEVER)
        (void)snprintf(out->text, sizeof out->text,
                       "no cover yet: it begins with the first connection through it");
    else
        (void)snprintf(out->text, sizeof out->text,
                       "no cover: no connection through it for %.0f s; it begins again with the "
                       "next",
                       seconds(f->now_us - c->demand_us));
    return true;
}

void tm_control_demand_note(char *out, size_t cap, const struct tm_session_cfg *cfg)
{
    const char *begins = "when cover begins, an observer learns that there is demand";
    const char *ends = "when cover has ended, an observer learns that there was none for a while";
    bool stops = cfg->idle_stop_us > 0;
    if (cfg->on_demand || stops)
        (void)snprintf(out, cap, "%s%s%s; while it lasts, nothing of what it carries", begins,
                       stops ? ", and " : "", stops ? ends : "");
    else if (cap > 0)
        out[0] = '\0';
}

void tm_control_judge(struct tm_control *out, const struct tm_control_facts *f)
{
    const struct tm_session_control *c = f->session;
    const char *peer = f->side == TM_CLIENT ? "server" : "client";
    *out = (struct tm_control){.in_control = true};
    if (!is_alive(out, f))
        return;
    out->since_us = c->answered_us;
    if (is_resting(out, f))
        return;
    if (c->answered_us == TM_NEVER)
        lost(out, c->unanswered_us, "the server has not answered yet%s%s",
             f->trouble[0] != '\0' ? ": " : "", f->trouble);
    else if (c->n_open == 0)
        (void)is_pausing(out, f);
    else if (c->behind_us > TM_CONTROL_LATE_US)
        lost(out, f->now_us - c->behind_us,
             "the %s is %.1f s behind its plan on every open carrier", peer, seconds(c->behind_us));
    else if (c->overdue_us > TM_CONTROL_LATE_US)
        lost(out, f->now_us - c->overdue_us,
             "a buffer should have left %.1f s ago: the network takes nothing",
             seconds(c->overdue_us));
    if (out->in_control && c->cfg != NULL && c->cfg->drive != TM_DRIVE_PLANS)
        (void)snprintf(out->text, sizeof out->text,
                       "no schedule drives the wire: it follows what is carried");
}
