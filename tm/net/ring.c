#include "tm/net/ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ALIGN (size_t)16

/* Before every message; len SKIP: the rest of the ring is unused, go on at its start. */
struct head {
    uint32_t len;
    uint32_t pad[3];
};
#define SKIP UINT32_MAX
/* In `wanted`: bytes for one message rather than bytes in all. */
#define WANTS_ROOM ((size_t)1)
static_assert(sizeof(struct head) == ALIGN, "messages stay aligned");

struct tm_ring {
    size_t cap;
    uint8_t *mem;
    int fd, room_fd;
    _Alignas(64) atomic_size_t tail; /* written by the producer: bytes ever committed */
    atomic_size_t wanted; /* 2 * bytes (+ WANTS_ROOM) that the producer waits for; 0: it does not */
    size_t reserved;      /* producer: where the reserved message starts */
    _Alignas(64) atomic_size_t head; /* written by the consumer: bytes ever consumed */
    atomic_bool sleeps;
};

static size_t padded(size_t len)
{
    return (len + sizeof(struct head) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

int tm_ring_new(struct tm_ring **out, size_t bytes)
{
    *out = NULL;
    if (bytes < 4096 || bytes > (size_t)1 << 30 || (bytes & (bytes - 1)) != 0)
        return TM_ERR_RANGE;
    struct tm_ring *r = aligned_alloc(64, sizeof *r);
    if (!r)
        return TM_ERR_NOMEM;
    *r = (struct tm_ring){.cap = bytes, .fd = -1, .room_fd = -1};
    r->mem = aligned_alloc(64, bytes);
    r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r->room_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!r->mem || r->fd < 0 || r->room_fd < 0) {
        tm_ring_free(r);
        return TM_ERR_NOMEM;
    }
    *out = r;
    return TM_OK;
}

void tm_ring_free(struct tm_ring *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    if (r->room_fd >= 0)
        (void)close(r->room_fd);
    free(r->mem);
    free(r);
}

static struct head *at(struct tm_ring *r, size_t pos)
{
    return (struct head *)(void *)(r->mem + (pos & (r->cap - 1)));
}

static void ring_bell(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* EAGAIN: it is rung already */
}

void tm_ring_clear(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

void *tm_ring_reserve(struct tm_ring *r, size_t len)
{
    size_t need = padded(len);
    if (need > r->cap / 4)
        return NULL;
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t used = tail - atomic_load_explicit(&r->head, memory_order_acquire);
    size_t to_end = r->cap - (tail & (r->cap - 1));
    size_t skip = to_end < need ? to_end : 0;
    if (used + skip + need > r->cap)
        return NULL;
    if (skip)
        at(r, tail)->len = SKIP;
    r->reserved = tail + skip;
    return at(r, r->reserved) + 1;
}

void tm_ring_commit(struct tm_ring *r, size_t len)
{
    at(r, r->reserved)->len = (uint32_t)len;
    atomic_store(&r->tail, r->reserved + padded(len)); /* sequentially consistent with `sleeps` */
    if (atomic_exchange(&r->sleeps, false))
        ring_bell(r->fd);
}

size_t tm_ring_room(struct tm_ring *r)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t free_bytes = tm_ring_free_bytes(r);
    size_t to_end = r->cap - (tail & (r->cap - 1));
    size_t one = free_bytes <= to_end ? free_bytes : to_end;
    size_t rest = free_bytes > to_end ? free_bytes - to_end : 0;
    size_t best = one > rest ? one : rest;
    if (best > r->cap / 4)
        best = r->cap / 4;
    return best > sizeof(struct head) ? best - sizeof(struct head) : 0;
}

size_t tm_ring_free_bytes(struct tm_ring *r)
{
    /* Sequentially consistent with `wanted`: see tm_ring_await_free. */
    return r->cap - (atomic_load_explicit(&r->tail, memory_order_relaxed) - atomic_load(&r->head));
}

size_t tm_ring_cost(size_t len)
{
    return padded(len);
}

static bool has_wanted(struct tm_ring *r, size_t wanted)
{
    return (wanted & WANTS_ROOM ? tm_ring_room(r) : tm_ring_free_bytes(r)) >= wanted >> 1;
}

/* Either the consumer, which stores `head` and then reads `wanted`, sees that we wait, or we see its head. */
static bool await(struct tm_ring *r, size_t wanted)
{
    atomic_store(&r->wanted, wanted);
    if (!has_wanted(r, wanted))
        return true;
    atomic_store(&r->wanted, 0);
    return false;
}

bool tm_ring_await_room(struct tm_ring *r, size_t want)
{
    return await(r, want << 1 | WANTS_ROOM);
}

bool tm_ring_await_free(struct tm_ring *r, size_t want)
{
    return await(r, want << 1);
}

int tm_ring_room_fd(const struct tm_ring *r)
{
    return r->room_fd;
}

void *tm_ring_peek(struct tm_ring *r, size_t *len)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == atomic_load(&r->tail))
        return NULL;
    if (at(r, head)->len == SKIP) {
        head += r->cap - (head & (r->cap - 1));
        atomic_store_explicit(&r->head, head, memory_order_release);
    }
    *len = at(r, head)->len;
    return at(r, head) + 1;
}

void tm_ring_consume(struct tm_ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t len = at(r, head)->len;
    atomic_store(&r->head, head + padded(len));
    size_t wanted = atomic_load(&r->wanted);
    if (wanted > 0 && has_wanted(r, wanted) && atomic_exchange(&r->wanted, 0) > 0)
        ring_bell(r->room_fd);
}

bool tm_ring_await(struct tm_ring *r)
{
    atomic_store(&r->sleeps, true);
    if (atomic_load_explicit(&r->head, memory_order_relaxed) == atomic_load(&r->tail))
        return true;
    atomic_store(&r->sleeps, false);
    return false;
}

int tm_ring_fd(const struct tm_ring *r)
{
    return r->fd;
}
