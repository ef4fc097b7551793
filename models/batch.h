/* models/batch.h - internal: a batch of a joint model's connections, put together anew from a slice of its deck.
 *
 * The deck is gone through slice by slice, in passes.  Pass q shuffles the connections of each role by child(seed,
 * PASS, q) and cuts both into n_slices runs of equal length (one more or less); slice s is the s-th run of
 * either.  Batch b is slice b mod n_slices of pass b / n_slices, recombined by child(seed, BATCH, b).  With one slice
 * (batch_max 0, or not below the deck's size) it is the deck itself, in its own order. */
#ifndef TM_MODELS_BATCH_H
#define TM_MODELS_BATCH_H

#include <stdint.h>

#include "models/joint.h"
#include "tm/base/rng.h"

struct tm_batch {
    uint8_t key[TM_SEED_LEN];    /* child(seed, BATCH, b) */
    const struct tm_deck *slice; /* what it is made of: `own`, or the model's deck */
    struct tm_deck own;
    struct tm_deck deck; /* owned; the batch's connections */
};

/* Slices of a checked model's deck, >= 1. */
uint32_t tm_batch_slices(const struct tm_joint *j);
/* child(seed, BATCH, number): no two batches of any seeds have the same. */
void tm_batch_key(uint8_t key[TM_SEED_LEN], const uint8_t seed[TM_SEED_LEN], uint64_t number);
/* TM_ERR_NOMEM, or what tm_recombine says.  tm_batch_deinit is due in any case. */
TM_MUST_CHECK int tm_batch_init(struct tm_batch *b, const struct tm_joint *j,
                                const uint8_t seed[TM_SEED_LEN], uint64_t number);
/* *to becomes what *from was, which is left empty. */
void tm_batch_move(struct tm_batch *to, struct tm_batch *from);
/* Clears the key from memory. */
void tm_batch_deinit(struct tm_batch *b);

/* Shuffles n numbers by the substream (label, index) of seed. */
void tm_batch_shuffle(uint32_t *v, uint32_t n, const uint8_t seed[TM_SEED_LEN],
                      enum tm_rng_label label, uint64_t index);
/* Appends connection i of `from`, with its welds.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_batch_copy(struct tm_deck *to, const struct tm_deck *from, uint32_t i);

#endif
