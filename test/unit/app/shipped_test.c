#include "tm/app/shipped.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static const char *under(const char *dir, const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void make(const char *dir, const char *const *folders, size_t n, const char *file)
{
    for (size_t i = 0; i < n; i++)
        CHECK_INT(mkdir(under(dir, folders[i]), 0700), 0);
    FILE *f = fopen(under(dir, file), "we");
    CHECK(f != NULL);
    if (f)
        (void)fclose(f);
}

static void an_installed_program_finds_its_share(void)
{
    static const char *const folders[] = {"bin", "share", "share/trafficmimic"};
    char dir[64];
    char out[TM_SHIPPED_PATH_MAX];
    char program[256];
    temp_dir_make(dir);
    make(dir, folders, 3, "share/trafficmimic/models.db");
    (void)snprintf(program, sizeof program, "%s/bin/tm-client", dir);
    const char *found = tm_shipped_find(program, out);
    CHECK(found == out);
    CHECK_STR(found ? found : "", under(dir, "bin/../share/trafficmimic/models.db"));
    temp_dir_remove(dir);
}

static void a_program_that_was_just_built_finds_the_build_directory_s(void)
{
    static const char *const folders[] = {"tm", "tm/app"};
    char dir[64];
    char out[TM_SHIPPED_PATH_MAX];
    char program[256];
    temp_dir_make(dir);
    make(dir, folders, 2, "models.db");
    (void)snprintf(program, sizeof program, "%s/tm/app/tm-client", dir);
    const char *found = tm_shipped_find(program, out);
    CHECK_STR(found ? found : "", under(dir, "tm/app/../../models.db"));
    temp_dir_remove(dir);
}

static void without_a_database_there_is_none(void)
{
    static const char *const folders[] = {"tm", "tm/app"};
    char dir[64];
    char out[TM_SHIPPED_PATH_MAX];
    char program[TM_SHIPPED_PATH_MAX + 64];
    temp_dir_make(dir);
    make(dir, folders, 2, "other.db");
    (void)snprintf(program, sizeof program, "%s/tm/app/tm-client", dir);
    CHECK(tm_shipped_find(program, out) == NULL);
    CHECK(tm_shipped_find("tm-client", out) == NULL);
    memset(program, 'a', sizeof program - 1);
    program[0] = '/';
    program[TM_SHIPPED_PATH_MAX] = '/';
    program[sizeof program - 1] = '\0';
    CHECK(tm_shipped_find(program, out) == NULL); /* too long to have something beside it */
    temp_dir_remove(dir);
}

static void what_was_given_counts(void)
{
    char out[TM_SHIPPED_PATH_MAX];
    CHECK_STR(tm_shipped_or("mine.db", out), "mine.db");
}

static const struct check_case cases[] = {
    {"an_installed_program_finds_its_share", an_installed_program_finds_its_share},
    {"a_program_that_was_just_built_finds_the_build_directory_s",
     a_program_that_was_just_built_finds_the_build_directory_s},
    {"without_a_database_there_is_none", without_a_database_there_is_none},
    {"what_was_given_counts", what_was_given_counts},
};
CHECK_MAIN("shipped", cases)
