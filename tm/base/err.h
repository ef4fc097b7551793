/* tm/base/err.h - the closed list of error codes, the text that a person reads, and assertions. */
#ifndef TM_BASE_ERR_H
#define TM_BASE_ERR_H

#include <stdint.h>

#define TM_MUST_CHECK __attribute__((warn_unused_result))

enum tm_err {
    TM_OK = 0,
    TM_ERR_NOMEM = -1,       /* out of memory */
    TM_ERR_FORMAT = -2,      /* bytes that do not parse: a file, a link, an argument */
    TM_ERR_RANGE = -3,       /* a well-formed value outside its allowed range */
    TM_ERR_LIMIT = -4,       /* a table or a window is full */
    TM_ERR_PROTO = -5,       /* the peer broke the protocol */
    TM_ERR_CLOSED = -6,      /* the object is closed, or the other side closed it */
    TM_ERR_AUTH = -7,        /* authentication failed */
    TM_ERR_UNSUPPORTED = -8, /* understood, but not offered here */
    TM_ERR_IO = -9,          /* the operating system said no */
    TM_ERR_DB = -10,         /* sqlite said no */
    TM_ERR_TLS = -11,        /* OpenSSL said no */
};

/* A short English text for one of the codes above; static storage, never NULL. */
const char *tm_strerror(int err);

/* One line for a person, filled once, where the fault is found.  Functions that take one accept NULL. */
struct tm_msg {
    char text[512];
};

/* Formats into msg->text (cut at its end); does nothing when msg is NULL.  Returns `err`, so that a
 * caller can write  return tm_msg_set(msg, TM_ERR_FORMAT, "...", ...). */
int tm_msg_set(struct tm_msg *msg, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* For our own broken invariants only, never for peer bytes, files or the kernel.  Stays on in
 * release builds: prints the expression and the place, then aborts. */
_Noreturn void tm_assert_fail(const char *expr, const char *file, int line, long long a,
                              long long b);
#define TM_ASSERT(cond)                                                                            \
    do {                                                                                           \
        if (!(cond))                                                                               \
            tm_assert_fail(#cond, __FILE__, __LINE__, 0, 0);                                       \
    } while (0)
#define TM_ASSERT_LE(a, b)                                                                         \
    do {                                                                                           \
        if (!((a) <= (b)))                                                                         \
            tm_assert_fail(#a " <= " #b, __FILE__, __LINE__, (long long)(a), (long long)(b));      \
    } while (0)
#define TM_ASSERT_EQ(a, b)                                                                         \
    do {                                                                                           \
        if (!((a) == (b)))                                                                         \
            tm_assert_fail(#a " == " #b, __FILE__, __LINE__, (long long)(a), (long long)(b));      \
    } while (0)

#endif
