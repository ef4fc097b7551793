#include "test/unit/net/wire_scene.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"
#include "tm/net/ring.h"

#define GIVE_UP_US (60 * TM_US_PER_S)

/* ---- The wire thread ---- */

void scene_start(struct scene *s, const struct tm_wire_cfg *cfg)
{
    const struct tm_wire_cfg defaults = {0};
    memset(s, 0, sizeof *s);
    s->give_up_us = tm_now_us() + GIVE_UP_US;
    CHECK_INT(tm_wire_start(&s->w, cfg ? cfg : &defaults), TM_OK);
}

void scene_stop(struct scene *s)
{
    tm_wire_stop(s->w);
    for (size_t i = 0; i < s->n_conns; i++) {
        free(s->conns[i]->rx);
        free(s->conns[i]);
    }
}

void scene_listen(struct scene *s)
{
    int fd = plain_listen(&s->addr, 1024, SOCK_NONBLOCK);
    CHECK_INT(tm_wire_listen(s->w, fd), TM_OK);
}

static struct scene_conn *conn_new(struct scene *s, uint32_t id)
{
    struct scene_conn *c = calloc(1, sizeof *c);
    TM_ASSERT(c != NULL && s->n_conns < TM_WIRE_CONNS_MAX);
    c->id = id;
    c->fd = -1;
    s->conns[s->n_conns++] = c;
    return c;
}

struct scene_conn *scene_open(struct scene *s, const struct sockaddr_in *addr, int64_t due_us)
{
    uint32_t id = 0;
    CHECK_INT(tm_wire_open(s->w, (const struct sockaddr *)addr, sizeof *addr, due_us, &id), TM_OK);
    return conn_new(s, id);
}

static struct scene_conn *find(struct scene *s, uint32_t id)
{
    size_t i = s->n_conns;
    while (i > 0 && s->conns[i - 1]->id != id)
        i--;
    return i > 0 ? s->conns[i - 1] : NULL;
}

static void on_rx(struct scene_conn *c, const struct tm_wire_event *ev)
{
    if (c->n_rx + ev->bytes.len > c->cap_rx) {
        c->cap_rx = 2 * (c->n_rx + ev->bytes.len);
        c->rx = realloc(c->rx, c->cap_rx);
        TM_ASSERT(c->rx != NULL);
    }
    memcpy(c->rx + c->n_rx, ev->bytes.p, ev->bytes.len);
    c->n_rx += ev->bytes.len;
    c->rx_us = ev->t_us;
}

static void on_sent(struct scene_conn *c, const struct tm_wire_event *ev)
{
    CHECK_INT(ev->t_us, ev->last_us);
    if (c->n_sent < SCENE_SENT_MAX)
        c->sent[c->n_sent] = (struct scene_sent){.write_no = ev->write_no,
                                                 .unsent = ev->unsent,
                                                 .held = ev->held,
                                                 .due_us = ev->due_us,
                                                 .first_us = ev->first_us,
                                                 .last_us = ev->last_us,
                                                 .ready_us = ev->ready_us,
                                                 .tail_us = ev->tail_us,
                                                 .free_us = ev->free_us,
                                                 .offset = ev->offset};
    c->n_sent++;
}

static void on_event(struct scene *s, struct scene_conn *c, const struct tm_wire_event *ev)
{
    CHECK(c->n_down == 0 && c->n_released == 0); /* nothing comes after the end */
    CHECK(ev->kind == TM_WIRE_ACCEPTED || ev->kind == TM_WIRE_UP || ev->kind == TM_WIRE_DOWN ||
          c->n_up == 1);
    if (ev->kind == TM_WIRE_ACCEPTED) {
        c->is_accepted = true;
        s->accepted[s->n_accepted++] = c;
    }
    switch (ev->kind) {
    case TM_WIRE_ACCEPTED:
    case TM_WIRE_UP:
        c->n_up++;
        c->up_us = ev->t_us;
        c->local = ev->local;
        c->peer = ev->peer;
        return;
    case TM_WIRE_RX:
        on_rx(c, ev);
        return;
    case TM_WIRE_SENT:
        on_sent(c, ev);
        return;
    case TM_WIRE_END_OF_FILE:
        c->n_eof++;
        c->eof_us = ev->t_us;
        return;
    case TM_WIRE_DOWN:
        c->n_down++;
        c->down_us = ev->t_us;
        c->why = ev->why;
        c->error = ev->error;
        return;
    case TM_WIRE_RELEASED:
        c->n_released++;
        c->fd = ev->fd;
        return;
    case TM_WIRE_YIELDED:
        c->n_yielded++;
        return;
    }
}

void scene_take(struct scene *s)
{
    struct tm_wire_event ev;
    while (tm_wire_next(s->w, &ev)) {
        struct scene_conn *c = ev.kind == TM_WIRE_ACCEPTED ? conn_new(s, ev.id) : find(s, ev.id);
        CHECK(c != NULL);
        if (c)
            on_event(s, c, &ev);
        tm_wire_consume(s->w);
    }
    while (tm_wire_read_late(s->w, &ev)) {
        struct scene_conn *c = find(s, ev.id);
        CHECK(c != NULL && c->n_yielded == 1);
        if (c) {
            c->n_rx_late += ev.bytes.len;
            on_event(s, c, &ev);
        }
    }
}

bool scene_turn(struct scene *s)
{
    if (tm_wire_await(s->w)) {
        struct pollfd p[] = {{.fd = tm_wire_fd(s->w), .events = POLLIN},
                             {.fd = tm_wire_late_fd(s->w), .events = POLLIN}};
        (void)poll(p, 2, 100);
        tm_ring_clear(tm_wire_fd(s->w));
    }
    scene_take(s);
    return tm_now_us() < s->give_up_us;
}

void scene_write(struct scene *s, const struct scene_conn *c, uint32_t no, int64_t due_us,
                 int64_t gap_us, const uint8_t *p, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t n = len - done < TM_WIRE_CHUNK_MAX ? len - done : TM_WIRE_CHUNK_MAX;
        struct tm_wire_write wr = {.id = c->id,
                                   .write_no = no,
                                   .due_us = due_us,
                                   .gap_us = gap_us,
                                   .bytes = {p + done, n}};
        wr.flags = done == 0 ? TM_WIRE_FIRST | (gap_us < 0 ? 0 : (unsigned)TM_WIRE_AFTER_PREV) : 0;
        wr.flags |= done + n == len ? (unsigned)TM_WIRE_LAST : 0;
        CHECK_INT(tm_wire_write(s->w, &wr), TM_OK);
        done += n;
    }
}

void scene_close(struct scene *s, const struct scene_conn *c, int64_t due_us)
{
    CHECK_INT(tm_wire_close(s->w, c->id, due_us), TM_OK);
}

/* ---- Bytes ---- */

uint8_t scene_byte(uint64_t k, uint64_t i)
{
    return (uint8_t)((i * 2654435761U + k * 40503U) >> 13);
}

void scene_fill(uint8_t *p, size_t len, uint64_t k, uint64_t from)
{
    for (size_t i = 0; i < len; i++)
        p[i] = scene_byte(k, from + i);
}

bool scene_is_pattern(const uint8_t *p, size_t len, uint64_t k, uint64_t from)
{
    size_t i = 0;
    while (i < len && p[i] == scene_byte(k, from + i))
        i++;
    return i == len;
}

struct scene_conn *scene_open_plain(struct scene *s, int *peer)
{
    struct sockaddr_in addr;
    int listener = plain_listen(&addr, 8, 0);
    struct scene_conn *c = scene_open(s, &addr, 0);
    *peer = plain_accept(listener);
    (void)close(listener);
    SCENE_UNTIL(s, c->n_up == 1);
    return c;
}
