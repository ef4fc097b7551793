/* test/unit/app/file_test.c - private files: created whole, never replaced, refused when open to others. */
#include "tm/app/file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static char dir[64];
static char path[TM_FILE_PATH_MAX];

static void begin(void)
{
    temp_dir_make(dir);
    CHECK_INT(tm_file_path(path, dir, "f", NULL, NULL), TM_OK);
}

static void created_file_is_private_and_read_back(void)
{
    begin();
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    CHECK_INT(tm_file_create(path, "hello\n", 6, NULL), TM_OK);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(st.st_nlink, 1);
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_OK);
    CHECK_INT(len, 6);
    CHECK_STR(text, "hello\n");
    tm_file_free(text, len);
    temp_dir_remove(dir);
}

static void existing_file_is_never_replaced(void)
{
    begin();
    struct tm_msg msg;
    char *text = NULL;
    size_t len = 0;
    CHECK_INT(tm_file_create(path, "old", 3, NULL), TM_OK);
    CHECK_INT(tm_file_create(path, "new", 3, &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "exists already") != NULL);
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_OK);
    CHECK_STR(text, "old");
    tm_file_free(text, len);
    temp_dir_remove(dir);
}

static void files_open_to_others_are_refused(void)
{
    begin();
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    struct tm_msg msg;
    char *text = NULL;
    size_t len;
    CHECK_INT(tm_file_create(path, "x", 1, NULL), TM_OK);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        CHECK_INT(chmod(path, modes[i]), 0);
        CHECK_INT(tm_file_load(path, &text, &len, &msg), TM_ERR_AUTH);
        CHECK(strstr(msg.text, "run: chmod 600") != NULL);
    }
    temp_dir_remove(dir);
}

static void files_of_another_user_are_refused(void)
{
    begin();
    struct tm_msg msg;
    char *text = NULL;
    size_t len;
    CHECK_INT(tm_file_create(path, "x", 1, NULL), TM_OK);
    if (geteuid() == 0) { /* nobody else may give files away */
        CHECK_INT(chown(path, 12345, (gid_t)-1), 0);
        CHECK_INT(tm_file_load(path, &text, &len, &msg), TM_ERR_AUTH);
        CHECK(strstr(msg.text, "run: chown 0 ") != NULL);
    }
    temp_dir_remove(dir);
}

static void replaced_file_is_whole_and_private(void)
{
    begin();
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    CHECK_INT(tm_file_create(path, "old and long", 12, NULL), TM_OK);
    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(tm_file_replace(path, "new", 3, NULL), TM_OK);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_OK);
    CHECK_STR(text, "new");
    tm_file_free(text, len);
    CHECK_INT(remove(path), 0);
    CHECK_INT(tm_file_replace(path, "first", 5, NULL), TM_OK);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_size, 5);
    temp_dir_remove(dir);
}

static void what_is_no_state_file_is_refused(void)
{
    begin();
    char *text = NULL;
    size_t len;
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_ERR_CLOSED);
    CHECK_INT(tm_file_load(dir, &text, &len, NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_file_create(path, "a\0b", 3, NULL), TM_OK);
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_ERR_FORMAT);
    CHECK_INT(remove(path), 0);
    static char big[TM_FILE_MAX + 1];
    memset(big, 'x', sizeof big);
    CHECK_INT(tm_file_create(path, big, sizeof big, NULL), TM_OK);
    CHECK_INT(tm_file_load(path, &text, &len, NULL), TM_ERR_FORMAT);
    CHECK(text == NULL);
    temp_dir_remove(dir);
}

static void directories_must_be_ours_alone(void)
{
    begin();
    struct tm_msg msg;
    CHECK_INT(tm_file_make_dir(path, NULL), TM_OK);
    CHECK_INT(tm_file_make_dir(path, NULL), TM_OK);
    CHECK_INT(chmod(path, 0750), 0);
    CHECK_INT(tm_file_make_dir(path, &msg), TM_ERR_AUTH);
    CHECK(strstr(msg.text, "run: chmod 700") != NULL);
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(tm_file_check_dir(path, NULL), TM_ERR_IO);
    CHECK_INT(tm_file_create(path, "x", 1, NULL), TM_OK);
    CHECK_INT(tm_file_make_dir(path, NULL), TM_ERR_IO);
    temp_dir_remove(dir);
}

static void long_paths_are_refused(void)
{
    char name[TM_FILE_PATH_MAX];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    CHECK_INT(tm_file_path(path, "d", name, NULL, NULL), TM_ERR_RANGE);
    CHECK_INT(tm_file_path(path, "d", "a", "b", NULL), TM_OK);
    CHECK_STR(path, "d/a/b");
}

static const struct check_case cases[] = {
    {"created_file_is_private_and_read_back", created_file_is_private_and_read_back},
    {"existing_file_is_never_replaced", existing_file_is_never_replaced},
    {"files_open_to_others_are_refused", files_open_to_others_are_refused},
    {"files_of_another_user_are_refused", files_of_another_user_are_refused},
    {"replaced_file_is_whole_and_private", replaced_file_is_whole_and_private},
    {"what_is_no_state_file_is_refused", what_is_no_state_file_is_refused},
    {"directories_must_be_ours_alone", directories_must_be_ours_alone},
    {"long_paths_are_refused", long_paths_are_refused},
};
CHECK_MAIN("file", cases)
