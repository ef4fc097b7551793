/* R and Rb: what real training connections score when they are the cover. */
#include "audit/detect/experiment.h"

#include "audit/detect/render.h"

/* One floor, for every group. */
static int one(struct tm_experiment *e, struct tm_detect_result *r, const struct tm_writes *writes,
               enum tm_render_draw draw, struct tm_msg *msg)
{
    bool is_rb = draw == TM_RENDER_WITH_REPLACEMENT;
    struct tm_trace_set set = {0};
    struct tm_arm arm = {0};
    struct tm_rng rng;
    tm_experiment_rng(e, &rng, is_rb ? TM_STREAM_REPLACE : TM_STREAM_RENDER);
    int rc = tm_render(&set, e->arm[TM_TRAIN].set, writes, draw, e->arm[TM_REAL].draw.n, &rng);
    if (rc == TM_OK)
        rc = tm_arm_init(&arm, e, &set, &rng);
    for (uint32_t g = 0; rc == TM_OK && g < r->n_groups; g++) {
        struct tm_detect_group *to = &r->groups[g];
        tm_experiment_step(e, is_rb ? "floor Rb" : "floor R");
        struct tm_detect_test *test = is_rb ? &to->floor_rb : &to->floor_r;
        rc = tm_experiment_test(e, test, &arm, to->group, TM_STREAM_FLOOR + 2 * (uint64_t)g + is_rb,
                                msg);
        tm_experiment_stretch(&test->auc, to->widening);
    }
    tm_arm_deinit(&arm);
    tm_trace_set_deinit(&set);
    return rc;
}

int tm_experiment_floors(struct tm_experiment *e, struct tm_detect_result *r, struct tm_msg *msg)
{
    struct tm_writes writes = {0};
    int rc = tm_writes_cut(&writes, e->arm[TM_TRAIN].set);
    if (rc == TM_OK)
        rc = one(e, r, &writes, TM_RENDER_ONCE, msg);
    if (rc == TM_OK)
        rc = one(e, r, &writes, TM_RENDER_WITH_REPLACEMENT, msg);
    tm_writes_deinit(&writes);
    return rc;
}
