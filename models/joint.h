/* models/joint.h - the kind `joint`: connections kept whole, played out of a deck that is never dealt twice alike.
 *
 * Outside a connection it is Swing's tree (NUM_RRE, INTER_RRE, NUM_CONN, INTER_CONN, INTER_SESSION); inside, a
 * connection is a card of a batch, and a batch is the deck put together anew (models/recombine.h).  The other
 * parameters of `swing` may be there too: they say what the same traffic looks like exchange by exchange, are
 * covered by the digest and not played.
 *
 * The deal, a pure function of (model, seed, number of users, user, index), the same at both ends:
 *   - The first connection of an RRE and its later ones are two piles, by the role of the deck's connections
 *     (TM_DECK_FIRST, TM_DECK_LATER); where either has fewer than TM_JOINT_PILE_MIN for a batch, all are one pile.
 *     A connection's place p in its pile's order is the number of its user's earlier connections of that pile:
 *     counted over the openings that are drawn, never over what the network brought.
 *   - Users sit at tables of n seats, as many as a batch has TM_JOINT_HAND cards a pile for, at least one; user
 *     u has seat u mod n of table u / n, of `tables` in all.  Every batch serves one table.
 *   - A batch serves the n users of its table with the same number Q of cards each, Q = the yield / n, less what is over
 *     TM_JOINT_RUN times something (where there are so many).  The yield
 *     is fixed when a generator starts: 15/16 of what batch 0 gives of that pile, for recombination may
 *     leave out connections that came too close to one parent, some more in one batch and fewer in another.
 *   - The pile is cut into runs of R = TM_JOINT_RUN neighbours (1 where Q is less), and the runs are dealt: what is neighbours in a deck
 *     begins alike, as one person's connections do, and stays one user's.
 *   - So place p is card k = (((p mod Q) / R) * n + seat) * R + p mod R of batch b = (p / Q) * tables + table, which is a slice of the
 *     deck (all of it when batch_max is 0) recombined by child(seed, BATCH, b) (models/batch.h), the runs of its pile shuffled by child(that key, DEAL, pile).  No card
 *     comes twice in a batch, except where one gives less than the yield: then it begins again.
 *   - A deck of which recombination leaves nothing at all of a pile is played as it is. */
#ifndef TM_MODELS_JOINT_H
#define TM_MODELS_JOINT_H

#include <stdint.h>

#include "models/model.h"

#define TM_JOINT_PILE_MIN  32U
#define TM_JOINT_BATCH_MIN 64U
#define TM_JOINT_RUN       8U
#define TM_JOINT_HAND      TM_JOINT_RUN /* cards of a batch that every user should find */

/* For the table of a deck: connections by role, bytes by direction, welded writes. */
struct tm_joint_sum {
    uint32_t n_conns[TM_DECK_ROLES];
    uint64_t bytes[2]; /* by enum tm_dir */
    uint32_t n_welds;
};
void tm_joint_sum(const struct tm_joint *j, struct tm_joint_sum *out);

/* The part of tm_model_check that is joint's own: a deck with at least one connection that tm_deck_check accepts,
 * batch_max 0 or TM_JOINT_BATCH_MIN..TM_DECK_CONNS_MAX, numbers of `recombine` inside the limits of struct tm_recombine_cfg, mss_bytes <= 65535.  `name` is the model's, for msg.  TM_ERR_RANGE. */
TM_MUST_CHECK int tm_joint_check(const char *name, const struct tm_joint *j, struct tm_msg *msg);

#endif
