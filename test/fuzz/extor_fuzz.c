/* test/fuzz/extor_fuzz.c - any bytes as tor's extended ORPort, whole and in pieces: the same end, and the same words of ours. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/extor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
    enum tm_extor_want want;
    size_t said_len;
    uint8_t said[4 * TM_EXTOR_OUT_MAX];
};

static struct end talk(const uint8_t *data, size_t size, size_t step)
{
    static const uint8_t nonce[TM_EXTOR_NONCE_LEN] = {1}, mac[TM_EXTOR_MAC_LEN] = {'m'};
    static uint8_t in[TM_EXTOR_IN_MAX];
    struct tm_extor e;
    struct end o = {.want = TM_EXTOR_MORE};
    size_t len = 0;
    tm_extor_init(&e, nonce, "[2001:db8::1]:443", "trafficmimic");
    for (size_t at = 0; at < size && o.want == TM_EXTOR_MORE; at += step) {
        size_t n = size - at < step ? size - at : step;
        struct tm_wr out = tm_wr_init(o.said + o.said_len, TM_EXTOR_OUT_MAX);
        TM_ASSERT_LE(len + n, TM_EXTOR_IN_MAX);
        memcpy(in + len, data + at, n);
        len += n;
        o.want = tm_extor_feed(&e, in, &len, &out);
        if (o.want == TM_EXTOR_MACS) {
            o.want = tm_extor_macs(&e, mac, mac, &out);
            if (o.want == TM_EXTOR_MORE)
                o.want = tm_extor_feed(&e, in, &len, &out);
        }
        TM_ASSERT(tm_wr_ok(&out));
        TM_ASSERT(o.want != TM_EXTOR_MACS);
        o.said_len += out.len;
    }
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TM_EXTOR_IN_MAX)
        return 0;
    struct end whole = talk(data, size, size), cut = talk(data, size, 1 + size / 5);
    TM_ASSERT_EQ(whole.want, cut.want);
    TM_ASSERT_EQ(whole.said_len, cut.said_len);
    TM_ASSERT(memcmp(whole.said, cut.said, whole.said_len) == 0);
    return 0;
}
