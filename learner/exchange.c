/* The rules, in the order of the code.  P: Swing's paper, sec. III.A and III.B; C: the extractor
 * that was released with it (getconndata); ours: neither.
 *
 *   R1  (C) SYN repeated within 3 s: same connection; later: a new one.  With another number: a new
 *       one at once (ours), unless it is late.
 *   R2  (P) No SYN captured: the connection starts at its first packet.  Reordered bytes from before
 *       that packet count too (ours).
 *   R3  (C) An acknowledgement beyond what was seen: the tap missed that much; credited below
 *       15,000 bytes.  An advance of 1 is the other side's unseen FIN, or a probe (ours).
 *   R4  (C) Segment without new bytes: a retransmission or keep-alive, adds nothing.
 *   R5  (C) Segment that overlaps: only the new part counts.
 *   R6  (C) Segment after a hole: the hole's bytes are added below 15,000, else left out; until
 *       retransmissions fill it, the last three holes of a direction (ours).  A hole of 1 is an
 *       unseen keep-alive's number (ours).
 *   R7  (P) Data against the direction of the last object ends it and starts the next; pipelined
 *       requests merge.  Acknowledgements alone end nothing.
 *   R8  (C) The server speaks first: an empty request, kept as 1 byte.
 *   R9  (C) More than 200 pairs: the connection is cut into pseudo-connections.
 *   R10 (C) An object more than 15,000 bytes of which are known from acknowledgements alone is
 *       doubtful unless they are less than a tenth: it gives no size.
 *   R11 (P) A connection ends with its last FIN, its RST, or its last packet.  A FIN of one side
 *       leaves the other side's bytes counting (half-close); what comes with or after an RST does not.
 *   R12 (ours) No opening captured, and the server's data first: the tail of an exchange that we
 *       did not see; it is no pair.  In C it is one, after an empty request (is_tail_pair).
 *   R13 (P) Round trips: SYN to SYN-ACK and SYN-ACK to ACK, among the first 5 packets and unless
 *       repeated; without them, the smallest time from data to acknowledgement (smallest: ours).
 *   R14 (ours) Bytes known from an acknowledgement alone have its time, unless that came with data
 *       of its own: then they were sent some time before, and no think begins or ends with them.
 *   R15 (C) A late SYN, captured after packets that follow it, opens no other connection: one within
 *       3 s whose number lies before all that was seen, by less than the credit of R3. */
#include "learner/exchange.h"

#include <string.h>

#include "learner/packet.h"
#include "tm/base/time.h"

enum phase { PHASE_IDLE, PHASE_REQUEST, PHASE_RESPONSE };

#define WINDOW_MAX        (1 << 30) /* bytes; RFC 7323 sec. 2.3: the largest receive window */
#define HANDSHAKE_PACKETS 5U

struct tm_exchange_cfg tm_exchange_cfg_default(void)
{
    return (struct tm_exchange_cfg){
        .gap_credit_bytes = 15000,
        .max_pairs = 200,
        .syn_repeat_us = 3 * TM_US_PER_S,
        .rtt_max_us = 1500 * TM_US_PER_MS,
    };
}

void tm_exchange_init(struct tm_exchange *x)
{
    *x = (struct tm_exchange){
        .conn = {.rtt_us = {TM_PAIR_NONE, TM_PAIR_NONE},
                 .first_pair = TM_PAIR_NONE,
                 .close_think_us = TM_PAIR_NONE},
        .half = {{.timed_us = TM_NEVER}, {.timed_us = TM_NEVER}},
        .syn_us = {TM_NEVER, TM_NEVER},
        .ready_us = TM_NEVER,
        .data_us = TM_NEVER,
        .close_us = TM_NEVER,
        .last_pair = TM_PAIR_NONE,
    };
}

/* Captures merged from several machines are not always in order of time: a step back is a gap of
 * 0. */
static uint32_t gap_us(int64_t later_us, int64_t earlier_us)
{
    int64_t gap = later_us - earlier_us;
    if (gap < 0)
        return 0;
    return gap > (int64_t)TM_WRITE_GAP_MAX ? TM_WRITE_GAP_MAX : (uint32_t)gap;
}

/* Signed distance from b to a in sequence space (RFC 9293 sec. 3.4). */
static int64_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static void add_rtt(struct tm_exchange *x, const struct tm_exchange_cfg *cfg, enum tm_dir dir,
                    int64_t rtt_us, bool is_handshake)
{
    if (rtt_us <= 0 || rtt_us >= cfg->rtt_max_us)
        return;
    if (x->conn.n_rtt[dir] < UINT16_MAX)
        x->conn.n_rtt[dir]++;
    if (is_handshake) {
        x->conn.rtt_us[dir] = (uint32_t)rtt_us;
        x->has_handshake_rtt[dir] = true;
    } else if (!x->has_handshake_rtt[dir] && (uint32_t)rtt_us < x->conn.rtt_us[dir]) {
        x->conn.rtt_us[dir] = (uint32_t)rtt_us;
    }
}

/* R10. */
static void end_object(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                       struct tm_pair_pool *pool)
{
    uint64_t n = x->object_bytes < TM_WRITE_SIZE_MAX ? x->object_bytes : TM_WRITE_SIZE_MAX;
    bool is_doubtful =
        x->object_inferred > cfg->gap_credit_bytes && x->object_inferred >= x->object_bytes / 10;
    struct tm_pair *p = &pool->pair[x->last_pair];
    uint32_t size = is_doubtful ? TM_PAIR_NONE : (uint32_t)n;
    if (x->phase == PHASE_REQUEST)
        p->req_bytes = size;
    else
        p->rsp_bytes = size;
    x->object_bytes = 0;
    x->object_inferred = 0;
}

/* R9. */
static void cut_conn(struct tm_exchange *x, int64_t t_us, struct tm_conn *cut)
{
    *cut = x->conn;
    cut->end_us = tm_max_us(x->data_us, cut->start_us);
    cut->data_us = cut->end_us;
    cut->has_end = false;
    x->conn.start_us = t_us;
    x->conn.is_pseudo = true;
    x->conn.first_pair = TM_PAIR_NONE;
    x->conn.n_pairs = 0;
    x->conn.n_retrans = 0;
    for (int d = 0; d < 2; d++) {
        x->conn.bytes[d] = 0;
        x->conn.inferred[d] = 0;
        x->conn.uncounted[d] = 0;
    }
    x->last_pair = TM_PAIR_NONE;
}

/* Ends the pair in progress and starts the next, whose request begins at t_us, after a think if
 * `is_timed` (R14). */
static int begin_pair(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                      struct tm_pair_pool *pool, int64_t t_us, bool is_timed, struct tm_conn *cut)
{
    uint32_t i;
    int rc = tm_pair_pool_take(pool, &i);
    if (rc != TM_OK)
        return rc;
    if (x->phase != PHASE_IDLE)
        end_object(x, cfg, pool);
    if (x->conn.n_pairs >= cfg->max_pairs) {
        cut_conn(x, t_us, cut);
        rc = TM_EXCHANGE_CUT;
    } else if (x->phase != PHASE_IDLE && is_timed) {
        pool->pair[i].req_think_us = gap_us(t_us, x->data_us);
    }
    if (x->last_pair == TM_PAIR_NONE)
        x->conn.first_pair = i;
    else
        pool->pair[x->last_pair].next = i;
    x->last_pair = i;
    x->conn.n_pairs++;
    x->phase = PHASE_REQUEST;
    return rc;
}

/* The response to the pair in progress begins at t_us. */
static void begin_response(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                           struct tm_pair_pool *pool, int64_t t_us, int64_t since_us)
{
    end_object(x, cfg, pool);
    if (since_us != TM_NEVER)
        pool->pair[x->last_pair].server_think_us = gap_us(t_us, since_us);
    x->phase = PHASE_RESPONSE;
}

/* n new bytes went `dir` (R7, R8, R12); `inferred` of them are known from acknowledgements
 * alone. */
/* NOLINTNEXTLINE(readability-function-size): its two callers hold just these */
static int deliver(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                   struct tm_pair_pool *pool, const struct tm_segment *s, enum tm_dir dir,
                   uint64_t n, bool is_inferred, struct tm_conn *cut)
{
    int rc = TM_EXCHANGE_OK;
    bool is_late = is_inferred && s->payload_len > 0;
    bool is_timed = !is_late && !x->is_data_late;
    bool is_opening = x->conn.has_syn || cfg->is_tail_pair;
    if (dir == TM_UP && x->phase != PHASE_REQUEST) {
        rc = begin_pair(x, cfg, pool, s->t_us, is_timed, cut);
    } else if (dir == TM_DOWN && x->phase == PHASE_REQUEST) {
        begin_response(x, cfg, pool, s->t_us, is_timed ? x->data_us : TM_NEVER);
    } else if (dir == TM_DOWN && x->phase == PHASE_IDLE && is_opening) {
        rc = begin_pair(x, cfg, pool, s->t_us, is_timed, cut);
        if (rc >= 0) {
            x->object_bytes = 1;
            begin_response(x, cfg, pool, s->t_us, is_late ? TM_NEVER : x->ready_us);
        }
    }
    if (rc < 0)
        return rc;
    x->conn.bytes[dir] += n;
    if (is_inferred)
        x->conn.inferred[dir] += n;
    if (x->phase != PHASE_IDLE)
        x->object_bytes += n;
    if (x->phase != PHASE_IDLE && is_inferred)
        x->object_inferred += n;
    x->data_us = s->t_us;
    x->is_data_late = is_late;
    x->conn.data_dir = (uint8_t)dir;
    if (x->conn.has_end)
        x->close_us = TM_NEVER;
    return rc;
}

/* R1: whether a SYN to a connection that had packets before belongs to another one. */
static bool opens_another(const struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                          const struct tm_segment *s)
{
    if (tm_exchange_is_closed(x))
        return true;
    if (!x->half[TM_UP].is_valid)
        return false;
    if (s->t_us - x->conn.start_us > cfg->syn_repeat_us)
        return true;
    int64_t before = seq_diff(x->isn, s->seq);
    bool is_late = !x->conn.has_syn && before >= 0 && before < (int64_t)cfg->gap_credit_bytes;
    return s->seq != x->isn && !is_late;
}

static void start_half(struct tm_exchange *x, enum tm_dir dir, uint32_t next)
{
    struct tm_exchange_half *h = &x->half[dir];
    if (h->is_valid)
        return;
    h->is_valid = true;
    h->next = next;
    h->base = next;
    if (dir == TM_UP)
        x->isn = next - 1;
}

/* The oldest hole is forgotten when there are too many. */
static void note_hole(struct tm_exchange *x, enum tm_dir dir, uint32_t from, uint32_t to)
{
    struct tm_hole *hole = x->hole[dir];
    size_t i = 0;
    while (i < TM_EXCHANGE_HOLES && hole[i].from != hole[i].to)
        i++;
    if (i == TM_EXCHANGE_HOLES) {
        i--;
        memmove(hole, hole + 1, i * sizeof *hole);
    }
    hole[i] = (struct tm_hole){from, to};
    x->conn.uncounted[dir] += to - from;
}

/* R15: bytes between the SYN and what was seen first may still come. */
static void take_late_syn(struct tm_exchange *x, uint32_t first)
{
    struct tm_exchange_half *h = &x->half[TM_UP];
    if (seq_diff(h->base, first) > 0)
        note_hole(x, TM_UP, first, h->base);
    h->base = first;
    x->isn = first - 1;
}

static void feed_syn(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                     const struct tm_segment *s)
{
    bool is_answer = (s->flags & TM_TCP_ACK) != 0;
    enum tm_dir dir = s->dir == TM_UP ? TM_UP : TM_DOWN;
    if (is_answer != (dir == TM_DOWN))
        return; /* the sides do not fit: a simultaneous opening, or forged */
    if (dir == TM_UP && x->half[TM_UP].is_valid && !x->conn.has_syn)
        take_late_syn(x, s->seq + 1);
    x->conn.has_syn = true;
    start_half(x, dir, s->seq + 1);
    x->is_syn_repeated[dir] = x->syn_us[dir] != TM_NEVER;
    x->syn_us[dir] = s->t_us;
    bool is_clean = !x->is_syn_repeated[TM_UP] && !x->is_syn_repeated[TM_DOWN];
    if (is_answer && is_clean && x->syn_us[TM_UP] != TM_NEVER &&
        x->conn.n_packets <= HANDSHAKE_PACKETS)
        add_rtt(x, cfg, TM_UP, s->t_us - x->syn_us[TM_UP], true);
}

/* R3, and the round trips of R13. */
static int feed_ack(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                    struct tm_pair_pool *pool, const struct tm_segment *s, struct tm_conn *cut)
{
    enum tm_dir other = s->dir == TM_UP ? TM_DOWN : TM_UP;
    struct tm_exchange_half *o = &x->half[other];
    if (other == TM_DOWN && !x->is_ready && x->syn_us[TM_DOWN] != TM_NEVER) {
        x->is_ready = true;
        x->ready_us = s->t_us;
        if (!x->is_syn_repeated[TM_DOWN] && x->conn.n_packets <= HANDSHAKE_PACKETS)
            add_rtt(x, cfg, TM_DOWN, s->t_us - x->syn_us[TM_DOWN], true);
    }
    if (o->timed_us != TM_NEVER && seq_diff(s->ack, o->timed_seq) >= 0) {
        add_rtt(x, cfg, other, s->t_us - o->timed_us, false);
        o->timed_us = TM_NEVER;
    }
    start_half(x, other, s->ack);
    int64_t missed = seq_diff(s->ack, o->next);
    if (missed <= 1 || missed > WINDOW_MAX || o->has_fin)
        return TM_EXCHANGE_OK;
    uint32_t from = o->next;
    o->next = s->ack;
    if (missed < (int64_t)cfg->gap_credit_bytes)
        return deliver(x, cfg, pool, s, other, (uint64_t)missed, true, cut);
    note_hole(x, other, from, s->ack);
    return TM_EXCHANGE_OK;
}

/* Of the bytes seq..end, those in the hole; the hole keeps the larger rest. */
static uint32_t fill_one(struct tm_hole *hole, uint32_t seq, uint32_t end)
{
    uint32_t from = seq_diff(seq, hole->from) > 0 ? seq : hole->from;
    uint32_t to = seq_diff(end, hole->to) < 0 ? end : hole->to;
    if (hole->from == hole->to || seq_diff(to, from) <= 0 || to - from > end - seq)
        return 0; /* none, elsewhere, or so old that the numbers have come round */
    if (from - hole->from > hole->to - to)
        hole->to = from;
    else
        hole->from = to;
    return to - from;
}

/* R4, and the filling of holes in R6: how many bytes of the segment seq..end lie in one. */
static uint32_t fill_holes(struct tm_exchange *x, enum tm_dir dir, uint32_t seq, uint32_t end)
{
    uint32_t n = 0;
    for (size_t i = 0; i < TM_EXCHANGE_HOLES; i++)
        n += fill_one(&x->hole[dir][i], seq, end);
    n = n < end - seq ? n : end - seq;
    uint64_t *left = &x->conn.uncounted[dir]; /* 0 when the connection was cut since */
    *left -= *left < n ? *left : n;
    return n;
}

/* R2: bytes before all that was seen of a connection whose opening was not. */
static uint32_t before_base(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                            enum tm_dir dir, uint32_t seq, uint32_t end)
{
    struct tm_exchange_half *h = &x->half[dir];
    int64_t n = seq_diff(h->base, seq);
    bool is_known = x->conn.has_syn || seq_diff(end, h->base) > 0;
    if (is_known || n <= 1 || n >= (int64_t)cfg->gap_credit_bytes)
        return 0;
    h->base = seq;
    return end - seq;
}

/* Nothing beyond the highest byte known. */
static int feed_old(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                    struct tm_pair_pool *pool, const struct tm_segment *s, uint32_t seq,
                    struct tm_conn *cut)
{
    enum tm_dir dir = s->dir == TM_UP ? TM_UP : TM_DOWN;
    uint32_t end = seq + s->payload_len;
    uint32_t n = 0;
    if (s->payload_len == 0)
        return TM_EXCHANGE_OK;
    if (seq_diff(seq, x->half[dir].next) < 0)
        n = fill_holes(x, dir, seq, end) + before_base(x, cfg, dir, seq, end);
    x->conn.n_retrans += n == 0;
    x->half[dir].timed_us = TM_NEVER;
    return n > 0 ? deliver(x, cfg, pool, s, dir, n, false, cut) : TM_EXCHANGE_OK;
}

/* R4, R5, R6.  `seq` is that of the first payload byte. */
static int feed_payload(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                        struct tm_pair_pool *pool, const struct tm_segment *s, uint32_t seq,
                        struct tm_conn *cut)
{
    enum tm_dir dir = s->dir == TM_UP ? TM_UP : TM_DOWN;
    struct tm_exchange_half *h = &x->half[dir];
    uint32_t end = seq + s->payload_len;
    int64_t hole = seq_diff(seq, h->next);
    int64_t fresh = seq_diff(end, h->next);
    if (fresh <= 0 || hole > WINDOW_MAX || h->has_fin)
        return feed_old(x, cfg, pool, s, seq, cut);
    uint64_t credit = 0;
    if (hole == 1) {
        fresh = s->payload_len;
    } else if (hole >= (int64_t)cfg->gap_credit_bytes && hole > 0) {
        note_hole(x, dir, h->next, seq);
        fresh = s->payload_len;
    } else if (hole > 1) {
        credit = (uint64_t)hole;
    }
    h->next = end;
    if (h->timed_us == TM_NEVER) {
        h->timed_seq = end;
        h->timed_us = s->t_us;
    }
    if (fresh <= 0)
        return TM_EXCHANGE_OK;
    int rc = deliver(x, cfg, pool, s, dir, (uint64_t)fresh, false, cut);
    if (rc >= 0 && credit > 0)
        x->conn.inferred[dir] += credit; /* after a cut, if there was one */
    return rc;
}

static void note_close(struct tm_exchange *x, const struct tm_segment *s)
{
    x->conn.has_end = true;
    x->fin_us = s->t_us;
    if (x->close_us == TM_NEVER) {
        x->close_us = s->t_us;
        x->conn.close_dir = s->dir;
    }
}

/* A FIN counts once; the byte of sequence space that it takes may already be known from the
 * other side's acknowledgement. */
static void feed_fin(struct tm_exchange *x, const struct tm_segment *s, uint32_t fin_seq)
{
    struct tm_exchange_half *h = &x->half[s->dir == TM_UP ? TM_UP : TM_DOWN];
    int64_t at = seq_diff(fin_seq, h->next);
    if (h->has_fin || at < -1 || at > 0)
        return;
    h->has_fin = true;
    h->next = fin_seq + 1;
    note_close(x, s);
}

int tm_exchange_feed(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                     struct tm_pair_pool *pool, const struct tm_segment *s, struct tm_conn *cut)
{
    bool is_syn = (s->flags & TM_TCP_SYN) != 0;
    bool is_opening = is_syn && !(s->flags & TM_TCP_ACK) && s->dir == TM_UP;
    if (is_opening && x->conn.n_packets > 0 && opens_another(x, cfg, s))
        return TM_EXCHANGE_NEW;
    if (x->conn.n_packets++ == 0)
        x->conn.start_us = s->t_us; /* R2 */
    x->last_us = s->t_us;
    if (tm_exchange_is_closed(x))
        return TM_EXCHANGE_OK; /* last acknowledgements, and resets that clean up */
    if (s->flags & TM_TCP_RST) {
        x->has_rst = true;
        note_close(x, s);
        return TM_EXCHANGE_OK;
    }
    if (is_syn)
        feed_syn(x, cfg, s);
    uint32_t seq = s->seq + (is_syn ? 1 : 0);
    start_half(x, s->dir == TM_UP ? TM_UP : TM_DOWN, seq);
    int rc = s->flags & TM_TCP_ACK ? feed_ack(x, cfg, pool, s, cut) : TM_EXCHANGE_OK;
    if (rc < 0 || (s->payload_len == 0 && !(s->flags & TM_TCP_FIN)))
        return rc;
    int more = feed_payload(x, cfg, pool, s, seq, cut);
    if (more < 0)
        return more;
    if (s->flags & TM_TCP_FIN)
        feed_fin(x, s, seq + s->payload_len);
    return rc > more ? rc : more;
}

bool tm_exchange_is_closed(const struct tm_exchange *x)
{
    return x->has_rst || (x->half[TM_UP].has_fin && x->half[TM_DOWN].has_fin);
}

void tm_exchange_finish(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                        struct tm_pair_pool *pool, struct tm_conn *out)
{
    if (x->phase != PHASE_IDLE)
        end_object(x, cfg, pool);
    if (x->close_us != TM_NEVER && x->data_us != TM_NEVER && !x->is_data_late)
        x->conn.close_think_us = gap_us(x->close_us, x->data_us);
    x->conn.end_us =
        tm_max_us(x->conn.has_end ? x->fin_us : x->last_us, x->conn.start_us); /* R11 */
    x->conn.data_us =
        x->data_us != TM_NEVER ? tm_max_us(x->data_us, x->conn.start_us) : x->conn.start_us;
    *out = x->conn;
    tm_exchange_init(x);
}
