#include "audit/conform.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/conform_impl.h"
#include "tm/base/time.h"

#define NEAR_US       1000 /* a capture this close behind the sender's log was taken at the sender */
#define FIN_TRAVEL_US (2 * TM_US_PER_S)

struct tm_conform_cfg tm_conform_cfg_default(void)
{
    return (struct tm_conform_cfg){.tolerance_us = 10, .held_us = 5 * TM_US_PER_MS};
}

/* NOLINTNEXTLINE(readability-function-size): the fields of a difference, then printf's arguments */
void tm_judge_differ(struct tm_judge *j, enum tm_conform_kind kind, int64_t carrier, int64_t write,
                     int64_t expected, int64_t seen, const char *fmt, ...)
{
    struct tm_conform *r = j->r;
    r->n_kind[kind]++;
    if (r->n_diffs++ >= TM_CONFORM_DIFFS_MAX)
        return;
    struct tm_conform_diff *d = &r->diffs[r->n_diffs - 1];
    *d = (struct tm_conform_diff){kind, carrier, write, expected, seen, ""};
    int n = 0;
    if (carrier >= 0)
        n = snprintf(d->text, sizeof d->text, "carrier %" PRId64, carrier);
    if (write >= 0)
        n += snprintf(d->text + n, sizeof d->text - (size_t)n, " write %" PRId64, write);
    if (n > 0)
        n += snprintf(d->text + n, sizeof d->text - (size_t)n, ": ");
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(d->text + n, sizeof d->text - (size_t)n, fmt, ap);
    va_end(ap);
}

/* ---- when and how far a carrier is judged ---- */

/* The last time that the sender's log, or else the receiver's, gives for the write; capture's clock. */
static int64_t write_done_wall(const struct tm_judge *j, const struct tm_sched_write *w)
{
    enum tm_side sender = tm_judge_sender(w->w.dir);
    return w->is_sent ? tm_judge_wall(j, sender, w->last_us)
                      : tm_judge_wall(j, (enum tm_side) !sender, w->at_us);
}

/* The end, client's log first; capture's clock. */
static int64_t end_wall(const struct tm_judge *j, const struct tm_sched_carrier *c)
{
    return c->has_end[TM_CLIENT] ? tm_judge_wall(j, TM_CLIENT, c->end_us[TM_CLIENT])
                                 : tm_judge_wall(j, TM_SERVER, c->end_us[TM_SERVER]);
}

static uint32_t end_writes(const struct tm_sched_carrier *c)
{
    return c->has_end[TM_CLIENT] ? c->end_writes[TM_CLIENT] : c->end_writes[TM_SERVER];
}

/* Payload bytes that the other side acknowledged: the FIN counts as one more, unless it was not captured. */
static uint64_t acked_bytes(const struct tm_wire_half *h)
{
    return h->fin_us != TM_NEVER && h->acked > h->fin_offset ? h->fin_offset : h->acked;
}

/* Its end is in the capture: both FINs or a RST, or the capture goes on behind it.  The client logs the end when
 * it has the server's FIN; when the server logs it, that FIN is on its way, and may be lost once. */
static bool is_end_captured(const struct tm_judge *j, const struct tm_subject *x)
{
    const struct tm_wire_half *h = x->conn->half;
    int64_t travel_us = x->c->has_end[TM_CLIENT] ? 0 : FIN_TRAVEL_US;
    if (h[TM_UP].rst_us != TM_NEVER || h[TM_DOWN].rst_us != TM_NEVER ||
        (h[TM_UP].fin_us != TM_NEVER && h[TM_DOWN].fin_us != TM_NEVER))
        return true;
    return end_wall(j, x->c) + travel_us <= j->v->last_us;
}

/* Every byte of [start, end) was seen, or acknowledged and so transmitted.  A byte that was neither may have been
 * lost before the capture: whether it came is known only when it is sent again. */
static bool is_delivered(const struct tm_wire_half *h, uint64_t start, uint64_t end)
{
    uint64_t acked = acked_bytes(h);
    return !h->has_isn || end <= acked ||
           tm_wire_half_unseen(h, start > acked ? start : acked, end) == 0;
}

static bool is_all_delivered(const struct tm_subject *x)
{
    uint64_t total[2] = {0, 0};
    for (uint32_t i = 0; i < tm_sched_carrier_prefix(x->c); i++)
        total[x->c->writes[i].w.dir] += x->c->writes[i].w.size;
    return is_delivered(&x->conn->half[TM_UP], 0, total[TM_UP]) &&
           is_delivered(&x->conn->half[TM_DOWN], 0, total[TM_DOWN]);
}

/* Both FINs were sent, and one that the other side has not acknowledged was lost perhaps. */
static bool is_fin_under_way(const struct tm_subject *x)
{
    const struct tm_wire_half *up = &x->conn->half[TM_UP], *down = &x->conn->half[TM_DOWN];
    return up->fin_us != TM_NEVER && down->fin_us != TM_NEVER &&
           (up->acked <= up->fin_offset || down->acked <= down->fin_offset);
}

/* Its end cannot be judged: an end of the tunnel was stopped, and reset it, before TCP had sent again what was lost. */
static bool is_stopped(const struct tm_judge *j, const struct tm_subject *x)
{
    int64_t rst_us = tm_min_us(x->conn->half[TM_UP].rst_us, x->conn->half[TM_DOWN].rst_us);
    return rst_us != TM_NEVER && rst_us >= tm_judge_log_end(j) && !tm_judge_is_reset(x) &&
           (!is_all_delivered(x) || is_fin_under_way(x));
}

/* Sets n_judged, total and is_whole; a partial carrier is cut where the wire or the capture ends, or where TCP still
 * had to send again. */
static void set_extent(struct tm_judge *j, struct tm_subject *x)
{
    const struct tm_sched_carrier *c = x->c;
    uint32_t prefix = tm_sched_carrier_prefix(c);
    x->is_whole = tm_sched_carrier_is_planned(c) && is_end_captured(j, x);
    x->is_whole = x->is_whole && !is_stopped(j, x); /* is_reset asks whether it is whole so far */
    if (x->is_whole && (prefix < c->n_writes || prefix != end_writes(c)))
        tm_judge_differ(j, TM_DIFF_LOG_HOLE, x->number, prefix, end_writes(c), prefix,
                        "is missing in the log: expected %" PRIu32 " writes, seen %" PRIu32,
                        end_writes(c), prefix);
    for (uint32_t i = 0; i < prefix; i++) {
        const struct tm_sched_write *w = &c->writes[i];
        uint64_t start = x->total[w->w.dir], end = start + w->w.size;
        if (!x->is_whole && (write_done_wall(j, w) > j->v->last_us ||
                             !is_delivered(&x->conn->half[w->w.dir], start, end)))
            break;
        x->total[w->w.dir] = end;
        x->n_judged = i + 1;
    }
}

static void set_handshake(struct tm_subject *x)
{
    uint32_t n = x->n_judged;
    x->flight = 0;
    while (x->flight < n && x->c->writes[x->flight].w.dir != TM_DOWN)
        x->flight++;
    x->fin = x->flight;
    while (x->fin < n && x->c->writes[x->fin].w.dir != TM_UP)
        x->fin++;
}

/* ---- offsets ---- */

/* A write on the wire. */
struct place {
    uint32_t i;
    uint64_t start, end;
    const struct tm_wire_run *first, *last; /* runs of its first and last byte; NULL: not seen */
    int64_t due_wall;                       /* as the log or the plan says; INT64_MIN: unknown */
    int64_t seen_due_wall; /* the bytes it answers, as the capture saw them, plus gap */
    bool has_due;          /* from the sender's log */
};

/* Due time, and (for writes that run from this one) the earliest end; both on the capture's clock. */
static void set_due(struct tm_judge *j, const struct tm_subject *x, struct place *p)
{
    const struct tm_sched_write *w = &x->c->writes[p->i];
    enum tm_side sender = tm_judge_sender(w->w.dir);
    uint32_t ref = p->i - w->w.ref_back;
    int64_t event = w->w.ref_back == 0 ? x->conn->syn_us : j->earliest[ref];
    bool is_answer = w->w.ref_back > 0 && x->c->writes[ref].w.dir != w->w.dir;
    p->has_due = w->is_sent;
    p->due_wall = w->is_sent           ? tm_judge_wall(j, sender, w->due_us)
                  : event == INT64_MIN ? INT64_MIN
                                       : event + w->w.gap_us;
    p->seen_due_wall =
        is_answer && j->seen[ref] != INT64_MIN ? j->seen[ref] + w->w.gap_us : INT64_MIN;
    j->earliest[p->i] = w->is_sent ? tm_judge_wall(j, sender, w->last_us) : p->due_wall;
    j->seen[p->i] = p->last ? p->last->t_us : INT64_MIN;
}

static bool is_early(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    int64_t due = tm_max_us(p->due_wall, p->seen_due_wall);
    if (!p->first || due == INT64_MIN || p->first->t_us >= due - j->cfg->tolerance_us)
        return false;
    unsigned dir = x->c->writes[p->i].w.dir;
    uint64_t sent =
        tm_wire_half_sent_before(&x->conn->half[dir], p->start, due - j->cfg->tolerance_us);
    tm_judge_differ(j, TM_DIFF_EARLY, x->number, p->i, (int64_t)p->start, (int64_t)sent,
                    "%s, early by %" PRId64 " us: expected %" PRIu64
                    " bytes before it is due, seen %" PRIu64,
                    tm_judge_dir_text(dir), due - p->first->t_us, p->start, sent);
    return true;
}

/* event + gap, but not before the sender's write before it was due (doc/DESIGN.md sec. 2). */
static int64_t due_by_rule(const struct tm_subject *x, uint32_t i)
{
    const struct tm_sched_write *w = x->c->writes;
    uint32_t before = i;
    while (before > 0 && w[before - 1].w.dir != w[i].w.dir)
        before--;
    int64_t due_us = w[i].event_us + w[i].w.gap_us;
    return before > 0 && w[before - 1].is_sent ? tm_max_us(due_us, w[before - 1].due_us) : due_us;
}

/* The sender's log contradicts itself. */
static bool is_misdated(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    const struct tm_sched_write *w = &x->c->writes[p->i];
    if (!w->is_sent || w->due_us == due_by_rule(x, p->i))
        return false;
    tm_judge_differ(j, TM_DIFF_LOG_DUE, x->number, p->i, due_by_rule(x, p->i), w->due_us,
                    "%s, due in the log is not event + gap: expected %" PRId64 ", seen %" PRId64,
                    tm_judge_dir_text(w->w.dir), due_by_rule(x, p->i), w->due_us);
    return true;
}

static bool is_held(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    const struct tm_sched_write *w = &x->c->writes[p->i];
    const struct tm_wire_run *run = p->last;
    if (!run || !w->is_sent || run->start <= p->start || run->end <= p->end ||
        run->free_us == TM_NEVER || j->r->path_us[w->w.dir] > NEAR_US)
        return false;
    int64_t since_us =
        tm_max_us(run->free_us, tm_judge_wall(j, tm_judge_sender(w->w.dir), w->last_us));
    if (run->t_us - since_us <= j->cfg->held_us)
        return false;
    tm_judge_differ(j, TM_DIFF_HELD, x->number, p->i, (int64_t)p->end, (int64_t)run->start,
                    "%s, its end was held back %" PRId64
                    " us and left with the next write: expected %" PRIu64 " bytes, seen %" PRIu64,
                    tm_judge_dir_text(w->w.dir), run->t_us - since_us, p->end, run->start);
    return true;
}

/* All of the write is there.  What is not was either acknowledged, so sent and not captured, or did not come. */
static bool is_complete(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    unsigned dir = x->c->writes[p->i].w.dir;
    const struct tm_wire_half *h = &x->conn->half[dir];
    uint64_t unseen = tm_wire_half_unseen(h, p->start, p->end);
    if (unseen == 0)
        return true;
    uint64_t seen = p->end - p->start - unseen;
    if (is_delivered(h, p->start, p->end)) {
        j->r->unseen_bytes[dir] += unseen;
        tm_judge_differ(
            j, TM_DIFF_UNSEEN, x->number, p->i, (int64_t)(p->end - p->start), (int64_t)seen,
            "%s: expected %" PRIu64 " bytes, seen %" PRIu64 ": the capture dropped packets",
            tm_judge_dir_text(dir), p->end - p->start, seen);
    } else {
        tm_judge_differ(
            j, TM_DIFF_SHORT, x->number, p->i, (int64_t)(p->end - p->start), (int64_t)seen,
            "%s: expected %" PRIu64 " bytes, seen %" PRIu64 ", and the rest was not acknowledged",
            tm_judge_dir_text(dir), p->end - p->start, seen);
    }
    return false;
}

/* Bytes behind the last planned write. */
static bool has_excess(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    unsigned dir = x->c->writes[p->i].w.dir;
    const struct tm_wire_half *h = &x->conn->half[dir];
    if (!x->is_whole || p->end != x->total[dir] || h->high <= p->end)
        return false;
    tm_judge_differ(j, TM_DIFF_EXCESS, x->number, p->i, (int64_t)p->end, (int64_t)h->high,
                    "%s, the last one: expected %" PRIu64 " bytes in all, seen %" PRIu64,
                    tm_judge_dir_text(dir), p->end, h->high);
    return true;
}

/* Why it was late, by its sender's log. */
static void add_slip(struct tm_judge *j, const struct tm_sched_write *w)
{
    bool is_slip = w->first_us - w->due_us > TM_SLIP_US || w->last_us - w->first_us > TM_SLIP_US;
    if (w->slip != TM_SLIP_NONE)
        j->r->n_slips[w->w.dir][w->slip]++;
    else if (is_slip)
        j->r->n_unexplained[w->w.dir]++;
}

static int add_lateness(struct tm_judge *j, const struct tm_subject *x, const struct place *p)
{
    const struct tm_sched_write *w = &x->c->writes[p->i];
    if (!w->is_sent)
        return TM_OK;
    add_slip(j, w);
    bool is_handshake = p->i == 0 || p->i == x->flight || p->i == x->fin;
    struct tm_sample(*late)[2] =
        j->r->late_us[is_handshake ? TM_LATE_HANDSHAKE : TM_LATE_REST][w->w.dir];
    int rc = tm_sample_add(&late[TM_LATE_LOG][TM_LATE_FIRST], w->first_us - w->due_us);
    if (rc == TM_OK)
        rc = tm_sample_add(&late[TM_LATE_LOG][TM_LATE_LAST], w->last_us - w->due_us);
    if (rc == TM_OK && p->first)
        rc = tm_sample_add(&late[TM_LATE_CAPTURE][TM_LATE_FIRST], p->first->t_us - p->due_wall);
    if (rc == TM_OK && p->last)
        rc = tm_sample_add(&late[TM_LATE_CAPTURE][TM_LATE_LAST], p->last->t_us - p->due_wall);
    return rc;
}

static int judge_write(struct tm_judge *j, const struct tm_subject *x, struct place *p)
{
    unsigned dir = x->c->writes[p->i].w.dir;
    const struct tm_wire_half *h = &x->conn->half[dir];
    p->first = tm_wire_half_at(h, p->start);
    p->last = tm_wire_half_at(h, p->end - 1);
    set_due(j, x, p);
    /* Each of them reports what it finds: all are asked. */
    bool is_bad = is_misdated(j, x, p);
    is_bad |= is_early(j, x, p);
    is_bad |= is_held(j, x, p);
    is_bad |= !is_complete(j, x, p);
    is_bad |= has_excess(j, x, p);
    j->r->n_offsets[dir]++;
    j->r->n_exact[dir] += !is_bad;
    j->r->n_bound[dir] += !p->has_due;
    return add_lateness(j, x, p);
}

static int judge_offsets(struct tm_judge *j, const struct tm_subject *x)
{
    if (x->n_judged > j->cap_scratch) {
        free(j->earliest);
        free(j->seen);
        j->earliest = calloc(x->n_judged, sizeof *j->earliest);
        j->seen = calloc(x->n_judged, sizeof *j->seen);
        j->cap_scratch = x->n_judged;
        if (!j->earliest || !j->seen)
            return TM_ERR_NOMEM;
    }
    uint64_t offset[2] = {0, 0};
    for (uint32_t i = 0; i < x->n_judged; i++) {
        const struct tm_write *w = &x->c->writes[i].w;
        struct place p = {.i = i, .start = offset[w->dir], .end = offset[w->dir] + w->size};
        int rc = judge_write(j, x, &p);
        if (rc != TM_OK)
            return rc;
        offset[w->dir] = p.end;
    }
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_half *h = &x->conn->half[d];
        j->r->bytes[d] += h->high - tm_wire_half_unseen(h, 0, h->high);
        j->r->retrans_bytes[d] += h->retrans_bytes;
        j->r->n_retrans[d] += h->n_retrans;
        if (!x->is_whole && h->high > x->total[d])
            j->r->beyond_bytes[d] += h->high - x->total[d];
        else if (x->is_whole && x->total[d] == 0 && h->high > 0)
            tm_judge_differ(j, TM_DIFF_EXCESS, x->number, -1, 0, (int64_t)h->high,
                            "%s: expected no bytes, seen %" PRIu64, tm_judge_dir_text((unsigned)d),
                            h->high);
    }
    return TM_OK;
}

/* ---- one carrier ---- */

/* The writes of a carrier that should be in the capture and is not: none of their offsets is exact. */
static void count_missing(struct tm_judge *j, const struct tm_sched_carrier *c)
{
    for (uint32_t i = 0; i < c->n_writes && c->writes[i].is_known; i++)
        j->r->n_offsets[c->writes[i].w.dir]++;
}

static void count_absent(struct tm_judge *j, const struct tm_subject *x)
{
    const struct tm_sched_carrier *c = x->c;
    int64_t up = tm_judge_up_wall(j, c);
    if (up < j->v->first_us || up > j->v->last_us) {
        j->r->n_outside++;
        return;
    }
    char client[TM_ENDPOINT_TEXT_LEN] = "(no address in the log)";
    enum tm_side side = c->has_endpoints[TM_CLIENT] ? TM_CLIENT : TM_SERVER;
    if (c->has_endpoints[side])
        tm_endpoint_text(&c->client[side], client);
    tm_judge_differ(j, TM_DIFF_NO_CONNECTION, x->number, -1, 1, 0,
                    "no connection from %s in the capture", client);
    count_missing(j, c);
}

static int judge_carrier(struct tm_judge *j, uint32_t number)
{
    struct tm_subject x = {.number = number, .c = &j->s->carriers[number]};
    if (!x.c->is_known)
        return TM_OK;
    if (!x.c->has_up[TM_CLIENT] && !x.c->has_up[TM_SERVER]) {
        j->r->n_unestablished++;
        return TM_OK;
    }
    if (j->conn_of[number] == TM_WIRE_NONE) {
        count_absent(j, &x);
        return TM_OK;
    }
    x.conn = &j->v->conns[j->conn_of[number]];
    if (x.conn->syn_us == TM_NEVER) {
        if (tm_judge_up_wall(j, x.c) <= j->v->first_us) {
            j->r->n_outside++;
            return TM_OK;
        }
        tm_judge_differ(j, TM_DIFF_NO_SYN, number, -1, 1, 0,
                        "its SYN is missing: the capture dropped packets");
        count_missing(j, x.c);
        return TM_OK;
    }
    uint64_t diffs_before = j->r->n_diffs;
    set_extent(j, &x);
    set_handshake(&x);
    tm_judge_open_close(j, &x);
    j->r->n_carriers++;
    j->r->n_whole += x.is_whole;
    j->r->n_whole_ok += x.is_whole && j->r->n_diffs == diffs_before;
    bool is_dead = tm_sched_carrier_is_dead(x.c) && is_end_captured(j, &x);
    j->r->n_dead += !x.is_whole && is_dead;
    j->r->n_cut += !x.is_whole && tm_sched_carrier_is_planned(x.c);
    j->r->n_open += !x.is_whole && !is_dead && !tm_sched_carrier_is_planned(x.c);
    return judge_offsets(j, &x);
}

int tm_conform_run(struct tm_conform *r, const struct tm_schedule *s, const struct tm_wire_view *v,
                   const struct tm_conform_cfg *cfg)
{
    *r = (struct tm_conform){0};
    struct tm_judge j = {.r = r, .s = s, .v = v, .cfg = cfg};
    int rc = TM_ERR_NOMEM;
    j.conn_of = calloc((size_t)s->n_carriers + 1, sizeof *j.conn_of);
    j.is_claimed = calloc((size_t)v->n_conns + 1, sizeof *j.is_claimed);
    if (!j.conn_of || !j.is_claimed)
        goto out;
    rc = tm_judge_join(&j);
    if (rc != TM_OK)
        goto out;
    if (s->n_dropped > 0)
        tm_judge_differ(&j, TM_DIFF_LOG_DROPPED, -1, -1, 0, (int64_t)s->n_dropped,
                        "the log says that %" PRIu64 " of its lines were dropped", s->n_dropped);
    for (uint32_t k = 0; k < s->n_carriers; k++) {
        rc = judge_carrier(&j, k);
        if (rc != TM_OK)
            goto out;
    }
    rc = tm_judge_strangers(&j);
out:
    free(j.conn_of);
    free(j.is_claimed);
    free(j.earliest);
    free(j.seen);
    return rc;
}

void tm_conform_deinit(struct tm_conform *r)
{
    struct tm_sample *all = &r->late_us[0][0][0][0];
    for (size_t i = 0; i < sizeof r->late_us / sizeof *all; i++)
        tm_sample_deinit(&all[i]);
}

bool tm_conform_is_exact(const struct tm_conform *r)
{
    return r->n_diffs == 0 && r->n_offsets[TM_UP] + r->n_offsets[TM_DOWN] > 0;
}
