#include "test/unit/core/session_oom.h"

#include "test/support/check.h"
#include "test/support/oom.h"

typedef void settle_fn(struct session_pair *p, int64_t for_us);

/* What the upload brings to the server; 0 also when it came to nothing. */
static uint64_t upload(struct session_pair *p, const struct tm_session_cfg *cfg, size_t n_bytes,
                       settle_fn *settle)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    static const uint8_t bytes[100000];
    uint64_t id;
    bool end;
    if (tm_session_new(&p->end[TM_CLIENT], cfg, 0) != TM_OK)
        return 0;
    settle(p, TM_US_PER_S);
    if (tm_session_stream_open(p->end[TM_CLIENT], &d, &id) != TM_OK)
        return 0;
    (void)tm_session_stream_send(p->end[TM_CLIENT], id, bytes, n_bytes);
    settle(p, TM_US_PER_S);
    return p->end[TM_SERVER] ? tm_session_stream_peek(p->end[TM_SERVER], id, &end).len : 0;
}

void session_oom_each(const struct tm_session_cfg *cfg, size_t n_bytes, settle_fn *settle)
{
    bool is_done = false;
    for (unsigned long n = 1; !is_done && n < 1000; n++) {
        struct session_pair p = {0};
        oom_fail_after(n);
        uint64_t got = upload(&p, cfg, n_bytes, settle);
        is_done = !oom_hit();
        oom_disable();
        CHECK(!is_done || got == n_bytes);
        tm_session_free(p.end[TM_CLIENT]);
        tm_session_free(p.end[TM_SERVER]);
    }
    CHECK(is_done);
}
