/* audit/features/names.h - a list of distinct names (classes, sessions), each known by its index.
 *
 * What tm_labels, tm_trace_set and tm_table share: the list is theirs and public, the index beside it finds a name among
 * thousands. */
#ifndef TM_AUDIT_NAMES_H
#define TM_AUDIT_NAMES_H

#include <stdint.h>

#include "tm/base/err.h"

struct tm_names {     /* empty: {0} */
    uint32_t *places; /* owned; open addressing, UINT32_MAX: free */
    uint32_t cap_places;
};

/* The list that a structure owns: borrowed for one call. */
struct tm_name_list {
    char ***v;
    uint32_t *n, *cap;
    struct tm_names *index;
};

/* The place of `name` in the list, added (copied) when new.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^30 names). */
TM_MUST_CHECK int tm_names_put(const struct tm_name_list *l, const char *name, uint32_t *out);
/* Frees names and index, and empties the list. */
void tm_names_deinit(const struct tm_name_list *l);

#endif
