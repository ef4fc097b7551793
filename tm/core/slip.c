#include "tm/core/slip.h"

#include <stddef.h>

#include "tm/base/time.h"

const char *const TM_SLIP_NAMES[TM_SLIP_N + 1] = {[TM_SLIP_NONE] = "none",
                                                  [TM_SLIP_MACHINE] = "machine",
                                                  [TM_SLIP_COMPOSE] = "compose",
                                                  [TM_SLIP_NETWORK] = "network",
                                                  [TM_SLIP_WINDOW] = "window",
                                                  [TM_SLIP_PEER] = "peer",
                                                  [TM_SLIP_N] = NULL};

static enum tm_slip why_late(const struct tm_departure *d, int64_t due_us, int64_t asked_us,
                             uint32_t prep_us)
{
    int64_t could_us = tm_max_us(due_us, tm_max_us(d->ready_us, d->free_us));
    if (2 * (d->first_us - could_us) >= d->first_us - due_us)
        return TM_SLIP_MACHINE;
    if (d->free_us >= d->ready_us)
        return TM_SLIP_NETWORK;
    return asked_us > due_us - prep_us ? TM_SLIP_PEER : TM_SLIP_COMPOSE;
}

static enum tm_slip why_short(const struct tm_departure *d)
{
    if (d->free_us > d->first_us)
        return TM_SLIP_NETWORK;
    return d->tail_us > d->first_us ? TM_SLIP_COMPOSE : TM_SLIP_MACHINE;
}

enum tm_slip tm_slip_of(const struct tm_departure *d, int64_t due_us, int64_t asked_us,
                        uint32_t prep_us)
{
    if (d->first_us - due_us > TM_SLIP_US)
        return why_late(d, due_us, asked_us, prep_us);
    if (d->last_us - d->first_us > TM_SLIP_US)
        return why_short(d);
    return d->held > 0 ? TM_SLIP_WINDOW : TM_SLIP_NONE;
}
