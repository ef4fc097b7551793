#include "tm/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *tm_strerror(int err)
{
    switch ((enum tm_err)err) {
    case TM_OK:
        return "no error";
    case TM_ERR_NOMEM:
        return "out of memory";
    case TM_ERR_FORMAT:
        return "malformed input";
    case TM_ERR_RANGE:
        return "value out of range";
    case TM_ERR_LIMIT:
        return "limit reached";
    case TM_ERR_PROTO:
        return "protocol violation by the peer";
    case TM_ERR_CLOSED:
        return "closed";
    case TM_ERR_AUTH:
        return "authentication failed";
    case TM_ERR_UNSUPPORTED:
        return "not supported";
    case TM_ERR_IO:
        return "input/output error";
    case TM_ERR_DB:
        return "database error";
    case TM_ERR_TLS:
        return "TLS error";
    }
    return "unknown error";
}

int tm_msg_set(struct tm_msg *msg, int err, const char *fmt, ...)
{
    if (msg) {
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(msg->text, sizeof msg->text, fmt, ap);
        va_end(ap);
    }
    return err;
}

_Noreturn void tm_assert_fail(const char *expr, const char *file, int line, long long a,
                              long long b)
{
    (void)fprintf(stderr, "%s:%d: broken invariant: %s (%lld, %lld)\n", file, line, expr, a, b);
    abort();
}
