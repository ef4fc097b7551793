#include "models/playback.h"

#include <stdlib.h>

/* The connections of all users in one list, user after user, each in the order of the file. */
struct tm_playback {
    const struct tm_schedfile *file; /* borrowed */
    enum tm_playback_end at_end;
    uint32_t *conn; /* owned; numbers in the file */
    struct {
        uint32_t first, n; /* in `conn` */
        uint64_t next;     /* index of the next opening */
    } user[];
};

/* Where each user's connections begin. */
static void set_users(struct tm_playback *r)
{
    const struct tm_schedfile *f = r->file;
    uint32_t first = 0;
    for (size_t i = 0; i < f->n_conns; i++)
        r->user[f->conn[i].user].n++;
    for (uint32_t u = 0; u < f->n_users; u++) {
        r->user[u].first = first;
        first += r->user[u].n;
    }
}

static void set_conns(struct tm_playback *r)
{
    const struct tm_schedfile *f = r->file;
    for (size_t i = 0; i < f->n_conns; i++)
        r->conn[r->user[f->conn[i].user].first + f->conn[i].open.index] = (uint32_t)i;
}

int tm_playback_new(struct tm_playback **out, const struct tm_schedfile *f,
                    enum tm_playback_end at_end)
{
    struct tm_playback *r = calloc(1, sizeof *r + f->n_users * sizeof r->user[0]);
    *out = NULL;
    if (!r)
        return TM_ERR_NOMEM;
    r->file = f;
    r->at_end = at_end;
    r->conn = calloc(f->n_conns > 0 ? f->n_conns : 1, sizeof *r->conn);
    if (!r->conn) {
        tm_playback_free(r);
        return TM_ERR_NOMEM;
    }
    set_users(r);
    set_conns(r);
    *out = r;
    return TM_OK;
}

void tm_playback_free(struct tm_playback *r)
{
    if (!r)
        return;
    free(r->conn);
    free(r);
}

/* The user's connection `index`; NULL: there is none. */
static const struct tm_schedfile_conn *find(const struct tm_playback *r, uint32_t user,
                                            uint64_t index)
{
    uint32_t n = r->user[user].n;
    if (n == 0 || (index >= n && r->at_end == TM_PLAYBACK_ONCE))
        return NULL;
    return &r->file->conn[r->conn[r->user[user].first + index % n]];
}

bool tm_playback_open(struct tm_playback *r, uint32_t user, struct tm_open *open)
{
    uint64_t index = r->user[user].next;
    const struct tm_schedfile_conn *c = find(r, user, index);
    if (!c)
        return false;
    *open = c->open;
    open->index = index;
    if (index > 0 && open->ref == TM_OPEN_ORIGIN)
        open->ref = TM_OPEN_ENDED;
    r->user[user].next++;
    return true;
}

int tm_playback_plan(const struct tm_playback *r, uint32_t user, uint64_t index,
                     struct tm_plan *plan)
{
    const struct tm_schedfile_conn *c = find(r, user, index);
    int rc = TM_OK;
    tm_plan_clear(plan);
    if (!c)
        return TM_ERR_RANGE;
    for (size_t i = 0; rc == TM_OK && i < c->plan.n_writes; i++)
        rc = tm_plan_add(plan, c->plan.w[i]);
    plan->close_gap_us = c->plan.close_gap_us;
    plan->close = c->plan.close;
    return rc;
}
