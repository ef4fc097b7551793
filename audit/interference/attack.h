/* audit/interference/attack.h - learners that tell idle connections from loaded ones, scored on groups they have not seen.
 *
 * The same place of the plan stands in the sample twice, idle (label 0) and loaded (label 1).  Both are in one group, so that no fold
 * has one of them to learn and the other to judge.  A forest gets the features of audit/features (all, sizes alone, times alone), the network
 * of audit/ml/net.h the first 256 segments. */
#ifndef TM_AUDIT_INTERFERENCE_ATTACK_H
#define TM_AUDIT_INTERFERENCE_ATTACK_H

#include <stdint.h>

#include "audit/features/table.h"
#include "audit/features/trace.h"
#include "audit/ml/auc.h"
#include "tm/base/err.h"

#define TM_ATTACK_FOLDS 5U

enum tm_attack_kind {
    TM_ATTACK_FOREST_ALL,
    TM_ATTACK_FOREST_SIZES,
    TM_ATTACK_FOREST_TIMES,
    TM_ATTACK_NET,
    TM_ATTACK_KINDS
};
/* "forest, all features", "network, segments". */
const char *tm_attack_name(enum tm_attack_kind kind);
/* "forest_all", "network"; for JSON. */
const char *tm_attack_key(enum tm_attack_kind kind);

struct tm_attack_rows {    /* empty: {0} */
    struct tm_table table; /* features; a row for each connection */
    float *segments;       /* owned; n x TM_NET_INPUT */
    uint8_t *label;        /* owned */
    uint32_t *group;       /* owned */
    uint32_t n, cap;
};

/* Appends connection `t` of `set`.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_attack_rows_add(struct tm_attack_rows *s, const struct tm_trace_set *set,
                                     const struct tm_trace *t, uint8_t label, uint32_t group);
void tm_attack_rows_deinit(struct tm_attack_rows *s);

/* Cross-validates; *out: the mean of the folds' AUC, its interval by bootstrap over groups.  TM_ERR_RANGE: fewer groups than
 * folds; TM_ERR_NOMEM; those of the learners, in msg. */
TM_MUST_CHECK int tm_attack_run(const struct tm_attack_rows *s, enum tm_attack_kind kind,
                                uint64_t seed, struct tm_interval *out, struct tm_msg *msg);

#endif
