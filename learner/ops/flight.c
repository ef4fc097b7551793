/* The packets of a connection are a merge of few sources, each in the order of time:
 *
 *   control          SYN, SYN-ACK, ACK, the client's FIN, the server's FIN, the last ACK; the server's FIN may be first, and the
 *                    client may reset instead, after the server's FIN or without one
 *   sent[dir]        a data segment passes the tap
 *   received[dir]    the other end has it, one way later: it acknowledges every second one at once
 *   ack_due_us[dir]  ... and else when nothing of its own has carried the acknowledgement for 40 ms
 *
 * All times are those at which what happens, or the answer to it, passes the tap. */
#include "learner/ops/flight.h"

#include "tm/base/time.h"

#define DELAYED_ACK_US (40 * TM_US_PER_MS)

enum stage { SYN, SYN_ACK, ACK, FIRST_FIN, SECOND_FIN, LAST_ACK, OVER };

/* What may come next; of several at one time the first in this order. */
enum source { CONTROL, RECEIVED_UP, RECEIVED_DOWN, SENT_UP, SENT_DOWN, ACK_UP, ACK_DOWN, SOURCES };

/* Moves to the next write of `dir` when none is at hand. */
static void settle(const struct tm_in_flight *f, struct tm_in_flight_cursor *c, enum tm_dir dir)
{
    const struct tm_plan *p = &f->conn.plan;
    while (c->write < p->n_writes && p->w[c->write].dir != dir)
        c->write++;
}

static void advance(const struct tm_in_flight *f, struct tm_in_flight_cursor *c, enum tm_dir dir,
                    uint32_t len)
{
    c->bytes += len;
    c->offset += len;
    if (c->offset == f->conn.plan.w[c->write].size) {
        c->offset = 0;
        c->write++;
        settle(f, c, dir);
    }
}

static uint32_t segment_len(const struct tm_in_flight *f, const struct tm_in_flight_cursor *c,
                            uint32_t mss)
{
    uint32_t left = f->conn.plan.w[c->write].size - c->offset;
    return left < mss ? left : mss;
}

/* When the cursor's segment passes the tap. */
static int64_t segment_us(const struct tm_in_flight *f, const struct tm_in_flight_cursor *c,
                          const struct tm_tap_path *path)
{
    if (c->write >= f->conn.plan.n_writes)
        return TM_NEVER;
    return f->conn.time[c->write].first_us + tm_tap_path_span_us(path, c->offset);
}

void tm_in_flight_init(struct tm_in_flight *f, struct tm_timed_conn *take_conn,
                       struct tm_tap_conn_id id)
{
    *f = (struct tm_in_flight){.conn = *take_conn, .id = id, .ack_due_us = {TM_NEVER, TM_NEVER}};
    *take_conn = (struct tm_timed_conn){0};
    for (int d = 0; d < 2; d++) {
        settle(f, &f->sent[d], (enum tm_dir)d);
        settle(f, &f->received[d], (enum tm_dir)d);
        /* Knuth's multiplicative hash: numbers that differ from connection to connection. */
        f->isn[d] = (uint32_t)((f->conn.number * 2 + (unsigned)d + 1) * 2654435761U);
    }
}

void tm_in_flight_deinit(struct tm_in_flight *f)
{
    tm_timed_conn_deinit(&f->conn);
}

/* Who closes next. */
static enum tm_dir closer(const struct tm_in_flight *f)
{
    bool is_server_first = f->conn.fin_us < f->conn.close_us;
    if (f->stage == FIRST_FIN)
        return is_server_first ? TM_DOWN : TM_UP;
    return is_server_first ? TM_UP : TM_DOWN;
}

/* When its FIN, or the client's RST, passes the tap. */
static int64_t fin_us(const struct tm_in_flight *f, enum tm_dir dir)
{
    return dir == TM_UP ? f->conn.close_us : f->conn.fin_us;
}

static int64_t control_us(const struct tm_in_flight *f, const struct tm_tap_path *path)
{
    const struct tm_timed_conn *c = &f->conn;
    switch ((enum stage)f->stage) {
    case SYN:
        return c->open_us;
    case SYN_ACK:
        return c->open_us + path->rtt_us;
    case ACK:
        return c->open_us + path->rtt_us + TM_TAP_CLIENT_US;
    case FIRST_FIN:
    case SECOND_FIN:
        return fin_us(f, closer(f));
    case LAST_ACK: /* of the second FIN */
        return f->has_fin[TM_DOWN] && c->fin_us >= c->close_us ? c->fin_us + TM_TAP_CLIENT_US
                                                               : c->close_us + path->rtt_us;
    case OVER:
        break;
    }
    return TM_NEVER;
}

static int64_t source_us(const struct tm_in_flight *f, const struct tm_tap_path *path,
                         enum source s)
{
    if (f->stage == OVER && f->conn.plan.close.how == TM_CLOSE_RESET)
        return TM_NEVER; /* nothing is answered any more */
    switch (s) {
    case CONTROL:
        return control_us(f, path);
    case RECEIVED_UP:
    case RECEIVED_DOWN: {
        enum tm_dir d = s == RECEIVED_UP ? TM_UP : TM_DOWN;
        return tm_later_us(segment_us(f, &f->received[d], path),
                           d == TM_UP ? path->rtt_us : TM_TAP_CLIENT_US);
    }
    case SENT_UP:
    case SENT_DOWN:
        return segment_us(f, &f->sent[s == SENT_UP ? TM_UP : TM_DOWN], path);
    case ACK_UP:
    case ACK_DOWN:
        return f->ack_due_us[s == ACK_UP ? TM_UP : TM_DOWN];
    case SOURCES:
        break;
    }
    return TM_NEVER;
}

/* A FIN comes behind all else of its time; a handshake packet before all else. */
static bool is_late(const struct tm_in_flight *f, enum source s)
{
    return s == CONTROL && f->stage >= FIRST_FIN;
}

static enum source next_source(const struct tm_in_flight *f, const struct tm_tap_path *path,
                               int64_t *t_us)
{
    enum source best = SOURCES;
    *t_us = TM_NEVER;
    for (int i = 0; i < SOURCES; i++) {
        enum source s = (enum source)i;
        int64_t at_us = source_us(f, path, s);
        if (at_us == TM_NEVER)
            continue;
        if (best == SOURCES || at_us < *t_us || (at_us == *t_us && is_late(f, best))) {
            best = s;
            *t_us = at_us;
        }
    }
    return best;
}

int64_t tm_in_flight_next_us(const struct tm_in_flight *f)
{
    int64_t t_us;
    (void)next_source(f, &f->conn.path, &t_us);
    return t_us;
}

/* A packet of `dir` with all that its sender can acknowledge. */
static void stamp(struct tm_in_flight *f, enum tm_dir dir, uint8_t flags, struct tm_tap_packet *p)
{
    enum tm_dir other = dir == TM_UP ? TM_DOWN : TM_UP;
    bool own_fin = f->has_fin[dir];
    bool other_fin =
        f->has_fin[other] && (dir == TM_UP || p->t_us >= f->conn.close_us + f->conn.path.rtt_us);
    p->dir = (uint8_t)dir;
    p->flags = flags;
    p->id = f->id;
    p->conn = &f->conn;
    p->payload_len = 0;
    p->seq = f->isn[dir] + 1 + (uint32_t)f->sent[dir].bytes + own_fin;
    p->ack = f->isn[other] + 1 + (uint32_t)f->received[other].bytes + other_fin;
    f->ack_due_us[other] = TM_NEVER;
    f->n_unacked[other] = 0;
}

/* The FIN of one side, or the client's RST, after which nothing comes. */
static void step_fin(struct tm_in_flight *f, enum tm_dir dir, struct tm_tap_packet *p)
{
    bool is_reset = dir == TM_UP && f->conn.plan.close.how == TM_CLOSE_RESET;
    stamp(f, dir, is_reset ? TM_TCP_RST | TM_TCP_ACK : TM_TCP_FIN | TM_TCP_ACK, p);
    f->has_fin[dir] = !is_reset;
    f->stage = (uint8_t)(is_reset ? OVER : f->stage + 1);
}

static void step_control(struct tm_in_flight *f, struct tm_tap_packet *p)
{
    enum stage stage = (enum stage)f->stage;
    switch (stage) {
    case SYN:
        stamp(f, TM_UP, TM_TCP_SYN, p);
        p->seq = f->isn[TM_UP];
        p->ack = 0;
        break;
    case SYN_ACK:
        stamp(f, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, p);
        p->seq = f->isn[TM_DOWN];
        break;
    case ACK:
        stamp(f, TM_UP, TM_TCP_ACK, p);
        break;
    case FIRST_FIN:
    case SECOND_FIN:
        step_fin(f, closer(f), p);
        return;
    case LAST_ACK:
        stamp(f, f->conn.fin_us >= f->conn.close_us ? TM_UP : TM_DOWN, TM_TCP_ACK, p);
        break;
    case OVER:
        break;
    }
    f->stage++;
}

static int step_received(struct tm_in_flight *f, const struct tm_tap_path *path, enum tm_dir dir,
                         int64_t t_us, struct tm_tap_packet *p)
{
    uint32_t len = segment_len(f, &f->received[dir], path->mss);
    advance(f, &f->received[dir], dir, len);
    if (++f->n_unacked[dir] >= 2) {
        stamp(f, dir == TM_UP ? TM_DOWN : TM_UP, TM_TCP_ACK, p);
        return 1;
    }
    f->ack_due_us[dir] = tm_later_us(t_us, DELAYED_ACK_US);
    return 0;
}

static void step_sent(struct tm_in_flight *f, const struct tm_tap_path *path, enum tm_dir dir,
                      struct tm_tap_packet *p)
{
    struct tm_in_flight_cursor *c = &f->sent[dir];
    uint32_t len = segment_len(f, c, path->mss);
    bool is_end = c->offset + len == f->conn.plan.w[c->write].size;
    stamp(f, dir, is_end ? TM_TCP_ACK | TM_TCP_PSH : TM_TCP_ACK, p);
    p->payload_len = len;
    advance(f, c, dir, len);
}

int tm_in_flight_step(struct tm_in_flight *f, struct tm_tap_packet *p)
{
    int64_t t_us;
    const struct tm_tap_path *path = &f->conn.path;
    enum source s = next_source(f, path, &t_us);
    p->t_us = t_us;
    switch (s) {
    case CONTROL:
        step_control(f, p);
        return 1;
    case RECEIVED_UP:
        return step_received(f, path, TM_UP, t_us, p);
    case RECEIVED_DOWN:
        return step_received(f, path, TM_DOWN, t_us, p);
    case SENT_UP:
        step_sent(f, path, TM_UP, p);
        return 1;
    case SENT_DOWN:
        step_sent(f, path, TM_DOWN, p);
        return 1;
    case ACK_UP:
        stamp(f, TM_DOWN, TM_TCP_ACK, p);
        return 1;
    case ACK_DOWN:
        stamp(f, TM_UP, TM_TCP_ACK, p);
        return 1;
    case SOURCES:
        break;
    }
    return 0;
}
