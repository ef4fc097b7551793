/* The ring, alone and between two threads. */
#include "tm/net/ring.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

#define CAP 4096U

static struct tm_ring *ring_new(void)
{
    struct tm_ring *r = NULL;
    CHECK_INT(tm_ring_new(&r, CAP), TM_OK);
    return r;
}

static bool is_rung(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* Message number i of length len: any byte out of place is seen. */
static void fill(uint8_t *p, size_t len, uint64_t i)
{
    for (size_t k = 0; k < len; k++)
        p[k] = (uint8_t)(i * 31 + k * 7 + len);
}

static bool is_message(const uint8_t *p, size_t len, uint64_t i)
{
    size_t k = 0;
    while (k < len && p[k] == (uint8_t)(i * 31 + k * 7 + len))
        k++;
    return k == len;
}

static bool put(struct tm_ring *r, size_t len, uint64_t i)
{
    uint8_t *p = tm_ring_reserve(r, len);
    if (!p)
        return false;
    CHECK_INT((uintptr_t)p % 16, 0);
    fill(p, len, i);
    tm_ring_commit(r, len);
    return true;
}

static void capacity_is_a_power_of_two_in_range(void)
{
    struct tm_ring *r = NULL;
    CHECK_INT(tm_ring_new(&r, 0), TM_ERR_RANGE);
    CHECK_INT(tm_ring_new(&r, 2048), TM_ERR_RANGE);
    CHECK_INT(tm_ring_new(&r, 5000), TM_ERR_RANGE);
    CHECK_INT(tm_ring_new(&r, (size_t)1 << 31), TM_ERR_RANGE);
    CHECK(r == NULL);
    tm_ring_free(NULL);
}

static void an_empty_ring_has_nothing(void)
{
    struct tm_ring *r = ring_new();
    size_t len = 77;
    CHECK(tm_ring_peek(r, &len) == NULL);
    CHECK_INT(len, 77);
    CHECK_INT(tm_ring_free_bytes(r), CAP);
    tm_ring_free(r);
}

/* Against a plain queue of lengths: whatever is put comes out whole and in order, at every place of the ring; NULL
 * is answered exactly when the rules of room say so. */
static void messages_come_out_whole_and_in_order(void)
{
    struct tm_ring *r = ring_new();
    uint8_t seed[TM_SEED_LEN] = {1};
    struct tm_rng rng;
    tm_rng_init(&rng, seed);
    uint64_t n_put = 0;
    uint64_t n_got = 0;
    static size_t lens[1 << 16];
    for (int round = 0; round < 60000; round++) {
        size_t len = (size_t)tm_rng_below(&rng, tm_rng_below(&rng, 8) == 0 ? 1009 : 90);
        bool want_put = tm_rng_below(&rng, 2) == 0;
        if (want_put) {
            size_t room = tm_ring_room(r);
            size_t free_bytes = tm_ring_free_bytes(r);
            bool ok = put(r, len, n_put);
            CHECK(ok == (len <= room) || len == 0);
            CHECK(!ok || tm_ring_cost(len) <= free_bytes);
            if (ok)
                lens[n_put++ % (1 << 16)] = len;
            continue;
        }
        size_t got;
        const uint8_t *p = tm_ring_peek(r, &got);
        CHECK(p ? n_got < n_put : n_got == n_put);
        if (!p)
            continue;
        CHECK_INT(got, lens[n_got % (1 << 16)]);
        CHECK(is_message(p, got, n_got));
        n_got++;
        tm_ring_consume(r);
    }
    CHECK(n_got > 20000);
    tm_ring_free(r);
}

static void room_can_be_reserved(void)
{
    struct tm_ring *r = ring_new();
    uint64_t n = 0;
    for (size_t len = 0; len < 700; len++) {
        size_t room = tm_ring_room(r);
        if (room > 0)
            CHECK(tm_ring_reserve(r, room) != NULL);
        size_t got;
        while (!put(r, len, n) && tm_ring_peek(r, &got))
            tm_ring_consume(r);
        n++;
    }
    tm_ring_free(r);
}

static void full_is_an_answer(void)
{
    struct tm_ring *r = ring_new();
    uint64_t n = 0;
    while (put(r, 100, n))
        n++;
    CHECK_INT(n, CAP / tm_ring_cost(100));
    CHECK(tm_ring_reserve(r, 100) == NULL);
    size_t len;
    CHECK(tm_ring_peek(r, &len) != NULL);
    tm_ring_consume(r);
    CHECK(put(r, 100, n));
    for (uint64_t i = 1; i <= n; i++) {
        const uint8_t *p = tm_ring_peek(r, &len);
        CHECK(p && len == 100 && is_message(p, len, i));
        tm_ring_consume(r);
    }
    CHECK(tm_ring_peek(r, &len) == NULL);
    CHECK_INT(tm_ring_free_bytes(r), CAP);
    tm_ring_free(r);
}

static void more_than_a_quarter_never_fits(void)
{
    struct tm_ring *r = ring_new();
    CHECK(tm_ring_reserve(r, CAP / 4) == NULL);
    CHECK(tm_ring_reserve(r, CAP / 4 - 16) != NULL);
    tm_ring_free(r);
}

static void a_reserved_message_is_not_seen_before_commit(void)
{
    struct tm_ring *r = ring_new();
    size_t len;
    CHECK(tm_ring_reserve(r, 500) != NULL);
    CHECK(tm_ring_peek(r, &len) == NULL);
    CHECK(put(r, 20, 3)); /* instead of it */
    const uint8_t *p = tm_ring_peek(r, &len);
    CHECK(p && len == 20 && is_message(p, 20, 3));
    tm_ring_free(r);
}

static void commit_may_be_shorter_than_reserved(void)
{
    struct tm_ring *r = ring_new();
    uint8_t *p = tm_ring_reserve(r, 900);
    CHECK(p != NULL);
    fill(p, 33, 9);
    tm_ring_commit(r, 33);
    CHECK_INT(tm_ring_free_bytes(r), CAP - tm_ring_cost(33));
    size_t len;
    const uint8_t *q = tm_ring_peek(r, &len);
    CHECK(q && len == 33 && is_message(q, 33, 9));
    tm_ring_free(r);
}

static void the_bell_is_silent_while_the_consumer_is_awake(void)
{
    struct tm_ring *r = ring_new();
    CHECK(put(r, 10, 0));
    CHECK(!is_rung(tm_ring_fd(r)));
    CHECK(!tm_ring_await(r)); /* there is a message */
    CHECK(put(r, 10, 1));
    CHECK(!is_rung(tm_ring_fd(r)));
    tm_ring_consume(r);
    tm_ring_consume(r);
    CHECK(tm_ring_await(r));
    CHECK(put(r, 10, 2));
    CHECK(is_rung(tm_ring_fd(r)));
    tm_ring_clear(tm_ring_fd(r));
    CHECK(put(r, 10, 3)); /* it has been woken; no need to ring again */
    CHECK(!is_rung(tm_ring_fd(r)));
    tm_ring_free(r);
}

static void the_room_bell_rings_when_there_is_enough(void)
{
    struct tm_ring *r = ring_new();
    uint64_t n = 0;
    while (put(r, 100, n))
        n++;
    size_t want = 3 * tm_ring_cost(100) + CAP % tm_ring_cost(100);
    CHECK(tm_ring_await_free(r, want));
    for (int i = 0; i < 3; i++) {
        CHECK(!is_rung(tm_ring_room_fd(r)));
        tm_ring_consume(r);
    }
    CHECK(is_rung(tm_ring_room_fd(r)));
    CHECK(tm_ring_free_bytes(r) >= want);
    tm_ring_clear(tm_ring_room_fd(r));
    tm_ring_consume(r);
    CHECK(!is_rung(tm_ring_room_fd(r)));
    CHECK(!tm_ring_await_free(r, want));
    CHECK(!tm_ring_await_room(r, 100));
    tm_ring_free(r);
}

/* ---- Two threads ---- */

#define N_MESSAGES 300000U

struct pair {
    struct tm_ring *ring;
    uint64_t n_bad;
    uint64_t n_slept;
};

static void wait_fd(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)poll(&p, 1, 20000);
    tm_ring_clear(fd);
}

static size_t len_of(uint64_t i)
{
    return (size_t)(i * 2654435761U >> 7) % (i % 64 == 0 ? 1000 : 60);
}

static void *consume_all(void *arg)
{
    struct pair *pair = arg;
    for (uint64_t i = 0; i < N_MESSAGES;) {
        size_t len;
        const uint8_t *p = tm_ring_peek(pair->ring, &len);
        if (p) {
            pair->n_bad += len != len_of(i) || !is_message(p, len, i);
            tm_ring_consume(pair->ring);
            i++;
        } else if (tm_ring_await(pair->ring)) {
            pair->n_slept++;
            wait_fd(tm_ring_fd(pair->ring));
        }
    }
    return NULL;
}

static void two_threads_lose_nothing(void)
{
    struct pair pair = {.ring = ring_new()};
    pthread_t consumer;
    CHECK_INT(pthread_create(&consumer, NULL, consume_all, &pair), 0);
    for (uint64_t i = 0; i < N_MESSAGES;) {
        if (put(pair.ring, len_of(i), i))
            i++;
        else if (tm_ring_await_room(pair.ring, len_of(i)))
            wait_fd(tm_ring_room_fd(pair.ring));
    }
    CHECK_INT(pthread_join(consumer, NULL), 0);
    CHECK_INT(pair.n_bad, 0);
    size_t len;
    CHECK(tm_ring_peek(pair.ring, &len) == NULL);
    tm_ring_free(pair.ring);
}

/* Both sides sleep at every message: a doorbell that is lost once hangs the test (20 s, then the count is wrong). */
static void *echo_all(void *arg)
{
    struct tm_ring **rings = arg;
    for (uint64_t i = 0; i < 20000;) {
        size_t len;
        const uint8_t *p = tm_ring_peek(rings[0], &len);
        if (!p) {
            if (tm_ring_await(rings[0]))
                wait_fd(tm_ring_fd(rings[0]));
            continue;
        }
        uint8_t *q = tm_ring_reserve(rings[1], len);
        if (q) {
            memcpy(q, p, len);
            tm_ring_commit(rings[1], len);
        }
        tm_ring_consume(rings[0]);
        i++;
    }
    return NULL;
}

static void ping_pong_never_misses_the_bell(void)
{
    struct tm_ring *rings[2] = {ring_new(), ring_new()};
    pthread_t peer;
    CHECK_INT(pthread_create(&peer, NULL, echo_all, rings), 0);
    uint64_t n_bad = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        size_t len;
        const uint8_t *p;
        n_bad += !put(rings[0], 24, i);
        while ((p = tm_ring_peek(rings[1], &len)) == NULL) {
            if (tm_ring_await(rings[1]))
                wait_fd(tm_ring_fd(rings[1]));
        }
        n_bad += len != 24 || !is_message(p, len, i);
        tm_ring_consume(rings[1]);
    }
    CHECK_INT(n_bad, 0);
    CHECK_INT(pthread_join(peer, NULL), 0);
    tm_ring_free(rings[0]);
    tm_ring_free(rings[1]);
}

static const struct check_case cases[] = {
    {"capacity_is_a_power_of_two_in_range", capacity_is_a_power_of_two_in_range},
    {"an_empty_ring_has_nothing", an_empty_ring_has_nothing},
    {"messages_come_out_whole_and_in_order", messages_come_out_whole_and_in_order},
    {"room_can_be_reserved", room_can_be_reserved},
    {"full_is_an_answer", full_is_an_answer},
    {"more_than_a_quarter_never_fits", more_than_a_quarter_never_fits},
    {"a_reserved_message_is_not_seen_before_commit", a_reserved_message_is_not_seen_before_commit},
    {"commit_may_be_shorter_than_reserved", commit_may_be_shorter_than_reserved},
    {"the_bell_is_silent_while_the_consumer_is_awake",
     the_bell_is_silent_while_the_consumer_is_awake},
    {"the_room_bell_rings_when_there_is_enough", the_room_bell_rings_when_there_is_enough},
    {"two_threads_lose_nothing", two_threads_lose_nothing},
    {"ping_pong_never_misses_the_bell", ping_pong_never_misses_the_bell},
};
CHECK_MAIN("ring", cases)
