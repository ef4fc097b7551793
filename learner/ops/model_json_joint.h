/* learner/ops/model_json_joint.h - internal: what a joint model has beside parameters, as JSON and back.
 *
 *   "mss_bytes": 1448, "recombine": {"parents": 5, "rounds_max": 60, "share_max": 60, "pause_mix": 50, "batch_max": 0},
 *   "deck": [{"role": "first", "close_gap_us": 0, ["close": [how, back, server_back, server_gap_us],] "writes": [[dir, size, ref_back, gap_us], ...]}, ...]
 *
 * A write that is welded to the one before it has a fifth number, 1.  dir is 0 for up, 1 for down; the rest is as in models/plan.h and models/deck.h. */
#ifndef TM_LEARNER_OPS_MODEL_JSON_JOINT_H
#define TM_LEARNER_OPS_MODEL_JSON_JOINT_H

#include "learner/ops/text.h"
#include "models/model.h"
#include "tm/base/json.h"

void tm_json_write_joint(struct tm_text *t, const struct tm_joint *j);
/* Each reads one member's value.  *cfg, *batch_max and *deck (empty) are filled; the deck is the caller's even after an error. */
TM_MUST_CHECK int tm_json_read_recombine(struct tm_json *j, struct tm_recombine_cfg *cfg,
                                         uint32_t *batch_max);
TM_MUST_CHECK int tm_json_read_deck(struct tm_json *j, struct tm_deck *deck);

#endif
