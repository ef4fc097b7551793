/* learner/ops/sampling.h - a sample of a model: options, and the timeline and tap that they ask for. */
#ifndef TM_LEARNER_OPS_SAMPLING_H
#define TM_LEARNER_OPS_SAMPLING_H

#include <stdint.h>

#include "learner/fit.h"
#include "learner/ops/dependence.h"
#include "learner/ops/lines.h"
#include "learner/ops/tap.h"
#include "learner/ops/timeline.h"
#include "learner/samples.h"
#include "learner/world.h"
#include "tm/base/err.h"

/* 20 ms, 100 Mbit/s, 1448 bytes (1500 on the wire with the time stamps that most TCPs send), one user. */
struct tm_sample_head tm_sampling_default(const struct tm_model *model);

struct tm_sampling {
    struct tm_timeline *timeline; /* owned */
    struct tm_tap *tap;           /* owned */
};

/* All-zero is empty.  Errors of tm_timeline_new and tm_tap_new. */
TM_MUST_CHECK int tm_sampling_open(struct tm_sampling *s, const struct tm_sample_head *h,
                                   uint16_t server_port);
void tm_sampling_close(struct tm_sampling *s);

/* Samples and learns at once, in memory: what the model's parameters are on the wire.  world->ports and fit as for a capture.  Adds to
 * `samples`; `each` (may be NULL) sees every packet on the way.  Errors of the parts. */
typedef void (*tm_sampling_fn)(void *ctx, const struct tm_tap_packet *p);
struct tm_sampling_learn {
    const struct tm_world_cfg *world;
    const struct tm_fit_cfg *fit;
    tm_sampling_fn each;
    void *ctx;
    struct tm_dependence *dependence; /* gets the connections too; may be NULL */
};
TM_MUST_CHECK int tm_sampling_learn(const struct tm_sample_head *h,
                                    const struct tm_sampling_learn *l, struct tm_samples *samples);

#endif
