/* test/fuzz/hello_fuzz.c - any bytes as the beginning of a connection, at every prefix: the verdict is
 * monotonic (need more, then stranger for good or complete at the very end), the views lie inside. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/core/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct tm_view v, const uint8_t *data, size_t size)
{
    return v.p >= data && v.len <= size && (size_t)(v.p - data) <= size - v.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_hello h;
    bool stranger = false;
    size_t step = size > 2048 ? size / 1024 : 1;
    for (size_t n = 0; n < size; n += step) {
        int rc = tm_hello_read(&h, data, n);
        TM_ASSERT(rc == TM_ERR_PROTO || rc == 0 || rc == (int)n);
        TM_ASSERT(!stranger || rc < 0);
        stranger = rc != 0; /* bytes behind a complete hello are a stranger too */
    }
    int rc = tm_hello_read(&h, data, size);
    TM_ASSERT(!stranger || rc < 0);
    if (rc <= 0)
        return 0;
    TM_ASSERT_EQ(rc, (int)size);
    TM_ASSERT(is_inside(h.identity, data, size) && h.identity.len > 0);
    TM_ASSERT(is_inside(h.binder, data, size) && h.binder.len == TM_HELLO_BINDER_LEN);
    TM_ASSERT(is_inside(h.bound, data, size) && h.bound.p == data + 5);
    TM_ASSERT(h.sni.len == 0 || is_inside(h.sni, data, size));
    TM_ASSERT(h.identity.p + h.identity.len == data + h.age_off);
    TM_ASSERT(h.bound.p + h.bound.len == data + h.age_off + TM_HELLO_AGE_LEN);
    TM_ASSERT(h.binder.p + h.binder.len == data + size);
    return 0;
}
