/* models/batches.h - batches of one joint model that were put together lately, kept for whom they serve next.
 *
 * A batch serves a whole table of users and several hands of each (models/joint.h), and both ends of a tunnel put the same ones together.
 * What is kept is bounded: the least recently used go first.
 * A batch takes 0.1 to 0.7 s to put together.  Who cannot stand still for so long gives a maker, which does it elsewhere and ahead of
 * time; what is needed before it is there is made on the spot and counted.  A batch is a pure function of (model, seed, number), so
 * nobody can tell by a plan who made it or when. */
#ifndef TM_MODELS_BATCHES_H
#define TM_MODELS_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "models/batch.h"

#define TM_BATCHES_MAX 256U
/* Writes (13 bytes each) that one end keeps for itself, and that both ends of a simulation keep, who may sit at a hundred tables. */
#define TM_BATCHES_END_WRITES (UINT32_C(1) << 20)
#define TM_BATCHES_SIM_WRITES (UINT32_C(1) << 24)

#define TM_BATCHES_ASKED_MAX 4U /* asked for or brought, and not used yet */

struct tm_batches; /* opaque; for one thread at a time */

/* Puts batches together elsewhere.  Borrowed; must outlive the batches that have it. */
struct tm_batch_maker {
    /* Batch `number` of the seed (copied) is wanted: tm_batch_init(tm_batches_model(whose), ...), then tm_batches_put, not from inside this
     * call.  False: not now. */
    bool (*ask)(void *user, struct tm_batches *whose, const uint8_t seed[TM_SEED_LEN],
                uint64_t number);
    /* `whose` is being freed: nothing must be put there any more; its model outlives the maker all the same. */
    void (*forget)(void *user, struct tm_batches *whose);
    void *user;
};

/* Empty; at most so many writes are kept, of at most TM_BATCHES_MAX batches, and a larger batch not at all.  `j` is borrowed and was checked.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_batches_new(struct tm_batches **out, const struct tm_joint *j,
                                 size_t writes_max);
/* Clears the keys from memory; NULL is allowed. */
void tm_batches_free(struct tm_batches *b);
/* From now on; NULL: none, everything is made on the spot. */
void tm_batches_set_maker(struct tm_batches *b, const struct tm_batch_maker *maker);
/* Whose batches they are. */
const struct tm_joint *tm_batches_model(const struct tm_batches *b);

/* Batch `number` of the seed, as tm_batch_init makes it; *out is borrowed until the next call for these batches.  TM_ERR_NOMEM, or what
 * tm_recombine says. */
TM_MUST_CHECK int tm_batches_get(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN],
                                 uint64_t number, const struct tm_batch **out);
/* Nobody reads the last one any more: what is too large to be kept is freed. */
void tm_batches_done(struct tm_batches *b);
/* Whether tm_batches_get would not have to wait for the batch: it is kept, or there is no maker who could be waited for.  Asks the maker
 * otherwise, unless that was done before. */
bool tm_batches_await(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number);
/* The maker brings what it was asked for: takes the contents of *take (which is left empty); take NULL: it could not.  What is here already is not kept twice. */
void tm_batches_put(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number,
                    struct tm_batch *take);
/* So many were put together, by tm_batches_get or the maker; so many of these by tm_batches_get although there is a maker. */
uint64_t tm_batches_made(const struct tm_batches *b);
uint64_t tm_batches_late(const struct tm_batches *b);

#endif
