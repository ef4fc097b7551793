/* test/fuzz/http_ask_fuzz.c - any bytes as a request to this machine's own pages (--metrics, --ui). */
#include <stddef.h>
#include <stdint.h>

#include "tm/core/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_http_ask ask;
    ssize_t len = tm_http_head(data, size, 0);
    if (len <= 0)
        return 0;
    TM_ASSERT_LE(len, (ssize_t)size);
    enum tm_http_status status = tm_http_ask(&ask, data, (size_t)len);
    TM_ASSERT(tm_http_reason(status)[0] != '\0');
    if (status == TM_HTTP_OK) {
        TM_ASSERT(ask.path.len > 0 && ask.path.p[0] == '/');
        TM_ASSERT(ask.path.p >= data && ask.query.p + ask.query.len <= data + size);
        TM_ASSERT(ask.has_host || !ask.is_host_local);
    }
    return 0;
}
