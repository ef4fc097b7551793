#include "models/store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static char dir[64];
static char db[96]; /* a path in dir */

static void begin(void)
{
    make_temp_dir(dir);
    (void)snprintf(db, sizeof db, "%s/models.db", dir);
}

static void end(void)
{
    drop_temp_dir(dir);
}

static void save_sample(const char *name, uint64_t variant)
{
    struct tm_model m;
    struct tm_msg msg = {0};
    CHECK_INT(sample_swing(&m, name, variant), TM_OK);
    CHECK_INT(tm_store_save(db, &m, sample_prov, 3, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    tm_model_deinit(&m);
}

/* One line that names the file and the advice. */
static void check_message(const struct tm_msg *msg, const char *path, const char *advice)
{
    CHECK(strstr(msg->text, path) != NULL);
    CHECK(strchr(msg->text, '\n') == NULL);
    if (!strstr(msg->text, advice))
        CHECK_STR(msg->text, advice);
}

static void check_load_fails(const char *path, int want, const char *advice)
{
    struct tm_store_entry *e = NULL;
    size_t n = 7;
    struct tm_msg msg = {0};
    CHECK_INT(tm_store_load(path, &e, &n, &msg), want);
    CHECK(!e && n == 0);
    check_message(&msg, path, advice);
}

static void check_save_fails(const char *path, int want, const char *advice)
{
    struct tm_model m;
    struct tm_msg msg = {0};
    tm_model_constant_default(&m);
    CHECK_INT(tm_store_save(path, &m, NULL, 0, &msg), want);
    check_message(&msg, path, advice);
}

static void what_is_saved_is_loaded(void)
{
    begin();
    struct tm_model constant;
    struct tm_model swing;
    tm_model_constant_default(&constant);
    constant.u.constant.size_bytes = 99;
    CHECK_INT(tm_store_save(db, &constant, NULL, 0, NULL), TM_OK);
    save_sample("web", 1);
    save_sample("chat.2", 2);
    CHECK_INT(sample_swing(&swing, "chat.2", 2), TM_OK);
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 3);
    if (n == 3) {
        uint8_t digest[TM_DIGEST_LEN];
        tm_model_digest(&swing, digest);
        CHECK(same_model(&e[0].model, &swing));
        CHECK_MEM(e[0].digest, digest, sizeof digest);
        CHECK(same_model(&e[1].model, &constant));
        CHECK_INT(e[1].n_prov, 0);
        CHECK_STR(e[2].model.name, "web");
        CHECK_INT(e[2].n_prov, 3);
        CHECK_STR(e[2].prov[0].key, "note");
        CHECK_STR(e[2].prov[0].value, "");
        CHECK_STR(e[2].prov[1].key, "rre_gap_us");
        CHECK_STR(e[2].prov[1].value, "2000000");
        CHECK_STR(e[2].prov[2].key, "tool");
    }
    tm_store_entries_free(e, n);
    tm_model_deinit(&swing);
    end();
}

static void full_tables_and_largest_values_survive(void)
{
    begin();
    struct tm_model m;
    struct tm_model got;
    static struct tm_dist_point pt[TM_DIST_POINTS_MAX];
    for (size_t i = 0; i < TM_DIST_POINTS_MAX; i++)
        pt[i] = (struct tm_dist_point){i * 1000, (i + 1) * (UINT64_C(1) << 35)};
    pt[TM_DIST_POINTS_MAX - 1] =
        (struct tm_dist_point){TM_MODEL_TIME_MAX_US, (UINT64_C(1) << 48) - 1};
    CHECK_INT(sample_swing(&m, "full", 0), TM_OK);
    CHECK_INT(tm_dist_set(&m.u.swing.param[TM_SWING_REQ_THINK], pt, TM_DIST_POINTS_MAX), TM_OK);
    CHECK_INT(tm_store_save(db, &m, NULL, 0, NULL), TM_OK);
    CHECK_INT(tm_store_load_model(db, "full", &got, NULL), TM_OK);
    CHECK(same_model(&m, &got));
    tm_model_deinit(&m);
    tm_model_deinit(&got);
    end();
}

static void saving_again_replaces_the_model_alone(void)
{
    begin();
    save_sample("a", 1);
    save_sample("b", 2);
    save_sample("a", 3);
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_model want[2];
    CHECK_INT(sample_swing(&want[0], "a", 3), TM_OK);
    CHECK_INT(sample_swing(&want[1], "b", 2), TM_OK);
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 2);
    for (size_t i = 0; i < n && i < 2; i++)
        CHECK(same_model(&e[i].model, &want[i]));
    tm_store_entries_free(e, n);
    tm_model_deinit(&want[0]);
    tm_model_deinit(&want[1]);
    end();
}

static void no_other_file_is_left_behind(void)
{
    begin();
    char journal[112];
    save_sample("a", 1);
    CHECK_INT(access(db, R_OK), 0);
    (void)snprintf(journal, sizeof journal, "%s-journal", db);
    CHECK(access(journal, F_OK) != 0);
    end();
}

static void constant_is_built_in_unless_the_database_has_one(void)
{
    begin();
    struct tm_model m;
    struct tm_model want;
    struct tm_msg msg = {0};
    tm_model_constant_default(&want);
    CHECK_INT(tm_store_load_model(NULL, "constant", &m, &msg), TM_OK);
    CHECK(same_model(&m, &want));
    save_sample("web", 1);
    CHECK_INT(tm_store_load_model(db, "constant", &m, &msg), TM_OK);
    CHECK(same_model(&m, &want));
    want.u.constant.interval_us = 1;
    CHECK_INT(tm_store_save(db, &want, NULL, 0, NULL), TM_OK);
    CHECK_INT(tm_store_load_model(db, "constant", &m, &msg), TM_OK);
    CHECK(same_model(&m, &want));
    CHECK_STR(msg.text, "");
    end();
}

static void unknown_name_lists_the_names_there_are(void)
{
    begin();
    struct tm_model m;
    struct tm_msg msg = {0};
    save_sample("web", 1);
    save_sample("chat", 2);
    CHECK_INT(tm_store_load_model(db, "wbe", &m, &msg), TM_ERR_RANGE);
    check_message(&msg, db, "\"wbe\"");
    check_message(&msg, db, "chat, web, constant");
    CHECK_INT(tm_store_load_model(NULL, "web", &m, &msg), TM_ERR_RANGE);
    check_message(&msg, "\"web\"", "--models");
    char longest[TM_MODEL_NAME_MAX + 1];
    for (int i = 0; i < 20; i++) { /* more names than a message holds */
        memset(longest, 'a' + i, sizeof longest);
        longest[TM_MODEL_NAME_MAX] = 0;
        save_sample(longest, 1);
    }
    CHECK_INT(tm_store_load_model(db, "no", &m, &msg), TM_ERR_RANGE);
    check_message(&msg, db, "constant");
    end();
}

static void each_kind_of_wrong_file_is_told(void)
{
    begin();
    check_load_fails(db, TM_ERR_IO, "no such file");
    spill(db, "", 0);
    check_load_fails(db, TM_ERR_FORMAT, "empty");
    spill(db, "PK\003\004 a zip file, say", 20);
    check_load_fails(db, TM_ERR_FORMAT, "not a model database");
    check_save_fails(db, TM_ERR_FORMAT, "not a model database");
    spill(db, "SQLite format 3", 16);
    check_load_fails(db, TM_ERR_FORMAT, "not a model database");
    check_load_fails(dir, TM_ERR_IO, "regular file");
    check_save_fails(dir, TM_ERR_IO, "regular file");
    CHECK_INT(unlink(db), 0);
    CHECK_INT(mkfifo(db, 0600), 0);
    check_load_fails(db, TM_ERR_IO, "regular file");
    end();
}

/* Sets a big-endian word of the file. */
static void poke(size_t at, uint32_t v)
{
    size_t len;
    uint8_t *bytes = slurp(db, &len);
    for (size_t i = 0; bytes && i < 4; i++)
        bytes[at + i] = (uint8_t)(v >> (24 - 8 * i));
    spill(db, bytes, len);
    free(bytes);
}

/* The file's bytes before and after a save that must fail. */
static void check_untouched(int want, const char *advice)
{
    size_t len_before;
    size_t len_after;
    uint8_t *before = slurp(db, &len_before);
    check_save_fails(db, want, advice);
    uint8_t *after = slurp(db, &len_after);
    CHECK_INT(len_after, len_before);
    if (before && after && len_after == len_before)
        CHECK_MEM(after, before, len_before);
    free(before);
    free(after);
}

static void foreign_newer_and_damaged_databases_are_told_and_left_alone(void)
{
    begin();
    save_sample("web", 1);
    poke(68, 0x0f055112);
    check_load_fails(db, TM_ERR_FORMAT, "another program (application id 0x0f055112)");
    check_untouched(TM_ERR_FORMAT, "another program");
    poke(68, TM_STORE_APPLICATION_ID);
    poke(60, TM_STORE_USER_VERSION + 1);
    check_load_fails(db, TM_ERR_UNSUPPORTED, "update this program");
    check_untouched(TM_ERR_UNSUPPORTED, "update this program");
    poke(60, 0);
    check_load_fails(db, TM_ERR_FORMAT, "damaged");
    poke(60, TM_STORE_USER_VERSION);
    poke(4096 + 8, 0xffffffff); /* second page: the model table */
    check_load_fails(db, TM_ERR_FORMAT, "learn again");
    check_untouched(TM_ERR_FORMAT, "learn again");
    end();
}

static void empty_file_is_filled(void)
{
    begin();
    struct tm_model m;
    spill(db, "", 0);
    save_sample("web", 1);
    CHECK_INT(tm_store_load_model(db, "web", &m, NULL), TM_OK);
    tm_model_deinit(&m);
    end();
}

static void names_that_sqlite_gives_a_meaning_are_files(void)
{
    begin();
    char *cwd = getcwd(NULL, 0);
    struct tm_model m;
    CHECK(cwd && chdir(dir) == 0);
    static const char *const names[] = {":memory:", "file:x?mode=memory"};
    for (size_t i = 0; i < 2; i++) {
        tm_model_constant_default(&m);
        CHECK_INT(tm_store_save(names[i], &m, NULL, 0, NULL), TM_OK);
        CHECK_INT(access(names[i], R_OK), 0);
        CHECK_INT(tm_store_load_model(names[i], "constant", &m, NULL), TM_OK);
    }
    CHECK(cwd && chdir(cwd) == 0);
    free(cwd);
    end();
}

static void long_paths_keep_their_end_in_messages(void)
{
    char path[1024];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    (void)snprintf(path + 1000, sizeof path - 1000, "/models.db");
    struct tm_store_entry *e;
    size_t n;
    struct tm_msg msg = {0};
    CHECK_INT(tm_store_load(path, &e, &n, &msg), TM_ERR_IO);
    check_message(&msg, "xx/models.db", "check");
}

static void missing_or_unwritable_directories_are_told(void)
{
    begin();
    char lost[112];
    (void)snprintf(lost, sizeof lost, "%s/none/models.db", dir);
    check_save_fails(lost, TM_ERR_IO, "directory");
    check_load_fails(lost, TM_ERR_IO, "no such file");
    save_sample("web", 1);
    CHECK_INT(chmod(dir, 0555), 0);
    CHECK_INT(chmod(db, 0444), 0);
    bool root = geteuid() == 0;
    if (root)
        CHECK_INT(seteuid(65534), 0); /* permissions do not bind root */
    check_untouched(TM_ERR_IO, "write");
    struct tm_model m;
    CHECK_INT(tm_store_load_model(db, "web", &m, NULL), TM_OK);
    tm_model_deinit(&m);
    (void)snprintf(lost, sizeof lost, "%s/new.db", dir);
    check_save_fails(lost, TM_ERR_IO, "may write");
    if (root)
        CHECK_INT(seteuid(0), 0);
    CHECK_INT(chmod(db, 0), 0);
    if (root)
        CHECK_INT(seteuid(65534), 0);
    CHECK_INT(chmod(dir, 0555), root ? -1 : 0);
    check_load_fails(db, TM_ERR_IO, "permissions");
    if (root)
        CHECK_INT(seteuid(0), 0);
    end();
}

static void unplayable_models_and_bad_provenance_are_refused(void)
{
    begin();
    char control[] = "a\nb";
    char key[] = "key";
    char empty[] = "";
    static char huge[TM_STORE_VALUE_MAX + 2];
    memset(huge, 'v', TM_STORE_VALUE_MAX + 1);
    huge[TM_STORE_VALUE_MAX + 1] = 0;
    const struct {
        struct tm_provenance line[2];
        size_t n;
    } bad[] = {{{{control, key}}, 1},
               {{{key, control}}, 1},
               {{{empty, key}}, 1},
               {{{key, huge}}, 1},
               {{{key, key}, {key, empty}}, 2}};
    struct tm_model m;
    struct tm_msg msg = {0};
    tm_model_constant_default(&m);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(tm_store_save(db, &m, bad[i].line, bad[i].n, &msg), TM_ERR_RANGE);
        check_message(&msg, "provenance", "");
    }
    static struct tm_provenance many[TM_STORE_PROV_MAX + 1];
    CHECK_INT(tm_store_save(db, &m, many, TM_STORE_PROV_MAX + 1, &msg), TM_ERR_LIMIT);
    m.u.constant.size_bytes = 0;
    CHECK_INT(tm_store_save(db, &m, NULL, 0, &msg), TM_ERR_RANGE);
    check_message(&msg, "constant", "size_bytes");
    CHECK(access(db, F_OK) != 0); /* no file was made */
    huge[TM_STORE_VALUE_MAX] = 0;
    tm_model_constant_default(&m);
    CHECK_INT(tm_store_save(db, &m, &(struct tm_provenance){key, huge}, 1, &msg), TM_OK);
    CHECK_INT(tm_store_load_model(db, "constant", &m, &msg), TM_OK);
    end();
}

/* A child saves with a limit on file sizes, so that the kernel refuses a write or kills the child in the
 * middle of one.  Returns whether it was killed. */
static bool save_under_limit(rlim_t limit, bool dies)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct tm_model m;
        const struct rlimit no_core = {0, 0};
        const struct rlimit size = {limit, limit};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGXFSZ, dies ? SIG_DFL : SIG_IGN);
        if (sample_swing(&m, "new", 5) != TM_OK || setrlimit(RLIMIT_FSIZE, &size) != 0)
            _exit(3);
        int rc = tm_store_save(db, &m, sample_prov, 3, NULL);
        _exit(rc == TM_OK ? 0 : rc == TM_ERR_IO ? 1 : 2);
    }
    int status = 0;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        CHECK_INT(WTERMSIG(status), SIGXFSZ);
    else
        CHECK(WEXITSTATUS(status) <= 1);
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 1;
}

/* After a save cut off anywhere: the old models whole, or all of the new. */
static void check_cut_off_saves(bool dies)
{
    size_t cut = 0;
    size_t journals = 0;
    struct tm_model want;
    CHECK_INT(sample_swing(&want, "old", 1), TM_OK);
    for (rlim_t limit = 0; limit <= 65536; limit += 1024) {
        begin();
        save_sample("old", 1);
        bool failed = save_under_limit(limit, dies);
        char journal[112];
        (void)snprintf(journal, sizeof journal, "%s-journal", db);
        journals += access(journal, F_OK) == 0;
        cut += failed;
        struct tm_store_entry *e = NULL;
        size_t n = 0;
        CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
        CHECK_INT(n, failed ? 1 : 2);
        CHECK(n > 0 && same_model(&e[n - 1].model, &want));
        tm_store_entries_free(e, n);
        CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
        tm_store_entries_free(e, n);
        end();
    }
    CHECK(cut > 3 && cut < 64); /* both outcomes were seen */
    CHECK(!dies || journals > 3);
    tm_model_deinit(&want);
}

static void full_disk_leaves_the_old_models(void)
{
    check_cut_off_saves(false);
}

static void death_in_the_middle_of_a_save_leaves_the_old_models(void)
{
    check_cut_off_saves(true);
}

static void loading_from_memory_is_the_same_as_from_a_file(void)
{
    begin();
    save_sample("web", 1);
    save_sample("chat", 2);
    size_t len;
    uint8_t *image = slurp(db, &len);
    struct tm_store_entry *a = NULL;
    struct tm_store_entry *b = NULL;
    size_t n_a = 0;
    size_t n_b = 0;
    struct tm_msg msg = {0};
    CHECK_INT(tm_store_load(db, &a, &n_a, NULL), TM_OK);
    CHECK_INT(tm_store_load_memory(image, len, "image", &b, &n_b, &msg), TM_OK);
    CHECK(n_a == 2 && same_entries(a, n_a, b, n_b));
    tm_store_entries_free(b, n_b);
    CHECK_INT(tm_store_load_memory(image, 0, "image", &b, &n_b, &msg), TM_ERR_FORMAT);
    check_message(&msg, "image", "empty");
    tm_store_entries_free(a, n_a);
    tm_store_entries_free(NULL, 0);
    free(image);
    end();
}

static void one_model_becomes_an_image(void)
{
    begin();
    struct tm_model m;
    CHECK_INT(sample_swing(&m, "web", 1), TM_OK);
    char key[] = "tool", value[] = "test";
    const struct tm_provenance prov[] = {{key, value}};
    const struct tm_store_item item = {&m, prov, 1};
    struct tm_store_entry *e = NULL;
    uint8_t *image = NULL, digest[TM_DIGEST_LEN];
    size_t len = 0;
    size_t n = 0;
    CHECK_INT(tm_store_image(&item, &image, &len, NULL), TM_OK);
    CHECK_INT(tm_store_load_memory(image, len, "image", &e, &n, NULL), TM_OK);
    CHECK_INT(n, 1);
    tm_model_digest(&m, digest);
    CHECK_MEM(e[0].digest, digest, sizeof digest);
    CHECK_STR(e[0].model.name, m.name);
    CHECK_INT(e[0].n_prov, 1);
    tm_store_entries_free(e, n);
    free(image);
    memcpy(m.name, "no name", sizeof "no name");
    CHECK_INT(tm_store_image(&item, &image, &len, NULL), TM_ERR_RANGE);
    CHECK(image == NULL);
    tm_model_deinit(&m);
    end();
}

static void a_database_holds_1024_models(void)
{
    begin();
    struct tm_model m;
    struct tm_msg msg = {0};
    struct tm_model *models = calloc(TM_STORE_MODELS_MAX, sizeof *models);
    struct tm_store_item *items = calloc(TM_STORE_MODELS_MAX, sizeof *items);
    CHECK(models && items);
    for (unsigned i = 0; models && items && i < TM_STORE_MODELS_MAX; i++) {
        tm_model_constant_default(&models[i]);
        (void)snprintf(models[i].name, sizeof models[i].name, "m%04u", i);
        items[i].model = &models[i];
    }
    CHECK_INT(tm_store_save_all(db, items, TM_STORE_MODELS_MAX, &msg), TM_OK);
    free(items);
    free(models);
    tm_model_constant_default(&m);
    (void)snprintf(m.name, sizeof m.name, "one-more");
    CHECK_INT(tm_store_save(db, &m, NULL, 0, &msg), TM_ERR_LIMIT);
    check_message(&msg, db, "another file");
    (void)snprintf(m.name, sizeof m.name, "m0000");
    CHECK_INT(tm_store_save(db, &m, NULL, 0, &msg), TM_OK); /* replacing needs no room */
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 1024);
    tm_store_entries_free(e, n);
    end();
}

static void two_programs_that_save_at_once_lose_nothing(void)
{
    begin();
    pid_t pid[2];
    for (int who = 0; who < 2; who++) {
        pid[who] = fork();
        if (pid[who] != 0)
            continue;
        struct tm_model m;
        int rc = TM_OK;
        tm_model_constant_default(&m);
        for (int i = 0; rc == TM_OK && i < 10; i++) {
            (void)snprintf(m.name, sizeof m.name, "m%d-%d", who, i);
            rc = tm_store_save(db, &m, NULL, 0, NULL);
        }
        _exit(rc != TM_OK);
    }
    for (int who = 0; who < 2; who++) {
        int status = -1;
        CHECK_INT(waitpid(pid[who], &status, 0), pid[who]);
        CHECK_INT(status, 0);
    }
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 20);
    tm_store_entries_free(e, n);
    end();
}

static const struct check_case cases[] = {
    {"two_programs_that_save_at_once_lose_nothing", two_programs_that_save_at_once_lose_nothing},
    {"what_is_saved_is_loaded", what_is_saved_is_loaded},
    {"full_tables_and_largest_values_survive", full_tables_and_largest_values_survive},
    {"saving_again_replaces_the_model_alone", saving_again_replaces_the_model_alone},
    {"no_other_file_is_left_behind", no_other_file_is_left_behind},
    {"constant_is_built_in_unless_the_database_has_one",
     constant_is_built_in_unless_the_database_has_one},
    {"unknown_name_lists_the_names_there_are", unknown_name_lists_the_names_there_are},
    {"each_kind_of_wrong_file_is_told", each_kind_of_wrong_file_is_told},
    {"foreign_newer_and_damaged_databases_are_told_and_left_alone",
     foreign_newer_and_damaged_databases_are_told_and_left_alone},
    {"empty_file_is_filled", empty_file_is_filled},
    {"names_that_sqlite_gives_a_meaning_are_files", names_that_sqlite_gives_a_meaning_are_files},
    {"long_paths_keep_their_end_in_messages", long_paths_keep_their_end_in_messages},
    {"missing_or_unwritable_directories_are_told", missing_or_unwritable_directories_are_told},
    {"unplayable_models_and_bad_provenance_are_refused",
     unplayable_models_and_bad_provenance_are_refused},
    {"full_disk_leaves_the_old_models", full_disk_leaves_the_old_models},
    {"death_in_the_middle_of_a_save_leaves_the_old_models",
     death_in_the_middle_of_a_save_leaves_the_old_models},
    {"loading_from_memory_is_the_same_as_from_a_file",
     loading_from_memory_is_the_same_as_from_a_file},
    {"one_model_becomes_an_image", one_model_becomes_an_image},
    {"a_database_holds_1024_models", a_database_holds_1024_models},
};

CHECK_MAIN("store", cases)
