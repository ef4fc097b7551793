#include "tm/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 48

static atomic_int log_level = TM_LOG_INFO;
static _Atomic(tm_log_fn) log_sink;

void tm_log_set_sink(tm_log_fn fn)
{
    atomic_store(&log_sink, fn);
}

void tm_log_set_level(enum tm_log_level level)
{
    atomic_store(&log_level, (int)level);
}

/* Whether what is written to fd goes to the journal: systemd names the device and inode of the stream that it gave us. */
static bool is_journal(int fd)
{
    const char *text = getenv("JOURNAL_STREAM");
    char *end = NULL;
    struct stat st;
    if (text == NULL || fstat(fd, &st) != 0)
        return false;
    uintmax_t dev = strtoumax(text, &end, 10);
    return *end == ':' && st.st_dev == dev && st.st_ino == strtoumax(end + 1, NULL, 10);
}

/* What stands before a line, for whoever reads there. */
static void write_head(char out[HEAD_MAX], enum tm_log_level level)
{
    static const char *const number[] = {"<3>", "<4>", "<6>", "<7>"};
    static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
    struct timespec now = {0};
    struct tm utc = {0};
    char when[32] = "";
    if (is_journal(STDERR_FILENO)) {
        (void)snprintf(out, HEAD_MAX, "%s", number[level]);
        return;
    }
    if (!isatty(STDERR_FILENO) && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
        gmtime_r(&now.tv_sec, &utc) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ ", &utc);
    (void)snprintf(out, HEAD_MAX, "%s%s", when, word[level]);
}

void tm_log(enum tm_log_level level, const char *fmt, ...)
{
    if ((int)level > atomic_load(&log_level))
        return;
    char line[1024], head[HEAD_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    tm_log_fn sink = atomic_load(&log_sink);
    if (sink != NULL) {
        sink(level, line);
        return;
    }
    write_head(head, level);
    (void)fprintf(stderr, "%s%s\n", head, line);
}
