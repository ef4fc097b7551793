/* tm/net/wirepoll.c - two doorbells, and the connections that are read here, in uv_poll handles. */
#include "tm/net/wirepoll.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "tm/net/alarm.h"
#include "tm/net/ring.h"

static_assert(TM_WIREPOLL_RESERVE <= TM_WIRE_RING_MIN / 2, "half of the ring is for writes");

struct tm_wirepoll {
    struct tm_wirepoll_cfg cfg;
    struct tm_wire *wire;
    uv_poll_t events, room, late;
    uv_idle_t more; /* the loop must not sleep: events are left */
    unsigned n_handles;
    bool is_closing;
    bool wants_room;
    bool has_rest; /* on_batch has not done all */
};

static void on_closed(uv_handle_t *h)
{
    struct tm_wirepoll *p = h->data;
    if (--p->n_handles == 0)
        free(p);
}

static void work_off(struct tm_wirepoll *p);

static void on_more(uv_idle_t *idle)
{
    work_off(idle->data);
}

static void end_batch(struct tm_wirepoll *p, bool is_any)
{
    p->has_rest = is_any && p->cfg.on_batch(p->cfg.user);
    if (p->is_closing)
        return;
    if (!p->has_rest && tm_wire_await(p->wire))
        (void)uv_idle_stop(&p->more);
    else
        (void)uv_idle_start(&p->more, on_more);
}

static void work_off(struct tm_wirepoll *p)
{
    struct tm_wire_event ev;
    int64_t until_us = tm_now_us() + TM_WIREPOLL_BATCH_US;
    bool is_any = p->has_rest;
    while (tm_wire_next(p->wire, &ev)) {
        p->cfg.on_event(p->cfg.user, &ev);
        tm_wire_consume(p->wire);
        is_any = true;
        if (tm_now_us() >= until_us)
            break;
    }
    end_batch(p, is_any);
}

static void on_late(uv_poll_t *poll, int status, int events)
{
    struct tm_wirepoll *p = poll->data;
    struct tm_wire_event ev;
    int64_t until_us = tm_now_us() + TM_WIREPOLL_BATCH_US;
    bool is_any = p->has_rest;
    (void)status;
    (void)events;
    while (tm_wire_read_late(p->wire, &ev)) {
        p->cfg.on_event(p->cfg.user, &ev);
        is_any = true;
        if (tm_now_us() >= until_us)
            break;
    }
    end_batch(p, is_any);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    struct tm_wirepoll *p = poll->data;
    (void)status;
    (void)events;
    tm_ring_clear(tm_wire_fd(p->wire));
    work_off(p);
}

static void on_room(uv_poll_t *poll, int status, int events)
{
    struct tm_wirepoll *p = poll->data;
    (void)status;
    (void)events;
    tm_ring_clear(tm_wire_room_fd(p->wire));
    if (!p->wants_room)
        return;
    p->wants_room = false;
    p->cfg.on_room(p->cfg.user);
}

int tm_wirepoll_new(struct tm_wirepoll **out, const struct tm_wirepoll_cfg *cfg, struct tm_msg *msg)
{
    *out = NULL;
    struct tm_wirepoll *p = calloc(1, sizeof *p);
    if (p == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    p->cfg = *cfg;
    int rc = tm_wire_start(&p->wire, &cfg->wire);
    if (rc != TM_OK) {
        free(p);
        return rc == TM_ERR_UNSUPPORTED
                   ? tm_msg_set(msg, rc, "the kernel offers no TCP congestion control '%s'",
                                cfg->wire.cc)
                   : tm_msg_set(msg, rc, "cannot start the wire thread: %s", tm_strerror(rc));
    }
    p->events.data = p->room.data = p->late.data = p->more.data = p;
    bool ok = uv_poll_init(cfg->loop, &p->events, tm_wire_fd(p->wire)) == 0;
    p->n_handles += ok;
    ok = ok && uv_poll_init(cfg->loop, &p->room, tm_wire_room_fd(p->wire)) == 0;
    p->n_handles += ok;
    ok = ok && uv_poll_init(cfg->loop, &p->late, tm_wire_late_fd(p->wire)) == 0;
    p->n_handles += ok;
    if (!ok) {
        tm_wirepoll_free(p);
        return tm_msg_set(msg, TM_ERR_IO, "cannot watch the wire thread");
    }
    (void)uv_idle_init(cfg->loop, &p->more);
    p->n_handles++;
    (void)uv_poll_start(&p->events, UV_READABLE, on_events);
    (void)uv_poll_start(&p->room, UV_READABLE, on_room);
    (void)uv_poll_start(&p->late, UV_READABLE, on_late);
    (void)uv_idle_start(&p->more,
                        on_more); /* says that it is about to sleep, or has events already */
    *out = p;
    return TM_OK;
}

void tm_wirepoll_free(struct tm_wirepoll *p)
{
    if (p == NULL || p->is_closing)
        return;
    p->is_closing = true;
    unsigned n = p->n_handles;
    if (n > 0)
        uv_close((uv_handle_t *)&p->events, on_closed);
    if (n > 1)
        uv_close((uv_handle_t *)&p->room, on_closed);
    if (n > 2)
        uv_close((uv_handle_t *)&p->late, on_closed);
    if (n > 3)
        uv_close((uv_handle_t *)&p->more, on_closed);
    tm_wire_stop(p->wire);
    if (n == 0)
        free(p);
}

struct tm_wire *tm_wirepoll_wire(struct tm_wirepoll *p)
{
    return p->wire;
}

void tm_wirepoll_want_room(struct tm_wirepoll *p)
{
    if (p->wants_room)
        return;
    p->wants_room = true;
    if (!tm_wire_await_spare(p->wire, TM_WIREPOLL_RESERVE)) {
        /* It is there already: the doorbell is rung by ourselves, through the same path. */
        const uint64_t one = 1;
        ssize_t n = write(tm_wire_room_fd(p->wire), &one, sizeof one);
        (void)n;
    }
}
