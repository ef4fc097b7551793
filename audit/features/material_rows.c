/* Captures and tables of features alike -> rows. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/commands.h"
#include "audit/features/csv.h"
#include "audit/features/material.h"

/* Regular files only: a pipe is read once, as a capture. */
static bool is_csv(const char *path)
{
    char head[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, head, sizeof head, 0);
    (void)close(fd);
    return n > 0 && tm_csv_is(head, (size_t)n);
}

/* at[c] = where t has out's column c. */
static int find_columns(const struct tm_table *out, const struct tm_table *t, const char *path,
                        uint32_t *at, struct tm_msg *msg)
{
    for (uint32_t c = 0; c < out->n_cols; c++) {
        for (at[c] = 0; at[c] < t->n_cols; at[c]++) {
            if (strcmp(t->cols[at[c]].name, out->cols[c].name) == 0)
                break;
        }
        if (at[c] == t->n_cols)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "%s: has no column %s; write it again with the groups wanted "
                              "(tm-audit features --groups)",
                              path, out->cols[c].name);
    }
    return TM_OK;
}

static int append_row(struct tm_table *out, const struct tm_table *t, uint32_t r,
                      const uint32_t *at, const char *prefix)
{
    struct tm_row row = t->rows[r];
    char *session = NULL;
    float *x = NULL;
    if (asprintf(&session, "%s%s", prefix ? prefix : "", t->names[row.session]) < 0)
        return TM_ERR_NOMEM;
    int rc = tm_table_name(out, session, &row.session);
    free(session);
    if (rc == TM_OK)
        rc = tm_table_name(out, t->names[t->rows[r].cls], &row.cls);
    if (rc == TM_OK)
        rc = tm_table_add(out, &row, &x);
    for (uint32_t c = 0; c < out->n_cols && rc == TM_OK; c++)
        x[c] = tm_table_x(t, r)[at[c]];
    return rc;
}

/* Appends t's columns that out has, found by name. */
static int append_columns(struct tm_table *out, const struct tm_table *t, const char *path,
                          const char *prefix, struct tm_msg *msg)
{
    uint32_t *at = calloc((size_t)out->n_cols + 1, sizeof *at);
    if (!at)
        return TM_ERR_NOMEM;
    int rc = find_columns(out, t, path, at, msg);
    for (uint32_t r = 0; r < t->n_rows && rc == TM_OK; r++)
        rc = append_row(out, t, r, at, prefix);
    free(at);
    return rc;
}

static int read_csv(struct tm_table *out, const char *path, const char *prefix,
                    struct tm_material_counts *counts, struct tm_msg *msg)
{
    struct tm_table t = {0};
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_csv_parse(&t, text, len, path, msg);
    free(text);
    if (rc == TM_OK)
        rc = append_columns(out, &t, path, prefix, msg);
    if (rc == TM_OK) {
        counts->n_captures++;
        counts->n_conns += t.n_rows;
        counts->n_kept += t.n_rows;
    }
    tm_table_deinit(&t);
    return rc;
}

int tm_material_rows(struct tm_table *out, const struct tm_features_cfg *features, const char *path,
                     const struct tm_material_cfg *cfg, struct tm_material_counts *counts,
                     struct tm_msg *msg)
{
    if (is_csv(path))
        return read_csv(out, path, cfg->session_prefix, counts, msg);
    struct tm_trace_set set = {0};
    int rc = tm_material_read(&set, path, cfg, counts, msg);
    if (rc == TM_OK)
        rc = tm_features_add(out, features, &set);
    tm_trace_set_deinit(&set);
    return rc;
}
