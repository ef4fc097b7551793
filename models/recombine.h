/* models/recombine.h - a deck -> a deck of as many other connections, each put together of segments of several.
 *
 * Crossover without reuse: every connection is cut at a random place, the cuts are grouped by their state (what the next write may
 * depend on), and inside a group the tails change hands; several rounds.  Each write of the input is in the output exactly once, so
 * sizes and pauses keep their distributions to the last sample, and nothing is drawn twice.  Integers only: both ends of
 * a tunnel compute the same.  Pure. */
#ifndef TM_MODELS_RECOMBINE_H
#define TM_MODELS_RECOMBINE_H

#include <stddef.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_recombine_cfg {
    uint32_t
        parents; /* rounds go on until the median connection has so many (as far as its states allow) */
    uint32_t rounds_max;
    uint32_t share_max; /* percent of a connection's writes that one parent may give */
};

/* What became of it. */
struct tm_recombine_report {
    uint32_t rounds;
    uint32_t parents_median, parents_p5; /* of the output's connections */
    uint32_t n_single; /* connections of one parent alone, or with more than share_max of one */
};

/* *out (empty) gets the connections, in another order, that satisfy cfg; those that do not are left out where cfg.share_max is below 100.
 * `key` decides everything.  TM_ERR_RANGE (cfg), TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_recombine(struct tm_deck *out, const struct tm_deck *in,
                               const struct tm_recombine_cfg *cfg, const uint8_t key[TM_SEED_LEN],
                               struct tm_recombine_report *report);

#endif
