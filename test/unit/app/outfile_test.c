#include "tm/app/outfile.h"

#include <stdio.h>

#include "test/support/check.h"

static struct tm_options named(const char *path)
{
    struct tm_options o = {.program = TM_PROGRAM_CLIENT, .command = TM_CMD_CLIENT_RUN};
    o.v[TM_OPT_SUMMARY_JSON].text = path;
    return o;
}

static void without_the_option_there_is_no_file(void)
{
    struct tm_options o = named(NULL);
    FILE *f = stdout;
    CHECK_INT(tm_outfile_open(&f, &o, TM_OPT_SUMMARY_JSON, NULL), TM_OK);
    CHECK(f == NULL);
    CHECK_INT(tm_outfile_close(f, &o, TM_OPT_SUMMARY_JSON, NULL), TM_OK);
}

static void a_file_that_cannot_be_made_is_named(void)
{
    struct tm_options o = named("/nowhere/at/all");
    struct tm_msg msg;
    FILE *f = NULL;
    CHECK_INT(tm_outfile_open(&f, &o, TM_OPT_SUMMARY_JSON, &msg), TM_ERR_IO);
    CHECK_STR(msg.text, "--summary-json: cannot write /nowhere/at/all: No such file or directory");
}

static void a_full_disk_is_told_at_the_end(void)
{
    struct tm_options o = named("/dev/full");
    struct tm_msg msg;
    FILE *f = NULL;
    CHECK_INT(tm_outfile_open(&f, &o, TM_OPT_SUMMARY_JSON, &msg), TM_OK);
    CHECK(f != NULL && fputs("{}", f) >= 0);
    CHECK_INT(tm_outfile_close(f, &o, TM_OPT_SUMMARY_JSON, &msg), TM_ERR_IO);
    CHECK_STR(msg.text, "could not write all of /dev/full: No space left on device");
}

static const struct check_case cases[] = {
    {"without_the_option_there_is_no_file", without_the_option_there_is_no_file},
    {"a_file_that_cannot_be_made_is_named", a_file_that_cannot_be_made_is_named},
    {"a_full_disk_is_told_at_the_end", a_full_disk_is_told_at_the_end},
};
CHECK_MAIN("outfile", cases)
