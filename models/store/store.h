/* models/store/store.h - the model database: the only user of sqlite.
 *
 * One sqlite file holds many models.  `application_id` says that it is ours, `user_version` which schema;
 * every model row carries the digest of its statistics, checked at load, and its provenance beside it
 * (tool version, parameters, counts; never addresses, payload or dates).  Databases are opened read-only
 * except by tm_store_save and tm_store_save_all, which write in one transaction: a full disk or a crash leaves the old file
 * whole. */
#ifndef TM_MODELS_STORE_STORE_H
#define TM_MODELS_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/err.h"

#define TM_STORE_APPLICATION_ID 0x544d4d31 /* "TMM1" */
/* 1: swing and constant models.  2: joint models too (two more tables).  Version 1 is read, and becomes 2 when
 * a model is saved into it. */
#define TM_STORE_USER_VERSION 2

#define TM_STORE_MODELS_MAX 1024U /* in one database */
#define TM_STORE_PROV_MAX   256U  /* provenance lines of a model */
#define TM_STORE_KEY_MAX    63U   /* bytes of a line's key, >= 1 */
#define TM_STORE_VALUE_MAX  4096U /* bytes of its value; both without control characters */

/* One "key = value" line of a model's provenance, both owned. */
struct tm_provenance {
    char *key;
    char *value;
};

struct tm_store_entry {
    struct tm_model model; /* owned */
    uint8_t digest[TM_DIGEST_LEN];
    struct tm_provenance *prov; /* owned, sorted by key */
    size_t n_prov;
};

/* All models of a database, sorted by name; each passes tm_model_check.  The whole file is verified: what
 * loads is what was saved.  Errors, each with one line in msg that names the file and says what to do:
 * TM_ERR_IO no such file or unreadable; TM_ERR_FORMAT not sqlite, not ours (another application_id),
 * corrupt, or a model whose digest does not match its statistics; TM_ERR_UNSUPPORTED a newer user_version;
 * TM_ERR_DB anything else sqlite says, such as a writer that does not finish; TM_ERR_NOMEM.
 * *out is freed with tm_store_entries_free; NULL with *n == 0 on error and for a database without models.
 * A save that was interrupted is undone first, the one case in which a load writes.  Loading and saving the
 * same file in two threads at once is not allowed (POSIX locks belong to the process); processes may. */
TM_MUST_CHECK int tm_store_load(const char *path, struct tm_store_entry **out, size_t *n,
                                struct tm_msg *msg);
/* The same from a database image in memory (borrowed during the call); `label` stands for the path in
 * messages.  For databases that arrive by other ways than files, and for the fuzzer. */
TM_MUST_CHECK int tm_store_load_memory(const uint8_t *image, size_t len, const char *label,
                                       struct tm_store_entry **out, size_t *n, struct tm_msg *msg);
/* NULL is allowed. */
void tm_store_entries_free(struct tm_store_entry *e, size_t n);

/* The model called `name`, alone.  TM_ERR_RANGE with the names that exist in msg when there is none.
 * "constant" is always there: built in, unless the database has one of that name.  path may be NULL when
 * only built-in models are wanted.  The caller deinits *out. */
TM_MUST_CHECK int tm_store_load_model(const char *path, const char *name, struct tm_model *out,
                                      struct tm_msg *msg);

/* Writes (or replaces, by name) one model; creates the database when the file is missing or empty.  A file
 * that is not ours, or damaged, is never touched.  Provenance keys in any order, each once.  Errors as
 * above, and: TM_ERR_RANGE the model fails tm_model_check or a provenance line is outside its limits;
 * TM_ERR_LIMIT too many models or provenance lines; TM_ERR_IO also for a full disk or no write permission. */
TM_MUST_CHECK int tm_store_save(const char *path, const struct tm_model *m,
                                const struct tm_provenance *prov, size_t n_prov,
                                struct tm_msg *msg);

/* What becomes one entry; all borrowed. */
struct tm_store_item {
    const struct tm_model *model;
    const struct tm_provenance *prov;
    size_t n_prov;
};
/* The same for several models, in this order and in one transaction: all are written, or nothing is. */
TM_MUST_CHECK int tm_store_save_all(const char *path, const struct tm_store_item *items, size_t n,
                                    struct tm_msg *msg);
/* One model as the image of a database, which tm_store_load_memory reads; the caller frees it. */
TM_MUST_CHECK int tm_store_image(const struct tm_store_item *item, uint8_t **image, size_t *len,
                                 struct tm_msg *msg);

#endif
