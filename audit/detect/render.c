#include "audit/detect/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/detect/donor.h"
#include "audit/detect/draw.h"
#include "tm/base/grow.h"

#define SIZES 65536U

/* ---- cutting ---- */

static uint32_t full_size(const struct tm_trace_set *set, uint32_t source, uint32_t *hits)
{
    uint32_t best = UINT32_MAX;
    memset(hits, 0, SIZES * sizeof *hits);
    for (size_t i = 0; i < set->n; i++) {
        const struct tm_trace_packet *p = tm_trace_packets(set, &set->v[i]);
        if (set->v[i].source != source)
            continue;
        for (uint32_t k = 0; k < set->v[i].n_packets; k++) {
            if (p[k].bytes >= TM_WRITE_FULL_MIN && p[k].bytes < SIZES)
                hits[p[k].bytes]++;
        }
    }
    for (uint32_t b = TM_WRITE_FULL_MIN; b < SIZES; b++) {
        if (hits[b] > 0 && (best == UINT32_MAX || hits[b] > hits[best]))
            best = b;
    }
    return best;
}

static int find_full(struct tm_writes *w, const struct tm_trace_set *set)
{
    uint32_t *hits = calloc(SIZES, sizeof *hits);
    for (size_t i = 0; i < set->n; i++) {
        if (set->v[i].source >= w->n_full)
            w->n_full = set->v[i].source + 1;
    }
    w->full = calloc((size_t)w->n_full + 1, sizeof *w->full);
    if (!hits || !w->full) {
        free(hits);
        return TM_ERR_NOMEM;
    }
    for (uint32_t s = 0; s < w->n_full; s++)
        w->full[s] = full_size(set, s, hits);
    free(hits);
    return TM_OK;
}

static int add_write(struct tm_writes *w, const struct tm_write_cut *c)
{
    if (tm_grow(&w->v, &w->cap, w->n, sizeof *w->v) != TM_OK)
        return TM_ERR_NOMEM;
    w->v[w->n++] = *c;
    return TM_OK;
}

static bool goes_on(const struct tm_trace_packet *before, const struct tm_trace_packet *p,
                    uint32_t full)
{
    return before->dir == p->dir && before->bytes >= full &&
           p->t_us - before->t_us < TM_WRITE_INNER_GAP_US;
}

static int cut_trace(struct tm_writes *w, const struct tm_trace_set *set, uint32_t index)
{
    const struct tm_trace *t = &set->v[index];
    const struct tm_trace_packet *p = tm_trace_packets(set, t);
    int rc = TM_OK;
    for (uint32_t i = 0; rc == TM_OK && i < t->n_packets;) {
        struct tm_write_cut c = {.first = t->first + i, .trace = index, .dir = p[i].dir};
        do {
            c.bytes += p[i++].bytes;
            c.n_segments++;
        } while (i < t->n_packets && goes_on(&p[i - 1], &p[i], w->full[t->source]));
        rc = add_write(w, &c);
    }
    return rc;
}

int tm_writes_cut(struct tm_writes *out, const struct tm_trace_set *set)
{
    *out = (struct tm_writes){.start = calloc(set->n + 1, sizeof *out->start)};
    int rc = out->start ? find_full(out, set) : TM_ERR_NOMEM;
    for (size_t i = 0; rc == TM_OK && i < set->n; i++) {
        out->start[i] = out->n;
        rc = cut_trace(out, set, (uint32_t)i);
    }
    if (rc == TM_OK)
        out->start[set->n] = out->n;
    else
        tm_writes_deinit(out);
    return rc;
}

void tm_writes_deinit(struct tm_writes *w)
{
    free(w->v);
    free(w->start);
    free(w->full);
    *w = (struct tm_writes){0};
}

/* ---- rendering ---- */

struct renderer {
    const struct tm_trace_set *set;
    const struct tm_writes *writes;
    struct tm_donors donors;
    struct tm_rng *rng;
    struct tm_trace_packet *p; /* owned: one connection */
    uint32_t n;
    size_t cap;
};

static int push(struct renderer *r, const struct tm_trace_packet *p)
{
    if (tm_grow(&r->p, &r->cap, r->n, sizeof *r->p) != TM_OK)
        return TM_ERR_NOMEM;
    r->p[r->n++] = *p;
    return TM_OK;
}

/* The gap before segment i > 0, as in the donor; one that is too short repeats its second half. */
static int64_t gap_us(const struct renderer *r, const struct tm_write_cut *donor, uint32_t i)
{
    const struct tm_trace_packet *p = r->set->packets + donor->first;
    uint32_t half = donor->n_segments / 2;
    if (i >= donor->n_segments)
        i = half + (i - donor->n_segments) % (donor->n_segments - half);
    return p[i].t_us - p[i - 1].t_us;
}

/* Segments of one write, the first at t_us. */
static int render_write(struct renderer *r, size_t write, int64_t t_us)
{
    const struct tm_write_cut *c = &r->writes->v[write], *donor = c;
    const struct tm_trace_packet *own = r->set->packets + c->first;
    uint32_t full = r->writes->full[r->set->v[c->trace].source], left = c->bytes;
    if (c->n_segments > 1)
        donor = &r->writes->v[tm_donors_pick(&r->donors, write, r->rng)];
    for (uint32_t i = 0; i < c->n_segments && left > 0; i++) {
        /* Segments that were merged by the capturing machine stay as few as they were. */
        bool is_last = i + 1 == c->n_segments;
        uint32_t bytes = is_last || left < full ? left : own[i].bytes > full ? own[i].bytes : full;
        bytes = bytes < left ? bytes : left;
        t_us += i > 0 ? gap_us(r, donor, i) : 0;
        struct tm_trace_packet p = {
            .t_us = t_us, .bytes = bytes, .dir = c->dir, .is_new = own->is_new};
        int rc = push(r, &p);
        if (rc != TM_OK)
            return rc;
        left -= bytes;
    }
    return TM_OK;
}

/* Gaps before writes and after the last one are kept. */
static int render_trace(struct renderer *r, struct tm_trace_set *out, uint32_t index,
                        uint32_t session)
{
    struct tm_trace t = r->set->v[index];
    const struct tm_trace_packet *old = tm_trace_packets(r->set, &t);
    int64_t end_us = 0, old_end_us = 0;
    int rc = TM_OK;
    r->n = 0;
    for (size_t i = r->writes->start[index]; rc == TM_OK && i < r->writes->start[index + 1]; i++) {
        const struct tm_write_cut *c = &r->writes->v[i];
        const struct tm_trace_packet *p = r->set->packets + c->first;
        rc = render_write(r, i, end_us + p->t_us - old_end_us);
        if (rc == TM_OK && r->n > 0)
            end_us = r->p[r->n - 1].t_us;
        old_end_us = p[c->n_segments - 1].t_us;
    }
    if (rc != TM_OK)
        return rc;
    int64_t last_us = t.n_packets > 0 ? old[t.n_packets - 1].t_us : 0;
    t.duration_us = end_us + (t.duration_us > last_us ? t.duration_us - last_us : 0);
    t.session = session;
    return tm_trace_set_add(out, &t, r->p, r->n);
}

static int render_once(struct renderer *r, struct tm_trace_set *out)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < r->set->n; i++)
        rc = render_trace(r, out, (uint32_t)i, r->set->v[i].session);
    return rc;
}

/* Connections by session: rows of one session stand together. */
static int by_session(const void *a, const void *b, void *ctx)
{
    const struct tm_trace_set *set = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    uint32_t x = set->v[i].session, y = set->v[j].session;
    return x != y ? (x < y ? -1 : 1) : i < j ? -1 : i > j;
}

static int render_drawn(struct renderer *r, struct tm_trace_set *out, uint32_t n)
{
    struct tm_trace_set set = *r->set; /* qsort_r wants a pointer that is not const */
    uint32_t *row = calloc(set.n + 1, sizeof *row), *first = calloc(set.n + 2, sizeof *first);
    uint32_t n_sessions = 0, session = 0;
    int rc = row && first ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < set.n; i++)
        row[i] = i;
    if (rc == TM_OK)
        qsort_r(row, set.n, sizeof *row, by_session, &set);
    for (uint32_t i = 0; rc == TM_OK && i < set.n; i++) {
        if (i == 0 || set.v[row[i]].session != set.v[row[i - 1]].session)
            first[n_sessions++] = i;
    }
    if (rc == TM_OK)
        first[n_sessions] = (uint32_t)set.n;
    for (uint32_t drawn = 0; rc == TM_OK && n_sessions > 0 && out->n < n; drawn++) {
        char name[32];
        uint32_t s = tm_draw_below(r->rng, n_sessions);
        (void)snprintf(name, sizeof name, "drawn %" PRIu32, drawn);
        rc = tm_trace_set_name(out, name, &session);
        for (uint32_t i = first[s]; rc == TM_OK && i < first[s + 1] && out->n < n; i++)
            rc = render_trace(r, out, row[i], session);
    }
    free(row);
    free(first);
    return rc;
}

int tm_render(struct tm_trace_set *out, const struct tm_trace_set *set,
              const struct tm_writes *writes, enum tm_render_draw draw, uint32_t n,
              struct tm_rng *rng)
{
    struct renderer r = {.set = set, .writes = writes, .rng = rng};
    uint32_t index = 0;
    int rc = tm_donors_init(&r.donors, writes, set);
    for (uint32_t i = 0; rc == TM_OK && i < set->n_names; i++)
        rc = tm_trace_set_name(out, set->names[i], &index); /* the same indices as in set */
    if (rc == TM_OK)
        rc = draw == TM_RENDER_ONCE ? render_once(&r, out) : render_drawn(&r, out, n);
    tm_donors_deinit(&r.donors);
    free(r.p);
    return rc;
}
