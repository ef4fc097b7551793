#include "models/deck.h"

#include <stdlib.h>

#define FIRST_CONNS  64U
#define FIRST_WRITES 1024U

int tm_deck_add_conn(struct tm_deck *d, enum tm_deck_role role, uint32_t close_gap_us)
{
    if (d->n_conns == TM_DECK_CONNS_MAX)
        return TM_ERR_LIMIT;
    if (d->n_conns == d->cap_conns) {
        size_t cap = d->cap_conns > 0 ? 2 * d->cap_conns : FIRST_CONNS;
        struct tm_deck_conn *bigger = realloc(d->conn, cap * sizeof *bigger);
        if (!bigger)
            return TM_ERR_NOMEM;
        d->conn = bigger;
        d->cap_conns = cap;
    }
    d->conn[d->n_conns++] = (struct tm_deck_conn){
        .first = (uint32_t)d->n_writes, .close_gap_us = close_gap_us, .role = (uint8_t)role};
    return TM_OK;
}

int tm_deck_add_write(struct tm_deck *d, struct tm_write w)
{
    if (d->n_conns == 0 || d->n_writes == TM_DECK_WRITES_MAX ||
        d->conn[d->n_conns - 1].n_writes == TM_PLAN_WRITES_MAX)
        return TM_ERR_LIMIT;
    if (d->n_writes == d->cap_writes) {
        size_t cap = d->cap_writes > 0 ? 2 * d->cap_writes : FIRST_WRITES;
        struct tm_write *bigger = realloc(d->w, cap * sizeof *bigger);
        if (!bigger)
            return TM_ERR_NOMEM;
        d->w = bigger;
        d->cap_writes = cap;
    }
    d->w[d->n_writes++] = w;
    d->conn[d->n_conns - 1].n_writes++;
    return TM_OK;
}

int tm_deck_check(const struct tm_deck *d)
{
    for (size_t i = 0; i < d->n_conns; i++) {
        const struct tm_deck_conn *c = &d->conn[i];
        if (c->n_writes == 0 || c->n_writes > TM_PLAN_WRITES_MAX || c->role >= TM_DECK_ROLES ||
            c->first > d->n_writes || c->n_writes > d->n_writes - c->first)
            return TM_ERR_RANGE;
        const struct tm_plan p = {.w = d->w + c->first, .n_writes = c->n_writes};
        int rc = tm_plan_check(&p);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

void tm_deck_deinit(struct tm_deck *d)
{
    free(d->w);
    free(d->conn);
    *d = (struct tm_deck){0};
}
