/* audit/features/table.h - what attacks are trained on: one row of features for each connection, with its labels.
 *
 * Row-major floats; a value that a connection does not have (the gap before a packet that never came) is NaN in the
 * table, an empty field in CSV.  Columns carry the groups they belong to, so that "sizes" or "times" is a choice of columns. */
#ifndef TM_AUDIT_TABLE_H
#define TM_AUDIT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/names.h"
#include "tm/base/err.h"

/* Feature groups; a column may be in several.  Every column is in ALL unless it is TAM's. */
enum tm_feature_group {
    TM_GROUP_POSTER = 1 << 0, /* TrafficMimic's five */
    TM_GROUP_SIZES = 1 << 1,  /* sizes and order, no clock */
    TM_GROUP_TIMES = 1 << 2,  /* needs a clock */
    TM_GROUP_CUMUL = 1 << 3,  /* 4 totals and 100 points of the cumulative size */
    TM_GROUP_ALL = 1 << 4,
    TM_GROUP_TAM =
        1 << 5, /* traffic aggregation matrix, 2 x 1800 slots: wide, off unless asked for */
};
#define TM_FEATURE_GROUPS 6U
/* "poster", "sizes", "times", "cumul", "all", "tam"; by bit number 0..5. */
const char *tm_feature_group_name(unsigned i);
/* The mask of a name, 0: no such group. */
unsigned tm_feature_group_of(const char *name);

#define TM_COLUMN_NAME_LEN 24U
struct tm_column {
    char name[TM_COLUMN_NAME_LEN]; /* as in the CSV's head: "bytes_up", "iat_down_q50" */
    unsigned groups;               /* enum tm_feature_group, ored */
};

struct tm_row {
    uint32_t cls, session; /* indices into tm_table.names */
    uint32_t load;
    int64_t start_us; /* since 1970 */
};

struct tm_table {           /* empty: {0} */
    struct tm_column *cols; /* owned */
    uint32_t n_cols;
    struct tm_row *rows; /* owned */
    float *x;            /* owned, n_rows x n_cols */
    uint32_t n_rows, cap_rows;
    char **names; /* owned: classes and sessions */
    uint32_t n_names, cap_names;
    struct tm_names index;
};

/* Sets the columns of an empty table (copied).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_table_init(struct tm_table *t, const struct tm_column *cols, uint32_t n_cols);
/* A new row; *x (n_cols floats, all NaN) is for the caller to fill, borrowed until the next call.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_table_add(struct tm_table *t, const struct tm_row *row, float **x);
TM_MUST_CHECK int tm_table_name(struct tm_table *t, const char *name, uint32_t *out);
static inline const float *tm_table_x(const struct tm_table *t, uint32_t row)
{
    return t->x + (size_t)row * t->n_cols;
}
/* A table with the rows `pick` (n of them, in that order, repeats allowed) and the columns of any of `groups`; names are copied. */
TM_MUST_CHECK int tm_table_select(struct tm_table *out, const struct tm_table *t,
                                  const uint32_t *pick, uint32_t n, unsigned groups);
/* Appends all rows of b, whose columns must be the same (TM_ERR_FORMAT); names are merged by text. */
TM_MUST_CHECK int tm_table_append(struct tm_table *t, const struct tm_table *b);
void tm_table_deinit(struct tm_table *t);

#endif
