/* tm/app/pt_line.c - see pt_line.h. */
#include "tm/app/pt_line.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static_assert(TM_PT_LINE_MAX <= PIPE_BUF, "a line is written whole");

size_t tm_pt_line(char out[TM_PT_LINE_MAX], const char *text, size_t len)
{
    size_t n = len < TM_PT_LINE_MAX - 1 ? len : TM_PT_LINE_MAX - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
    out[n] = '\n';
    return n + 1;
}

void tm_pt_quote(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    out[n++] = '"';
    for (; *text != '\0' && n + 4 <= cap; text++) {
        if (*text == '"' || *text == '\\')
            out[n++] = '\\';
        out[n++] = *text;
    }
    out[n++] = '"';
    out[n] = '\0';
}

void tm_pt_say(const char *fmt, ...)
{
    char text[TM_PT_LINE_MAX], line[TM_PT_LINE_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t len = tm_pt_line(line, text, strlen(text));
    /* A parent that does not listen any more ends us by other means. */
    if (write(STDOUT_FILENO, line, len) < 0)
        return;
}

void tm_pt_say_no_method(enum tm_program program, const char *why)
{
    char letter = program == TM_PROGRAM_CLIENT ? 'C' : 'S';
    tm_pt_say("%cMETHOD-ERROR " TM_PT_NAME " %s", letter, why);
    tm_pt_say("%cMETHODS DONE", letter);
}

void tm_pt_say_verdict(enum tm_program program, enum tm_pt_verdict verdict, const char *why)
{
    if (verdict != TM_PT_NOT_MANAGED && verdict != TM_PT_VERSION)
        tm_pt_say("VERSION 1");
    switch (verdict) {
    case TM_PT_OK:
        break;
    case TM_PT_NOT_MANAGED:
    case TM_PT_ENV:
        tm_pt_say("ENV-ERROR %s", why);
        break;
    case TM_PT_VERSION:
        tm_pt_say("VERSION-ERROR %s", why);
        break;
    case TM_PT_PROXY:
        tm_pt_say("PROXY-ERROR %s", why);
        break;
    case TM_PT_METHOD:
        tm_pt_say_no_method(program, why);
        break;
    }
}

static void log_line(enum tm_log_level level, const char *line)
{
    static const char *const severity[] = {"error", "warning", "notice", "debug"};
    char quoted[TM_PT_LINE_MAX];
    tm_pt_quote(quoted, sizeof quoted - 64, line);
    tm_pt_say("LOG SEVERITY=%s MESSAGE=%s", severity[level], quoted);
}

void tm_pt_log(void)
{
    tm_log_set_sink(log_line);
}
