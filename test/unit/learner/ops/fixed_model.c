#include "test/unit/learner/ops/fixed_model.h"

#include "test/support/check.h"

const struct tm_tap_path fixed_path = {.rtt_us = 20000, .rate_bps = 8000000, .mss = 1448};

void fixed_model(struct tm_model *m)
{
    static const uint64_t value[TM_SWING_PARAMS] = {
        [TM_SWING_NUM_RRE] = 2,
        [TM_SWING_INTER_RRE] = 4000000,
        [TM_SWING_NUM_CONN] = 2,
        [TM_SWING_INTER_CONN] = 1000000,
        [TM_SWING_NUM_PAIRS] = 2,
        [TM_SWING_REQ] = 500,
        [TM_SWING_RSP] = 3000,
        [TM_SWING_REQ_THINK] = 10000,
        [TM_SWING_SERVER_THINK] = 5000,
        [TM_SWING_CLOSE_THINK] = 700,
        [TM_SWING_INTER_SESSION] = 400000000,
    };
    *m = (struct tm_model){.kind = TM_MODEL_SWING, .name = "fixed"};
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        struct tm_dist_point pt = {value[p], 10};
        CHECK_INT(tm_dist_set(&m->u.swing.param[p], &pt, 1), TM_OK);
    }
}
