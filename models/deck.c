#include "models/deck.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tm/base/grow.h"

#define FIRST_WRITES 256U

int tm_deck_add_conn(struct tm_deck *d, enum tm_deck_role role, uint32_t close_gap_us)
{
    if (d->n_conns == TM_DECK_CONNS_MAX)
        return TM_ERR_LIMIT;
    if (tm_grow(&d->conn, &d->cap_conns, d->n_conns, sizeof *d->conn) != TM_OK)
        return TM_ERR_NOMEM;
    d->conn[d->n_conns++] = (struct tm_deck_conn){
        .first = (uint32_t)d->n_writes, .close_gap_us = close_gap_us, .role = (uint8_t)role};
    return TM_OK;
}

static int grow_writes(struct tm_deck *d)
{
    size_t cap = d->cap_writes > 0 ? 2 * d->cap_writes : FIRST_WRITES;
    struct tm_write *w = realloc(d->w, cap * sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    d->w = w;
    uint8_t *weld = realloc(d->weld, cap);
    if (!weld)
        return TM_ERR_NOMEM;
    d->weld = weld;
    d->cap_writes = cap;
    return TM_OK;
}

int tm_deck_add_write(struct tm_deck *d, struct tm_write w)
{
    TM_ASSERT(d->n_conns > 0);
    struct tm_deck_conn *last = &d->conn[d->n_conns - 1];
    if (last->n_writes == TM_PLAN_WRITES_MAX || d->n_writes == TM_DECK_WRITES_MAX)
        return TM_ERR_LIMIT;
    if (d->n_writes == d->cap_writes) {
        int rc = grow_writes(d);
        if (rc != TM_OK)
            return rc;
    }
    d->w[d->n_writes] = w;
    d->weld[d->n_writes++] = 0;
    last->n_writes++;
    return TM_OK;
}

void tm_deck_weld_last(struct tm_deck *d)
{
    TM_ASSERT(d->n_conns > 0 && d->conn[d->n_conns - 1].n_writes > 1);
    d->weld[d->n_writes - 1] = 1;
}

void tm_deck_close_last(struct tm_deck *d, const struct tm_close *close)
{
    TM_ASSERT(d->n_conns > 0);
    d->conn[d->n_conns - 1].close = *close;
}

static bool are_welds_sound(const struct tm_deck *d, const struct tm_deck_conn *c)
{
    bool ok = d->weld[c->first] == 0;
    for (uint32_t k = 1; k < c->n_writes; k++)
        ok = ok && d->weld[c->first + k] <= 1;
    return ok;
}

int tm_deck_check(const struct tm_deck *d)
{
    size_t at = 0;
    for (size_t i = 0; i < d->n_conns; i++) {
        const struct tm_deck_conn *c = &d->conn[i];
        if (c->first != at || c->n_writes < 1 || c->n_writes > d->n_writes - at ||
            c->role >= TM_DECK_ROLES || c->close_gap_us > TM_WRITE_GAP_MAX ||
            !are_welds_sound(d, c))
            return TM_ERR_RANGE;
        const struct tm_plan p = {.w = d->w + at, .n_writes = c->n_writes, .close = c->close};
        int rc = tm_plan_check(&p);
        if (rc != TM_OK)
            return rc;
        at += c->n_writes;
    }
    return at == d->n_writes ? TM_OK : TM_ERR_RANGE;
}

void tm_deck_deinit(struct tm_deck *d)
{
    free(d->w);
    free(d->weld);
    free(d->conn);
    *d = (struct tm_deck){0};
}
