/* The packets of a connection are a merge of few sources, each in the order of time:
 *
 *   control          SYN, SYN-ACK, ACK, the client's FIN, the server's FIN, the last ACK
 *   sent[dir]        a data segment passes the tap
 *   received[dir]    the other end has it, one way later: it acknowledges every second one at once
 *   ack_due_us[dir]  ... and else when nothing of its own has carried the acknowledgement for 40 ms
 *
 * All times are those at which what happens, or the answer to it, passes the tap. */
#include "learner/ops/flight.h"

#include "tm/base/time.h"

#define DELAYED_ACK_US (40 * TM_US_PER_MS)

enum stage { SYN, SYN_ACK, ACK, FIN_UP, FIN_DOWN, LAST_ACK, OVER };

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
    case FIN_UP:
        return c->close_us;
    case FIN_DOWN:
        return c->fin_us;
    case LAST_ACK:
        return c->end_us;
    case OVER:
        break;
    }
    return TM_NEVER;
}

static int64_t source_us(const struct tm_in_flight *f, const struct tm_tap_path *path,
                         enum source s)
{
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
    return s == CONTROL && f->stage >= FIN_UP;
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
    bool own_fin = f->stage > (dir == TM_UP ? FIN_UP : FIN_DOWN);
    bool other_fin = dir == TM_UP ? f->stage > FIN_DOWN : (flags & TM_TCP_FIN) != 0;
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
    case FIN_UP:
        stamp(f, TM_UP, TM_TCP_FIN | TM_TCP_ACK, p);
        break;
    case FIN_DOWN:
        stamp(f, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, p);
        break;
    case LAST_ACK:
        stamp(f, TM_UP, TM_TCP_ACK, p);
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
