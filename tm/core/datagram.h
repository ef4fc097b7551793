/* tm/core/datagram.h - datagrams on a stream: how one is written there, and the queue in which it waits to be.
 *
 *   length of the data (varint) | kind 1 | [length 1] | address | port 2 | data       kind as in RFC 1928 sec. 5, ATYP
 *
 * Up, the address is where the datagram goes; down, where it came from.  Neither end merges datagrams or cuts one.  The queue is a ring of
 * bounded size: what finds no room pushes out the oldest, which is what a late datagram is worth least to.  Pure. */
#ifndef TM_CORE_DATAGRAM_H
#define TM_CORE_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/dest.h"

#define TM_DATAGRAM_MAX       65507U /* bytes of data: what UDP over IPv4 takes */
#define TM_DATAGRAM_HEAD_MAX  (4U + 2U + TM_DEST_HOST_MAX + 2U)
#define TM_DATAGRAM_FRAME_MAX (TM_DATAGRAM_HEAD_MAX + TM_DATAGRAM_MAX)
#define TM_DATAGRAM_QUEUE                                                                          \
    131072U /* bytes of a queue, frames and 12 more each: one of any size fits */

struct tm_datagram {
    struct tm_dest dest;
    struct tm_view data; /* borrowed */
};

/* What stands before data of data_len <= TM_DATAGRAM_MAX bytes; returns its length. */
size_t tm_datagram_head(uint8_t out[TM_DATAGRAM_HEAD_MAX], const struct tm_dest *dest,
                        size_t data_len);
/* > 0: bytes of the whole frame, *d is set and borrows from p; 0: more are needed; TM_ERR_PROTO: no address, no port, or too long.  Decides with
 * TM_DATAGRAM_FRAME_MAX bytes at most. */
TM_MUST_CHECK ssize_t tm_datagram_decode(struct tm_datagram *d, const uint8_t *p, size_t len);

struct tm_datagram_queue {
    uint8_t *bytes; /* owned; NULL: none */
    size_t at,
        len;    /* of what waits: where the oldest begins, bytes of all, their 12 more included */
    uint32_t n; /* datagrams */
    uint64_t n_dropped;
};

TM_MUST_CHECK int tm_datagram_queue_init(struct tm_datagram_queue *q);
void tm_datagram_queue_deinit(struct tm_datagram_queue *q);
/* Puts a datagram of d->data.len <= TM_DATAGRAM_MAX bytes behind the others; those at the front go where it needs their room. */
void tm_datagram_queue_put(struct tm_datagram_queue *q, const struct tm_datagram *d, int64_t t_us);
/* Bytes of the frames that wait. */
size_t tm_datagram_queue_bytes(const struct tm_datagram_queue *q);
/* Drops those that came before t_us. */
void tm_datagram_queue_expire(struct tm_datagram_queue *q, int64_t t_us);
/* The oldest, whole as it stands on a stream, in one or two parts (the second may be empty); returns its length, 0: there is none.  *t_us: since when it
 * waits. */
size_t tm_datagram_queue_first(const struct tm_datagram_queue *q, struct tm_view part[2],
                               int64_t *t_us);
/* It has been taken. */
void tm_datagram_queue_pop(struct tm_datagram_queue *q);

#endif
