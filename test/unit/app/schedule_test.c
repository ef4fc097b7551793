/* test/unit/app/schedule_test.c - schedule files from disk, and what is said about them. */
#include "tm/app/schedule.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void a_file_is_read_or_its_line_is_named(void)
{
    char dir[64];
    char path[sizeof dir + 2];
    struct tm_schedfile f = {0};
    struct tm_msg msg = {""};
    temp_dir_make(dir);
    (void)snprintf(path, sizeof path, "%s/s", dir);
    CHECK_INT(tm_app_schedule_load(&f, path, &msg), TM_ERR_IO);
    CHECK(strstr(msg.text, "cannot be read") != NULL);
    CHECK_INT(tm_app_schedule_load(&f, dir, &msg), TM_ERR_IO);
    write_file(path,
               "{\"t\":\"schedule\",\"v\":1}\n"
               "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
               "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":0,\"ref\":-1,\"gap\":0}\n");
    CHECK_INT(tm_app_schedule_load(&f, path, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "/s:3: ") != NULL && strstr(msg.text, "a size of 0") != NULL);
    write_file(path,
               "{\"t\":\"schedule\",\"v\":1}\n"
               "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
               "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
               "{\"t\":\"close\",\"c\":0,\"gap\":0}\n");
    CHECK_INT(tm_app_schedule_load(&f, path, &msg), TM_OK);
    CHECK_INT(f.n_conns, 1);
    tm_schedfile_deinit(&f);
    temp_dir_remove(dir);
}

static void what_changes_is_said_with_reasons(void)
{
    char text[TM_SCHEDULE_TEXT_MAX];
    tm_app_schedule_text(text, &(struct tm_projection){.n_conns = 20, .n_writes = 812});
    CHECK_STR(text, "all 812 writes of 20 connections can be carried as they are");
    tm_app_schedule_text(text, &(struct tm_projection){.n_conns = 20,
                                                       .n_writes = 812,
                                                       .n_changed = 3,
                                                       .n_resized = 2,
                                                       .n_delayed = 1,
                                                       .bytes = {1000, 1034},
                                                       .first_line = 5});
    CHECK_STR(text,
              "3 of 812 writes cannot be carried as they are: 2 are of a size that TLS cannot "
              "make there, 1 answer sooner than a buffer is prepared (--prep), and wait for it; "
              "1034 bytes instead of 1000; the "
              "first connection that differs opens in line 5");
}

/* The longest text that can be. */
static void the_text_always_fits(void)
{
    char text[TM_SCHEDULE_TEXT_MAX];
    const uint64_t n = UINT64_MAX;
    tm_app_schedule_text(text,
                         &(struct tm_projection){n, n, n, n, n, n, n, n, n, {n, n}, 4294967295});
    CHECK(strlen(text) < TM_SCHEDULE_TEXT_MAX);
    CHECK(strstr(text, "18446744073709551615 are ClientHellos") != NULL);
}

static const struct check_case cases[] = {
    {"a_file_is_read_or_its_line_is_named", a_file_is_read_or_its_line_is_named},
    {"what_changes_is_said_with_reasons", what_changes_is_said_with_reasons},
    {"the_text_always_fits", the_text_always_fits},
};
CHECK_MAIN("schedule", cases)
