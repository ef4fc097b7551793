/* test/leaky/leak.c - tm-client and tm-server made to leak on purpose: the positive control of `tm-audit interference`.
 *
 * Linked with --wrap=tm_session_poll in front of the engine, so that nothing of the product knows of it: half of the writes that are
 * handed out while payload waits are due TM_LEAK_US (environment, microseconds) later than the schedule says.
 * The engine's own books keep the planned time: sizes and order stay exact, and the schedule log tells the lateness. */
#include <stdlib.h>

#include "tm/base/time.h"
#include "tm/core/session_int.h"

#define LEAK_DEFAULT_US 3000

bool __real_tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act);
bool __wrap_tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act);

static bool is_loaded(const struct tm_session *s)
{
    bool found = tm_stream_has_data(&s->control);
    for (uint32_t i = 0; i < s->n_slots && !found; i++)
        found = tm_stream_has_data(&s->streams[i]);
    return found;
}

/* Half of the writes, the same in every run: the product's middle bits are as good as random (Knuth's multiplicative hash). */
static bool is_chosen(const struct tm_act *act)
{
    return ((act->carrier * UINT32_C(1000003) + act->write) * UINT32_C(2654435769) >> 16 & 1) != 0;
}

bool __wrap_tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    const char *text = getenv("TM_LEAK_US");
    uint32_t late_us = text ? (uint32_t)strtoul(text, NULL, 10) : LEAK_DEFAULT_US;
    if (!__real_tm_session_poll(s, now_us, act))
        return false;
    if (act->kind == TM_ACT_WRITE && is_chosen(act) && is_loaded(s)) {
        act->due_us = tm_later_us(act->due_us, late_us);
        act->gap_us += late_us;
    }
    return true;
}
