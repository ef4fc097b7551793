/* test/fuzz/proxy_fuzz.c - any bytes as a conversation with the proxy port, whole and in pieces; the rest as a body. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/lookup.h"
#include "tm/core/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t in[TM_PROXY_IN_MAX + TM_HTTP_GROWTH];

/* Feeds in pieces; sets *len to what is left in `in`. */
static enum tm_proxy_want talk(struct tm_proxy *p, const uint8_t *data, size_t size, size_t step,
                               size_t *len)
{
    enum tm_proxy_want want = TM_PROXY_MORE;
    *p = (struct tm_proxy){0};
    *len = 0;
    for (size_t at = 0; at < size && want == TM_PROXY_MORE; at += step) {
        uint8_t said[TM_PROXY_OUT_MAX];
        struct tm_wr out = tm_wr_init(said, sizeof said);
        size_t n = size - at < step ? size - at : step;
        TM_ASSERT_LE(*len + n, TM_PROXY_IN_MAX);
        memcpy(in + *len, data + at, n);
        *len += n;
        want = tm_proxy_feed(p, in, len, sizeof in, &out);
        TM_ASSERT(tm_wr_ok(&out));
    }
    return want;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_proxy whole, cut;
    struct tm_dest found;
    size_t len;
    if (size == 0 || size > TM_PROXY_IN_MAX)
        return 0;
    enum tm_proxy_want in_pieces = talk(&cut, data, size, 1 + size / 3, &len);
    enum tm_proxy_want at_once = talk(&whole, data, size, size, &len);
    bool has_dest = at_once == TM_PROXY_STREAM || at_once == TM_PROXY_LOOKUP;
    /* a piece may end before what makes two requests of one, which the pipe then sees */
    TM_ASSERT(in_pieces == at_once || whole.speech == TM_PROXY_HTTP);
    if (has_dest) {
        TM_ASSERT_EQ(in_pieces, at_once);
        TM_ASSERT(memcmp(&whole.dest, &cut.dest, sizeof whole.dest) == 0);
        TM_ASSERT((whole.dest.port == 0) == (at_once == TM_PROXY_LOOKUP));
        TM_ASSERT(whole.dest.len > 0);
        TM_ASSERT_LE(len, size + TM_HTTP_GROWTH);
    }
    ssize_t n = tm_lookup_decode(&found, data, size);
    TM_ASSERT_LE(n, (ssize_t)size);
    return 0;
}
