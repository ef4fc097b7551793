/* test/fuzz/join_fuzz.c - any bytes as a join request and as a reply: what is accepted is canonical. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reply is mostly padding: short inputs are taken as its beginning, so that the fuzzer finds the models. */
static void try_reply(const uint8_t *p, size_t len)
{
    static struct tm_join_reply r;
    uint8_t again[TM_JOIN_REPLY_LEN];
    if (tm_join_reply_decode(&r, p, len) != TM_OK)
        return;
    TM_ASSERT(tm_join_reply_encode(&r, again) == TM_OK);
    TM_ASSERT(memcmp(again, p, TM_JOIN_SIGNED_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t padded[TM_JOIN_REPLY_LEN] = {0};
    if (tm_join_request_check(data, size) == TM_OK) {
        uint8_t again[TM_JOIN_REQUEST_LEN];
        tm_join_request_encode(again);
        TM_ASSERT(size == sizeof again && memcmp(again, data, sizeof again) == 0);
    }
    try_reply(data, size);
    if (size < sizeof padded) {
        memcpy(padded, data, size);
        try_reply(padded, sizeof padded);
    }
    return 0;
}
