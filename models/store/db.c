#include "models/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/canon.h"
#include "tm/base/buf.h"

#define HEADER_LEN     100U /* of a sqlite file (sqlite.org/fileformat2.html sec. 1.3) */
#define BUSY_MS        5000
#define STEP_UNIT      1000          /* virtual machine instructions between two calls of spend */
#define ROW_LEN_MAX    (1024 * 1024) /* the longest connection of a joint model takes 896 KiB */
#define STEPS_FREE     UINT64_C(2000000) /* a budget's fixed part */
#define STEPS_PER_BYTE 64U /* a point takes >= 8 bytes and, over all statements, < 100 steps */
#define SCHEMA_TABLES  6U

static const struct {
    int since; /* version */
    const char *name;
    const char *sql; /* sqlite keeps the text as it was written */
} schema[SCHEMA_TABLES] = {
    {1, "model",
     "CREATE TABLE model(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
     " digest BLOB NOT NULL, seal BLOB NOT NULL) STRICT"},
    {1, "point",
     "CREATE TABLE point(model_id INTEGER NOT NULL, param TEXT NOT NULL, value INTEGER NOT NULL,"
     " cum INTEGER NOT NULL, PRIMARY KEY(model_id, param, value)) STRICT, WITHOUT ROWID"},
    {1, "constant",
     "CREATE TABLE constant(model_id INTEGER PRIMARY KEY, size_bytes INTEGER NOT NULL,"
     " interval_us INTEGER NOT NULL, n_exchanges INTEGER NOT NULL) STRICT"},
    {1, "provenance",
     "CREATE TABLE provenance(model_id INTEGER NOT NULL, key TEXT NOT NULL,"
     " value TEXT NOT NULL, PRIMARY KEY(model_id, key)) STRICT, WITHOUT ROWID"},
    {2, "joint",
     "CREATE TABLE joint(model_id INTEGER PRIMARY KEY, mss_bytes INTEGER NOT NULL,"
     " parents INTEGER NOT NULL, rounds_max INTEGER NOT NULL, share_max INTEGER NOT NULL,"
     " pause_mix INTEGER NOT NULL, batch_max INTEGER NOT NULL) STRICT"},
    {2, "joint_conn", /* id 0, 1, ... is the deck's order, writes as in conn_blob.h */
     "CREATE TABLE joint_conn(model_id INTEGER NOT NULL, id INTEGER NOT NULL,"
     " role INTEGER NOT NULL, close_gap_us INTEGER NOT NULL, writes BLOB NOT NULL,"
     " PRIMARY KEY(model_id, id)) STRICT"},
};

int tm_db_nomem(struct tm_db *db)
{
    return tm_msg_set(db->msg, TM_ERR_NOMEM, "%s: out of memory", db->shown);
}

int tm_db_damaged(struct tm_db *db, const char *what)
{
    /* sqlite's findings may have line breaks, or quote the file */
    char line[128];
    (void)snprintf(line, sizeof line, "%s", what);
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    }
    return tm_msg_set(db->msg, TM_ERR_FORMAT,
                      "%s: damaged model database (%s): use a copy, or delete it and learn again",
                      db->shown, line);
}

int tm_db_error(struct tm_db *db)
{
    const char *why = sqlite3_errmsg(db->h);
    int code = sqlite3_extended_errcode(db->h);
    if (code == SQLITE_IOERR_NOMEM)
        return tm_db_nomem(db);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return tm_db_nomem(db);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: /* our statements are right, so the schema is not */
        return tm_db_damaged(db, why);
    case SQLITE_INTERRUPT:
        return tm_db_damaged(db, "reading it does not end");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return tm_msg_set(db->msg, TM_ERR_DB, "%s: another program is writing it: try again later",
                          db->shown);
    case SQLITE_FULL:
        return tm_msg_set(db->msg, TM_ERR_IO,
                          "%s: the disk is full: make room and try again; nothing was changed",
                          db->shown);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return tm_msg_set(
            db->msg, TM_ERR_IO,
            "%s: cannot be opened (%s): check that file and directory exist and that you "
            "may write both",
            db->shown, why);
    case SQLITE_IOERR:
        return tm_msg_set(db->msg, TM_ERR_IO,
                          "%s: %s: check the disk (space, quota, health) and try again", db->shown,
                          why);
    default:
        return tm_msg_set(db->msg, TM_ERR_DB, "%s: sqlite says: %s", db->shown, why);
    }
}

int tm_db_prepare(struct tm_db *db, sqlite3_stmt **st, const char *sql)
{
    return sqlite3_prepare_v2(db->h, sql, -1, st, NULL) == SQLITE_OK ? TM_OK : tm_db_error(db);
}

int tm_db_step(struct tm_db *db, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : tm_db_error(db);
}

int tm_db_run(struct tm_db *db, sqlite3_stmt *st)
{
    int rc;
    do {
        rc = tm_db_step(db, st);
    } while (rc > 0);
    (void)sqlite3_reset(st);
    return rc;
}

int tm_db_exec(struct tm_db *db, const char *sql)
{
    return sqlite3_exec(db->h, sql, NULL, NULL, NULL) == SQLITE_OK ? TM_OK : tm_db_error(db);
}

/* Creates what versions after db->version have added; 0: everything. */
static int upgrade_schema(struct tm_db *db)
{
    char pragmas[96];
    (void)snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   TM_STORE_APPLICATION_ID, TM_STORE_USER_VERSION);
    int rc = tm_db_exec(db, pragmas);
    for (size_t i = 0; rc == TM_OK && i < SCHEMA_TABLES; i++) {
        if (schema[i].since > db->version)
            rc = tm_db_exec(db, schema[i].sql);
    }
    if (rc == TM_OK)
        db->version = TM_STORE_USER_VERSION;
    return rc;
}

/* Judges and sets db->version; 0 is for a new file's header, which says nothing yet. */
static int check_version(struct tm_db *db, uint32_t version)
{
    if (version > TM_STORE_USER_VERSION)
        return tm_msg_set(db->msg, TM_ERR_UNSUPPORTED,
                          "%s: written by a newer TrafficMimic (format %" PRIu32
                          ", known here: %d): update this program",
                          db->shown, version, TM_STORE_USER_VERSION);
    if (version < 1)
        return tm_db_damaged(db, "format 0");
    db->version = (int)version;
    return TM_OK;
}

/* Judges the first bytes of a file of `size` bytes. */
static int check_header(struct tm_db *db, const uint8_t *head, size_t len, uint64_t size)
{
    struct tm_rd r = tm_rd_init(head, len);
    struct tm_view magic = tm_rd_bytes(&r, 16);
    (void)tm_rd_bytes(&r, 44);
    uint32_t user_version = tm_rd_u32(&r);
    (void)tm_rd_bytes(&r, 4);
    uint32_t application_id = tm_rd_u32(&r);
    if (size == 0)
        return tm_msg_set(
            db->msg, TM_ERR_FORMAT,
            "%s: empty file: learn a model into it (tm-learn learn -o) or give another", db->shown);
    if (!tm_rd_ok(&r) || memcmp(magic.p, "SQLite format 3", 16) != 0)
        return tm_msg_set(db->msg, TM_ERR_FORMAT,
                          "%s: not a model database: give one that tm-learn wrote", db->shown);
    if (application_id != TM_STORE_APPLICATION_ID)
        return tm_msg_set(db->msg, TM_ERR_FORMAT,
                          "%s: a database of another program (application id 0x%08" PRIx32
                          "): give one that tm-learn wrote",
                          db->shown, application_id);
    return check_version(db, user_version);
}

static int io_error(struct tm_db *db, int err)
{
    if (err == ENOENT)
        return tm_msg_set(db->msg, TM_ERR_IO,
                          "%s: no such file: check the path, or make it with tm-learn learn -o",
                          db->shown);
    return tm_msg_set(db->msg, TM_ERR_IO, "%s: cannot be read (%s): check path and permissions",
                      db->shown, strerror(err));
}

/* Reads and judges the header; *size is the file's, 0 for a missing one where that is allowed. */
static int peek(struct tm_db *db, bool may_be_new, uint64_t *size)
{
    *size = 0;
    struct stat st;
    uint8_t head[HEADER_LEN];
    int rc;
    /* O_NONBLOCK: a fifo would wait for a writer */
    int fd = open(db->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return may_be_new && errno == ENOENT ? TM_OK : io_error(db, errno);
    if (fstat(fd, &st) < 0) {
        rc = io_error(db, errno);
    } else if (!S_ISREG(st.st_mode)) {
        rc = tm_msg_set(db->msg, TM_ERR_IO,
                        "%s: not a regular file: give a database that tm-learn wrote", db->shown);
    } else {
        *size = (uint64_t)st.st_size;
        ssize_t len = pread(fd, head, sizeof head, 0);
        if (len < 0)
            rc = io_error(db, errno);
        else if (*size == 0 && may_be_new)
            rc = TM_OK;
        else
            rc = check_header(db, head, (size_t)len, *size);
    }
    (void)close(fd);
    return rc;
}

static int spend(void *arg)
{
    struct tm_db *db = arg;
    if (db->budget == 0)
        return 1;
    db->budget--;
    return 0;
}

/* Opens db->path (or memory) with everything off that a hostile file could use. */
static int connect_to(struct tm_db *db, const char *path, int flags)
{
    static const char setup[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY";
    (void)sqlite3_close(db->h);
    db->h = NULL;
    int rc =
        sqlite3_open_v2(path, &db->h, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!db->h)
        return tm_db_nomem(db);
    if (rc != SQLITE_OK)
        return tm_db_error(db);
    (void)sqlite3_busy_timeout(db->h, BUSY_MS);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_LENGTH, ROW_LEN_MAX);
    (void)sqlite3_limit(db->h, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(db->h, STEP_UNIT, spend, db);
    return tm_db_exec(db, setup);
}

/* The version inside the transaction: another program may have upgraded the file since its header was read. */
static int read_version(struct tm_db *db)
{
    sqlite3_stmt *st = NULL;
    int rc = tm_db_prepare(db, &st, "PRAGMA user_version");
    if (rc == TM_OK)
        rc = tm_db_step(db, st);
    if (rc >= 0) {
        sqlite3_int64 version = rc > 0 ? sqlite3_column_int64(st, 0) : 0;
        rc = check_version(db, version < 0 || version > UINT32_MAX ? 0 : (uint32_t)version);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

static int check_tables(struct tm_db *db)
{
    sqlite3_stmt *st = NULL;
    size_t same = 0;
    size_t want = 0;
    int rc = read_version(db);
    if (rc == TM_OK)
        rc = tm_db_prepare(db, &st, "SELECT name, sql FROM sqlite_schema WHERE type <> 'index'");
    if (rc)
        return rc;
    for (size_t i = 0; i < SCHEMA_TABLES; i++)
        want += schema[i].since <= db->version;
    while ((rc = tm_db_step(db, st)) > 0) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        const char *sql = (const char *)sqlite3_column_text(st, 1);
        for (size_t i = 0; name && sql && i < SCHEMA_TABLES; i++)
            same += schema[i].since <= db->version && strcmp(name, schema[i].name) == 0 &&
                    strcmp(sql, schema[i].sql) == 0;
    }
    (void)sqlite3_finalize(st);
    if (rc == TM_OK && same != want)
        rc = tm_db_damaged(db, "its tables are not those of a model database");
    return rc;
}

static int check_integrity(struct tm_db *db)
{
    sqlite3_stmt *st = NULL;
    int rc = tm_db_prepare(db, &st, "PRAGMA integrity_check(1)");
    if (rc)
        return rc;
    rc = tm_db_step(db, st);
    const char *verdict = rc > 0 ? (const char *)sqlite3_column_text(st, 0) : NULL;
    if (rc >= 0)
        rc = verdict && strcmp(verdict, "ok") == 0 ? TM_OK
                                                   : tm_db_damaged(db, verdict ? verdict : "?");
    (void)sqlite3_finalize(st);
    return rc;
}

static int begin(struct tm_db *db, const char *path, struct tm_msg *msg)
{
    *db = (struct tm_db){.msg = msg};
    size_t len = strlen(path);
    bool cut = len >= sizeof db->shown;
    (void)snprintf(db->shown, sizeof db->shown, "%s%s", cut ? "..." : "",
                   cut ? path + len - (sizeof db->shown - 4) : path);
    /* "./" takes from ":memory:" and "file:..." the meaning that sqlite gives them */
    if (asprintf(&db->path, "%s%s", path[0] == '/' ? "" : "./", path) < 0) {
        db->path = NULL;
        return tm_db_nomem(db);
    }
    return TM_OK;
}

static void set_budget(struct tm_db *db, uint64_t size)
{
    uint64_t steps;
    if (__builtin_mul_overflow(size, STEPS_PER_BYTE, &steps) || steps > UINT64_MAX - STEPS_FREE)
        steps = UINT64_MAX - STEPS_FREE;
    db->budget = (steps + STEPS_FREE) / STEP_UNIT;
}

/* Opens for reading inside one transaction, so that no writer comes between what is read. */
static int open_to_read(struct tm_db *db)
{
    uint64_t size;
    int rc = peek(db, false, &size);
    if (rc)
        return rc;
    set_budget(db, size);
    rc = connect_to(db, db->path, SQLITE_OPEN_READONLY);
    return rc ? rc : tm_db_exec(db, "BEGIN; SELECT count(*) FROM sqlite_schema");
}

/* A save that was interrupted left a journal; whoever opens for writing undoes it. */
static int undo_interrupted_save(struct tm_db *db)
{
    int rc = connect_to(db, db->path, SQLITE_OPEN_READWRITE);
    if (rc == TM_OK)
        rc = tm_db_exec(db, "SELECT count(*) FROM sqlite_schema");
    if (rc)
        return rc;
    /* Closed before the file is looked at again: closing any descriptor drops the process's locks on it. */
    (void)sqlite3_close(db->h);
    db->h = NULL;
    return TM_OK;
}

int tm_db_open_read(struct tm_db *db, const char *path, struct tm_msg *msg)
{
    int rc = begin(db, path, msg);
    if (rc)
        return rc;
    rc = open_to_read(db);
    if (rc && db->h && sqlite3_extended_errcode(db->h) == SQLITE_READONLY_ROLLBACK) {
        rc = undo_interrupted_save(db);
        if (rc == TM_OK)
            rc = open_to_read(db);
    }
    if (rc == TM_OK)
        rc = check_tables(db);
    return rc ? rc : check_integrity(db);
}

int tm_db_open_write(struct tm_db *db, const char *path, struct tm_msg *msg)
{
    uint64_t size;
    int rc = begin(db, path, msg);
    if (rc == TM_OK)
        rc = peek(db, true, &size);
    if (rc)
        return rc;
    set_budget(db, size);
    rc = connect_to(db, db->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (rc == TM_OK)
        rc = tm_db_exec(db, "BEGIN IMMEDIATE");
    if (rc)
        return rc;
    /* Another writer may have created it since the header was read: what is there now decides. */
    sqlite3_stmt *st = NULL;
    rc = tm_db_prepare(db, &st, "SELECT 1 FROM sqlite_schema");
    if (rc == TM_OK)
        rc = tm_db_step(db, st);
    (void)sqlite3_finalize(st);
    if (rc < 0)
        return rc;
    if (rc == 0)
        db->version = 0;
    else
        rc = check_tables(db);
    if (rc == TM_OK && db->version > 0)
        rc = check_integrity(db);
    db->budget = UINT64_MAX; /* what is written now was not in the old size */
    if (rc == TM_OK && db->version < TM_STORE_USER_VERSION)
        rc = upgrade_schema(db);
    return rc;
}

int tm_db_open_memory(struct tm_db *db, const uint8_t *image, size_t len, const char *label,
                      struct tm_msg *msg)
{
    int rc = begin(db, label, msg);
    if (rc == TM_OK)
        rc = check_header(db, image, len < HEADER_LEN ? len : HEADER_LEN, len);
    if (rc)
        return rc;
    set_budget(db, len);
    rc = connect_to(db, ":memory:", SQLITE_OPEN_READWRITE);
    if (rc)
        return rc;
    unsigned char
        *bytes; /* read-only: sqlite never writes to the image, its API just lacks the const */
    memcpy(&bytes, &image, sizeof bytes);
    if (sqlite3_deserialize(db->h, "main", bytes, (sqlite3_int64)len, (sqlite3_int64)len,
                            SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        return tm_db_error(db);
    rc = check_tables(db);
    return rc ? rc : check_integrity(db);
}

int tm_db_open_new(struct tm_db *db, const char *label, struct tm_msg *msg)
{
    int rc = begin(db, label, msg);
    if (rc == TM_OK)
        rc = connect_to(db, ":memory:", SQLITE_OPEN_READWRITE);
    if (rc == TM_OK)
        rc = tm_db_exec(db, "BEGIN");
    db->budget = UINT64_MAX;
    return rc == TM_OK ? upgrade_schema(db) : rc;
}

void tm_db_close(struct tm_db *db)
{
    int rc = sqlite3_close(db->h); /* rolls back what was not committed */
    TM_ASSERT_EQ(rc, SQLITE_OK);   /* else a statement was left open */
    free(db->path);
    *db = (struct tm_db){0};
}

void tm_db_seal(uint8_t out[TM_DIGEST_LEN], const char *name, const uint8_t digest[TM_DIGEST_LEN],
                const struct tm_provenance *const *prov, size_t n_prov)
{
    struct tm_canon c;
    tm_canon_init(&c, "trafficmimic model row 1");
    tm_canon_str(&c, name);
    tm_canon_bytes(&c, digest, TM_DIGEST_LEN);
    tm_canon_u32(&c, (uint32_t)n_prov);
    for (size_t i = 0; i < n_prov; i++) {
        tm_canon_str(&c, prov[i]->key);
        tm_canon_str(&c, prov[i]->value);
    }
    tm_canon_final(&c, out);
}

bool tm_db_text_ok(const char *text, size_t min, size_t max)
{
    size_t len = strnlen(text, max + 1);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return len >= min && len <= max;
}
