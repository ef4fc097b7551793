/* learner/joint/make.h - the deck of a capture and a swing model of the same connections -> a joint model.
 *
 * Values that few connections have are pooled (learner/joint/pool_deck.h).  The deck is recombined before it becomes a model, so that no connection of the model is one that somebody made.  Its key is the digest of the
 * deck as captured: the same captures give the same model, and who has the model alone does not know the key.  Then it is welded
 * (learner/joint/weld.h), so that being recombined once more does not bring back what was captured.  Pure. */
#ifndef TM_LEARNER_JOINT_MAKE_H
#define TM_LEARNER_JOINT_MAKE_H

#include "learner/joint/pool_deck.h"
#include "learner/joint/weld.h"
#include "models/deck.h"
#include "models/model.h"
#include "models/recombine.h"
#include "tm/base/err.h"

#define TM_JOINT_CONNS_MIN 60U /* connections with fewer have few parents to be put together of */

struct tm_joint_cfg {
    uint32_t k; /* connections behind each size and pause (learner/joint/pool_deck.h) */
    struct tm_recombine_cfg recombine;
    uint8_t key[TM_SEED_LEN]; /* decides everything that is drawn */
};

#define TM_JOINT_WELDINGS 3

/* How the deck came to be. */
struct tm_joint_made {
    struct tm_pool_deck_count pooled;
    struct tm_recombine_report recombined;
    /* Left out: what a captured one is, but for the order of two writes (learner/joint/swapped.h), or has become by pooling. */
    uint32_t n_taken_out;
    struct tm_weld_report welded
        [TM_JOINT_WELDINGS]; /* against what was pooled, what is that in another order, and what was captured */
};
/* Sums of the three; n_places once. */
void tm_joint_sum_welds(const struct tm_joint_made *made, struct tm_weld_report *sum);

/* What is played of the captured connections; *out is the caller's, empty on error.  TM_ERR_NOMEM; TM_ERR_RANGE as tm_recombine. */
TM_MUST_CHECK int tm_joint_deck(struct tm_deck *out, const struct tm_deck *captured,
                                const struct tm_joint_cfg *cfg, struct tm_joint_made *made);

/* k: connections behind each size and pause, as in learner/joint/pool_deck.h.  *m is of the kind swing and becomes joint, keeping its name and parameters; on error it is left as it was.  `captured` is not changed.
 * TM_ERR_RANGE with words in msg when there are fewer than TM_JOINT_CONNS_MIN connections or recombination leaves none; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_joint_make(struct tm_model *m, const struct tm_deck *captured, uint32_t k,
                                struct tm_joint_made *made, struct tm_msg *msg);

#endif
