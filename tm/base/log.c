#include "tm/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

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

void tm_log(enum tm_log_level level, const char *fmt, ...)
{
    static const char *const prefix[] = {"<3>", "<4>", "<6>", "<7>"};
    if ((int)level > atomic_load(&log_level))
        return;
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    tm_log_fn sink = atomic_load(&log_sink);
    if (sink != NULL) {
        sink(level, line);
        return;
    }
    (void)fprintf(stderr, "%s%s\n", isatty(STDERR_FILENO) ? "" : prefix[level], line);
}
