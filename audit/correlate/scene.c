#include "audit/correlate/scene.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/grow.h"

/* ---- building ---- */

int tm_scene_add(struct tm_scene *s, enum tm_scene_side side, uint32_t tunnel,
                 const struct tm_scene_packet *v, uint32_t n, uint32_t *out)
{
    bool is_flow = side == TM_SCENE_FLOW;
    struct tm_scene_line **lines = is_flow ? &s->flows : &s->carriers;
    uint32_t *n_lines = is_flow ? &s->n_flows : &s->n_carriers;
    int rc = tm_grow(lines, is_flow ? &s->cap_flows : &s->cap_carriers, *n_lines, sizeof **lines);
    if (rc != TM_OK)
        return rc;
    struct tm_scene_line l = {.v = malloc(n * sizeof *l.v), .n = n, .tunnel = tunnel};
    if (!l.v)
        return TM_ERR_NOMEM;
    memcpy(l.v, v, n * sizeof *l.v);
    for (uint32_t i = 0; i < n; i++)
        l.bytes[v[i].dir] += v[i].bytes;
    *out = *n_lines;
    (*lines)[(*n_lines)++] = l;
    if (tunnel >= s->n_tunnels)
        s->n_tunnels = tunnel + 1;
    return TM_OK;
}

int tm_scene_share(struct tm_scene *s, uint32_t flow, uint32_t carrier, uint64_t bytes)
{
    if (tm_grow(&s->shares, &s->cap_shares, s->n_shares, sizeof *s->shares) != TM_OK)
        return TM_ERR_NOMEM;
    s->shares[s->n_shares++] = (struct tm_scene_share){flow, carrier, bytes};
    return TM_OK;
}

void tm_scene_delay(struct tm_scene *s, int64_t delay_us)
{
    for (uint32_t c = 0; c < s->n_carriers; c++) {
        struct tm_scene_line *l = &s->carriers[c];
        for (uint32_t i = 0; i < l->n; i++)
            l->v[i].t_us += l->v[i].dir == TM_UP ? delay_us : -delay_us;
    }
}

/* ---- finishing ---- */

/* By time, and beyond it by size and direction: the order of equal times does not depend on who gave them. */
static int by_time(const void *x, const void *y)
{
    const struct tm_scene_packet *a = x;
    const struct tm_scene_packet *b = y;
    if (a->t_us != b->t_us)
        return a->t_us < b->t_us ? -1 : 1;
    if (a->dir != b->dir)
        return a->dir < b->dir ? -1 : 1;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

static void sort_all(struct tm_scene_line *v, uint32_t n, int64_t *first)
{
    for (uint32_t i = 0; i < n; i++) {
        qsort(v[i].v, v[i].n, sizeof *v[i].v, by_time);
        if (tm_scene_first_us(&v[i]) < *first)
            *first = tm_scene_first_us(&v[i]);
    }
}

static void shift_all(struct tm_scene_line *v, uint32_t n, int64_t by_us)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < v[i].n; k++)
            v[i].v[k].t_us -= by_us;
    }
}

static int add_up(const struct tm_scene *s, uint32_t tunnel, struct tm_scene_line *sum)
{
    size_t n = 0;
    *sum = (struct tm_scene_line){.tunnel = tunnel};
    for (uint32_t c = 0; c < s->n_carriers; c++)
        n += s->carriers[c].tunnel == tunnel ? s->carriers[c].n : 0;
    if (n == 0)
        return TM_OK;
    size_t bytes = 0;
    if (n > UINT32_MAX || !tm_mul_ok(n, sizeof *sum->v, &bytes) || !(sum->v = malloc(bytes)))
        return TM_ERR_NOMEM;
    for (uint32_t c = 0; c < s->n_carriers; c++) {
        const struct tm_scene_line *l = &s->carriers[c];
        if (l->tunnel != tunnel)
            continue;
        memcpy(sum->v + sum->n, l->v, l->n * sizeof *l->v);
        sum->n += l->n;
        sum->bytes[TM_UP] += l->bytes[TM_UP];
        sum->bytes[TM_DOWN] += l->bytes[TM_DOWN];
    }
    qsort(sum->v, sum->n, sizeof *sum->v, by_time);
    return TM_OK;
}

static int by_flow(const void *x, const void *y)
{
    const struct tm_scene_share *a = x;
    const struct tm_scene_share *b = y;
    if (a->flow != b->flow)
        return a->flow < b->flow ? -1 : 1;
    return a->carrier < b->carrier ? -1 : a->carrier > b->carrier;
}

/* Sorts the shares and adds up those of one pair; one that is not known makes the sum unknown. */
static void merge_shares(struct tm_scene *s)
{
    uint32_t n = 0;
    if (s->n_shares > 1)
        qsort(s->shares, s->n_shares, sizeof *s->shares, by_flow);
    s->has_bytes = s->n_shares > 0;
    for (uint32_t i = 0; i < s->n_shares; i++) {
        struct tm_scene_share *was = n > 0 ? &s->shares[n - 1] : NULL;
        s->has_bytes &= s->shares[i].bytes > 0;
        if (was && by_flow(was, &s->shares[i]) == 0)
            was->bytes =
                was->bytes > 0 && s->shares[i].bytes > 0 ? was->bytes + s->shares[i].bytes : 0;
        else
            s->shares[n++] = s->shares[i];
    }
    s->n_shares = n;
}

int tm_scene_finish(struct tm_scene *s)
{
    int64_t first = INT64_MAX;
    int rc = TM_OK;
    sort_all(s->flows, s->n_flows, &first);
    sort_all(s->carriers, s->n_carriers, &first);
    if (first != INT64_MAX) {
        shift_all(s->flows, s->n_flows, first);
        shift_all(s->carriers, s->n_carriers, first);
    }
    merge_shares(s);
    s->sums = calloc((size_t)s->n_tunnels + 1, sizeof *s->sums);
    if (!s->sums)
        return TM_ERR_NOMEM;
    for (uint32_t t = 0; t < s->n_tunnels && rc == TM_OK; t++)
        rc = add_up(s, t, &s->sums[t]);
    return rc;
}

static void free_lines(struct tm_scene_line *v, uint32_t n)
{
    for (uint32_t i = 0; v && i < n; i++)
        free(v[i].v);
    free(v);
}

void tm_scene_deinit(struct tm_scene *s)
{
    free_lines(s->flows, s->n_flows);
    free_lines(s->carriers, s->n_carriers);
    free_lines(s->sums, s->n_tunnels);
    free(s->shares);
    *s = (struct tm_scene){0};
}

uint32_t tm_scene_at(const struct tm_scene_line *l, int64_t t_us)
{
    uint32_t lo = 0;
    uint32_t hi = l->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (l->v[mid].t_us < t_us)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
