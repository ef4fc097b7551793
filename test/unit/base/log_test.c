/* test/unit/base/log_test.c - one line with what its reader needs before it, cut and never split, or nothing. */
#include "tm/base/log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/stderr_of.h"

static void log_all_levels(void)
{
    tm_log(TM_LOG_ERROR, "carrier %u: %s", 3U, "died");
    tm_log(TM_LOG_WARN, "two");
    tm_log(TM_LOG_INFO, "three");
    tm_log(TM_LOG_DEBUG, "four");
}

static void log_all_at_debug(void)
{
    tm_log_set_level(TM_LOG_DEBUG);
    log_all_levels();
}

static void log_errors_only(void)
{
    tm_log_set_level(TM_LOG_ERROR);
    log_all_levels();
}

static void log_long_line(void)
{
    char line[4000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    tm_log(TM_LOG_INFO, "%s", line);
}

/* As systemd does: the stream that stderr is, or one that it is not. */
static void be_journal(uintmax_t off)
{
    char text[64];
    struct stat st;
    (void)fstat(STDERR_FILENO, &st);
    (void)snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + off);
    (void)setenv("JOURNAL_STREAM", text, 1);
}

static void to_journal(void)
{
    be_journal(0);
    log_all_levels();
}

static void to_journal_at_debug(void)
{
    be_journal(0);
    log_all_at_debug();
}

static void to_journal_errors_only(void)
{
    be_journal(0);
    log_errors_only();
}

static void to_another_stream(void)
{
    be_journal(1);
    log_all_levels();
}

static void without_any_journal(void)
{
    (void)unsetenv("JOURNAL_STREAM");
    log_all_levels();
}

static void check_log(void (*fn)(void), const char *want)
{
    char text[8192];
    int status = stderr_of(fn, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STR(text, want);
}

static void default_level_is_info(void)
{
    check_log(to_journal, "<3>carrier 3: died\n<4>two\n<6>three\n");
}

static void level_decides_what_is_written(void)
{
    check_log(to_journal_at_debug, "<3>carrier 3: died\n<4>two\n<6>three\n<7>four\n");
    check_log(to_journal_errors_only, "<3>carrier 3: died\n");
}

/* Takes "2026-11-22T06:01:08Z " off; false: it does not stand there. */
static bool skip_time(const char **at)
{
    static const char form[] = "0000-00-00T00:00:00Z ";
    for (const char *f = form; *f != '\0'; f++, (*at)++) {
        bool is_right = *f == '0' ? **at >= '0' && **at <= '9' : **at == *f;
        if (!is_right)
            return false;
    }
    return true;
}

static void check_times_and_words(void (*fn)(void))
{
    static const char *const want[] = {"error: carrier 3: died\n", "warning: two\n", "three\n"};
    char text[8192];
    const char *at = text;
    (void)stderr_of(fn, text, sizeof text);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        CHECK(skip_time(&at));
        CHECK(strncmp(at, want[i], strlen(want[i])) == 0);
        at += strlen(want[i]);
    }
    CHECK_STR(at, "");
}

static void files_and_pipes_get_times_and_words(void)
{
    check_times_and_words(to_another_stream);
    check_times_and_words(without_any_journal);
}

static void long_line_is_cut_and_stays_one_line(void)
{
    char text[8192];
    const char *at = text;
    (void)stderr_of(log_long_line, text, sizeof text);
    CHECK(skip_time(&at));
    CHECK_INT(strlen(at), 1023 + 1);
    CHECK_INT(strspn(at, "x"), 1023);
    CHECK_STR(at + 1023, "\n");
}

static const struct check_case cases[] = {
    {"default_level_is_info", default_level_is_info},
    {"level_decides_what_is_written", level_decides_what_is_written},
    {"files_and_pipes_get_times_and_words", files_and_pipes_get_times_and_words},
    {"long_line_is_cut_and_stays_one_line", long_line_is_cut_and_stays_one_line},
};
CHECK_MAIN("log", cases)
