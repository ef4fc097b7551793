/* Writing models: one transaction, on a database that was verified whole. */
#include "models/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "models/store/conn_blob.h"
#include "models/store/db.h"

struct saver {
    struct tm_db db;
    sqlite3_stmt *st; /* the statement at work; finalized before the next */
};

static int prepare(struct saver *s, const char *sql)
{
    (void)sqlite3_finalize(s->st);
    s->st = NULL;
    return tm_db_prepare(&s->db, &s->st, sql);
}

/* Binding to a fresh statement of ours fails for want of memory alone. */
static int bind_text(struct saver *s, int at, const char *text)
{
    return sqlite3_bind_text(s->st, at, text, -1, SQLITE_STATIC) == SQLITE_OK ? TM_OK
                                                                              : tm_db_error(&s->db);
}

static int bind_int(struct saver *s, int at, uint64_t v)
{
    return sqlite3_bind_int64(s->st, at, (sqlite3_int64)v) == SQLITE_OK ? TM_OK
                                                                        : tm_db_error(&s->db);
}

static int bind_digest(struct saver *s, int at, const uint8_t d[TM_DIGEST_LEN])
{
    return sqlite3_bind_blob(s->st, at, d, TM_DIGEST_LEN, SQLITE_STATIC) == SQLITE_OK
               ? TM_OK
               : tm_db_error(&s->db);
}

/* Deletes the model of this name with all its rows, if there is one. */
static int delete_model(struct saver *s, const char *name)
{
    static const char *const sql[] = {
        "DELETE FROM point WHERE model_id = (SELECT id FROM model WHERE name = ?1)",
        "DELETE FROM constant WHERE model_id = (SELECT id FROM model WHERE name = ?1)",
        "DELETE FROM joint WHERE model_id = (SELECT id FROM model WHERE name = ?1)",
        "DELETE FROM joint_conn WHERE model_id = (SELECT id FROM model WHERE name = ?1)",
        "DELETE FROM provenance WHERE model_id = (SELECT id FROM model WHERE name = ?1)",
        "DELETE FROM model WHERE name = ?1",
    };
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < sizeof sql / sizeof sql[0]; i++) {
        rc = prepare(s, sql[i]);
        if (rc == TM_OK)
            rc = bind_text(s, 1, name);
        if (rc == TM_OK)
            rc = tm_db_run(&s->db, s->st);
    }
    return rc;
}

static int check_room(struct saver *s)
{
    int rc = prepare(s, "SELECT count(*) FROM model");
    if (rc == TM_OK)
        rc = tm_db_step(&s->db, s->st);
    if (rc < 0)
        return rc;
    if (sqlite3_column_int64(s->st, 0) >= TM_STORE_MODELS_MAX)
        return tm_msg_set(s->db.msg, TM_ERR_LIMIT,
                          "%s: holds %u models, the most that fit: use another file", s->db.shown,
                          TM_STORE_MODELS_MAX);
    return TM_OK;
}

static int insert_model(struct saver *s, const struct tm_model *m,
                        const uint8_t digest[TM_DIGEST_LEN], const uint8_t seal[TM_DIGEST_LEN],
                        uint64_t *id)
{
    int rc = prepare(s, "INSERT INTO model(name, kind, digest, seal) VALUES(?1, ?2, ?3, ?4)");
    if (rc == TM_OK)
        rc = bind_text(s, 1, m->name);
    if (rc == TM_OK)
        rc = bind_text(s, 2, tm_model_kind_name(m->kind));
    if (rc == TM_OK)
        rc = bind_digest(s, 3, digest);
    if (rc == TM_OK)
        rc = bind_digest(s, 4, seal);
    if (rc == TM_OK)
        rc = tm_db_run(&s->db, s->st);
    *id = (uint64_t)sqlite3_last_insert_rowid(s->db.h);
    return rc;
}

/* Somebody who deleted a model by hand may have left its points, and its id is given out again. */
static int delete_orphans(struct saver *s)
{
    return tm_db_exec(&s->db,
                      "DELETE FROM point WHERE model_id NOT IN (SELECT id FROM model);"
                      "DELETE FROM constant WHERE model_id NOT IN (SELECT id FROM model);"
                      "DELETE FROM joint WHERE model_id NOT IN (SELECT id FROM model);"
                      "DELETE FROM joint_conn WHERE model_id NOT IN (SELECT id FROM model);"
                      "DELETE FROM provenance WHERE model_id NOT IN (SELECT id FROM model)");
}

static int insert_point(struct saver *s, const struct tm_dist_point *pt)
{
    int rc = bind_int(s, 3, pt->value);
    if (rc == TM_OK)
        rc = bind_int(s, 4, pt->cum);
    return rc ? rc : tm_db_run(&s->db, s->st);
}

static int insert_swing(struct saver *s, uint64_t id, const struct tm_swing *swing)
{
    int rc = prepare(s, "INSERT INTO point(model_id, param, value, cum) VALUES(?1, ?2, ?3, ?4)");
    if (rc == TM_OK)
        rc = bind_int(s, 1, id);
    for (int list = 0; rc == TM_OK && list < TM_SWING_LISTS; list++) {
        struct tm_dist_point one;
        size_t n;
        const struct tm_dist_point *pt = tm_swing_list(swing, list, &one, &n);
        rc = bind_text(s, 2, tm_swing_list_name(list));
        for (size_t i = 0; rc == TM_OK && i < n; i++)
            rc = insert_point(s, &pt[i]);
    }
    return rc;
}

static int insert_constant(struct saver *s, uint64_t id, const struct tm_constant *c)
{
    const uint64_t v[] = {id, c->size_bytes, c->interval_us, c->n_exchanges};
    int rc = prepare(s, "INSERT INTO constant(model_id, size_bytes, interval_us, n_exchanges)"
                        " VALUES(?1, ?2, ?3, ?4)");
    for (int i = 0; rc == TM_OK && i < 4; i++)
        rc = bind_int(s, i + 1, v[i]);
    return rc ? rc : tm_db_run(&s->db, s->st);
}

static int insert_conn(struct saver *s, const struct tm_deck *d, size_t i, uint8_t *bytes)
{
    const uint64_t v[] = {i, d->conn[i].role, d->conn[i].close_gap_us};
    int rc = TM_OK;
    for (int k = 0; rc == TM_OK && k < 3; k++)
        rc = bind_int(s, k + 2, v[k]);
    if (rc)
        return rc;
    int len = (int)tm_conn_blob_encode(bytes, d, i);
    if (sqlite3_bind_blob(s->st, 5, bytes, len, SQLITE_STATIC) != SQLITE_OK)
        return tm_db_error(&s->db);
    return tm_db_run(&s->db, s->st);
}

static int insert_deck(struct saver *s, uint64_t id, const struct tm_deck *d)
{
    uint8_t *bytes = malloc(TM_CONN_BLOB_MAX);
    if (!bytes)
        return tm_db_nomem(&s->db);
    int rc = prepare(s, "INSERT INTO joint_conn(model_id, id, role, close_gap_us, writes)"
                        " VALUES(?1, ?2, ?3, ?4, ?5)");
    if (rc == TM_OK)
        rc = bind_int(s, 1, id);
    for (size_t i = 0; rc == TM_OK && i < d->n_conns; i++)
        rc = insert_conn(s, d, i, bytes);
    (void)sqlite3_finalize(s->st); /* it still names bytes */
    s->st = NULL;
    free(bytes);
    return rc;
}

static int insert_joint(struct saver *s, uint64_t id, const struct tm_joint *j)
{
    const uint64_t v[] = {id,
                          j->mss_bytes,
                          j->recombine.parents,
                          j->recombine.rounds_max,
                          j->recombine.share_max,
                          j->recombine.pause_mix,
                          j->batch_max};
    int rc = prepare(s, "INSERT INTO joint(model_id, mss_bytes, parents, rounds_max, share_max,"
                        " pause_mix, batch_max) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    for (int i = 0; rc == TM_OK && i < 7; i++)
        rc = bind_int(s, i + 1, v[i]);
    if (rc == TM_OK)
        rc = tm_db_run(&s->db, s->st);
    if (rc == TM_OK)
        rc = insert_swing(s, id, &j->swing);
    return rc ? rc : insert_deck(s, id, &j->deck);
}

static int insert_statistics(struct saver *s, uint64_t id, const struct tm_model *m)
{
    switch (m->kind) {
    case TM_MODEL_SWING:
        return insert_swing(s, id, &m->u.swing);
    case TM_MODEL_CONSTANT:
        return insert_constant(s, id, &m->u.constant);
    case TM_MODEL_JOINT:
        return insert_joint(s, id, &m->u.joint);
    case TM_MODEL_MIX: /* its parts are in databases */
        break;
    }
    return TM_ERR_RANGE;
}

static int insert_provenance(struct saver *s, uint64_t id, const struct tm_provenance *const *prov,
                             size_t n)
{
    int rc = prepare(s, "INSERT INTO provenance(model_id, key, value) VALUES(?1, ?2, ?3)");
    if (rc == TM_OK)
        rc = bind_int(s, 1, id);
    for (size_t i = 0; rc == TM_OK && i < n; i++) {
        rc = bind_text(s, 2, prov[i]->key);
        if (rc == TM_OK)
            rc = bind_text(s, 3, prov[i]->value);
        if (rc == TM_OK)
            rc = tm_db_run(&s->db, s->st);
    }
    return rc;
}

/* Fills sorted[0..n-1]; the limits and uniqueness of the keys are checked on the way. */
static int sort_provenance(const struct tm_provenance *prov, size_t n,
                           const struct tm_provenance *sorted[TM_STORE_PROV_MAX],
                           struct tm_msg *msg)
{
    if (n > TM_STORE_PROV_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "%zu lines of provenance, at most %u fit", n,
                          TM_STORE_PROV_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!tm_db_text_ok(prov[i].key, 1, TM_STORE_KEY_MAX))
            return tm_msg_set(
                msg, TM_ERR_RANGE,
                "provenance line %zu: the key is 1 to %u bytes without control characters", i,
                TM_STORE_KEY_MAX);
        if (!tm_db_text_ok(prov[i].value, 0, TM_STORE_VALUE_MAX))
            return tm_msg_set(
                msg, TM_ERR_RANGE,
                "provenance %s: the value is at most %u bytes without control characters",
                prov[i].key, TM_STORE_VALUE_MAX);
        size_t at = i;
        while (at > 0 && strcmp(sorted[at - 1]->key, prov[i].key) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        if (at > 0 && strcmp(sorted[at - 1]->key, prov[i].key) == 0)
            return tm_msg_set(msg, TM_ERR_RANGE, "provenance %s: given twice", prov[i].key);
        sorted[at] = &prov[i];
    }
    return TM_OK;
}

static int check_item(const struct tm_store_item *item, struct tm_msg *msg)
{
    const struct tm_provenance *sorted[TM_STORE_PROV_MAX];
    if (item->model->kind == TM_MODEL_MIX)
        return tm_msg_set(msg, TM_ERR_RANGE, "a mix is not stored, its models are");
    int rc = tm_model_check(item->model, msg);
    return rc == TM_OK ? sort_provenance(item->prov, item->n_prov, sorted, msg) : rc;
}

static int save_item(struct saver *s, const struct tm_store_item *item)
{
    const struct tm_provenance *sorted[TM_STORE_PROV_MAX];
    const struct tm_model *m = item->model;
    uint8_t digest[TM_DIGEST_LEN];
    uint8_t seal[TM_DIGEST_LEN];
    uint64_t id = 0;
    int rc = sort_provenance(item->prov, item->n_prov, sorted, s->db.msg);
    if (rc)
        return rc;
    tm_model_digest(m, digest);
    tm_db_seal(seal, m->name, digest, sorted, item->n_prov);
    rc = delete_model(s, m->name);
    if (rc == TM_OK)
        rc = check_room(s);
    if (rc == TM_OK)
        rc = insert_model(s, m, digest, seal, &id);
    if (rc == TM_OK)
        rc = insert_statistics(s, id, m);
    return rc ? rc : insert_provenance(s, id, sorted, item->n_prov);
}

int tm_store_save_all(const char *path, const struct tm_store_item *items, size_t n,
                      struct tm_msg *msg)
{
    struct saver s = {0};
    int rc = TM_OK;
    for (size_t i = 0; i < n && rc == TM_OK; i++)
        rc = check_item(&items[i], msg);
    if (rc)
        return rc;
    rc = tm_db_open_write(&s.db, path, msg);
    if (rc == TM_OK)
        rc = delete_orphans(&s);
    for (size_t i = 0; i < n && rc == TM_OK; i++)
        rc = save_item(&s, &items[i]);
    (void)sqlite3_finalize(s.st);
    if (rc == TM_OK)
        rc = tm_db_exec(&s.db, "COMMIT");
    tm_db_close(&s.db);
    return rc;
}

int tm_store_save(const char *path, const struct tm_model *m, const struct tm_provenance *prov,
                  size_t n_prov, struct tm_msg *msg)
{
    return tm_store_save_all(path, &(struct tm_store_item){m, prov, n_prov}, 1, msg);
}

static int copy_image(struct tm_db *db, uint8_t **image, size_t *len)
{
    sqlite3_int64 size = 0;
    unsigned char *bytes = sqlite3_serialize(db->h, "main", &size, 0);
    if (bytes == NULL || size <= 0)
        return tm_db_nomem(db);
    *image = malloc((size_t)size);
    if (*image != NULL) {
        memcpy(*image, bytes, (size_t)size);
        *len = (size_t)size;
    }
    sqlite3_free(bytes);
    return *image != NULL ? TM_OK : tm_db_nomem(db);
}

int tm_store_image(const struct tm_store_item *item, uint8_t **image, size_t *len,
                   struct tm_msg *msg)
{
    struct saver s = {0};
    *image = NULL;
    *len = 0;
    int rc = check_item(item, msg);
    if (rc)
        return rc;
    rc = tm_db_open_new(&s.db, item->model->name, msg);
    if (rc == TM_OK)
        rc = save_item(&s, item);
    (void)sqlite3_finalize(s.st);
    if (rc == TM_OK)
        rc = tm_db_exec(&s.db, "COMMIT");
    if (rc == TM_OK)
        rc = copy_image(&s.db, image, len);
    tm_db_close(&s.db);
    return rc;
}
