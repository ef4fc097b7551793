#include "audit/features/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"

static const char *const GROUP_NAMES[] = {"poster", "sizes", "times", "cumul", "all", "tam"};
_Static_assert(sizeof GROUP_NAMES / sizeof *GROUP_NAMES == TM_FEATURE_GROUPS, "a name a group");

const char *tm_feature_group_name(unsigned i)
{
    TM_ASSERT(i < TM_FEATURE_GROUPS);
    return GROUP_NAMES[i];
}

unsigned tm_feature_group_of(const char *name)
{
    for (unsigned i = 0; i < TM_FEATURE_GROUPS; i++) {
        if (strcmp(GROUP_NAMES[i], name) == 0)
            return 1U << i;
    }
    return 0;
}

static struct tm_name_list names_of(struct tm_table *t)
{
    return (struct tm_name_list){&t->names, &t->n_names, &t->cap_names, &t->index};
}

int tm_table_init(struct tm_table *t, const struct tm_column *cols, uint32_t n_cols)
{
    *t = (struct tm_table){0};
    t->cols = calloc((size_t)n_cols + 1, sizeof *t->cols);
    if (!t->cols)
        return TM_ERR_NOMEM;
    if (n_cols > 0)
        memcpy(t->cols, cols, n_cols * sizeof *cols);
    t->n_cols = n_cols;
    return TM_OK;
}

static int make_room(struct tm_table *t)
{
    if (t->n_rows < t->cap_rows)
        return TM_OK;
    if (t->cap_rows > UINT32_MAX / 2)
        return TM_ERR_LIMIT;
    uint32_t cap = t->cap_rows == 0 ? 64 : t->cap_rows * 2;
    size_t bytes = 0;
    struct tm_row *rows = realloc(t->rows, cap * sizeof *rows);
    if (!rows)
        return TM_ERR_NOMEM;
    t->rows = rows;
    if (!tm_mul_ok((size_t)cap * sizeof *t->x, t->n_cols, &bytes))
        return TM_ERR_NOMEM;
    float *x = realloc(t->x, bytes > 0 ? bytes : 1);
    if (!x)
        return TM_ERR_NOMEM;
    t->x = x;
    t->cap_rows = cap;
    return TM_OK;
}

int tm_table_add(struct tm_table *t, const struct tm_row *row, float **x)
{
    int rc = make_room(t);
    if (rc != TM_OK)
        return rc;
    *x = t->x + (size_t)t->n_rows * t->n_cols;
    for (uint32_t i = 0; i < t->n_cols; i++)
        (*x)[i] = NAN;
    t->rows[t->n_rows++] = *row;
    return TM_OK;
}

int tm_table_name(struct tm_table *t, const char *name, uint32_t *out)
{
    struct tm_name_list l = names_of(t);
    return tm_names_put(&l, name, out);
}

/* The columns of any of `groups`, and in at[] where they stand in t. */
static int select_columns(struct tm_table *out, const struct tm_table *t, unsigned groups,
                          uint32_t *at)
{
    int rc = tm_table_init(out, t->cols, t->n_cols);
    if (rc != TM_OK)
        return rc;
    out->n_cols = 0;
    for (uint32_t i = 0; i < t->n_cols; i++) {
        if (t->cols[i].groups & groups) {
            at[out->n_cols] = i;
            out->cols[out->n_cols++] = t->cols[i];
        }
    }
    return TM_OK;
}

int tm_table_select(struct tm_table *out, const struct tm_table *t, const uint32_t *pick,
                    uint32_t n, unsigned groups)
{
    *out = (struct tm_table){0};
    uint32_t *at = calloc((size_t)t->n_cols + 1, sizeof *at);
    int rc = at ? select_columns(out, t, groups, at) : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < t->n_names && rc == TM_OK; i++) {
        uint32_t k = 0;
        rc = tm_table_name(out, t->names[i], &k); /* distinct, so the indices stay the same */
    }
    for (uint32_t r = 0; r < n && rc == TM_OK; r++) {
        float *x = NULL;
        rc = tm_table_add(out, &t->rows[pick[r]], &x);
        if (rc != TM_OK)
            break;
        const float *from = tm_table_x(t, pick[r]);
        for (uint32_t i = 0; i < out->n_cols; i++)
            x[i] = from[at[i]];
    }
    free(at);
    if (rc != TM_OK)
        tm_table_deinit(out);
    return rc;
}

int tm_table_append(struct tm_table *t, const struct tm_table *b)
{
    if (t->n_cols != b->n_cols)
        return TM_ERR_FORMAT;
    for (uint32_t i = 0; i < t->n_cols; i++) {
        if (strcmp(t->cols[i].name, b->cols[i].name) != 0)
            return TM_ERR_FORMAT;
    }
    uint32_t *map = malloc(((size_t)b->n_names + 1) * sizeof *map);
    int rc = map ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < b->n_names && rc == TM_OK; i++)
        rc = tm_table_name(t, b->names[i], &map[i]);
    for (uint32_t r = 0; r < b->n_rows && rc == TM_OK; r++) {
        struct tm_row row = b->rows[r];
        float *x = NULL;
        row.cls = map[row.cls];
        row.session = map[row.session];
        rc = tm_table_add(t, &row, &x);
        if (rc == TM_OK && t->n_cols > 0)
            memcpy(x, tm_table_x(b, r), t->n_cols * sizeof *x);
    }
    free(map);
    return rc;
}

void tm_table_deinit(struct tm_table *t)
{
    struct tm_name_list l = names_of(t);
    tm_names_deinit(&l);
    free(t->cols);
    free(t->rows);
    free(t->x);
    *t = (struct tm_table){0};
}
