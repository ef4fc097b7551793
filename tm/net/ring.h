/* tm/net/ring.h - bounded single-producer single-consumer ring of messages between two threads.
 *
 * Messages are contiguous bytes of any length up to a quarter of the ring less 16.  Full is an answer, never a wait.  A
 * doorbell (eventfd) wakes the other thread: it is rung only when the consumer has said that it is about to
 * sleep (or the producer, that it waits for room), so a busy pair of threads makes no system calls. */
#ifndef TM_NET_RING_H
#define TM_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_ring; /* opaque */

/* bytes: a power of two, 4096..1 GiB.  The doorbells are eventfds that the ring owns. */
TM_MUST_CHECK int tm_ring_new(struct tm_ring **out, size_t bytes);
void tm_ring_free(struct tm_ring *r);

/* ---- Producer's thread ---- */
/* Room for a message of len bytes, contiguous, 16-byte aligned; NULL: full. */
void *tm_ring_reserve(struct tm_ring *r, size_t len);
/* Publishes the reserved message, of which the first len bytes are used. */
void tm_ring_commit(struct tm_ring *r, size_t len);
/* Bytes that could surely be reserved now in one message, if the consumer took nothing more. */
size_t tm_ring_room(struct tm_ring *r);
/* Free bytes in all, in any number of messages: each takes tm_ring_cost of them, and once in a round of the ring
 * one message also takes the unused end, which is shorter than itself. */
size_t tm_ring_free_bytes(struct tm_ring *r);
/* What a message of len bytes takes. */
size_t tm_ring_cost(size_t len);
/* The producer will wait on tm_ring_room_fd; false: there are already `want` bytes of tm_ring_room (which is never
 * more than the longest message), or of tm_ring_free_bytes; do not sleep.  Rung once, when there are. */
bool tm_ring_await_room(struct tm_ring *r, size_t want);
bool tm_ring_await_free(struct tm_ring *r, size_t want);
int tm_ring_room_fd(const struct tm_ring *r);

/* ---- Consumer's thread ---- */
/* The oldest message, or NULL; stays valid until tm_ring_consume. */
void *tm_ring_peek(struct tm_ring *r, size_t *len);
void tm_ring_consume(struct tm_ring *r);
/* The consumer will wait on tm_ring_fd; false: there is already a message, do not sleep. */
bool tm_ring_await(struct tm_ring *r);
int tm_ring_fd(const struct tm_ring *r);

/* Clears a doorbell after it woke us. */
void tm_ring_clear(int fd);

#endif
