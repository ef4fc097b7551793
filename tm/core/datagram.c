/* tm/core/datagram.c - see datagram.h.  In the ring: time (8), length of the frame (4), frame. */
#include "tm/core/datagram.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/socks5.h"

#define NOTE_LEN 12U
static_assert(TM_DATAGRAM_QUEUE >= NOTE_LEN + TM_DATAGRAM_FRAME_MAX, "one of any size fits");

size_t tm_datagram_head(uint8_t out[TM_DATAGRAM_HEAD_MAX], const struct tm_dest *dest,
                        size_t data_len)
{
    struct tm_wr w = tm_wr_init(out, TM_DATAGRAM_HEAD_MAX);
    TM_ASSERT_LE(data_len, TM_DATAGRAM_MAX);
    tm_wr_varint(&w, data_len);
    tm_wr_u8(&w, (uint8_t)dest->kind);
    if (dest->kind == TM_ADDR_NAME)
        tm_wr_u8(&w, dest->len);
    tm_wr_bytes(&w, dest->addr, dest->len);
    tm_wr_u16(&w, dest->port);
    TM_ASSERT(tm_wr_ok(&w));
    return w.len;
}

/* Bytes of the address of this kind, as far as can be told from its length field; 0: no such kind. */
static uint8_t addr_len(struct tm_rd *r, uint8_t kind)
{
    switch (kind) {
    case TM_ADDR_IPV4:
        return 4;
    case TM_ADDR_IPV6:
        return 16;
    case TM_ADDR_NAME:
        return tm_rd_u8(r);
    default:
        return 0;
    }
}

ssize_t tm_datagram_decode(struct tm_datagram *d, const uint8_t *p, size_t len)
{
    struct tm_rd r = tm_rd_init(p, len);
    size_t n = (size_t)tm_rd_varint(&r);
    uint8_t kind = tm_rd_u8(&r);
    uint8_t n_addr = addr_len(&r, kind);
    if (!tm_rd_ok(&r))
        return len > 0 && p[0] >> 6 == 3 ? TM_ERR_PROTO : 0; /* 8 bytes of length are too many */
    if (n > TM_DATAGRAM_MAX || n_addr == 0)
        return TM_ERR_PROTO;
    d->dest = (struct tm_dest){.kind = (enum tm_addr_kind)kind, .len = n_addr};
    tm_rd_copy(&r, d->dest.addr, n_addr);
    d->dest.port = tm_rd_u16(&r);
    if (!tm_rd_ok(&r))
        return 0;
    if (d->dest.port == 0 || (kind == TM_ADDR_NAME && !tm_socks_is_name(d->dest.addr, n_addr)))
        return TM_ERR_PROTO;
    d->data = tm_rd_bytes(&r, n);
    return tm_rd_ok(&r) ? (ssize_t)(len - r.len) : 0;
}

/* ---- The queue ---- */

int tm_datagram_queue_init(struct tm_datagram_queue *q)
{
    *q = (struct tm_datagram_queue){.bytes = malloc(TM_DATAGRAM_QUEUE)};
    return q->bytes ? TM_OK : TM_ERR_NOMEM;
}

void tm_datagram_queue_deinit(struct tm_datagram_queue *q)
{
    free(q->bytes);
    *q = (struct tm_datagram_queue){0};
}

static size_t place(const struct tm_datagram_queue *q, size_t offset)
{
    return (q->at + offset) % TM_DATAGRAM_QUEUE;
}

/* n bytes at `offset` behind the oldest's beginning, in one or two parts. */
static void parts(const struct tm_datagram_queue *q, size_t offset, size_t n,
                  struct tm_view part[2])
{
    size_t from = place(q, offset);
    size_t first = n < TM_DATAGRAM_QUEUE - from ? n : TM_DATAGRAM_QUEUE - from;
    part[0] = (struct tm_view){q->bytes + from, first};
    part[1] = (struct tm_view){q->bytes, n - first};
}

static void append(struct tm_datagram_queue *q, const uint8_t *p, size_t n)
{
    size_t from = place(q, q->len);
    size_t first = n < TM_DATAGRAM_QUEUE - from ? n : TM_DATAGRAM_QUEUE - from;
    if (first > 0)
        memcpy(q->bytes + from, p, first);
    if (n > first)
        memcpy(q->bytes, p + first, n - first);
    q->len += n;
}

/* Of the oldest: since when it waits, and the length of its frame. */
static uint32_t note(const struct tm_datagram_queue *q, int64_t *t_us)
{
    uint8_t text[NOTE_LEN];
    struct tm_view part[2];
    parts(q, 0, NOTE_LEN, part);
    memcpy(text, part[0].p, part[0].len);
    memcpy(text + part[0].len, part[1].p, part[1].len);
    struct tm_rd r = tm_rd_init(text, sizeof text);
    *t_us = (int64_t)tm_rd_u64(&r);
    return tm_rd_u32(&r);
}

void tm_datagram_queue_pop(struct tm_datagram_queue *q)
{
    int64_t t_us;
    if (q->n == 0)
        return;
    size_t n = NOTE_LEN + note(q, &t_us);
    q->n--;
    q->len -= n;
    q->at =
        q->n == 0 ? 0 : place(q, n); /* from the front again: little that is used touches little */
}

static void drop(struct tm_datagram_queue *q)
{
    tm_datagram_queue_pop(q);
    q->n_dropped++;
}

void tm_datagram_queue_put(struct tm_datagram_queue *q, const struct tm_datagram *d, int64_t t_us)
{
    uint8_t head[TM_DATAGRAM_HEAD_MAX], text[NOTE_LEN];
    struct tm_wr w = tm_wr_init(text, sizeof text);
    size_t head_len = tm_datagram_head(head, &d->dest, d->data.len);
    tm_wr_u64(&w, (uint64_t)t_us);
    tm_wr_u32(&w, (uint32_t)(head_len + d->data.len));
    while (TM_DATAGRAM_QUEUE - q->len < NOTE_LEN + head_len + d->data.len)
        drop(q);
    append(q, text, sizeof text);
    append(q, head, head_len);
    append(q, d->data.p, d->data.len);
    q->n++;
}

size_t tm_datagram_queue_bytes(const struct tm_datagram_queue *q)
{
    return q->len - (size_t)q->n * NOTE_LEN;
}

void tm_datagram_queue_expire(struct tm_datagram_queue *q, int64_t t_us)
{
    int64_t since_us;
    while (q->n > 0 && (note(q, &since_us), since_us < t_us))
        drop(q);
}

size_t tm_datagram_queue_first(const struct tm_datagram_queue *q, struct tm_view part[2],
                               int64_t *t_us)
{
    if (q->n == 0)
        return 0;
    size_t n = note(q, t_us);
    parts(q, NOTE_LEN, n, part);
    return n;
}
