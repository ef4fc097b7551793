/* test/unit/models/maybenot/vectors.h - the test vectors' machines and distributions (data/maybenot/README.md) as ours. */
#ifndef TM_TEST_UNIT_MODELS_MAYBENOT_VECTORS_H
#define TM_TEST_UNIT_MODELS_MAYBENOT_VECTORS_H

#include "models/maybenot/machine.h"
#include "test/unit/models/maybenot/tree.h"

#define VECTORS "data/maybenot/"

/* {"dist": {KIND: {PARAMETER: ...}}, "start": ..., "max": ...} */
struct tm_mb_dist vector_dist(const struct tree *t);
/* The machine that the tree describes, built piece by piece; NULL (and a failed check) when that cannot be.  The caller frees. */
struct tm_mb_machine *vector_machine(const struct tree *t);
/* Same limits, states, transitions and distributions, to the last bit; a difference is named on stderr. */
bool same_machine(const struct tm_mb_machine *a, const struct tm_mb_machine *b);

#endif
