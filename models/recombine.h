/* models/recombine.h - a deck -> a deck of as many other connections, each put together of segments of several.
 *
 * Crossover without reuse: two connections are cut where what came before, what comes next and what is still to come are alike, and
 * change their tails; again, elsewhere, until no connection is mostly anybody's.  Then pauses change places with others of nearly
 * the same rank among pauses of their kind.  Each write and each pause of the input is in the output at most once, so sizes and pauses keep
 * their distributions, and nothing is drawn twice: drawing with replacement is itself seen by a trained observer.
 *
 * Two cuts are alike when the write before them is of the same size (sizes of many connections count exactly, others by a third
 * of an octave), the next goes the same way, and writes, bytes each way and time, before them and left after them, are near each other;
 * the nearest partner is taken, and how near it has to be is relaxed from round to round.  Frequent sizes that (almost) no connection of
 * the input has together are kept apart: a server's greeting and another server's answer, say.  A child that has the very sizes of one
 * connection of the input, and of no other, is a copy, whoever its writes are from, and counts as n_single.
 * Of an input with welds (models/deck.h), all connections that come out have the sizes and directions of rows of its blocks; the
 * output has no welds, for it is played and not recombined again.
 * Integers only: both ends of a tunnel compute the same.  Pure. */
#ifndef TM_MODELS_RECOMBINE_H
#define TM_MODELS_RECOMBINE_H

#include <stddef.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_RECOMBINE_PARENTS_MAX 64U
#define TM_RECOMBINE_ROUNDS_MAX  1000U

struct tm_recombine_cfg {
    uint32_t parents;    /* every connection is crossed until it has so many, 1..64 */
    uint32_t rounds_max; /* ... and at most so often, 0..1000; 0: pauses alone change places */
    uint32_t
        share_max; /* percent of a connection, 1..100, that one parent may give: of its writes, and of those of rare sizes; half of fewer than 6 */
    uint32_t
        pause_mix; /* per mille of the pauses of its kind that a pause may move in rank, 0..1000 */
};
/* What was found best on recordings (doc/JOINT.md). */
struct tm_recombine_cfg tm_recombine_cfg_default(void);

/* What became of it. */
struct tm_recombine_report {
    uint32_t rounds;
    uint32_t parents_median, parents_p5; /* of the output's connections */
    uint32_t share_median, share_p95;    /* percent that the largest parent gave */
    uint32_t
        n_single; /* of the input's connections: one parent alone, more than share_max of one, or a copy */
    uint32_t n_dropped; /* of these, left out */
};

/* *out (empty) gets the connections, each where the one stood whose first write it has (so those of one user stay together where the
 * input has them together, and whose the one was); those of n_single are left out where cfg->share_max is below 100.  `key` decides everything.
 * TM_ERR_RANGE (cfg, or a deck that tm_deck_check refuses), TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_recombine(struct tm_deck *out, const struct tm_deck *in,
                               const struct tm_recombine_cfg *cfg, const uint8_t key[TM_SEED_LEN],
                               struct tm_recombine_report *report);

/* The same, and of an input without welds, what would have the sizes and directions of a connection of `apart` is a copy, too.  TM_ERR_RANGE also where `apart` is
 * one that tm_deck_check refuses. */
TM_MUST_CHECK int tm_recombine_apart(struct tm_deck *out, const struct tm_deck *in,
                                     const struct tm_deck *apart,
                                     const struct tm_recombine_cfg *cfg,
                                     const uint8_t key[TM_SEED_LEN],
                                     struct tm_recombine_report *report);

#endif
