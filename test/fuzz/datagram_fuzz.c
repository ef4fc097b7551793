/* test/fuzz/datagram_fuzz.c - any bytes as a SOCKS datagram, as frames of a stream, and as a list of lengths for the queue. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/datagram.h"
#include "tm/core/socks5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a program says to the port of its association, and back. */
static void fuzz_socks(const uint8_t *data, size_t size)
{
    struct tm_datagram d;
    uint8_t head[TM_SOCKS5_UDP_HEAD_MAX];
    if (tm_socks5_datagram(data, size, &d) != TM_OK)
        return;
    size_t n = tm_socks5_datagram_head(head, &d.dest);
    TM_ASSERT(d.data.p == data + n && d.data.p + d.data.len == data + size);
    TM_ASSERT(memcmp(head, data, n) == 0);
}

static void fuzz_stream(const uint8_t *data, size_t size)
{
    struct tm_datagram d;
    for (ssize_t n = 1; n > 0; data += n, size -= (size_t)n) {
        uint8_t head[TM_DATAGRAM_HEAD_MAX];
        n = tm_datagram_decode(&d, data, size);
        TM_ASSERT_LE(n, (ssize_t)size);
        if (n <= 0)
            return;
        TM_ASSERT(d.data.p + d.data.len == data + n && d.dest.port != 0);
        TM_ASSERT_LE(tm_datagram_head(head, &d.dest, d.data.len) + d.data.len, (size_t)n + 3);
    }
}

/* Each pair of bytes: a length to put, or, if it is odd, one is taken. */
static void fuzz_queue(const uint8_t *data, size_t size)
{
    static const uint8_t bytes[TM_DATAGRAM_MAX];
    struct tm_datagram d = {.dest = {.kind = TM_ADDR_IPV4, .len = 4, .port = 1}};
    struct tm_datagram_queue q;
    struct tm_view part[2];
    int64_t t_us, last_us = -1;
    if (tm_datagram_queue_init(&q) != TM_OK)
        return;
    for (size_t i = 0; i + 1 < size; i += 2) {
        size_t len = (size_t)(data[i] << 8 | data[i + 1]);
        d.data = (struct tm_view){bytes, len < TM_DATAGRAM_MAX ? len : TM_DATAGRAM_MAX};
        if ((len & 1) == 0) {
            tm_datagram_queue_put(&q, &d, (int64_t)i);
        } else if (tm_datagram_queue_first(&q, part, &t_us) > 0) {
            TM_ASSERT(t_us > last_us);
            last_us = t_us;
            tm_datagram_queue_pop(&q);
        }
        TM_ASSERT_LE(q.len, TM_DATAGRAM_QUEUE);
    }
    tm_datagram_queue_deinit(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_socks(data, size);
    fuzz_stream(data, size);
    fuzz_queue(data, size);
    return 0;
}
