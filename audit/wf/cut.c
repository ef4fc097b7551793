#include "audit/wf/cut.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/time.h"

/* A segment on its way into its visit; `order` keeps those of one microsecond as captured. */
struct segment {
    size_t visit;
    int64_t t_us;
    uint64_t order;
    uint32_t bytes;
    uint8_t dir;
};

struct tm_cut {
    const struct tm_visits *visits;
    struct segment *v;
    size_t n, cap;
    uint64_t n_packets;
};

int tm_cut_new(struct tm_cut **out, const struct tm_visits *visits)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return TM_ERR_NOMEM;
    (*out)->visits = visits;
    return TM_OK;
}

static int add(struct tm_cut *c, const struct tm_visit *visit, const struct tm_packet *p,
               enum tm_dir dir)
{
    if (tm_grow(&c->v, &c->cap, c->n, sizeof *c->v) != TM_OK)
        return TM_ERR_NOMEM;
    c->v[c->n] = (struct segment){.visit = (size_t)(visit - c->visits->v),
                                  .t_us = p->t_us - visit->from_us,
                                  .order = c->n,
                                  .bytes = p->payload_len,
                                  .dir = (uint8_t)dir};
    c->n++;
    return TM_OK;
}

int tm_cut_packet(struct tm_cut *c, const struct tm_packet *p)
{
    if (p->payload_len == 0)
        return TM_OK;
    c->n_packets++;
    const struct tm_visit *up = tm_visits_find(c->visits, p->src, p->t_us);
    if (up)
        return add(c, up, p, TM_UP);
    const struct tm_visit *down = tm_visits_find(c->visits, p->dst, p->t_us);
    return down ? add(c, down, p, TM_DOWN) : TM_OK;
}

static int compare(const void *x, const void *y)
{
    const struct segment *a = x;
    const struct segment *b = y;
    if (a->visit != b->visit)
        return a->visit < b->visit ? -1 : 1;
    if (a->t_us != b->t_us)
        return a->t_us < b->t_us ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* The visit's segments as packets of a trace. */
static int add_visit(struct tm_trace_set *out, const struct tm_visits *visits, size_t index,
                     const struct segment *s, uint32_t n, struct tm_trace_packet *packets)
{
    const struct tm_visit *visit = &visits->v[index];
    struct tm_trace t = {.start_us = visit->from_us,
                         .duration_us = visit->until_us - visit->from_us,
                         .rtt_us = {TM_NEVER, TM_NEVER}};
    char name[48];
    memcpy(t.client.addr, visit->client, TM_ADDR_LEN);
    for (uint32_t i = 0; i < n; i++) {
        packets[i] = (struct tm_trace_packet){s[i].t_us, s[i].bytes, s[i].dir, true};
        t.new_bytes[s[i].dir] += s[i].bytes;
    }
    (void)snprintf(name, sizeof name, "visit %zu", out->n);
    t.load = (uint32_t)out->n;
    int rc = tm_trace_set_name(
        out, visit->page == TM_VISIT_OTHER ? "-" : visits->names[visit->page], &t.cls);
    if (rc == TM_OK)
        rc = tm_trace_set_name(out, name, &t.session);
    return rc == TM_OK ? tm_trace_set_add(out, &t, packets, n) : rc;
}

static bool is_both_ways(const struct segment *s, size_t n)
{
    bool has[2] = {false, false};
    for (size_t i = 0; i < n; i++)
        has[s[i].dir] = true;
    return has[TM_UP] && has[TM_DOWN];
}

int tm_cut_end(struct tm_cut *c, struct tm_trace_set *out, struct tm_cut_counts *counts)
{
    struct tm_trace_packet *packets = malloc((c->n + 1) * sizeof *packets);
    int rc = packets ? TM_OK : TM_ERR_NOMEM;
    uint32_t n_kept = 0;
    if (c->n > 1)
        qsort(c->v, c->n, sizeof *c->v, compare);
    for (size_t i = 0, end = 0; i < c->n && rc == TM_OK; i = end) {
        while (end < c->n && c->v[end].visit == c->v[i].visit)
            end++;
        if (!is_both_ways(c->v + i, end - i))
            continue;
        rc = add_visit(out, c->visits, c->v[i].visit, c->v + i, (uint32_t)(end - i), packets);
        n_kept++;
    }
    free(packets);
    counts->n_packets += c->n_packets;
    counts->n_outside += c->n_packets - c->n;
    counts->n_visits += (uint32_t)c->visits->n;
    counts->n_silent += (uint32_t)c->visits->n - n_kept;
    return rc;
}

void tm_cut_free(struct tm_cut *c)
{
    if (!c)
        return;
    free(c->v);
    free(c);
}
