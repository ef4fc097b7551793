/* test/unit/core/datagram_test.c - datagrams as they stand on a stream, whole, cut and mutated; the queue beside a plain list. */
#include "tm/core/datagram.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

static const struct tm_dest v4 = {
    .kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 7}, .port = 53};
static const struct tm_dest v6 = {
    .kind = TM_ADDR_IPV6, .len = 16, .addr = {0x20, 1, 0xd, 0xb8, [15] = 1}, .port = 5000};
static const struct tm_dest name = {
    .kind = TM_ADDR_NAME, .len = 11, .addr = "example.org", .port = 443};

/* By hand: length 3, IPv4, 192.0.2.7, port 53, "abc". */
static const uint8_t by_hand[] = {3, 1, 192, 0, 2, 7, 0, 53, 'a', 'b', 'c'};

static size_t write_frame(uint8_t *out, const struct tm_dest *dest, const void *data, size_t len)
{
    size_t n = tm_datagram_head(out, dest, len);
    memcpy(out + n, data, len);
    return n + len;
}

/* On a heap copy of exactly len bytes, so that the sanitizer sees any read past them; data is compared by the caller's bytes. */
static ssize_t read_frame(struct tm_datagram *d, const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    ssize_t n = tm_datagram_decode(d, copy, len);
    if (n > 0)
        d->data.p = p + (d->data.p - copy);
    free(copy);
    return n;
}

static void what_is_written_is_read(void)
{
    static uint8_t data[TM_DATAGRAM_MAX], out[TM_DATAGRAM_FRAME_MAX + 1];
    static const size_t lens[] = {0, 1, 63, 64, 1400, 16383, 16384, TM_DATAGRAM_MAX};
    const struct tm_dest *dests[] = {&v4, &v6, &name};
    struct tm_datagram d;
    CHECK_INT(write_frame(out, &v4, "abc", 3), sizeof by_hand);
    CHECK_MEM(out, by_hand, sizeof by_hand);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < sizeof lens / sizeof *lens; j++) {
            size_t n = write_frame(out, dests[i], data, lens[j]);
            CHECK_INT(read_frame(&d, out, n + 1), n); /* and leaves what follows */
            CHECK_INT(d.dest.kind, dests[i]->kind);
            CHECK_INT(d.dest.port, dests[i]->port);
            CHECK_INT(d.dest.len, dests[i]->len);
            CHECK_MEM(d.dest.addr, dests[i]->addr, dests[i]->len);
            CHECK_INT(d.data.len, lens[j]);
            CHECK_MEM(d.data.p, data, lens[j]);
        }
    }
}

static void every_prefix_waits_for_the_rest(void)
{
    uint8_t out[TM_DATAGRAM_HEAD_MAX + 7];
    struct tm_datagram d;
    size_t n = write_frame(out, &name, "payload", 7);
    for (size_t len = 0; len < n; len++)
        CHECK_INT(read_frame(&d, out, len), 0);
}

static void what_is_no_datagram_is_refused(void)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0xc0}, {1, 0}, {1, 2}, {1, 9}};
    uint8_t p[TM_DATAGRAM_HEAD_MAX + 1];
    struct tm_datagram d;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(p, by_hand, sizeof by_hand);
        p[bad[i].at] = bad[i].value;
        CHECK_INT(read_frame(&d, p, sizeof by_hand), TM_ERR_PROTO);
    }
    memcpy(p, by_hand, sizeof by_hand);
    p[7] = 0; /* no port */
    CHECK_INT(read_frame(&d, p, sizeof by_hand), TM_ERR_PROTO);
    size_t n = write_frame(p, &name, "x", 1);
    p[4] = ' ';
    CHECK_INT(read_frame(&d, p, n), TM_ERR_PROTO);
    CHECK_INT(read_frame(&d, (uint8_t[]){1, 3, 0, 0, 53, 'x'}, 6), TM_ERR_PROTO);
    struct tm_wr w = tm_wr_init(p, sizeof p);
    tm_wr_varint(&w, TM_DATAGRAM_MAX + 1);
    tm_wr_bytes(&w, by_hand + 1, sizeof by_hand - 1);
    CHECK_INT(read_frame(&d, p, w.len), TM_ERR_PROTO);
}

/* Whatever came: what is said lies inside, and written again it is read as the same. */
static void check_sound(const uint8_t *p, size_t len)
{
    uint8_t out[512];
    struct tm_datagram d, again;
    ssize_t n = read_frame(&d, p, len);
    CHECK(n <= (ssize_t)len);
    if (n <= 0)
        return;
    CHECK(d.data.len <= TM_DATAGRAM_MAX && d.dest.port != 0 && d.dest.len > 0);
    CHECK(d.data.p + d.data.len == p + n);
    size_t m = write_frame(out, &d.dest, d.data.p, d.data.len);
    CHECK_INT(read_frame(&again, out, m), m);
    CHECK(memcmp(&again.dest, &d.dest, sizeof d.dest) == 0);
}

static void every_mutation_is_refused_or_sound(void)
{
    uint8_t p[64], frame[TM_DATAGRAM_HEAD_MAX + 7];
    size_t n = write_frame(frame, &name, "payload", 7);
    for (size_t a = 0; a < n * 8; a++)
        for (size_t b = a; b < n * 8; b++) {
            memcpy(p, frame, n);
            p[a / 8] ^= (uint8_t)(1U << a % 8);
            if (b != a)
                p[b / 8] ^= (uint8_t)(1U << b % 8);
            check_sound(p, n);
        }
    for (size_t i = 0; i < n; i++)
        for (unsigned v = 0; v < 256; v++)
            for (size_t len = 0; len <= n; len++) {
                memcpy(p, frame, n);
                p[i] = (uint8_t)v;
                check_sound(p, len);
            }
}

/* ---- The queue ---- */

#define NOTE 12U /* of each, in the queue's bytes */

/* The oldest of the queue: its number, which is the first four bytes of its data. */
static uint32_t first_number(const struct tm_datagram_queue *q, size_t *len)
{
    static uint8_t frame[TM_DATAGRAM_FRAME_MAX];
    struct tm_view part[2];
    struct tm_datagram d;
    int64_t t_us;
    *len = 0;
    size_t n = tm_datagram_queue_first(q, part, &t_us);
    CHECK_INT(part[0].len + part[1].len, n);
    memcpy(frame, part[0].p, part[0].len);
    memcpy(frame + part[0].len, part[1].p, part[1].len);
    CHECK_INT(tm_datagram_decode(&d, frame, n), n);
    struct tm_rd r = tm_rd_init(d.data.p, d.data.len);
    uint32_t number = tm_rd_u32(&r);
    CHECK_INT(t_us, number);
    for (; r.len > 0;)
        if (tm_rd_u8(&r) != (uint8_t)number) {
            CHECK(false);
            break;
        }
    *len = d.data.len;
    return number;
}

/* Puts and takes of all lengths beside a list of numbers: what is taken is whole and in order, and what was lost was the oldest. */
static void what_waits_is_whole_in_order_and_the_newest(void)
{
    static uint8_t data[TM_DATAGRAM_MAX];
    static size_t len_of[20000];
    struct tm_datagram_queue q;
    struct tm_rng rng;
    uint8_t seed[TM_SEED_LEN] = {9};
    uint32_t oldest = 0, next = 0;
    uint64_t n_lost = 0;
    tm_rng_init(&rng, seed);
    CHECK_INT(tm_datagram_queue_init(&q), TM_OK);
    while (next < 20000) {
        size_t most = tm_rng_below(&rng, 8) == 0 ? TM_DATAGRAM_MAX : 2000;
        size_t len = 4 + (size_t)tm_rng_below(&rng, most - 3);
        struct tm_wr w = tm_wr_init(data, sizeof data);
        tm_wr_u32(&w, next);
        memset(data + 4, (uint8_t)next, len - 4);
        len_of[next] = len;
        tm_datagram_queue_put(&q, &(struct tm_datagram){.dest = v4, .data = {data, len}}, next);
        next++;
        uint64_t lost_now = q.n_dropped - n_lost;
        n_lost = q.n_dropped;
        oldest += (uint32_t)lost_now;
        CHECK_INT(q.n, next - oldest);
        CHECK(q.len <= TM_DATAGRAM_QUEUE);
        for (uint64_t n = tm_rng_below(&rng, 3); n > 0 && q.n > 0; n--) {
            size_t got;
            CHECK_INT(first_number(&q, &got), oldest);
            CHECK_INT(got, len_of[oldest]);
            tm_datagram_queue_pop(&q);
            oldest++;
        }
    }
    CHECK(n_lost > 100);
    tm_datagram_queue_deinit(&q);
    tm_rng_deinit(&rng);
}

static void what_is_too_old_is_dropped(void)
{
    struct tm_datagram_queue q;
    CHECK_INT(tm_datagram_queue_init(&q), TM_OK);
    for (int t = 0; t < 10; t++)
        tm_datagram_queue_put(
            &q, &(struct tm_datagram){.dest = v4, .data = {(const uint8_t *)"abc", 3}}, t);
    CHECK_INT(tm_datagram_queue_bytes(&q), 10 * sizeof by_hand);
    CHECK_INT(q.len, 10 * (sizeof by_hand + NOTE));
    tm_datagram_queue_expire(&q, 4);
    CHECK_INT(q.n, 6);
    CHECK_INT(q.n_dropped, 4);
    tm_datagram_queue_expire(&q, 100);
    CHECK_INT(q.n, 0);
    CHECK_INT(q.len, 0);
    tm_datagram_queue_pop(&q); /* nothing */
    CHECK_INT(q.n_dropped, 10);
    tm_datagram_queue_deinit(&q);
}

static const struct check_case cases[] = {
    {"what_is_written_is_read", what_is_written_is_read},
    {"every_prefix_waits_for_the_rest", every_prefix_waits_for_the_rest},
    {"what_is_no_datagram_is_refused", what_is_no_datagram_is_refused},
    {"every_mutation_is_refused_or_sound", every_mutation_is_refused_or_sound},
    {"what_waits_is_whole_in_order_and_the_newest", what_waits_is_whole_in_order_and_the_newest},
    {"what_is_too_old_is_dropped", what_is_too_old_is_dropped},
};
CHECK_MAIN("datagram", cases)
