#include "audit/interference/offsets.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/invariant.h"
#include "tm/base/time.h"

static const char *const DIR_TEXT[] = {"up", "down"};

struct compare {
    struct tm_offsets *o;
    const struct tm_run *run[2];
    const struct tm_run_conn *conn[2];
};

static __attribute__((format(printf, 2, 3))) void differ(struct compare *c, const char *fmt, ...)
{
    va_list args;
    if (c->o->is_different)
        return;
    c->o->is_different = true;
    int n = snprintf(c->o->text, sizeof c->o->text, "%.80s against %.80s: ", c->run[0]->capture,
                     c->run[1]->capture);
    va_start(args, fmt);
    (void)vsnprintf(c->o->text + n, sizeof c->o->text - (size_t)n, fmt, args);
    va_end(args);
}

static void name_of(const struct compare *c, char out[80])
{
    const struct tm_run_conn *k = c->conn[0];
    if (k->carrier == UINT32_MAX)
        (void)snprintf(out, 80, "connection %" PRIu64, k->index + 1);
    else
        (void)snprintf(out, 80, "src=%" PRIu32 " user=%" PRIu32 " index=%" PRIu64, k->src, k->user,
                       k->index);
}

static const struct tm_wire_conn *wire(const struct compare *c, int side)
{
    return &c->run[side]->view.conns[c->conn[side]->conn];
}

static const struct tm_trace *trace(const struct compare *c, int side)
{
    return &c->run[side]->traces.v[c->conn[side]->trace];
}

/* ---- By log ---- */

static const struct tm_sched_carrier *carrier(const struct compare *c, int side)
{
    return &c->run[side]->schedule.carriers[c->conn[side]->carrier];
}

/* Bytes behind the last write of a carrier that ended as planned. */
static void check_rest(struct compare *c, const uint64_t end[2], uint32_t n_writes)
{
    char name[80];
    for (int s = 0; s < 2; s++) {
        const struct tm_sched_carrier *k = carrier(c, s);
        if (!tm_sched_carrier_is_planned(k) || k->n_writes != n_writes)
            continue;
        for (int d = 0; d < 2; d++) {
            if (wire(c, s)->half[d].high <= end[d])
                continue;
            name_of(c, name);
            differ(c, "%s: %" PRIu64 " bytes %s behind the last write in the %s", name,
                   wire(c, s)->half[d].high - end[d], DIR_TEXT[d], s == 0 ? "first" : "second");
        }
    }
}

static void compare_logged(struct compare *c)
{
    uint64_t end[2] = {0, 0};
    uint64_t before = c->o->n_offsets;
    char name[80];
    uint32_t i = 0;
    for (;; i++) {
        const struct tm_sched_carrier *k[2] = {carrier(c, 0), carrier(c, 1)};
        if (i >= k[0]->n_writes || i >= k[1]->n_writes || !k[0]->writes[i].is_known ||
            !k[1]->writes[i].is_known)
            break;
        const struct tm_write *w[2] = {&k[0]->writes[i].w, &k[1]->writes[i].w};
        bool is_equal = w[0]->dir == w[1]->dir && w[0]->size == w[1]->size &&
                        w[0]->ref_back == w[1]->ref_back && w[0]->gap_us == w[1]->gap_us;
        unsigned d = w[0]->dir;
        uint64_t from = end[d];
        end[d] += w[0]->size;
        if (!is_equal) {
            c->o->n_offsets++;
            name_of(c, name);
            differ(c,
                   "%s write=%" PRIu32 ": %s to %" PRIu64 " in the first, %s size %" PRIu32
                   " in the second",
                   name, i, DIR_TEXT[d], end[d], DIR_TEXT[w[1]->dir], w[1]->size);
            break;
        }
        bool is_seen = tm_wire_half_unseen(&wire(c, 0)->half[d], from, end[d]) == 0 &&
                       tm_wire_half_unseen(&wire(c, 1)->half[d], from, end[d]) == 0;
        c->o->n_offsets += is_seen;
        c->o->n_equal += is_seen;
        c->o->n_unseen += !is_seen;
    }
    check_rest(c, end, i);
    c->o->n_pairs += c->o->n_offsets > before;
}

/* ---- By what the wire shows ---- */

struct turn {
    uint64_t offset; /* of its direction, when the other begins */
    uint8_t dir;
};

/* The offsets at which the direction changes, in the order in which the bytes could be delivered, and the last of all.  *n of
 * them, for the caller to free; NULL without memory. */
static struct turn *turns_of(const struct tm_wire_conn *conn, size_t *n)
{
    const struct tm_wire_half *h = conn->half;
    struct turn *t = malloc((h[0].n_runs + h[1].n_runs + 1) * sizeof *t);
    size_t at[2] = {0, 0};
    int64_t now_us[2] = {INT64_MIN, INT64_MIN};
    *n = 0;
    while (t && (at[0] < h[0].n_runs || at[1] < h[1].n_runs)) {
        for (int d = 0; d < 2; d++) {
            if (at[d] < h[d].n_runs)
                now_us[d] = tm_max_us(now_us[d], h[d].runs[at[d]].t_us);
        }
        /* At equal times the direction goes on. */
        uint8_t last = *n > 0 ? t[*n - 1].dir : 0;
        uint8_t dir = at[last] < h[last].n_runs &&
                              (at[!last] == h[!last].n_runs || now_us[last] <= now_us[!last])
                          ? last
                          : !last;
        if (*n == 0 || dir != last)
            t[(*n)++].dir = dir;
        t[*n - 1].offset = h[dir].runs[at[dir]].end;
        at[dir]++;
    }
    return t;
}

static void differ_at(struct compare *c, struct turn *const t[2], const size_t n[2], size_t i)
{
    char name[80];
    char text[2][48];
    for (int s = 0; s < 2; s++) {
        if (i < n[s])
            (void)snprintf(text[s], sizeof text[s], "%s to %" PRIu64, DIR_TEXT[t[s][i].dir],
                           t[s][i].offset);
        else
            (void)snprintf(text[s], sizeof text[s], "nothing");
    }
    name_of(c, name);
    differ(c, "%s turn %zu: %s in the first, %s in the second%s", name, i + 1, text[0], text[1],
           c->run[0]->n_logs == 0 ? " (several users' connections change places: give --log)" : "");
}

static bool is_same_turn(struct turn *const t[2], const size_t n[2], size_t i)
{
    return i < n[0] && i < n[1] && t[0][i].dir == t[1][i].dir && t[0][i].offset == t[1][i].offset;
}

static int compare_turns(struct compare *c)
{
    size_t n[2] = {0, 0};
    struct turn *t[2] = {turns_of(wire(c, 0), &n[0]), turns_of(wire(c, 1), &n[1])};
    int rc = t[0] && t[1] ? TM_OK : TM_ERR_NOMEM;
    bool is_whole[2];
    for (int s = 0; s < 2; s++) {
        is_whole[s] = tm_trace_is_complete(trace(c, s));
        if (!is_whole[s] && n[s] > 0)
            n[s]--; /* it may have gone on */
    }
    for (size_t i = 0; rc == TM_OK && (i < n[0] || i < n[1]); i++) {
        if ((i >= n[0] && !is_whole[0]) || (i >= n[1] && !is_whole[1]))
            break;
        c->o->n_offsets++;
        if (is_same_turn(t, n, i))
            c->o->n_equal++;
        else
            differ_at(c, t, n, i);
    }
    c->o->n_pairs += rc == TM_OK && (n[0] > 0 || n[1] > 0);
    free(t[0]);
    free(t[1]);
    return rc;
}

/* ---- Both ---- */

static void compare_segments(struct compare *c)
{
    const struct tm_trace *t[2] = {trace(c, 0), trace(c, 1)};
    if (!tm_trace_is_complete(t[0]) || !tm_trace_is_complete(t[1]))
        return;
    const struct tm_trace_packet *p[2];
    bool is_alike = t[0]->n_packets == t[1]->n_packets;
    for (int s = 0; s < 2; s++)
        p[s] = tm_trace_packets(&c->run[s]->traces, t[s]);
    for (uint32_t i = 0; is_alike && i < t[0]->n_packets; i++)
        is_alike = p[0][i].dir == p[1][i].dir && p[0][i].bytes == p[1][i].bytes;
    c->o->n_segmented++;
    c->o->n_segmented_alike += is_alike;
}

static int compare_pair(struct compare *c, bool by_log)
{
    int rc = TM_OK;
    for (int s = 0; s < 2; s++) {
        if (c->conn[s]->conn == TM_WIRE_NONE || c->conn[s]->trace == UINT32_MAX)
            return TM_OK;
    }
    if (by_log)
        compare_logged(c);
    else
        rc = compare_turns(c);
    compare_segments(c);
    return rc;
}

/* Openings, closes, and carriers that one of the plans lacks: what audit/invariant.h knows of. */
static int compare_plans(struct compare *c)
{
    struct tm_invariant_result r;
    int rc = tm_invariant_compare(&r, &c->run[0]->schedule, &c->run[1]->schedule);
    if (rc == TM_OK && r.is_different)
        differ(c, "%s", r.text);
    return rc;
}

int tm_offsets_compare(struct tm_offsets *o, const struct tm_run *a, const struct tm_run *b)
{
    struct compare c = {.o = o, .run = {a, b}};
    struct tm_run_pair *pairs = NULL;
    uint32_t n = 0;
    bool by_log = tm_run_has_log(a) && tm_run_has_log(b);
    int rc = tm_run_pairs(a, b, &pairs, &n);
    for (uint32_t i = 0; rc == TM_OK && i < n; i++) {
        c.conn[0] = &a->conns[pairs[i].at[0]];
        c.conn[1] = &b->conns[pairs[i].at[1]];
        rc = compare_pair(&c, by_log);
    }
    if (rc == TM_OK && by_log)
        rc = compare_plans(&c);
    o->n_runs++;
    free(pairs);
    return rc;
}
