#include "models/maybenot/machine.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "models/maybenot/machine_build.h"
#include "tm/base/grow.h"

#define PIECES_MAX ((size_t)1 << 31)

struct tm_mb_machine *tm_mb_machine_new(void)
{
    return calloc(1, sizeof(struct tm_mb_machine));
}

void tm_mb_machine_free(struct tm_mb_machine *m)
{
    if (!m)
        return;
    free(m->states);
    free(m->edges);
    free(m->dists);
    free(m);
}

int tm_mb_build_dist(struct tm_mb_machine *m, const struct tm_mb_dist *d, uint32_t *index)
{
    if (m->n_dists >= PIECES_MAX)
        return TM_ERR_LIMIT;
    int rc = tm_grow(&m->dists, &m->cap_dists, m->n_dists, sizeof *m->dists);
    if (rc != TM_OK)
        return rc;
    m->dists[m->n_dists] = *d;
    *index = (uint32_t)m->n_dists++;
    return TM_OK;
}

int tm_mb_build_state(struct tm_mb_machine *m, struct tm_mb_state **out)
{
    if (m->n_states >= PIECES_MAX)
        return TM_ERR_LIMIT;
    int rc = tm_grow(&m->states, &m->cap_states, m->n_states, sizeof *m->states);
    if (rc != TM_OK)
        return rc;
    struct tm_mb_state *s = &m->states[m->n_states++];
    *s = (struct tm_mb_state){
        .timeout = TM_MB_NO_DIST,
        .duration = TM_MB_NO_DIST,
        .limit = TM_MB_NO_DIST,
        .counter = {{.dist = TM_MB_NO_DIST}, {.dist = TM_MB_NO_DIST}},
    };
    for (int e = 0; e <= TM_MB_EVENT_KINDS; e++)
        s->first_edge[e] = (uint32_t)m->n_edges;
    *out = s;
    return TM_OK;
}

int tm_mb_build_edge(struct tm_mb_machine *m, enum tm_mb_event_kind e, uint32_t to, float p)
{
    TM_ASSERT(m->n_states > 0);
    struct tm_mb_state *s = &m->states[m->n_states - 1];
    TM_ASSERT_EQ(s->first_edge[e + 1], m->n_edges);
    if (m->n_edges >= PIECES_MAX)
        return TM_ERR_LIMIT;
    int rc = tm_grow(&m->edges, &m->cap_edges, m->n_edges, sizeof *m->edges);
    if (rc != TM_OK)
        return rc;
    m->edges[m->n_edges++] = (struct tm_mb_edge){.to = to, .p = p};
    for (int i = (int)e + 1; i <= TM_MB_EVENT_KINDS; i++)
        s->first_edge[i] = (uint32_t)m->n_edges;
    s->heard = (uint16_t)(s->heard | 1U << e);
    return TM_OK;
}

static const char *event_name(int e)
{
    static const char *const names[] = {
        "NormalRecv", "PaddingRecv",   "TunnelRecv",  "NormalSent",   "PaddingSent",
        "TunnelSent", "BlockingBegin", "BlockingEnd", "LimitReached", "CounterZero",
        "TimerBegin", "TimerEnd",      "Signal",
    };
    static_assert(sizeof names / sizeof names[0] == TM_MB_EVENT_KINDS, "a name for each");
    return names[e];
}

struct validation {
    const struct tm_mb_machine *m;
    uint32_t *
        seen; /* [n_states + 2]: the last event's number in which a state, END or SIGNAL was a target */
    uint32_t n_events;
    struct tm_msg *msg;
};

/* The index in `seen`, or n_states + 2 when there is no such state. */
static size_t target(const struct tm_mb_machine *m, uint32_t to)
{
    if (to < m->n_states)
        return to;
    if (to == TM_MB_STATE_END)
        return m->n_states;
    return to == TM_MB_STATE_SIGNAL ? m->n_states + 1 : m->n_states + 2;
}

/* One event's transitions.  The sum is taken in single precision, in order, as upstream does: ten times 0.1f is too much. */
static int validate_event(struct validation *v, size_t state, int e)
{
    const struct tm_mb_machine *m = v->m;
    const struct tm_mb_state *s = &m->states[state];
    float sum = 0;
    v->n_events++;
    for (uint32_t i = s->first_edge[e]; i < s->first_edge[e + 1]; i++) {
        const struct tm_mb_edge *edge = &m->edges[i];
        const size_t at = target(m, edge->to);
        if (at > m->n_states + 1)
            return tm_msg_set(v->msg, TM_ERR_RANGE, "state %zu, %s: there is no state %u", state,
                              event_name(e), edge->to);
        if (v->seen[at] == v->n_events)
            return tm_msg_set(v->msg, TM_ERR_RANGE, "state %zu, %s: target %u appears twice", state,
                              event_name(e), edge->to);
        v->seen[at] = v->n_events;
        if (!(edge->p > 0 && edge->p <= 1))
            return tm_msg_set(v->msg, TM_ERR_RANGE,
                              "state %zu, %s: a probability must be above 0 and at most 1, not %g",
                              state, event_name(e), (double)edge->p);
        sum += edge->p;
    }
    if (sum > 1)
        return tm_msg_set(v->msg, TM_ERR_RANGE, "state %zu, %s: probabilities sum up to %.9g",
                          state, event_name(e), (double)sum);
    return TM_OK;
}

static int validate_frac(const char *name, double frac, struct tm_msg *msg)
{
    if (frac >= 0 && frac <= 1)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_RANGE, "%s must be from 0 to 1, not %g", name, frac);
}

/* Every distribution belongs to a state: the parser and the builders add none for nothing. */
static int validate_dists(const struct tm_mb_machine *m, struct tm_msg *msg)
{
    for (size_t i = 0; i < m->n_dists; i++) {
        int rc = tm_mb_dist_validate(&m->dists[i], msg);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

int tm_mb_machine_validate(const struct tm_mb_machine *m, struct tm_msg *msg)
{
    int rc = validate_frac("max_padding_frac", m->max_padding_frac, msg);
    if (rc == TM_OK)
        rc = validate_frac("max_blocking_frac", m->max_blocking_frac, msg);
    if (rc != TM_OK)
        return rc;
    if (m->n_states == 0 || m->n_states > TM_MB_STATES_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "a machine has 1 to %u states, not %zu",
                          TM_MB_STATES_MAX, m->n_states);
    rc = validate_dists(m, msg);
    if (rc != TM_OK)
        return rc;
    struct validation v = {.m = m, .msg = msg};
    v.seen = calloc(m->n_states + 2, sizeof *v.seen);
    if (!v.seen)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < m->n_states && rc == TM_OK; i++)
        for (unsigned heard = m->states[i].heard; heard != 0 && rc == TM_OK; heard &= heard - 1)
            rc = validate_event(&v, i, __builtin_ctz(heard));
    free(v.seen);
    return rc;
}
