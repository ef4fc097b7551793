/* models/batches.h - batches of one joint model that were put together lately, kept for whom they serve next.
 *
 * A batch serves a whole table of users and several hands of each (models/joint.h), and both ends of a tunnel put the same ones together.
 * What is kept is bounded: the least recently used go first. */
#ifndef TM_MODELS_BATCHES_H
#define TM_MODELS_BATCHES_H

#include <stdint.h>

#include "models/batch.h"

#define TM_BATCHES_MAX 256U
/* Writes (13 bytes each) that one end keeps for itself, and that both ends of a simulation keep, who may sit at a hundred tables. */
#define TM_BATCHES_END_WRITES (UINT32_C(1) << 20)
#define TM_BATCHES_SIM_WRITES (UINT32_C(1) << 24)

struct tm_batches; /* opaque; for one thread at a time */

/* Empty; at most so many writes are kept, of at most TM_BATCHES_MAX batches, and a larger batch not at all.  `j` is borrowed and was checked.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_batches_new(struct tm_batches **out, const struct tm_joint *j,
                                 size_t writes_max);
/* Clears the keys from memory; NULL is allowed. */
void tm_batches_free(struct tm_batches *b);
/* Whose batches they are. */
const struct tm_joint *tm_batches_model(const struct tm_batches *b);

/* Batch `number` of the seed, as tm_batch_init makes it; *out is borrowed until the next call for these batches.  TM_ERR_NOMEM, or what
 * tm_recombine says. */
TM_MUST_CHECK int tm_batches_get(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN],
                                 uint64_t number, const struct tm_batch **out);
/* Nobody reads the last one any more: what is too large to be kept is freed. */
void tm_batches_done(struct tm_batches *b);
/* So many were put together. */
uint64_t tm_batches_made(const struct tm_batches *b);

#endif
