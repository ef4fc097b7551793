/* models/store/db.h - internal: opening a model database and telling whether it is one.
 *
 * A database may come from anybody.  The first bytes are read and judged before sqlite sees the file, so
 * a foreign one is never touched; then the schema must be, word for word, the one written below (so there
 * are no views, virtual or generated columns to run), and sqlite's integrity check must pass.  Every
 * statement runs under a budget of steps that grows with the file, so that no file can hang a program. */
#ifndef TM_MODELS_STORE_DB_H
#define TM_MODELS_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "models/store/store.h"

struct tm_db {
    sqlite3 *h;
    char *path;      /* owned; as sqlite gets it */
    char shown[164]; /* the path's end, for messages */
    struct tm_msg *msg;
    uint64_t budget; /* steps left, in thousands */
    int version;     /* of the schema; what is open for writing has TM_STORE_USER_VERSION */
};

/* All of these fill db->msg on error.  tm_db_close is due after every open, failed ones included.
 * A database that opened has a sound structure, and a transaction is open on it. */
TM_MUST_CHECK int tm_db_open_read(struct tm_db *db, const char *path, struct tm_msg *msg);
/* Creates a missing file; an empty one counts as new. */
TM_MUST_CHECK int tm_db_open_write(struct tm_db *db, const char *path, struct tm_msg *msg);
/* Reads from the image in memory, which must stay until tm_db_close. */
TM_MUST_CHECK int tm_db_open_memory(struct tm_db *db, const uint8_t *image, size_t len,
                                    const char *label, struct tm_msg *msg);
/* An empty database in memory, for writing. */
TM_MUST_CHECK int tm_db_open_new(struct tm_db *db, const char *label, struct tm_msg *msg);
void tm_db_close(struct tm_db *db);

TM_MUST_CHECK int tm_db_exec(struct tm_db *db, const char *sql);
TM_MUST_CHECK int tm_db_prepare(struct tm_db *db, sqlite3_stmt **st, const char *sql);
/* 1: a row, 0: done, < 0: error. */
TM_MUST_CHECK int tm_db_step(struct tm_db *db, sqlite3_stmt *st);
/* Runs to the end and resets, for statements without rows. */
TM_MUST_CHECK int tm_db_run(struct tm_db *db, sqlite3_stmt *st);
/* sqlite's last error as ours. */
TM_MUST_CHECK int tm_db_error(struct tm_db *db);
TM_MUST_CHECK int tm_db_nomem(struct tm_db *db);
/* "PATH: damaged (WHAT): ...", TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_db_damaged(struct tm_db *db, const char *what);

/* SHA-256 over what the model's digest leaves out, its name and provenance (sorted by key), and the digest:
 * bit rot anywhere in a model's rows is seen.  No protection against somebody who means it. */
void tm_db_seal(uint8_t out[TM_DIGEST_LEN], const char *name, const uint8_t digest[TM_DIGEST_LEN],
                const struct tm_provenance *const *prov, size_t n_prov);
/* Key or value of a provenance line: 1..max bytes (values 0..max) without control characters. */
bool tm_db_text_ok(const char *text, size_t min, size_t max);

#endif
