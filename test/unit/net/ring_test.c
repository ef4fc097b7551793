/* The ring between two threads.  Run under ThreadSanitizer too (preset tsan). */
#include "tm/net/ring.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

static void messages_come_out_in_order_until_full(void)
{
    struct tm_ring *r;
    CHECK_INT(tm_ring_new(&r, 4096), TM_OK);
    for (int round = 0; round < 50; round++) {
        int n = 0;
        uint32_t *p;
        while ((p = tm_ring_reserve(r, 100)) != NULL) {
            *p = (uint32_t)n++;
            tm_ring_commit(r, 100);
        }
        CHECK(n >= 30 && n <= 4096 / 112);
        CHECK(tm_ring_room(r) < 112);
        for (int i = 0; i < n; i++) {
            size_t len;
            p = tm_ring_peek(r, &len);
            CHECK(p && *p == (uint32_t)i && len == 100);
            tm_ring_consume(r);
        }
        size_t len;
        CHECK(tm_ring_peek(r, &len) == NULL);
    }
    CHECK(tm_ring_reserve(r, 2000) == NULL); /* more than a quarter never fits */
    tm_ring_free(r);
    CHECK_INT(tm_ring_new(&r, 5000), TM_ERR_RANGE);
}

static void room_is_what_can_be_reserved(void)
{
    struct tm_ring *r;
    uint8_t seed[TM_SEED_LEN] = {9};
    struct tm_rng rng;
    tm_rng_init(&rng, seed);
    CHECK_INT(tm_ring_new(&r, 8192), TM_OK);
    for (int i = 0; i < 20000; i++) {
        size_t room = tm_ring_room(r);
        size_t len = (size_t)tm_rng_below(&rng, 700);
        if (room > 0)
            CHECK(tm_ring_reserve(r, room) != NULL);
        if (tm_ring_reserve(r, len))
            tm_ring_commit(r, len);
        size_t got;
        while (tm_rng_below(&rng, 3) == 0 && tm_ring_peek(r, &got))
            tm_ring_consume(r);
    }
    tm_ring_free(r);
}

#define MESSAGES 200000

/* Waits on a doorbell; the bound only ends a broken test. */
static void await(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK_INT(poll(&p, 1, 20000), 1);
    tm_ring_clear(fd);
}

static void *produce(void *arg)
{
    struct tm_ring *r = arg;
    for (uint32_t i = 0; i < MESSAGES;) {
        size_t len = 4 + i % 300;
        uint8_t *p = tm_ring_reserve(r, len);
        if (!p) {
            if (tm_ring_await_room(r, len))
                await(tm_ring_room_fd(r));
            continue;
        }
        memset(p, (int)(i & 0xff), len);
        memcpy(p, &i, 4);
        tm_ring_commit(r, len);
        i++;
    }
    return NULL;
}

static void two_threads_lose_nothing_and_never_sleep_through_news(void)
{
    struct tm_ring *r;
    pthread_t thread;
    CHECK_INT(tm_ring_new(&r, 16384), TM_OK);
    CHECK_INT(pthread_create(&thread, NULL, produce, r), 0);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < MESSAGES;) {
        size_t len;
        uint8_t *p = tm_ring_peek(r, &len);
        if (!p) {
            if (tm_ring_await(r))
                await(tm_ring_fd(r));
            continue;
        }
        uint32_t n;
        memcpy(&n, p, 4);
        wrong += n != i || len != 4 + i % 300 || (len > 4 && p[len - 1] != (i & 0xff));
        tm_ring_consume(r);
        i++;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    tm_ring_free(r);
}

static const struct check_case cases[] = {
    {"messages_come_out_in_order_until_full", messages_come_out_in_order_until_full},
    {"room_is_what_can_be_reserved", room_is_what_can_be_reserved},
    {"two_threads_lose_nothing_and_never_sleep_through_news",
     two_threads_lose_nothing_and_never_sleep_through_news},
};
CHECK_MAIN("ring", cases)
