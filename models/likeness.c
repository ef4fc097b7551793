#include "models/likeness.h"

#include "models/schedfile.h"

void tm_likeness_add(struct tm_likeness *l, size_t i, enum tm_dir dir, uint32_t size,
                     int64_t pause_us)
{
    tm_hist_add(&l->size[dir], size);
    if (i > 0)
        tm_hist_add(&l->pause[dir], pause_us > 0 ? (uint64_t)pause_us : 0);
}

static void add_dist(struct tm_hist *h, const struct tm_dist *d)
{
    uint64_t before = 0;
    for (size_t i = 0; i < d->n_points; i++) {
        tm_hist_add_many(h, d->pt[i].value, d->pt[i].cum - before);
        before = d->pt[i].cum;
    }
}

static void add_swing(struct tm_likeness *l, const struct tm_swing *s)
{
    add_dist(&l->size[TM_UP], &s->param[TM_SWING_REQ]);
    add_dist(&l->size[TM_DOWN], &s->param[TM_SWING_RSP]);
    add_dist(&l->pause[TM_UP], &s->param[TM_SWING_REQ_THINK]);
    add_dist(&l->pause[TM_DOWN], &s->param[TM_SWING_SERVER_THINK]);
}

static void add_constant(struct tm_likeness *l, const struct tm_constant *c)
{
    tm_hist_add(&l->size[TM_UP], c->size_bytes);
    tm_hist_add(&l->size[TM_DOWN], c->size_bytes);
    tm_hist_add(&l->pause[TM_UP], c->interval_us);
    tm_hist_add(&l->pause[TM_DOWN], 0);
}

static void add_writes(struct tm_likeness *l, const struct tm_write *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tm_likeness_add(l, i, (enum tm_dir)w[i].dir, w[i].size, w[i].gap_us);
}

/* Every so many connections one is enough. */
static size_t step_of(size_t n_writes)
{
    return 1 + n_writes / TM_LIKENESS_WRITES_MAX;
}

static void add_deck(struct tm_likeness *l, const struct tm_deck *d)
{
    for (size_t i = 0; i < d->n_conns; i += step_of(d->n_writes))
        add_writes(l, d->w + d->conn[i].first, d->conn[i].n_writes);
}

void tm_likeness_of_model(struct tm_likeness *l, const struct tm_model *m)
{
    switch (m->kind) {
    case TM_MODEL_SWING:
        add_swing(l, &m->u.swing);
        return;
    case TM_MODEL_CONSTANT:
        add_constant(l, &m->u.constant);
        return;
    case TM_MODEL_JOINT:
        add_deck(l, &m->u.joint.deck);
        return;
    case TM_MODEL_MIX:
        return;
    }
}

void tm_likeness_of_schedule(struct tm_likeness *l, const struct tm_schedfile *f)
{
    size_t n_writes = 0;
    for (size_t i = 0; i < f->n_conns; i++)
        n_writes += f->conn[i].plan.n_writes;
    for (size_t i = 0; i < f->n_conns; i += step_of(n_writes))
        add_writes(l, f->conn[i].plan.w, f->conn[i].plan.n_writes);
}

unsigned tm_likeness_distance(const struct tm_hist *a, const struct tm_hist *b)
{
    double largest = 0;
    uint64_t seen_a = 0, seen_b = 0;
    if (a->n == 0 || b->n == 0)
        return 1000;
    for (unsigned i = 0; i < TM_HIST_BINS; i++) {
        seen_a += a->bins[i];
        seen_b += b->bins[i];
        double d = (double)seen_a / (double)a->n - (double)seen_b / (double)b->n;
        d = d < 0 ? -d : d;
        largest = d > largest ? d : largest;
    }
    return (unsigned)(largest * 1000 + 0.5);
}
