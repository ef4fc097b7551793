#include "models/plan.h"

#include <stdlib.h>

#include "tm/base/grow.h"

int tm_plan_add(struct tm_plan *p, struct tm_write w)
{
    if (p->n_writes == TM_PLAN_WRITES_MAX)
        return TM_ERR_LIMIT;
    if (tm_grow(&p->w, &p->cap_writes, p->n_writes, sizeof *p->w) != TM_OK)
        return TM_ERR_NOMEM;
    p->w[p->n_writes++] = w;
    return TM_OK;
}

void tm_plan_clear(struct tm_plan *p)
{
    p->n_writes = 0;
    p->close_gap_us = 0;
    p->close = (struct tm_close){0};
}

void tm_plan_deinit(struct tm_plan *p)
{
    free(p->w);
    *p = (struct tm_plan){0};
}

int tm_close_check(const struct tm_close *c, size_t n_writes)
{
    bool ok = c->how < TM_CLOSE_HOWS && c->back <= n_writes && c->server_back <= n_writes &&
              c->server_gap_us <= TM_WRITE_GAP_MAX && (c->server_back > 0 || c->server_gap_us == 0);
    return ok ? TM_OK : TM_ERR_RANGE;
}

int tm_plan_check(const struct tm_plan *p)
{
    if (p->n_writes > TM_PLAN_WRITES_MAX || p->close_gap_us < 0)
        return TM_ERR_RANGE;
    for (size_t i = 0; i < p->n_writes; i++) {
        const struct tm_write *w = &p->w[i];
        if (w->size < 1 || w->size > TM_WRITE_SIZE_MAX || w->gap_us > TM_WRITE_GAP_MAX)
            return TM_ERR_RANGE;
        if (w->dir > TM_DOWN || w->ref_back > i)
            return TM_ERR_RANGE;
    }
    return tm_close_check(&p->close, p->n_writes);
}

uint64_t tm_plan_bytes(const struct tm_plan *p, enum tm_dir dir)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < p->n_writes; i++) {
        if (p->w[i].dir == dir)
            bytes += p->w[i].size;
    }
    return bytes;
}
