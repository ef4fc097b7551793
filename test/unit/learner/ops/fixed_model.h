/* test/unit/learner/ops/fixed_model.h - a swing model whose every parameter has one value, so that times follow by hand.
 *
 * Two pairs of 500 bytes up and 3000 down, 10 ms before the second request, 5 ms before each response, FIN 0.7 ms after the last
 * byte; two connections in an RRE, 1 s apart; RREs 4 s apart, two in a session; sessions 400 s apart.
 * On fixed_path a byte takes 1 us: 40 of headers and 1448 of payload fill a segment. */
#ifndef TM_TEST_UNIT_LEARNER_OPS_FIXED_MODEL_H
#define TM_TEST_UNIT_LEARNER_OPS_FIXED_MODEL_H

#include "learner/ops/timeline.h"
#include "models/model.h"

/* The caller deinits it. */
void fixed_model(struct tm_model *m);
extern const struct tm_tap_path fixed_path; /* 20 ms, 8 Mbit/s, 1448 bytes */

#endif
