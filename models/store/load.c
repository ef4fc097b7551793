/* Reading a verified database.  Structure and integrity were checked when it was opened (db.h); here no value
 * is trusted: types, limits, and at last the digest and the seal of every model. */
#include "models/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/store/conn_blob.h"
#include "models/store/db.h"

struct loader {
    struct tm_db db;
    sqlite3_stmt *models;
    sqlite3_stmt *points;
    sqlite3_stmt *constant;
    sqlite3_stmt *joint; /* NULL before version 2 */
    sqlite3_stmt *conns;
    sqlite3_stmt *prov;
    struct tm_dist_point *pt; /* TM_DIST_POINTS_MAX of them */
};

static int prepare(struct loader *l)
{
    const struct {
        sqlite3_stmt **st;
        const char *sql;
        int since; /* version of the schema */
    } all[] = {
        {&l->models, "SELECT id, name, kind, digest, seal FROM model ORDER BY name", 1},
        {&l->points,
         "SELECT param, value, cum FROM point WHERE model_id = ?1 ORDER BY param, value", 1},
        {&l->constant,
         "SELECT size_bytes, interval_us, n_exchanges FROM constant WHERE model_id = ?1", 1},
        {&l->joint,
         "SELECT mss_bytes, parents, rounds_max, share_max, pause_mix, batch_max FROM joint"
         " WHERE model_id = ?1",
         2},
        {&l->conns,
         "SELECT id, role, close_gap_us, writes FROM joint_conn WHERE model_id = ?1 ORDER BY id",
         2},
        {&l->prov, "SELECT key, value FROM provenance WHERE model_id = ?1 ORDER BY key", 1},
    };
    l->pt = malloc(TM_DIST_POINTS_MAX * sizeof *l->pt);
    if (!l->pt)
        return tm_db_nomem(&l->db);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int rc = TM_OK;
        if (all[i].since <= l->db.version)
            rc = tm_db_prepare(&l->db, all[i].st, all[i].sql);
        if (rc)
            return rc;
    }
    return TM_OK;
}

/* Binds the model's id to the statement and makes it start. */
static int start(struct loader *l, sqlite3_stmt *st, sqlite3_int64 id)
{
    (void)sqlite3_reset(st);
    return sqlite3_bind_int64(st, 1, id) == SQLITE_OK ? TM_OK : tm_db_error(&l->db);
}

/* The column's text; NULL with the error set when it has another type or a zero inside. */
static const char *column_text(struct loader *l, sqlite3_stmt *st, int column, int *rc)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    if (!text && sqlite3_errcode(l->db.h) == SQLITE_NOMEM)
        *rc = tm_db_nomem(&l->db);
    else if (!text || strlen(text) != (size_t)sqlite3_column_bytes(st, column))
        *rc = tm_db_damaged(&l->db, "a text is missing or broken");
    else
        return text;
    return NULL;
}

static int column_digest(struct loader *l, sqlite3_stmt *st, int column, uint8_t out[TM_DIGEST_LEN])
{
    const void *blob = sqlite3_column_blob(st, column);
    if (!blob || sqlite3_column_bytes(st, column) != TM_DIGEST_LEN)
        return tm_db_damaged(&l->db, "a digest is missing or broken");
    memcpy(out, blob, TM_DIGEST_LEN);
    return TM_OK;
}

static int find_list(const char *name)
{
    for (int list = 0; list < TM_SWING_LISTS; list++) {
        if (strcmp(name, tm_swing_list_name(list)) == 0)
            return list;
    }
    return -1;
}

/* The n points gathered become the list's; each list comes once. */
static int set_list(struct loader *l, struct tm_swing *s, int list, size_t n)
{
    if (n == 0)
        return TM_OK;
    int rc = tm_swing_list_set(s, list, l->pt, n);
    if (rc == TM_ERR_NOMEM)
        return tm_db_nomem(&l->db);
    return rc ? tm_db_damaged(&l->db, "points that are no distribution, or out of order") : TM_OK;
}

static int load_swing(struct loader *l, sqlite3_int64 id, struct tm_swing *s)
{
    int list = -1;
    size_t n = 0;
    int rc = start(l, l->points, id);
    while (rc == TM_OK && (rc = tm_db_step(&l->db, l->points)) > 0) {
        const char *name = column_text(l, l->points, 0, &rc);
        if (!name)
            return rc;
        int this_list = find_list(name);
        sqlite3_int64 value = sqlite3_column_int64(l->points, 1);
        sqlite3_int64 cum = sqlite3_column_int64(l->points, 2);
        if (this_list < 0 || value < 0 || cum < 0)
            return tm_db_damaged(&l->db, this_list < 0 ? "unknown parameter" : "negative number");
        rc = TM_OK;
        if (this_list != list) {
            rc = set_list(l, s, list, n);
            list = this_list;
            n = 0;
        }
        if (n == TM_DIST_POINTS_MAX)
            return tm_db_damaged(&l->db, "too many points");
        l->pt[n++] = (struct tm_dist_point){(uint64_t)value, (uint64_t)cum};
    }
    return rc ? rc : set_list(l, s, list, n);
}

/* Columns `from`.. of the statement's row as n numbers. */
static int column_numbers(struct loader *l, sqlite3_stmt *st, int from, uint32_t *const *fields,
                          int n)
{
    for (int i = 0; i < n; i++) {
        sqlite3_int64 v = sqlite3_column_int64(st, from + i);
        if (v < 0 || v > UINT32_MAX)
            return tm_db_damaged(&l->db, "a number out of range");
        *fields[i] = (uint32_t)v;
    }
    return TM_OK;
}

/* The one row of n numbers that a model of a kind has. */
static int load_numbers(struct loader *l, sqlite3_stmt *st, sqlite3_int64 id,
                        uint32_t *const *fields, int n)
{
    int rc = start(l, st, id);
    if (rc == TM_OK)
        rc = tm_db_step(&l->db, st);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return tm_db_damaged(&l->db, "a model without its numbers");
    return column_numbers(l, st, 0, fields, n);
}

static int load_constant(struct loader *l, sqlite3_int64 id, struct tm_constant *c)
{
    uint32_t *const fields[] = {&c->size_bytes, &c->interval_us, &c->n_exchanges};
    return load_numbers(l, l->constant, id, fields, 3);
}

/* The present row of l->conns. */
static int load_conn(struct loader *l, struct tm_deck *d)
{
    uint32_t number = 0;
    uint32_t role = 0;
    uint32_t close_gap_us = 0;
    uint32_t *const fields[] = {&number, &role, &close_gap_us};
    int rc = column_numbers(l, l->conns, 0, fields, 3);
    if (rc)
        return rc;
    if (number != d->n_conns || role >= TM_DECK_ROLES)
        return tm_db_damaged(&l->db, "a connection out of order");
    rc = tm_deck_add_conn(d, (enum tm_deck_role)role, close_gap_us);
    const uint8_t *bytes = sqlite3_column_blob(l->conns, 3);
    if (rc == TM_OK && !bytes && sqlite3_errcode(l->db.h) == SQLITE_NOMEM)
        rc = TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = tm_conn_blob_decode(d, bytes, (size_t)sqlite3_column_bytes(l->conns, 3));
    if (rc == TM_ERR_NOMEM)
        return tm_db_nomem(&l->db);
    return rc ? tm_db_damaged(&l->db, "a connection's writes") : TM_OK;
}

static int load_joint(struct loader *l, sqlite3_int64 id, struct tm_joint *j)
{
    uint32_t *const fields[] = {
        &j->mss_bytes,           &j->recombine.parents,   &j->recombine.rounds_max,
        &j->recombine.share_max, &j->recombine.pause_mix, &j->batch_max};
    int rc = load_numbers(l, l->joint, id, fields, 6);
    if (rc == TM_OK)
        rc = load_swing(l, id, &j->swing);
    if (rc == TM_OK)
        rc = start(l, l->conns, id);
    while (rc == TM_OK && (rc = tm_db_step(&l->db, l->conns)) > 0)
        rc = load_conn(l, &j->deck);
    return rc;
}

static int load_provenance(struct loader *l, sqlite3_int64 id, struct tm_store_entry *e)
{
    int rc = start(l, l->prov, id);
    while (rc == TM_OK && (rc = tm_db_step(&l->db, l->prov)) > 0) {
        const char *key = column_text(l, l->prov, 0, &rc);
        const char *value = key ? column_text(l, l->prov, 1, &rc) : NULL;
        if (!value)
            return rc;
        if (e->n_prov == TM_STORE_PROV_MAX || !tm_db_text_ok(key, 1, TM_STORE_KEY_MAX) ||
            !tm_db_text_ok(value, 0, TM_STORE_VALUE_MAX))
            return tm_db_damaged(&l->db, "provenance outside its limits");
        struct tm_provenance *more = realloc(e->prov, (e->n_prov + 1) * sizeof *more);
        if (!more)
            return tm_db_nomem(&l->db);
        e->prov = more;
        more[e->n_prov] = (struct tm_provenance){strdup(key), strdup(value)};
        e->n_prov++;
        if (!more[e->n_prov - 1].key || !more[e->n_prov - 1].value)
            return tm_db_nomem(&l->db);
        rc = TM_OK;
    }
    return rc;
}

/* What was read against what was saved. */
static int verify(struct loader *l, const struct tm_store_entry *e,
                  const uint8_t seal[TM_DIGEST_LEN])
{
    char what[sizeof e->model.name + 80];
    uint8_t sum[TM_DIGEST_LEN];
    tm_model_digest(&e->model, sum);
    if (memcmp(sum, e->digest, sizeof sum) != 0) {
        (void)snprintf(what, sizeof what, "the statistics of model %s do not match its digest",
                       e->model.name);
        return tm_db_damaged(&l->db, what);
    }
    const struct tm_provenance *sorted[TM_STORE_PROV_MAX];
    for (size_t i = 0; i < e->n_prov; i++)
        sorted[i] = &e->prov[i];
    tm_db_seal(sum, e->model.name, e->digest, sorted, e->n_prov);
    if (memcmp(sum, seal, sizeof sum) != 0) {
        (void)snprintf(what, sizeof what, "name or provenance of model %s was changed",
                       e->model.name);
        return tm_db_damaged(&l->db, what);
    }
    struct tm_msg why = {0};
    return tm_model_check(&e->model, &why) ? tm_db_damaged(&l->db, why.text) : TM_OK;
}

/* Those of the database's version; 0: another. */
static enum tm_model_kind find_kind(const struct loader *l, const char *name)
{
    static const enum tm_model_kind kinds[] = {TM_MODEL_SWING, TM_MODEL_CONSTANT, TM_MODEL_JOINT};
    size_t n = l->joint ? 3 : 2;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, tm_model_kind_name(kinds[i])) == 0)
            return kinds[i];
    }
    return 0;
}

static int load_statistics(struct loader *l, sqlite3_int64 id, struct tm_model *m)
{
    switch (m->kind) {
    case TM_MODEL_SWING:
        return load_swing(l, id, &m->u.swing);
    case TM_MODEL_CONSTANT:
        return load_constant(l, id, &m->u.constant);
    case TM_MODEL_JOINT:
        return load_joint(l, id, &m->u.joint);
    case TM_MODEL_MIX:
        break;
    }
    return tm_db_damaged(&l->db, "unknown kind of model");
}

/* The present row of l->models into *e, which is all zero and is freed by the caller whatever happens. */
static int load_entry(struct loader *l, struct tm_store_entry *e)
{
    int rc = TM_OK;
    sqlite3_int64 id = sqlite3_column_int64(l->models, 0);
    const char *name = column_text(l, l->models, 1, &rc);
    if (!name)
        return rc;
    if (!tm_model_name_ok(name))
        return tm_db_damaged(&l->db, "a model's name");
    memcpy(e->model.name, name, strlen(name) + 1);
    const char *kind = column_text(l, l->models, 2, &rc);
    if (!kind)
        return rc;
    e->model.kind = find_kind(l, kind);
    uint8_t seal[TM_DIGEST_LEN];
    rc = column_digest(l, l->models, 3, e->digest);
    if (rc == TM_OK)
        rc = column_digest(l, l->models, 4, seal);
    if (rc == TM_OK)
        rc = load_statistics(l, id, &e->model);
    if (rc == TM_OK)
        rc = load_provenance(l, id, e);
    return rc ? rc : verify(l, e, seal);
}

static int load_entries(struct loader *l, struct tm_store_entry **e, size_t *n)
{
    int rc;
    while ((rc = tm_db_step(&l->db, l->models)) > 0) {
        if (*n == TM_STORE_MODELS_MAX)
            return tm_db_damaged(&l->db, "too many models");
        struct tm_store_entry *more = realloc(*e, (*n + 1) * sizeof *more);
        if (!more)
            return tm_db_nomem(&l->db);
        *e = more;
        more[*n] = (struct tm_store_entry){0};
        (*n)++;
        rc = load_entry(l, &more[*n - 1]);
        if (rc)
            return rc;
    }
    return rc;
}

/* Loads from the database that l->db opened with the result `rc`, and closes it. */
static int load_and_close(struct loader *l, int rc, struct tm_store_entry **out, size_t *n)
{
    struct tm_store_entry *e = NULL;
    size_t n_entries = 0;
    *out = NULL;
    *n = 0;
    if (rc == TM_OK)
        rc = prepare(l);
    if (rc == TM_OK)
        rc = load_entries(l, &e, &n_entries);
    (void)sqlite3_finalize(l->models);
    (void)sqlite3_finalize(l->points);
    (void)sqlite3_finalize(l->constant);
    (void)sqlite3_finalize(l->joint);
    (void)sqlite3_finalize(l->conns);
    (void)sqlite3_finalize(l->prov);
    free(l->pt);
    tm_db_close(&l->db);
    if (rc) {
        tm_store_entries_free(e, n_entries);
        return rc;
    }
    *out = e;
    *n = n_entries;
    return TM_OK;
}

int tm_store_load(const char *path, struct tm_store_entry **out, size_t *n, struct tm_msg *msg)
{
    struct loader l = {0};
    return load_and_close(&l, tm_db_open_read(&l.db, path, msg), out, n);
}

int tm_store_load_memory(const uint8_t *image, size_t len, const char *label,
                         struct tm_store_entry **out, size_t *n, struct tm_msg *msg)
{
    struct loader l = {0};
    return load_and_close(&l, tm_db_open_memory(&l.db, image, len, label, msg), out, n);
}

void tm_store_entries_free(struct tm_store_entry *e, size_t n)
{
    for (size_t i = 0; e && i < n; i++) {
        tm_model_deinit(&e[i].model);
        for (size_t k = 0; k < e[i].n_prov; k++) {
            free(e[i].prov[k].key);
            free(e[i].prov[k].value);
        }
        free(e[i].prov);
    }
    free(e);
}

static int no_such_model(const char *path, const char *name, const struct tm_store_entry *e,
                         size_t n, struct tm_msg *msg)
{
    char names[320] = "";
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof names - TM_MODEL_NAME_MAX - 8; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s, ", e[i].model.name);
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "no model \"%.63s\" in %.80s: there are %sconstant (built in)", name,
                      path ? path : "the program (no --models FILE was given)", names);
}

int tm_store_load_model(const char *path, const char *name, struct tm_model *out,
                        struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    *out = (struct tm_model){0};
    int rc = path ? tm_store_load(path, &e, &n, msg) : TM_OK;
    if (rc)
        return rc;
    size_t i = 0;
    while (i < n && strcmp(e[i].model.name, name) != 0)
        i++;
    if (i < n) {
        *out = e[i].model;
        e[i].model = (struct tm_model){0};
    } else if (strcmp(name, "constant") == 0) {
        tm_model_constant_default(out);
    } else {
        rc = no_such_model(path, name, e, n, msg);
    }
    tm_store_entries_free(e, n);
    return rc;
}
