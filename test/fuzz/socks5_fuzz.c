/* test/fuzz/socks5_fuzz.c - any bytes as a SOCKS 5 conversation: greeting, then request. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/socks5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t method = 0xaa;
    ssize_t n = tm_socks5_greeting(data, size, &method);
    TM_ASSERT_LE(n, (ssize_t)size);
    if (n <= 0)
        return 0;
    TM_ASSERT(method == TM_SOCKS5_NO_AUTH || method == TM_SOCKS5_LOGIN ||
              method == TM_SOCKS5_NO_METHOD);
    data += n;
    size -= (size_t)n;

    struct tm_socks_request req;
    n = tm_socks5_request(data, size, &req);
    TM_ASSERT_LE(n, (ssize_t)size);
    if (n <= 0 || req.reply != TM_REPLY_OK)
        return 0;
    uint8_t again[TM_SOCKS5_REPLY_MAX];
    TM_ASSERT_EQ((ssize_t)tm_socks5_reply(again, TM_REPLY_OK, &req.dest), n);
    TM_ASSERT(memcmp(again + 3, data + 3, (size_t)n - 3) == 0);
    return 0;
}
