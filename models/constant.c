/* TrafficMimic's baseline: one size, one interval, a fixed number of exchanges per connection. */
#include "models/gen_kind.h"

#include "tm/base/time.h"

static int64_t start_us(const struct tm_constant *c, const struct tm_gen_user *u)
{
    if (u->number == 0 || c->interval_us == 0)
        return 0;
    struct tm_rng rng;
    tm_rng_init(&rng, u->key);
    int64_t gap_us =
        (int64_t)tm_rng_below(&rng, (uint64_t)tm_min_us((int64_t)c->interval_us, u->pace_us));
    tm_rng_deinit(&rng);
    return gap_us;
}

void tm_constant_open(const struct tm_constant *c, struct tm_gen_user *u, struct tm_open *open)
{
    *open = (struct tm_open){.index = u->next_index, .ref = TM_OPEN_ENDED};
    if (u->next_index == 0) {
        open->ref = TM_OPEN_ORIGIN;
        open->gap_us = start_us(c, u);
    }
    u->next_index++;
}

int tm_constant_plan(const struct tm_constant *c, struct tm_plan *plan)
{
    for (uint32_t j = 0; j < c->n_exchanges; j++) {
        struct tm_write req = {.size = c->size_bytes, .dir = TM_UP};
        if (j > 0) {
            req.gap_us = c->interval_us;
            req.ref_back =
                2; /* the own request before: the interval does not stretch with the RTT */
        }
        struct tm_write rsp = {.size = c->size_bytes, .dir = TM_DOWN, .ref_back = 1};
        int rc = tm_plan_add(plan, req);
        if (rc == TM_OK)
            rc = tm_plan_add(plan, rsp);
        if (rc)
            return rc;
    }
    plan->close_gap_us = c->interval_us;
    return TM_OK;
}
