/* tm/net/lane.c - one carrier's handshake, composing and reading.
 *
 * A planned write is composed piece by piece (handshake part, then records) into chunks for the wire thread: a slice at once, what is
 * left of a large one in turns with other lanes, so that the first bytes of all can leave in time.
 * At most FLIGHT_MAX bytes of a lane are under way to it; markers (chunks whose departure is reported) say
 * how far it is.  A write whose pieces do not add up to its size kills the carrier: that is our own bug, and the
 * wire must not show it. */
#include "tm/net/lane.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/log.h"
#include "tm/core/schedlog.h"
#include "tm/core/session_watch.h"
#include "tm/net/addr.h"
#include "tm/net/front_impl.h"
#include "tm/net/identity.h"
#include "tm/net/streamlog.h"
#include "tm/net/wirepoll.h"

#define FLIGHT_MAX   262144U /* bytes of a lane in the ring */
#define SLICE        65536U  /* bytes composed in a turn; a tenth of a millisecond */
#define MARK_EVERY   65536U  /* bytes of a large write between markers */
#define MARKS        64U     /* markers under way */
#define LATE_TOLD_US (500 * TM_US_PER_MS)
#define PROGRESS     (1U << 31) /* write_no of a marker inside a write; plans have fewer writes */

enum lane_state { OPENING, HANDSHAKE, LIVE, ENDING };

struct tm_lane {
    struct tm_lane_cfg cfg;
    struct tm_lane *next_by_carrier, *next_by_conn; /* in the front's buckets */
    size_t at;                                      /* in its list */
    enum lane_state state;
    bool is_authentic;
    bool has_heard;    /* bytes of the far end have come */
    bool is_composing; /* act is a WRITE not yet wholly given to the wire */
    bool is_first;     /* ... of which nothing has been given */
    bool wants_turn;   /* ... and could go on; counted in n_turns of the front */
    bool has_asked;    /* ... to read the connection here: tm_wire_yield */
    bool has_left;     /* act is a WRITE that the socket has taken: see send_now */
    struct tm_act act;
    uint32_t left;      /* bytes of it not yet composed */
    uint32_t unmarked;  /* bytes given since the last marker */
    uint32_t in_flight; /* bytes given and not known to have left */
    int64_t told_us;    /* when a write without a deadline last went by the wire thread */
    unsigned n_marks, first_mark;
    uint32_t mark[MARKS]; /* bytes that each marker under way stands for */
};

/* ---- Which there are ---- */

static size_t bucket_of(uint32_t number)
{
    return number & (TM_FRONT_BUCKETS - 1);
}

static void enlist(struct tm_front *f, struct tm_lane *l)
{
    struct tm_lane **by_carrier = &f->by_carrier[bucket_of(l->cfg.carrier)];
    struct tm_lane **by_conn = &f->by_conn[bucket_of(l->cfg.conn)];
    l->next_by_carrier = *by_carrier;
    *by_carrier = l;
    l->next_by_conn = *by_conn;
    *by_conn = l;
    l->at = f->n_lanes++;
    f->lanes[l->at] = l;
}

static void delist(struct tm_front *f, struct tm_lane *l)
{
    struct tm_lane **by_carrier = &f->by_carrier[bucket_of(l->cfg.carrier)];
    struct tm_lane **by_conn = &f->by_conn[bucket_of(l->cfg.conn)];
    while (*by_carrier != l)
        by_carrier = &(*by_carrier)->next_by_carrier;
    *by_carrier = l->next_by_carrier;
    while (*by_conn != l)
        by_conn = &(*by_conn)->next_by_conn;
    *by_conn = l->next_by_conn;
    struct tm_lane *moved = f->lanes[--f->n_lanes];
    f->lanes[l->at] = moved;
    moved->at = l->at;
}

struct tm_lane *tm_front_lane(const struct tm_front *f, uint32_t carrier)
{
    struct tm_lane *l = f->by_carrier[bucket_of(carrier)];
    while (l != NULL && l->cfg.carrier != carrier)
        l = l->next_by_carrier;
    return l;
}

struct tm_lane *tm_front_lane_of_conn(const struct tm_front *f, uint32_t conn)
{
    struct tm_lane *l = f->by_conn[bucket_of(conn)];
    while (l != NULL && l->cfg.conn != conn)
        l = l->next_by_conn;
    return l;
}

/* ---- Ends ---- */

static void lane_free(struct tm_lane *l)
{
    struct tm_front *f = l->cfg.front;
    f->n_turns -= l->wants_turn;
    delist(f, l);
    tm_tls_free(l->cfg.take_tls);
    free(l);
}

static void lane_reset(struct tm_lane *l)
{
    TM_ASSERT_EQ(tm_wire_reset(l->cfg.front->wire, l->cfg.conn),
                 TM_OK); /* see TM_WIREPOLL_RESERVE */
}

static const char refused_text[] =
    "who answers there did not accept us: another server behind the address, a revoked client or "
    "used link, other models on the server (join again), or clocks more than two hours apart";

static const char cut_text[] =
    "connected, and cut off without an answer: another server behind the address, "
    "or something on the way that cuts connections";

/* A client's carrier whose far end has not proved that it is our server. */
static bool is_unproved(const struct tm_lane *l)
{
    return l->cfg.side == TM_CLIENT && !l->is_authentic;
}

/* The connection is over, or worthless: tells the engine and, if it is news, the owner. */
static void lane_end(struct tm_lane *l, enum tm_gone how, int64_t t_us, int err, const char *why)
{
    struct tm_front *f = l->cfg.front;
    bool is_expected = tm_session_gone(f->session, l->cfg.carrier, how, t_us);
    if (!is_expected || is_unproved(l)) /* the engine may have given it up by itself already */
        f->ops->lane_lost(f->owner, l, err, why);
    lane_free(l);
}

static void lane_fail(struct tm_lane *l, int err, const char *why)
{
    lane_reset(l);
    lane_end(l, TM_GONE_LOST, tm_now_us(), err, why);
}

void tm_lane_kill(struct tm_lane *l, const char *why)
{
    struct tm_front *f = l->cfg.front;
    int err = TM_ERR_IO;
    lane_reset(l);
    if (l->state == OPENING) {
        why = "connection timed out";
    } else if (is_unproved(l)) {
        err = l->has_heard ? TM_ERR_AUTH : TM_ERR_IO;
        why = l->has_heard ? refused_text : "connected, but nobody answers";
    }
    if (!f->is_stopping && !f->is_failed)
        f->ops->lane_lost(f->owner, l, err, why);
    lane_free(l);
}

void tm_lane_close(struct tm_lane *l, int64_t due_us)
{
    l->state = ENDING;
    TM_ASSERT_EQ(tm_wire_close(l->cfg.front->wire, l->cfg.conn, due_us), TM_OK);
}

void tm_lane_shut(struct tm_lane *l, int64_t due_us)
{
    l->state = ENDING;
    TM_ASSERT_EQ(tm_wire_shut(l->cfg.front->wire, l->cfg.conn, due_us), TM_OK);
}

void tm_lane_abort(struct tm_lane *l, int64_t due_us)
{
    l->state = ENDING;
    TM_ASSERT_EQ(tm_wire_abort(l->cfg.front->wire, l->cfg.conn, due_us), TM_OK);
}

/* ---- Writing ---- */

/* The size of the next piece of the current write: its handshake part, or a record. */
static uint32_t next_piece(const struct tm_lane *l)
{
    if (l->left == l->act.size && l->act.hs != TM_HS_NONE)
        return l->act.hs_size;
    return tm_shape_next_record(l->left);
}

static void keep_key(struct tm_lane *l)
{
    struct tm_front *f = l->cfg.front;
    if (!f->keep_keys)
        return;
    struct tm_ask_key *key = &f->keys[f->n_keys++ % TM_FRONT_KEYS];
    key->carrier = l->cfg.carrier;
    if (tm_tls_exporter(l->cfg.take_tls, TM_IDENTITY_LABEL, key->exporter) != TM_OK)
        f->n_keys--;
}

/* Composes one piece to out: TM_OK only when it has exactly the size announced. */
static int compose(struct tm_lane *l, uint32_t size, uint8_t *out)
{
    struct tm_front *f = l->cfg.front;
    struct tm_tls *tls = l->cfg.take_tls;
    if (l->left == l->act.size && l->act.hs == TM_HS_FLIGHT) {
        int rc = tm_tls_flight(tls, out, size);
        if (rc == TM_OK)
            keep_key(l);
        return rc;
    }
    if (l->left == l->act.size && l->act.hs == TM_HS_FIN)
        return tm_tls_finish(tls, out, size);
    size_t n = tm_session_compose(f->session, l->cfg.carrier, f->plain, tm_now_us());
    if (n == 0)
        return TM_ERR_CLOSED; /* the engine gave the carrier up since; KILL is on its way */
    if (n + TM_TLS_OVERHEAD != size)
        return TM_ERR_RANGE;
    return tm_tls_seal(tls, f->plain, n, out);
}

static bool has_room(const struct tm_lane *l)
{
    if (l->n_marks == MARKS || l->in_flight >= FLIGHT_MAX)
        return false; /* SENT goes on */
    if (tm_wire_has_spare(l->cfg.front->wire, TM_WIREPOLL_RESERVE))
        return true;
    l->cfg.front->ops->want_room(l->cfg.front->owner);
    return false;
}

/* Without a deadline, a write that is whole and behind nothing goes to the socket at once, as far as that takes it: two threads less are woken
 * for it.  Once in LATE_TOLD_US one goes by the wire thread, which looks at what TCP says then (tm/net/kernel.h).  Returns how many bytes left. */
static uint32_t send_now(struct tm_lane *l, const uint8_t *chunk, uint32_t len)
{
    int64_t now_us = tm_now_us();
    if (!l->act.is_late_choice || !l->is_first || l->left > 0 || l->in_flight > 0)
        return 0;
    if (now_us - l->told_us >= LATE_TOLD_US) {
        l->told_us = now_us;
        return 0;
    }
    uint32_t n =
        (uint32_t)tm_wire_send_late(l->cfg.front->wire, l->cfg.conn, (struct tm_view){chunk, len});
    l->has_left = n == len;
    return n;
}

/* Gives a chunk to the wire thread. */
static int give(struct tm_lane *l, const uint8_t *chunk, uint32_t len)
{
    uint32_t n = send_now(l, chunk, len);
    if (l->has_left)
        return TM_OK;
    chunk += n;
    len -= n;
    struct tm_wire_write cmd = {.id = l->cfg.conn,
                                .write_no = l->act.write,
                                .due_us = l->act.due_us,
                                .gap_us = l->act.gap_us,
                                .bytes = {chunk, len}};
    if (l->is_first)
        cmd.flags |= TM_WIRE_FIRST | (l->act.rel_prev ? (unsigned)TM_WIRE_AFTER_PREV : 0);
    if (l->act.is_late_choice)
        cmd.flags |= TM_WIRE_LATE;
    l->is_first = false;
    l->unmarked += len;
    l->in_flight += len;
    if (l->left == 0 || l->unmarked >= MARK_EVERY) {
        cmd.flags |= TM_WIRE_LAST;
        cmd.write_no |= l->left == 0 ? 0 : PROGRESS;
        l->mark[(l->first_mark + l->n_marks++) % MARKS] = l->unmarked;
        l->unmarked = 0;
    }
    int rc = tm_wire_write(l->cfg.front->wire, &cmd);
    if (rc != TM_OK || l->has_asked || !l->cfg.front->reads || !l->act.is_late_choice)
        return rc;
    l->has_asked = true;
    return tm_wire_yield(l->cfg.front->wire, l->cfg.conn);
}

static void set_turn(struct tm_lane *l, bool wants_turn)
{
    l->cfg.front->n_turns += (size_t)wants_turn - (size_t)l->wants_turn;
    l->wants_turn = wants_turn;
}

static void note_left(const struct tm_lane *l)
{
    int64_t now_us = tm_now_us();
    const struct tm_departure d = {.first_us = now_us,
                                   .last_us = now_us,
                                   .ready_us = now_us,
                                   .tail_us = now_us,
                                   .free_us = INT64_MIN,
                                   .offset = TM_SLIP_OFFSET_UNKNOWN};
    tm_session_departed(l->cfg.front->session, l->cfg.carrier, l->act.write, &d);
}

/* The whole write is composed, or could not be (rc); may free the lane. */
static void end_write(struct tm_lane *l, int rc)
{
    struct tm_front *f = l->cfg.front;
    if (rc == TM_ERR_CLOSED)
        return;
    if (rc == TM_OK && tm_session_compose(f->session, l->cfg.carrier, f->plain, tm_now_us()) != 0)
        rc = TM_ERR_RANGE;
    if (rc != TM_OK) {
        tm_log(TM_LOG_ERROR, "carrier %" PRIu32 ": write %" PRIu32 " of %" PRIu32 " bytes: %s",
               l->cfg.carrier, l->act.write, l->act.size,
               rc == TM_ERR_RANGE ? "sizes do not add up" : tm_strerror(rc));
        lane_fail(l, rc, "internal error");
    } else if (l->has_left) {
        note_left(l);
    }
}

/* Goes on with the current write by a slice, as far as there is room; may free the lane. */
static void lane_compose(struct tm_lane *l)
{
    struct tm_front *f = l->cfg.front;
    int rc = TM_OK;
    uint32_t stop = l->left > SLICE ? l->left - SLICE : 0;
    bool is_room = true;
    while (rc == TM_OK && l->left > stop && (is_room = has_room(l))) {
        uint32_t len = 0;
        uint32_t size = next_piece(l);
        while (rc == TM_OK && size > 0 && size <= l->left && len + size <= sizeof f->chunk) {
            rc = compose(l, size, f->chunk + len);
            len += size;
            l->left -= size;
            size = next_piece(l);
        }
        if (rc == TM_OK)
            rc = len == 0 ? TM_ERR_RANGE : give(l, f->chunk, len);
    }
    set_turn(l, rc == TM_OK && l->left > 0 && is_room);
    if (rc == TM_OK && l->left > 0)
        return;
    l->is_composing = false;
    end_write(l, rc);
}

void tm_lane_write(struct tm_lane *l, const struct tm_act *act)
{
    TM_ASSERT(!l->is_composing);
    l->act = *act;
    l->left = act->size;
    l->is_first = true;
    l->is_composing = true;
    l->has_left = false;
    lane_compose(l);
}

int tm_lane_hello(struct tm_lane *l, const struct tm_act *act, const uint8_t *hello)
{
    TM_ASSERT_LE(act->size, TM_WIRE_CHUNK_MAX);
    l->act = *act;
    l->act.rel_prev = true;
    l->left = 0;
    l->is_first = true;
    return give(l, hello, act->size);
}

void tm_lane_room(struct tm_lane *l)
{
    if (l->is_composing)
        set_turn(l, true);
}

bool tm_lane_turn(struct tm_lane *l)
{
    if (!l->wants_turn)
        return false;
    lane_compose(l);
    return true;
}

static void on_sent(struct tm_lane *l, const struct tm_wire_event *ev)
{
    TM_ASSERT(l->n_marks > 0);
    l->in_flight -= l->mark[l->first_mark];
    l->first_mark = (l->first_mark + 1) % MARKS;
    l->n_marks--;
    const struct tm_departure d = {.first_us = ev->first_us,
                                   .last_us = ev->last_us,
                                   .ready_us = ev->ready_us,
                                   .tail_us = ev->tail_us,
                                   .free_us = ev->free_us,
                                   .offset = ev->offset,
                                   .unsent = ev->unsent,
                                   .held = ev->held};
    if ((ev->write_no & PROGRESS) == 0)
        tm_session_departed(l->cfg.front->session, l->cfg.carrier, ev->write_no, &d);
    tm_lane_room(l);
}

/* ---- Reading ---- */

/* Before the far end has proved itself, whatever goes wrong after the hello means that it is not ours, or does
 * not take us. */
static void lane_broken(struct tm_lane *l, int err, const char *why)
{
    if (is_unproved(l))
        lane_fail(l, TM_ERR_AUTH, refused_text);
    else
        lane_fail(l, err, why);
}

static void on_rx(struct tm_lane *l, const struct tm_wire_event *ev)
{
    struct tm_front *f = l->cfg.front;
    struct tm_tls *tls = l->cfg.take_tls;
    l->has_heard = true;
    tm_session_received(f->session, l->cfg.carrier, ev->bytes.len, ev->t_us);
    tm_tls_feed(tls, ev->bytes.p, ev->bytes.len);
    for (;;) {
        int n = tm_tls_open(tls, f->plain, sizeof f->plain);
        if (n < 0) {
            lane_broken(l, n,
                        n == TM_ERR_PROTO ? "the peer broke the TLS protocol"
                                          : "a record was corrupt");
            return;
        }
        if (!l->is_authentic && tm_tls_is_peer_finished(tls)) {
            l->is_authentic = true;
            l->state = l->state == HANDSHAKE ? LIVE : l->state;
            if (l->cfg.side == TM_CLIENT)
                keep_key(l);
            f->ops->lane_up(f->owner, l);
        }
        if (n == 0)
            return;
        /* An error is the engine's to act on: it gives KILL, or has failed. */
        (void)tm_session_record(f->session, l->cfg.carrier, f->plain, (size_t)n, ev->t_us);
    }
}

static void on_end_of_file(struct tm_lane *l, int64_t t_us)
{
    enum tm_finish finish = tm_session_finished(l->cfg.front->session, l->cfg.carrier, t_us);
    if (finish == TM_FINISH_WAIT)
        return;
    if (l->cfg.side == TM_SERVER && !l->is_composing)
        tm_lane_close(l, tm_now_us());
    else if (l->state != ENDING)
        lane_broken(l, TM_ERR_IO, "closed by the server");
}

void tm_lane_log_up(const struct tm_lane *l, const struct tm_wire_event *ev)
{
    char local[TM_ADDR_TEXT_MAX];
    char peer[TM_ADDR_TEXT_MAX];
    const struct tm_streamlog_link link = {(const struct sockaddr *)&ev->peer,
                                           (const struct sockaddr *)&ev->local};
    if (l->cfg.front->streamlog != NULL)
        tm_streamlog_carrier(l->cfg.front->streamlog, l->cfg.carrier, ev->t_us, &link);
    if (l->cfg.front->log == NULL)
        return;
    tm_addr_text((const struct sockaddr *)&ev->local, local);
    tm_addr_text((const struct sockaddr *)&ev->peer, peer);
    tm_schedlog_up(l->cfg.front->log, l->cfg.carrier, ev->t_us, local, peer);
}

static void on_up(struct tm_lane *l, const struct tm_wire_event *ev)
{
    struct tm_front *f = l->cfg.front;
    l->state = HANDSHAKE;
    tm_session_opened(f->session, l->cfg.carrier, ev->t_us);
    tm_lane_log_up(l, ev);
}

static bool is_reset_errno(int error)
{
    return error == ECONNRESET || error == EPIPE;
}

static void on_down(struct tm_lane *l, const struct tm_wire_event *ev)
{
    char text[96];
    switch (ev->why) {
    case TM_WIRE_DOWN_CLOSED:
    case TM_WIRE_DOWN_OURS:
    case TM_WIRE_DOWN_ABORTED:
        (void)snprintf(text, sizeof text, "connection closed");
        break;
    case TM_WIRE_DOWN_TIMEOUT:
        (void)snprintf(text, sizeof text, "the far end does not close");
        break;
    case TM_WIRE_DOWN_RESET:
    case TM_WIRE_DOWN_REFUSED:
        tm_errno_text(ev->error, text, sizeof text);
        break;
    }
    bool is_reset = ev->why == TM_WIRE_DOWN_RESET && is_reset_errno(ev->error);
    enum tm_gone how = ev->why == TM_WIRE_DOWN_CLOSED || ev->why == TM_WIRE_DOWN_ABORTED
                           ? TM_GONE_CLOSED
                       : is_reset ? TM_GONE_RESET
                                  : TM_GONE_LOST;
    bool is_answer = is_unproved(l) && l->has_heard; /* bytes say more than the reset behind them */
    bool is_cut = is_unproved(l) && is_reset;
    lane_end(l, how, ev->t_us, is_answer ? TM_ERR_AUTH : TM_ERR_IO,
             is_answer ? refused_text
             : is_cut  ? cut_text
                       : text);
}

void tm_lane_on_wire(struct tm_lane *l, const struct tm_wire_event *ev)
{
    switch (ev->kind) {
    case TM_WIRE_UP:
        on_up(l, ev);
        return;
    case TM_WIRE_RX:
        on_rx(l, ev);
        return;
    case TM_WIRE_SENT:
        on_sent(l, ev);
        return;
    case TM_WIRE_END_OF_FILE:
        on_end_of_file(l, ev->t_us);
        return;
    case TM_WIRE_DOWN:
        on_down(l, ev);
        return;
    case TM_WIRE_ACCEPTED:
    case TM_WIRE_RELEASED:
    case TM_WIRE_YIELDED:
        return;
    }
}

/* ---- Life ---- */

int tm_lane_new(struct tm_lane **out, const struct tm_lane_cfg *cfg)
{
    struct tm_front *f = cfg->front;
    struct tm_lane *l = f->n_lanes == TM_CARRIERS_HELD ? NULL : calloc(1, sizeof *l);
    *out = l;
    if (l == NULL) {
        tm_tls_free(cfg->take_tls);
        return f->n_lanes == TM_CARRIERS_HELD ? TM_ERR_LIMIT : TM_ERR_NOMEM;
    }
    l->cfg = *cfg;
    l->state = cfg->side == TM_CLIENT ? OPENING : HANDSHAKE;
    enlist(f, l);
    return TM_OK;
}

uint32_t tm_lane_carrier(const struct tm_lane *l)
{
    return l->cfg.carrier;
}

uint32_t tm_lane_conn(const struct tm_lane *l)
{
    return l->cfg.conn;
}

int64_t tm_lane_carried_us(const struct tm_lane *l)
{
    return l->cfg.carried_us;
}

bool tm_lane_is_authentic(const struct tm_lane *l)
{
    return l->is_authentic;
}
