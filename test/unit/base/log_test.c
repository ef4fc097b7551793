/* test/unit/base/log_test.c - one line with journald's level prefix, cut and never split, or nothing. */
#include "tm/base/log.h"

#include <string.h>
#include <sys/wait.h>

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

static void check_log(void (*fn)(void), const char *want)
{
    char text[8192];
    int status = stderr_of(fn, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STR(text, want);
}

static void default_level_is_info(void)
{
    check_log(log_all_levels, "<3>carrier 3: died\n<4>two\n<6>three\n");
}

static void level_decides_what_is_written(void)
{
    check_log(log_all_at_debug, "<3>carrier 3: died\n<4>two\n<6>three\n<7>four\n");
    check_log(log_errors_only, "<3>carrier 3: died\n");
}

static void long_line_is_cut_and_stays_one_line(void)
{
    char text[8192];
    (void)stderr_of(log_long_line, text, sizeof text);
    CHECK_INT(strlen(text), 3 + 1023 + 1);
    CHECK_INT(strspn(text + 3, "x"), 1023);
    CHECK_STR(text + 3 + 1023, "\n");
}

static const struct check_case cases[] = {
    {"default_level_is_info", default_level_is_info},
    {"level_decides_what_is_written", level_decides_what_is_written},
    {"long_line_is_cut_and_stays_one_line", long_line_is_cut_and_stays_one_line},
};
CHECK_MAIN("log", cases)
