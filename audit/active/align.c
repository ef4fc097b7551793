#include "audit/active/align.h"

#include <stdlib.h>
#include <string.h>

int tm_steps_init(struct tm_steps *s, int64_t from_us, int64_t step_us, uint32_t n)
{
    TM_ASSERT(step_us >= 1 && n >= 1 && n <= TM_STEPS_MAX);
    *s = (struct tm_steps){.from_us = from_us, .step_us = step_us, .n = n};
    s->bytes = calloc(n, sizeof *s->bytes);
    s->covered = calloc(n, 1);
    s->edge = calloc(n, 1);
    if (s->bytes && s->covered && s->edge)
        return TM_OK;
    tm_steps_deinit(s);
    return TM_ERR_NOMEM;
}

void tm_steps_deinit(struct tm_steps *s)
{
    free(s->bytes);
    free(s->covered);
    free(s->edge);
    *s = (struct tm_steps){0};
}

void tm_steps_clear(struct tm_steps *s)
{
    memset(s->bytes, 0, s->n * sizeof *s->bytes);
    memset(s->covered, 0, s->n);
    memset(s->edge, 0, s->n);
}

/* The step that t_us falls into; -1: before the first, n: behind the last. */
static int64_t step_of(const struct tm_steps *s, int64_t t_us)
{
    if (t_us < s->from_us)
        return -1;
    int64_t k = (t_us - s->from_us) / s->step_us;
    return k < s->n ? k : s->n;
}

static void mark_edge(struct tm_steps *s, int64_t t_us)
{
    int64_t k = step_of(s, t_us);
    if (k >= 0 && k < s->n)
        s->edge[k] = 1;
}

void tm_steps_add(struct tm_steps *s, const struct tm_flow *f)
{
    int64_t first = step_of(s, f->from_us);
    int64_t last = step_of(s, f->until_us);
    double bps = (double)f->bytes / (double)(f->until_us - f->from_us);
    mark_edge(s, f->from_us);
    mark_edge(s, f->until_us);
    for (int64_t k = first > 0 ? first : 0; k <= last && k < s->n; k++) {
        int64_t from_us = s->from_us + k * s->step_us;
        int64_t until_us = from_us + s->step_us;
        if (from_us < f->from_us)
            from_us = f->from_us;
        if (until_us > f->until_us)
            until_us = f->until_us;
        if (f->from_us == f->until_us)
            s->bytes[k] += (double)f->bytes; /* one packet */
        else if (until_us > from_us)
            s->bytes[k] += bps * (double)(until_us - from_us);
        else
            continue; /* it ends where the step begins */
        s->covered[k] = 1;
    }
}

uint32_t tm_steps_align(const struct tm_steps *server, const struct tm_steps *client,
                        enum tm_steps_at at, uint32_t lag, double *a, double *b)
{
    uint32_t n = 0;
    TM_ASSERT(server->n == client->n && server->from_us == client->from_us &&
              server->step_us == client->step_us);
    for (uint32_t k = lag; k < client->n; k++) {
        if ((at == TM_STEPS_EDGES && !client->edge[k]) || !client->covered[k] ||
            !server->covered[k - lag])
            continue;
        a[n] = server->bytes[k - lag];
        b[n++] = client->bytes[k];
    }
    return n;
}
