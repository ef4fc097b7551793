/* audit/ml/group.h - the groups of a sample under numbers 0, 1, ...: what folds and resampling by group work on. */
#ifndef TM_AUDIT_ML_GROUP_H
#define TM_AUDIT_ML_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_group {
    uint32_t n_items;
    uint8_t label; /* of its first item */
    bool is_mixed; /* some other item has another label */
};

struct tm_groups {      /* empty: {0} */
    uint32_t *of;       /* owned, n: each item's group */
    struct tm_group *v; /* owned, n_groups, by ascending group number of the caller */
    uint32_t *by_label; /* owned, n_groups: the groups, sorted by label */
    uint32_t n, n_groups;
};

/* n >= 1 items.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_groups_init(struct tm_groups *g, const uint32_t *group, const uint8_t *label,
                                 uint32_t n);
void tm_groups_deinit(struct tm_groups *g);
/* times[j]: how often group j was drawn when as many groups as each label has (a group counts for its first item's label) are
 * drawn with replacement. */
void tm_groups_draw(const struct tm_groups *g, struct tm_rng *rng, uint32_t *times);
/* The fewest groups that any label has. */
uint32_t tm_groups_fewest(const struct tm_groups *g);
/* Puts v[n] into a random order (Fisher, Yates). */
void tm_shuffle(uint32_t *v, uint32_t n, struct tm_rng *rng);

#endif
