/* test/fuzz/maybenot_events_fuzz.c - any machines driven by any events: what always holds is asserted after every call.
 *
 * Input: number of machines - 1 (2 bits) and whether the fractions are set, in one byte; for each machine the length of its bytes
 * (machine_bytes.h) as u16, and the bytes, of which those that are no machine are left out; then calls: one byte with the number of
 * events (3 bits) and how much later it is (5 bits, a power of two of ns; 31: a time before), then two bytes for each event. */
#include <stdlib.h>

#include "models/maybenot/framework.h"
#include "models/maybenot/limiter.h"
#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"

enum { MACHINES_MAX = 4, EVENTS_MAX = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct tm_mb_machine *machines[MACHINES_MAX];
    size_t n;
    struct tm_mb_framework *f;
    struct tm_mb_rng rng;
    struct tm_mb_limiter limiter;
    int64_t now_ns;
    bool has_ended[MACHINES_MAX];
};

static void read_machines(struct run *r, struct tm_rd *rd, size_t n)
{
    for (size_t i = 0; i < n && tm_rd_ok(rd); i++) {
        const struct tm_view v = tm_rd_bytes(rd, tm_rd_u16(rd));
        struct tm_mb_machine *m = tm_mb_machine_new();
        if (m && v.p && tm_mb_machine_decode(m, v.p, v.len, NULL) == TM_OK &&
            tm_mb_machine_validate(m, NULL) == TM_OK)
            r->machines[r->n++] = m;
        else
            tm_mb_machine_free(m);
    }
}

static void check_actions(const struct run *r, const struct tm_mb_action *a, size_t n)
{
    TM_ASSERT_LE(n, r->n);
    for (size_t i = 0; i < n; i++) {
        TM_ASSERT(a[i].ask > TM_MB_ASK_NONE && a[i].ask < TM_MB_ASKS);
        TM_ASSERT(a[i].machine < r->n && (i == 0 || a[i].machine > a[i - 1].machine));
        TM_ASSERT(a[i].timeout_us >= 0 && a[i].timeout_us <= TM_MB_GAP_MAX_US);
        TM_ASSERT(a[i].duration_us >= 0 && a[i].duration_us <= TM_MB_GAP_MAX_US);
        TM_ASSERT(a[i].timer < TM_MB_TIMERS);
    }
}

/* States exist, an ended machine stays so, and blocking never exceeds the time that has passed. */
static void check_state(struct run *r)
{
    const struct tm_mb_totals t = tm_mb_framework_totals(r->f);
    uint64_t padding_sent = 0;
    TM_ASSERT(t.blocked_ns >= 0);
    for (size_t i = 0; i < r->n; i++) {
        const struct tm_mb_runtime *at = tm_mb_framework_runtime(r->f, i);
        const bool has_ended = at->state == TM_MB_STATE_END;
        TM_ASSERT(has_ended || at->state < r->machines[i]->n_states);
        TM_ASSERT(has_ended || !r->has_ended[i]);
        TM_ASSERT(at->blocked_ns == t.blocked_ns && at->normal_sent == t.normal_sent);
        r->has_ended[i] = has_ended;
        padding_sent += at->padding_sent;
    }
    TM_ASSERT_LE(padding_sent, t.padding_sent);
}

static void call(struct run *r, struct tm_rd *rd)
{
    struct tm_mb_event events[EVENTS_MAX];
    struct tm_mb_action actions[MACHINES_MAX];
    const uint8_t head = tm_rd_u8(rd);
    const size_t n_events = head & 7;
    const int later = head >> 3;
    for (size_t i = 0; i < n_events; i++) {
        events[i].kind = (enum tm_mb_event_kind)(tm_rd_u8(rd) & 15); /* 13..15 are none */
        events[i].machine = tm_rd_u8(rd) & 7;
    }
    if (later < 31)
        r->now_ns += INT64_C(1) << later;
    const int64_t at_ns = later < 31 ? r->now_ns : r->now_ns / 2;
    const size_t n = tm_mb_framework_step(r->f, events, n_events, at_ns, actions);
    check_actions(r, actions, n);
    check_state(r);
    const size_t passed = tm_mb_limiter_pass(&r->limiter, n, at_ns);
    TM_ASSERT(passed == n || passed == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = {.n = 0};
    struct tm_rd rd = tm_rd_init(data, size);
    const uint8_t head = tm_rd_u8(&rd);
    struct tm_mb_framework_cfg cfg = {0};
    if ((head & 4) != 0)
        cfg = (struct tm_mb_framework_cfg){.max_padding_frac = 0.5, .max_blocking_frac = 0.25};
    read_machines(&r, &rd, (size_t)(head & 3) + 1);
    const struct tm_mb_machine *machines[MACHINES_MAX];
    for (size_t i = 0; i < r.n; i++)
        machines[i] = r.machines[i];
    tm_mb_rng_init_xoshiro(&r.rng, head);
    tm_mb_limiter_init(&r.limiter, 100, 0);
    if (tm_mb_framework_new(&r.f, machines, r.n, &cfg, &r.rng, 0) == TM_OK)
        while (tm_rd_ok(&rd) && rd.len > 0)
            call(&r, &rd);
    tm_mb_framework_free(r.f);
    for (size_t i = 0; i < r.n; i++)
        tm_mb_machine_free(r.machines[i]);
    return 0;
}
