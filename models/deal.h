/* models/deal.h - internal: which connection of a joint model's batches is played as connection `index` of `user`.
 *
 * The rules stand in models/joint.h.  Memory is bounded whatever the deck's size: of a batch only the next
 * cards of each user and pile are kept, up to 256 and twice, and a few batches for the hands
 * after these and the other users of the table (models/batches.h).  A batch that is too large to be kept is put together again for every hand:
 * once in 256 connections of a user, or once in its share of a batch
 * (TM_JOINT_HAND or more, but for smaller decks); done ahead by tm_deal_prepare (or asked for there, where a maker does it), or where
 * it is too late for that, by tm_deal_plan. */
#ifndef TM_MODELS_DEAL_H
#define TM_MODELS_DEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/batches.h"
#include "models/gen_kind.h"
#include "models/joint.h"

/* Plans reach so far back and forth from the furthest index that was asked for: openings are drawn in order, so
 * a jump costs as many draws. */
#define TM_DEAL_BACK_MAX  1024U
#define TM_DEAL_AHEAD_MAX 65536U
#define TM_DEAL_INDEX_MAX UINT32_MAX /* as far as tokens count */

struct tm_deal; /* opaque */

/* For users of these keys.  `j` is borrowed and was checked; `batches` of j are borrowed, NULL: it has its own, put together by the maker ahead of time (borrowed;
 * NULL: on the spot).  Nothing is put together yet: that is left to the first
 * call of tm_deal_prepare or tm_deal_plan.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_deal_new(struct tm_deal **out, const struct tm_joint *j,
                              const uint8_t seed[TM_SEED_LEN], const struct tm_gen_user *user,
                              uint32_t n_users, struct tm_batches *batches,
                              const struct tm_batch_maker *maker);
/* Clears the keys from memory; NULL is allowed. */
void tm_deal_free(struct tm_deal *d);
/* Appends the connection's writes to the empty plan.  TM_ERR_LIMIT: index is too far from those asked for
 * before; TM_ERR_NOMEM, after which the same call may be made again; or what tm_recombine says. */
TM_MUST_CHECK int tm_deal_plan(struct tm_deal *d, uint32_t user, uint64_t index,
                               struct tm_plan *plan);
/* Prepares the first hands of a table, or one hand that will be needed next; false: there is none that can be prepared now (or no memory
 * for it): what waits for a batch can be when the maker has brought it. */
bool tm_deal_prepare(struct tm_deal *d);
/* Batches whose first hands have not been dealt (1 before the first, which says how many there are). */
uint32_t tm_deal_missing(const struct tm_deal *d);
/* The user's first hands are dealt. */
bool tm_deal_has(const struct tm_deal *d, uint32_t user);
/* Batches that a plan had to wait for although there is a maker. */
uint64_t tm_deal_late(const struct tm_deal *d);

#endif
