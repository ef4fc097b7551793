/* test/fuzz/dnsmsg_fuzz.c - any bytes as a query, as an answer to it, and as a stream: what is said lies inside. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/dnsmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_dns_query q;
    struct tm_view msg;
    uint8_t copy[4096];
    if (tm_dns_query(&q, data, size) == TM_OK) {
        TM_ASSERT(q.len >= 17 && q.len <= size);
        TM_ASSERT(q.udp_max >= TM_DNS_UDP_MIN && q.udp_max <= TM_DNS_UDP_MAX);
        if (size <= sizeof copy) {
            memcpy(copy, data, size);
            tm_dns_fail(copy, TM_DNS_SERVFAIL);
            TM_ASSERT(tm_dns_is_answer(copy, q.len, data, &q));
            TM_ASSERT(!tm_dns_is_answer(data, size, data, &q));
        }
    }
    for (size_t at = 0; at < size;) {
        ssize_t n = tm_dns_next(&msg, data + at, size - at);
        if (n <= 0)
            break;
        TM_ASSERT((size_t)n <= size - at && msg.len >= TM_DNS_HEAD);
        TM_ASSERT(msg.p + msg.len == data + at + n);
        at += (size_t)n;
    }
    return 0;
}
