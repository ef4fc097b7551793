#include "tm/mbsim/machines.h"

#include <stdlib.h>

#include "tm/base/time.h"

#define NS_PER_US 1000

int tm_mbsim_machines_init(struct tm_mbsim_machines *m, const struct tm_mbsim_end_cfg *cfg,
                           uint64_t seed, int64_t now_ns)
{
    *m = (struct tm_mbsim_machines){.n = cfg->n_machines, .blocked_until_ns = TM_NEVER};
    tm_mb_rng_init_xoshiro(&m->rng, seed);
    int rc =
        tm_mb_framework_new(&m->f, cfg->machines, cfg->n_machines, &cfg->limits, &m->rng, now_ns);
    if (rc != TM_OK)
        return rc;
    m->pending = calloc(m->n + 1, sizeof *m->pending);
    m->timer_ns = calloc(m->n + 1, sizeof *m->timer_ns);
    m->actions = calloc(m->n + 1, sizeof *m->actions);
    if (!m->pending || !m->timer_ns || !m->actions)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < m->n; i++)
        m->pending[i].t_ns = m->timer_ns[i] = TM_NEVER;
    return TM_OK;
}

void tm_mbsim_machines_deinit(struct tm_mbsim_machines *m)
{
    tm_mb_framework_free(m->f);
    free(m->pending);
    free(m->timer_ns);
    free(m->actions);
}

int64_t tm_mbsim_machines_action_ns(const struct tm_mbsim_machines *m)
{
    int64_t first_ns = TM_NEVER;
    for (size_t i = 0; i < m->n; i++)
        if (m->pending[i].t_ns < first_ns)
            first_ns = m->pending[i].t_ns;
    return first_ns;
}

int64_t tm_mbsim_machines_timer_ns(const struct tm_mbsim_machines *m)
{
    int64_t first_ns = TM_NEVER;
    for (size_t i = 0; i < m->n; i++)
        if (m->timer_ns[i] < first_ns)
            first_ns = m->timer_ns[i];
    return first_ns;
}

size_t tm_mbsim_machines_due_action(const struct tm_mbsim_machines *m, int64_t t_ns)
{
    size_t i = 0;
    while (i < m->n && m->pending[i].t_ns != t_ns)
        i++;
    return i;
}

size_t tm_mbsim_machines_due_timer(const struct tm_mbsim_machines *m, int64_t t_ns)
{
    size_t i = 0;
    while (i < m->n && m->timer_ns[i] != t_ns)
        i++;
    return i;
}

struct tm_mbsim_event tm_mbsim_machines_act(struct tm_mbsim_machines *m, size_t i)
{
    const struct tm_mb_action *a = &m->pending[i].action;
    struct tm_mbsim_event e = {.t_ns = m->pending[i].t_ns, .machine = (uint16_t)i};
    m->pending[i].t_ns = TM_NEVER;
    if (a->ask == TM_MB_ASK_SEND_PADDING) {
        e.kind = TM_MB_PADDING_SENT;
        e.is_padding = true;
        e.bypass = a->bypass;
        e.replace = a->replace;
        return e;
    }
    /* A shorter block changes nothing, unless it replaces; it is reported all the same. */
    const int64_t until_ns = e.t_ns + a->duration_us * NS_PER_US;
    const int64_t present_ns = m->blocked_until_ns != TM_NEVER ? m->blocked_until_ns : e.t_ns;
    if (a->replace || until_ns > present_ns) {
        m->blocked_until_ns = until_ns;
        m->is_bypassable = a->bypass;
    }
    e.kind = TM_MB_BLOCKING_BEGIN;
    return e;
}

struct tm_mbsim_event tm_mbsim_machines_ring(struct tm_mbsim_machines *m, size_t i)
{
    const struct tm_mbsim_event e = {
        .t_ns = m->timer_ns[i], .machine = (uint16_t)i, .kind = TM_MB_TIMER_END};
    m->timer_ns[i] = TM_NEVER;
    return e;
}

static void cancel(struct tm_mbsim_machines *m, size_t i, enum tm_mb_timer which)
{
    if (which != TM_MB_TIMER_INTERNAL)
        m->pending[i].t_ns = TM_NEVER;
    if (which != TM_MB_TIMER_ACTION)
        m->timer_ns[i] = TM_NEVER;
}

/* A timer that would not end later changes nothing, unless it replaces, and is not reported then. */
static bool set_timer(struct tm_mbsim_machines *m, const struct tm_mb_action *a, int64_t now_ns)
{
    int64_t *timer_ns = &m->timer_ns[a->machine];
    const int64_t until_ns = now_ns + a->duration_us * NS_PER_US;
    const int64_t present_ns = *timer_ns != TM_NEVER ? *timer_ns : now_ns;
    if (!a->replace && present_ns >= until_ns)
        return false;
    *timer_ns = until_ns;
    return true;
}

int tm_mbsim_machines_tell(struct tm_mbsim_machines *m, const struct tm_mbsim_event *e,
                           tm_mbsim_begun_fn begun, void *ctx)
{
    const struct tm_mb_event event = {.kind = (enum tm_mb_event_kind)e->kind,
                                      .machine = e->machine};
    const size_t n = tm_mb_framework_step(m->f, &event, 1, e->t_ns, m->actions);
    for (size_t k = 0; k < n; k++) {
        const struct tm_mb_action *a = &m->actions[k];
        if (a->ask == TM_MB_ASK_CANCEL) {
            cancel(m, a->machine, a->timer);
        } else if (a->ask != TM_MB_ASK_UPDATE_TIMER) {
            m->pending[a->machine] = (struct tm_mbsim_pending){
                .t_ns = e->t_ns + a->timeout_us * NS_PER_US, .action = *a};
        } else if (set_timer(m, a, e->t_ns)) {
            int rc = begun(ctx, (struct tm_mbsim_event){.t_ns = e->t_ns,
                                                        .machine = (uint16_t)a->machine,
                                                        .kind = TM_MB_TIMER_BEGIN});
            if (rc != TM_OK)
                return rc;
        }
    }
    return TM_OK;
}
