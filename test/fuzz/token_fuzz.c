/* test/fuzz/token_fuzz.c - any bytes as a token: what decodes must encode to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_token t;
    uint8_t again[TM_TOKEN_LEN_MAX];
    struct tm_wr w = tm_wr_init(again, sizeof again);
    int rc = tm_token_decode(&t, data, size);
    TM_ASSERT(rc == TM_OK || rc == TM_ERR_FORMAT || rc == TM_ERR_UNSUPPORTED);
    if (rc != TM_OK)
        return 0;
    tm_token_encode(&t, &w);
    TM_ASSERT(tm_wr_ok(&w));
    TM_ASSERT_LE(w.len, size);
    TM_ASSERT(memcmp(again, data, w.len) == 0);
    return 0;
}
