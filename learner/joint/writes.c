#include "learner/joint/writes.h"

#include <stdlib.h>
#include <string.h>

#include "learner/joint/closing.h"
#include "learner/packet.h"
#include "tm/base/time.h"

#define FIRST_RUNS 8U
#define RUNS_MAX   (2 * TM_PLAN_WRITES_MAX)
#define WINDOW_MAX (1 << 30) /* bytes; RFC 7323 sec. 2.3: the largest receive window */
#define RTT_MAX_US 1500000   /* longer round trips are no samples, as in learner/exchange.h */
#define RTT_NONE   UINT32_MAX
#define FULL_LOOK  64U /* runs looked at for the full segment: it is among the first */

void tm_cut_init(struct tm_cut *c)
{
    *c = (struct tm_cut){.syn_us = {TM_NEVER, TM_NEVER},
                         .ready_us = TM_NEVER,
                         .start_us = TM_NEVER,
                         .timed_us = TM_NEVER,
                         .half = {{.acked_us = TM_NEVER, .small_acked_us = TM_NEVER},
                                  {.acked_us = TM_NEVER, .small_acked_us = TM_NEVER}},
                         .timed_rtt_us = RTT_NONE};
}

void tm_cut_deinit(struct tm_cut *c)
{
    free(c->run);
    tm_cut_init(c);
}

void tm_cut_trim(struct tm_cut *c)
{
    if (c->n_runs == 0 || c->n_runs == c->cap_runs)
        return;
    struct tm_cut_run *smaller = realloc(c->run, c->n_runs * sizeof *smaller);
    if (!smaller)
        return; /* as it was */
    c->run = smaller;
    c->cap_runs = c->n_runs;
}

bool tm_cut_is_closed(const struct tm_cut *c)
{
    return c->has_rst || (c->half[TM_UP].has_fin && c->half[TM_DOWN].has_fin);
}

bool tm_cut_is_complete(const struct tm_cut *c)
{
    return c->syn_us[TM_UP] != TM_NEVER && c->syn_us[TM_DOWN] != TM_NEVER && c->n_runs > 0 &&
           tm_cut_is_closed(c) && !c->is_too_long;
}

/* Signed distance from b to a in sequence space (RFC 9293 sec. 3.4). */
static int64_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* ---- packets -> runs ---- */

/* Bytes of the other direction that this acknowledgement covers. */
static uint64_t acked_of(const struct tm_cut *c, const struct tm_segment *s)
{
    const struct tm_cut_half *o = &c->half[s->dir == TM_UP ? TM_DOWN : TM_UP];
    if (!(s->flags & TM_TCP_ACK) || !o->is_known)
        return 0;
    int64_t behind = seq_diff(o->next, s->ack);
    if (behind < 0)
        return o->n_bytes;
    return (uint64_t)behind < o->n_bytes ? o->n_bytes - (uint64_t)behind : 0;
}

#define HELD_US 1000 /* from the acknowledgement that it waited for; and the least that it waited */

static bool is_just_before(int64_t t_us, int64_t acked_us)
{
    return acked_us != TM_NEVER && t_us - acked_us < HELD_US;
}

/* Whether Nagle's algorithm let it go now: no full segment, and just before it came the acknowledgement of all that was under way, or (so Linux)
 * of the last segment that was not full either. */
static bool is_held(const struct tm_cut *c, const struct tm_segment *s)
{
    const struct tm_cut_half *h = &c->half[s->dir];
    if (h->run == 0 || s->payload_len >= c->largest ||
        s->t_us - c->run[h->run - 1].last_us <= HELD_US)
        return false;
    return (h->acked == h->next && is_just_before(s->t_us, h->acked_us)) ||
           is_just_before(s->t_us, h->small_acked_us);
}

static int new_run(struct tm_cut *c, const struct tm_segment *s)
{
    if (c->n_runs == RUNS_MAX) {
        c->is_too_long = true;
        return TM_OK;
    }
    if (c->n_runs == c->cap_runs) {
        uint32_t cap = c->cap_runs > 0 ? 2 * c->cap_runs : FIRST_RUNS;
        struct tm_cut_run *bigger = realloc(c->run, cap * sizeof *bigger);
        if (!bigger)
            return TM_ERR_NOMEM;
        c->run = bigger;
        c->cap_runs = cap;
    }
    c->run[c->n_runs++] = (struct tm_cut_run){.first_us = s->t_us,
                                              .acked = acked_of(c, s),
                                              .full = s->payload_len,
                                              .is_held = is_held(c, s),
                                              .dir = s->dir};
    c->half[s->dir].run = c->n_runs;
    return TM_OK;
}

/* Whether the other side wrote, after write w and before what comes now, in answer to all of w so far. */
static bool is_answered(const struct tm_cut_run *w, const struct tm_cut_run *other)
{
    return other && other->acked == w->end && other->first_us >= w->last_us;
}

/* Whether a segment goes on with the last run of its direction: as large as any so far, like the one before, and close behind. */
static bool goes_on(const struct tm_cut *c, const struct tm_segment *s)
{
    const struct tm_cut_half *h = &c->half[s->dir];
    if (h->run == 0)
        return false;
    const struct tm_cut_half *o = &c->half[s->dir == TM_UP ? TM_DOWN : TM_UP];
    const struct tm_cut_run *r = &c->run[h->run - 1];
    if (is_answered(r, o->run > 0 ? &c->run[o->run - 1] : NULL))
        return false;
    return s->payload_len >= TM_CUT_FULL_MIN && s->payload_len == r->full &&
           s->payload_len == c->largest && s->t_us - r->last_us < TM_CUT_INNER_GAP_US &&
           r->bytes < TM_WRITE_SIZE_MAX / 2;
}

/* `seq` is that of the first payload byte. */
static int feed_payload(struct tm_cut *c, const struct tm_segment *s, uint32_t seq)
{
    struct tm_cut_half *h = &c->half[s->dir];
    uint32_t end = seq + s->payload_len;
    int64_t fresh = seq_diff(end, h->next);
    if (fresh <= 0 || fresh > WINDOW_MAX || c->is_too_long)
        return TM_OK;
    if (!goes_on(c, s)) {
        int rc = new_run(c, s);
        if (rc != TM_OK || c->is_too_long)
            return rc;
    }
    struct tm_cut_run *r = &c->run[h->run - 1];
    c->largest = s->payload_len > c->largest ? s->payload_len : c->largest;
    if (s->payload_len < c->largest || s->payload_len < TM_CUT_FULL_MIN) {
        h->small = end;
        h->small_acked_us = TM_NEVER;
        h->has_small = true;
    }
    h->next = end;
    h->n_bytes += (uint64_t)fresh;
    r->bytes += (uint32_t)fresh;
    r->end = h->n_bytes;
    r->last_us = tm_max_us(s->t_us, r->first_us);
    r->n_segs++;
    if (s->dir == TM_UP && c->timed_us == TM_NEVER) {
        c->timed_us = s->t_us;
        c->timed_seq = end;
    }
    return TM_OK;
}

static void feed_syn(struct tm_cut *c, const struct tm_segment *s)
{
    bool is_answer = (s->flags & TM_TCP_ACK) != 0;
    struct tm_cut_half *h = &c->half[s->dir];
    if (is_answer != (s->dir == TM_DOWN))
        return; /* the sides do not fit: a simultaneous opening, or forged */
    h->is_syn_repeated = c->syn_us[s->dir] != TM_NEVER;
    c->syn_us[s->dir] = s->t_us;
    if (!h->is_known || h->n_bytes == 0) {
        h->is_known = true;
        h->next = s->seq + 1;
    }
}

static void feed_ack(struct tm_cut *c, const struct tm_segment *s)
{
    struct tm_cut_half *o = &c->half[s->dir == TM_UP ? TM_DOWN : TM_UP];
    if (o->acked_us == TM_NEVER || seq_diff(s->ack, o->acked) > 0) {
        o->acked = s->ack;
        o->acked_us = s->t_us;
    }
    if (o->has_small && o->small_acked_us == TM_NEVER && seq_diff(s->ack, o->small) >= 0)
        o->small_acked_us = s->t_us;
    if (s->dir == TM_UP && c->ready_us == TM_NEVER && c->syn_us[TM_DOWN] != TM_NEVER)
        c->ready_us = s->t_us;
    if (s->dir == TM_DOWN && c->timed_us != TM_NEVER && seq_diff(s->ack, c->timed_seq) >= 0) {
        int64_t rtt_us = s->t_us - c->timed_us;
        if (rtt_us > 0 && rtt_us < RTT_MAX_US && (uint32_t)rtt_us < c->timed_rtt_us)
            c->timed_rtt_us = (uint32_t)rtt_us;
        c->timed_us = TM_NEVER;
    }
}

static void feed_end(struct tm_cut *c, const struct tm_segment *s)
{
    bool is_rst = (s->flags & TM_TCP_RST) != 0;
    c->has_rst = c->has_rst || is_rst;
    c->half[s->dir].has_fin = c->half[s->dir].has_fin || !is_rst;
    const struct tm_cut_half *o = &c->half[s->dir == TM_UP ? TM_DOWN : TM_UP];
    bool acks_fin =
        (s->flags & TM_TCP_ACK) && o->is_known && o->has_fin && seq_diff(s->ack, o->next) > 0;
    tm_cut_note_end(c, s, acked_of(c, s), acks_fin);
}

int tm_cut_feed(struct tm_cut *c, const struct tm_segment *s)
{
    struct tm_cut_half *h = &c->half[s->dir];
    if (c->start_us == TM_NEVER)
        c->start_us = s->t_us;
    if (!tm_cut_is_closed(c)) /* what follows: last acknowledgements, and resets that clean up */
        c->end_us = tm_max_us(s->t_us, c->start_us);
    if (s->flags & TM_TCP_RST) { /* a reset's payload is a message for people */
        feed_end(c, s);
        return TM_OK;
    }
    uint32_t seq = s->seq;
    if (s->flags & TM_TCP_SYN) {
        feed_syn(c, s);
        seq++;
    } else if (s->flags & TM_TCP_ACK) {
        feed_ack(c, s);
    }
    if (!h->is_known) {
        h->is_known = true;
        h->next = seq;
    }
    int rc = s->payload_len > 0 ? feed_payload(c, s, seq) : TM_OK;
    if (s->flags & TM_TCP_FIN)
        feed_end(c, s);
    return rc;
}

/* ---- runs -> writes ---- */

uint32_t tm_cut_full(const struct tm_cut *c, uint32_t *n_segs)
{
    uint32_t best = 0;
    *n_segs = 0;
    /* Boyer and Moore's majority vote would miss a mere plurality; connections have few different large sizes. */
    for (uint32_t i = 0; i < c->n_runs && i < FULL_LOOK; i++) {
        uint32_t n = 0;
        if (c->run[i].full < TM_CUT_FULL_MIN || c->run[i].full == best)
            continue;
        for (uint32_t k = i; k < c->n_runs && k < FULL_LOOK; k++)
            n += c->run[k].full == c->run[i].full ? c->run[k].n_segs : 0;
        if (n > *n_segs || (n == *n_segs && c->run[i].full > best)) {
            *n_segs = n;
            best = c->run[i].full;
        }
    }
    return best;
}

static uint32_t gap_us(int64_t later_us, int64_t earlier_us)
{
    int64_t gap = later_us - earlier_us;
    if (gap < 0)
        return 0;
    return gap > (int64_t)TM_WRITE_GAP_MAX ? TM_WRITE_GAP_MAX : (uint32_t)gap;
}

uint32_t tm_cut_handshake_us(const struct tm_cut *c, enum tm_dir dir)
{
    const int64_t *syn = c->syn_us;
    if (c->half[TM_DOWN].is_syn_repeated)
        return 0;
    if (dir == TM_UP)
        return c->ready_us != TM_NEVER ? gap_us(c->ready_us, syn[TM_DOWN]) : 0;
    bool is_clean = !c->half[TM_UP].is_syn_repeated && syn[TM_UP] != TM_NEVER;
    return is_clean && syn[TM_DOWN] != TM_NEVER ? gap_us(syn[TM_DOWN], syn[TM_UP]) : 0;
}

#define OTHER_PATH                                                                                 \
    4 /* a handshake that differs from the path's round trip by one of so many parts was not like the others */

/* How much later than its sender the tap sees what `dir`'s sender answers to: from the tap to the sender and back. */
static int64_t rtt_us(const struct tm_cut *c, enum tm_dir dir)
{
    int64_t own_us = tm_cut_handshake_us(c, dir), path_us = c->path_rtt_us[dir];
    if (own_us == 0 && dir == TM_DOWN)
        return path_us > 0 ? path_us : c->timed_rtt_us != RTT_NONE ? c->timed_rtt_us : 0;
    return llabs(own_us - path_us) * OTHER_PATH < path_us ? path_us : own_us;
}

#define NEAR 4 /* the tap is near the side whose round trip is so much shorter */

/* Joins runs into writes, in place; how many are left. */
static uint32_t join(struct tm_cut *c, uint32_t full_bytes)
{
    uint32_t last[2] = {UINT32_MAX, UINT32_MAX}, n = 0;
    int64_t up_us = rtt_us(c, TM_UP), down_us = rtt_us(c, TM_DOWN);
    const bool is_near[2] = {up_us * NEAR < down_us, down_us * NEAR < up_us};
    for (uint32_t i = 0; i < c->n_runs; i++) {
        struct tm_cut_run r = c->run[i];
        struct tm_cut_run *w = last[r.dir] != UINT32_MAX ? &c->run[last[r.dir]] : NULL;
        bool held = r.is_held && is_near[r.dir];
        enum tm_dir other = r.dir == TM_UP ? TM_DOWN : TM_UP;
        held = held || (w && last[other] != UINT32_MAX && is_answered(w, &c->run[last[other]]));
        if (w && !held && w->full >= full_bytes && r.first_us - w->last_us < TM_CUT_INNER_GAP_US &&
            w->bytes + (uint64_t)r.bytes <= TM_WRITE_SIZE_MAX) {
            w->bytes += r.bytes;
            w->end = r.end;
            w->last_us = r.last_us;
            w->full = r.full;
            continue;
        }
        last[r.dir] = n;
        c->run[n++] = r;
    }
    return n;
}

/* What the references need to know on the way through the writes. */
struct view {
    const struct tm_cut_run *w;
    int64_t rtt_us[2], open_us[2]; /* by the sender's direction; open: as the tap would see it */
    uint32_t own[2];               /* the direction's last write + 1; 0: none */
    uint32_t arrived[2]; /* the other side's last write + 1 that its acknowledgements cover */
    uint32_t looked[2];  /* how far they were searched for */
    int64_t
        early_us[2]; /* how much sooner than its round trip allows the direction's writes came */
};

/* The last write of the other side that write i acknowledges as a whole. */
static void look_for_arrivals(struct view *v, uint32_t i)
{
    enum tm_dir dir = v->w[i].dir;
    for (; v->looked[dir] < i; v->looked[dir]++) {
        const struct tm_cut_run *o = &v->w[v->looked[dir]];
        if (o->dir == dir)
            continue;
        if (o->end > v->w[i].acked)
            return;
        v->arrived[dir] = v->looked[dir] + 1;
    }
}

/* The pause before a write that comes `raw_us` after what its sender knew, by the path's round trip: the direction's account of what came too soon
 * is settled first.  It holds a part of a round trip at most. */
static uint32_t settled_us(struct view *v, enum tm_dir dir, int64_t raw_us)
{
    int64_t rest_us = raw_us - v->early_us[dir];
    v->early_us[dir] = rest_us < 0 ? tm_min_us(-rest_us, v->rtt_us[dir] / OTHER_PATH) : 0;
    return gap_us(rest_us, 0);
}

static struct tm_write write_of(struct view *v, uint32_t i)
{
    const struct tm_cut_run *r = &v->w[i];
    enum tm_dir dir = r->dir;
    struct tm_write out = {.size = r->bytes, .dir = r->dir};
    look_for_arrivals(v, i);
    uint32_t own = v->own[dir], other = v->arrived[dir], ref = own;
    int64_t own_us = own > 0 ? v->w[own - 1].last_us : INT64_MIN;
    int64_t other_us = other > 0 ? v->w[other - 1].last_us + v->rtt_us[dir] : INT64_MIN;
    if (other > 0 && (own == 0 || other_us >= own_us || i + 1 - own > TM_REF_BACK_MAX))
        ref = other;
    if (ref == 0) {
        out.gap_us = gap_us(r->first_us, v->open_us[dir]);
    } else {
        uint32_t back = i + 1 - ref;
        out.gap_us =
            ref == own ? gap_us(r->first_us, own_us) : settled_us(v, dir, r->first_us - other_us);
        /* Nothing that it could refer to is near enough: the farthest that is. */
        out.ref_back = (uint8_t)(back <= TM_REF_BACK_MAX ? back : TM_REF_BACK_MAX);
    }
    v->own[dir] = i + 1;
    return out;
}

int tm_cut_finish(struct tm_cut *c, uint32_t full_bytes, enum tm_deck_role role,
                  struct tm_deck *deck)
{
    if (!tm_cut_is_complete(c))
        return TM_ERR_RANGE;
    uint32_t n = join(c, full_bytes > TM_CUT_FULL_MIN ? full_bytes : TM_CUT_FULL_MIN);
    if (n > TM_PLAN_WRITES_MAX)
        return TM_ERR_RANGE;
    if (n > TM_DECK_WRITES_MAX - deck->n_writes)
        return TM_ERR_LIMIT;
    struct view v = {.w = c->run, .rtt_us = {rtt_us(c, TM_UP), rtt_us(c, TM_DOWN)}};
    v.open_us[TM_UP] = c->syn_us[TM_DOWN] + v.rtt_us[TM_UP];
    v.open_us[TM_DOWN] =
        (c->ready_us != TM_NEVER ? c->ready_us : v.open_us[TM_UP]) + v.rtt_us[TM_DOWN];
    const struct tm_closing closing = tm_cut_closing(c, c->run, n, v.rtt_us);
    int rc = tm_deck_add_conn(deck, role, closing.gap_us);
    if (rc == TM_OK)
        tm_deck_close_last(deck, &closing.close);
    for (uint32_t i = 0; rc == TM_OK && i < n; i++)
        rc = tm_deck_add_write(deck, write_of(&v, i));
    return rc;
}
