/* A database changed by bit rot or by hand either loads as it was or is refused with a reason. */
#include "models/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static void sql(sqlite3 *h, const char *text)
{
    char *why = NULL;
    if (sqlite3_exec(h, text, NULL, NULL, &why) != SQLITE_OK)
        CHECK_STR(why, text);
    sqlite3_free(why);
}

/* The image of a database of three models, one of each kind, after `change` in SQL; pages of 512 bytes keep it small. */
static uint8_t *make_image(const char *change, size_t *len)
{
    char dir[64];
    char path[96];
    struct tm_model m;
    make_temp_dir(dir);
    (void)snprintf(path, sizeof path, "%s/models.db", dir);
    CHECK_INT(sample_swing(&m, "web", 1), TM_OK);
    CHECK_INT(tm_store_save(path, &m, sample_prov, 3, NULL), TM_OK);
    tm_model_deinit(&m);
    tm_model_constant_default(&m);
    CHECK_INT(tm_store_save(path, &m, NULL, 0, NULL), TM_OK);
    CHECK_INT(sample_joint(&m, "pages", 3, 0), TM_OK);
    CHECK_INT(tm_store_save(path, &m, NULL, 0, NULL), TM_OK);
    tm_model_deinit(&m);
    sqlite3 *h = NULL;
    CHECK_INT(sqlite3_open(path, &h), SQLITE_OK);
    sql(h, "PRAGMA page_size = 512; VACUUM");
    sql(h, change);
    (void)sqlite3_close(h);
    uint8_t *image = slurp(path, len);
    drop_temp_dir(dir);
    return image;
}

struct tally {
    unsigned same;
    unsigned refused;
    unsigned wrong;
};

/* One load of the image, compared with the models of the sound one. */
static void try_load(const uint8_t *image, size_t len, const struct tm_store_entry *want,
                     size_t n_want, struct tally *t)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_msg msg = {0};
    int rc = tm_store_load_memory(image, len, "image", &e, &n, &msg);
    if (rc == TM_OK && same_entries(e, n, want, n_want))
        t->same++;
    else if (rc < 0 && !e && n == 0 && strncmp(msg.text, "image: ", 7) == 0 &&
             !strchr(msg.text, '\n'))
        t->refused++;
    else
        t->wrong++;
    tm_store_entries_free(e, n);
}

static void every_changed_byte_is_harmless_or_refused(void)
{
    size_t len;
    uint8_t *image = make_image("", &len);
    struct tm_store_entry *want = NULL;
    size_t n_want = 0;
    struct tally t = {0};
    CHECK_INT(tm_store_load_memory(image, len, "image", &want, &n_want, NULL), TM_OK);
    CHECK_INT(n_want, 3);
    for (size_t at = 0; at < len; at++) {
        uint8_t was = image[at];
        const uint8_t values[] = {(uint8_t)(was ^ 1), (uint8_t)(was ^ 32), (uint8_t)(was ^ 128),
                                  (uint8_t)~was, (uint8_t)(was + 2)};
        for (size_t k = 0; k < sizeof values; k++) {
            unsigned wrong = t.wrong;
            image[at] = values[k];
            try_load(image, len, want, n_want, &t);
            if (t.wrong != wrong)
                (void)fprintf(stderr, "byte %zu of %zu, 0x%02x made 0x%02x\n", at, len, was,
                              values[k]);
        }
        image[at] = was;
    }
    CHECK_INT(t.wrong, 0);
    CHECK(t.refused > len); /* of five changes to each byte; pages are half empty */
    CHECK(t.same > 0);
    tm_store_entries_free(want, n_want);
    free(image);
}

static void every_truncation_is_refused(void)
{
    size_t len;
    uint8_t *image = make_image("", &len);
    struct tally t = {0};
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *part = malloc(cut + 1); /* its own block, so that a read past the end is seen */
        memcpy(part, image, cut);
        try_load(part, cut, NULL, 0, &t);
        free(part);
    }
    CHECK_INT(t.wrong, 0);
    CHECK_INT(t.same, 0);
    CHECK_INT(t.refused, len);
    free(image);
}

struct change {
    const char *sql;
    const char *why;
};

/* Each leaves a perfect sqlite database, which is refused for the reason given. */
static void check_refused(const struct change *changes, size_t n_changes)
{
    for (size_t i = 0; i < n_changes; i++) {
        size_t len;
        uint8_t *image = make_image(changes[i].sql, &len);
        struct tm_store_entry *e = NULL;
        size_t n = 0;
        struct tm_msg msg = {0};
        if (tm_store_load_memory(image, len, "image", &e, &n, &msg) != TM_ERR_FORMAT)
            CHECK_STR(changes[i].sql, "refused");
        if (!strstr(msg.text, changes[i].why))
            CHECK_STR(msg.text, changes[i].why);
        CHECK(!e && n == 0);
        free(image);
    }
}

static void changes_by_hand_are_refused(void)
{
    static const struct change changes[] = {
        {"UPDATE point SET value = value + 1 WHERE value = 1448", "statistics of model web"},
        {"UPDATE point SET cum = 1 WHERE value = 36", "statistics of model web"},
        {"DELETE FROM point WHERE param = 'req_bytes'", "statistics of model web"},
        {"UPDATE point SET cum = 0 WHERE value = 36", "no distribution"},
        {"UPDATE point SET value = -1 WHERE value = 36", "negative"},
        {"UPDATE point SET cum = cum + 0x7ffffffffffff000", "no distribution"},
        {"UPDATE point SET param = 'mystery' WHERE value = 36", "unknown parameter"},
        {"INSERT INTO point SELECT model_id, 'req_think_us', a.value * 5000 + b.value, 1 FROM "
         "point a,"
         " (WITH RECURSIVE c(value) AS (VALUES(0) UNION ALL SELECT value + 1 FROM c LIMIT 5000)"
         " SELECT value FROM c) b WHERE a.value = 36",
         "too many points"},
        {"UPDATE constant SET size_bytes = 0", "statistics of model constant"},
        {"UPDATE constant SET size_bytes = 1 << 40", "out of range"},
        {"DELETE FROM constant", "without its numbers"},
        {"UPDATE model SET name = 'shop' WHERE name = 'web'", "name or provenance of model shop"},
        {"UPDATE model SET name = 'a b' WHERE name = 'web'", "name"},
        {"UPDATE model SET name = printf('%.*c', 64, 'x') WHERE name = 'web'", "name"},
        {"UPDATE model SET name = 'web' || char(0) WHERE name = 'web'", "text"},
        {"UPDATE model SET name = '' WHERE name = 'web'", "name"},
        {"UPDATE model SET kind = 'markov' WHERE name = 'web'", "unknown kind"},
        {"UPDATE model SET kind = 'constant' WHERE name = 'web'", "without its numbers"},
        {"UPDATE model SET digest = x'00' WHERE name = 'web'", "digest"},
        {"UPDATE model SET digest = zeroblob(32) WHERE name = 'web'", "digest"},
        {"UPDATE model SET seal = zeroblob(32) WHERE name = 'web'", "name or provenance"},
        {"UPDATE provenance SET value = 'x' WHERE key = 'tool'", "name or provenance"},
        {"UPDATE provenance SET value = char(27) || '[2J' WHERE key = 'tool'", "provenance"},
        {"UPDATE provenance SET value = printf('%.*c', 5000, 'x') WHERE key = 'tool'",
         "provenance"},
        {"UPDATE provenance SET value = printf('%.*c', 2000000, 'x') WHERE key = 'tool'",
         "too big"},
        {"DELETE FROM provenance WHERE key = 'tool'", "name or provenance"},
        {"INSERT INTO provenance SELECT id, 'more', '' FROM model", "name or provenance"},
        {"DROP TABLE provenance", "tables"},
        {"ALTER TABLE point ADD COLUMN note TEXT", "tables"},
        {"ALTER TABLE constant RENAME TO c2; CREATE VIEW constant AS SELECT * FROM c2", "tables"},
        {"INSERT INTO model SELECT value + 10, 'm' || value, 'constant', digest, seal FROM model,"
         " (WITH RECURSIVE c(value) AS (VALUES(0) UNION ALL SELECT value + 1 FROM c LIMIT 1100)"
         " SELECT value FROM c) WHERE name = 'constant'",
         ""},
    };
    check_refused(changes, sizeof changes / sizeof changes[0]);
}

static void changes_of_a_joint_model_by_hand_are_refused(void)
{
    static const struct change changes[] = {
        {"UPDATE joint SET parents = 4", "statistics of model pages"},
        {"UPDATE joint SET share_max = -1", "out of range"},
        {"DELETE FROM joint", "without its numbers"},
        {"UPDATE joint_conn SET close_gap_us = 9 WHERE id = 1", "statistics of model pages"},
        {"UPDATE joint_conn SET role = 2 WHERE id = 1", "out of order"},
        {"UPDATE joint_conn SET role = -1 WHERE id = 1", "out of range"},
        {"UPDATE joint_conn SET id = 7 WHERE id = 1", "out of order"},
        {"DELETE FROM joint_conn WHERE id = 2", "statistics of model pages"},
        {"DELETE FROM joint_conn", "statistics of model pages"},
        {"UPDATE joint_conn SET writes = x'' WHERE id = 1", "a connection's writes"},
        {"UPDATE joint_conn SET writes = x'00c000' WHERE id = 1", "a connection's writes"},
        {"UPDATE joint_conn SET writes = CAST(writes || x'01' AS BLOB) WHERE id = 1",
         "a connection's writes"},
        {"UPDATE joint_conn SET writes = CAST(writes || x'010201' AS BLOB) WHERE id = 1",
         "statistics of model pages"},
        {"UPDATE joint_conn SET writes = zeroblob(300000) WHERE id = 1", "a connection's writes"},
        {"UPDATE joint_conn SET writes = zeroblob(2000000) WHERE id = 1", "too big"},
        {"UPDATE point SET value = 0 WHERE value = 1000", "statistics of model pages"},
        {"UPDATE model SET kind = 'swing' WHERE name = 'pages'", "statistics of model pages"},
        {"UPDATE model SET kind = 'joint' WHERE name = 'web'", "without its numbers"},
        {"DROP TABLE joint_conn", "tables"},
        {"PRAGMA user_version = 1", "unknown kind"},
    };
    check_refused(changes, sizeof changes / sizeof changes[0]);
}

static void additions_that_change_nothing_are_let_be(void)
{
    static const char *const changes[] = {
        "CREATE INDEX by_value ON point(value)",
        "CREATE TABLE notes(text TEXT); INSERT INTO notes VALUES('mine')",
        "DELETE FROM model WHERE name = 'web'", /* its points stay, unused */
        "CREATE VIEW sizes AS SELECT value FROM point",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        size_t len;
        uint8_t *image = make_image(changes[i], &len);
        struct tm_store_entry *e = NULL;
        size_t n = 0;
        struct tm_msg msg = {0};
        CHECK_INT(tm_store_load_memory(image, len, "image", &e, &n, &msg), TM_OK);
        CHECK_STR(msg.text, "");
        CHECK_INT(n, i == 2 ? 2 : 3);
        tm_store_entries_free(e, n);
        free(image);
    }
}

static void points_of_a_model_deleted_by_hand_do_not_join_the_next(void)
{
    size_t len;
    uint8_t *image = make_image("DELETE FROM model", &len);
    char dir[64];
    char path[96];
    struct tm_model m;
    struct tm_model got;
    make_temp_dir(dir);
    (void)snprintf(path, sizeof path, "%s/models.db", dir);
    spill(path, image, len);
    CHECK_INT(sample_swing(&m, "next", 9), TM_OK);
    CHECK_INT(tm_store_save(path, &m, NULL, 0, NULL), TM_OK);
    CHECK_INT(tm_store_load_model(path, "next", &got, NULL), TM_OK);
    CHECK(same_model(&m, &got));
    tm_model_deinit(&m);
    tm_model_deinit(&got);
    free(image);
    drop_temp_dir(dir);
}

static void triggers_of_a_strange_database_do_not_run(void)
{
    size_t len;
    uint8_t *image =
        make_image("CREATE TRIGGER t AFTER INSERT ON model BEGIN DELETE FROM constant; END", &len);
    char dir[64];
    char path[96];
    struct tm_model m;
    make_temp_dir(dir);
    (void)snprintf(path, sizeof path, "%s/models.db", dir);
    spill(path, image, len);
    CHECK_INT(sample_swing(&m, "next", 9), TM_OK);
    CHECK_INT(tm_store_save(path, &m, NULL, 0, NULL), TM_OK);
    tm_model_deinit(&m);
    CHECK_INT(tm_store_load_model(path, "constant", &m, NULL), TM_OK);
    free(image);
    drop_temp_dir(dir);
}

static const struct check_case cases[] = {
    {"every_changed_byte_is_harmless_or_refused", every_changed_byte_is_harmless_or_refused},
    {"every_truncation_is_refused", every_truncation_is_refused},
    {"changes_by_hand_are_refused", changes_by_hand_are_refused},
    {"changes_of_a_joint_model_by_hand_are_refused", changes_of_a_joint_model_by_hand_are_refused},
    {"additions_that_change_nothing_are_let_be", additions_that_change_nothing_are_let_be},
    {"points_of_a_model_deleted_by_hand_do_not_join_the_next",
     points_of_a_model_deleted_by_hand_do_not_join_the_next},
    {"triggers_of_a_strange_database_do_not_run", triggers_of_a_strange_database_do_not_run},
};

CHECK_MAIN("store_damage", cases)
