/* tm/core/ptargs.h - the arguments "key=value" of Tor's pluggable transports, in their three spellings:
 *
 *   of a connection, in SOCKS user and password    key=value;key=value               escaped: \; \= \\
 *   TOR_PT_SERVER_TRANSPORT_OPTIONS                name:key=value;name:key=value     escaped: \; \: \= \\
 *   ARGS of an SMETHOD line                        key=value,key=value               escaped: \, \= \\
 *
 * Readers take a backslash before any character for that character, since old writers escape more.  A key stands once.  Values are
 * what users and operators wrote: not checked here, and secrets among them.  Pure, no allocation.
 * Source: Tor, pt-spec sec. 3.3.2, 3.3.3 and 3.5; how a parent joins user and password: sec. 3.5. */
#ifndef TM_CORE_PTARGS_H
#define TM_CORE_PTARGS_H

#include <stddef.h>

#include "tm/base/err.h"

#define TM_PTARGS_MAX      16U
#define TM_PTARGS_TEXT_MAX 2048U /* characters in all, as written */

struct tm_ptarg {
    const char *key, *value; /* into the text below */
};
struct tm_ptargs {
    size_t n;
    struct tm_ptarg arg[TM_PTARGS_MAX];
    char text[TM_PTARGS_TEXT_MAX + 1];
};

/* Reads the arguments of a connection; none is right.  TM_ERR_FORMAT: no '=', an empty key, a key twice, a NUL, a backslash at the end;
 * TM_ERR_LIMIT: too many or too long; msg (may be NULL) says which, without values.  *a is then without arguments. */
TM_MUST_CHECK int tm_ptargs_read(struct tm_ptargs *a, const char *text, size_t len,
                                 struct tm_msg *msg);
/* Reads the options of transport `name` and passes over those of others.  Errors as above, and FORMAT for one that names no transport. */
TM_MUST_CHECK int tm_ptargs_read_options(struct tm_ptargs *a, const char *text, const char *name,
                                         struct tm_msg *msg);
/* The value of a key, NULL: not given. */
const char *tm_ptargs_get(const struct tm_ptargs *a, const char *key);

/* One more "key=value" for an SMETHOD line behind text[0..*len), and a NUL; TM_ERR_LIMIT: no room, nothing is changed. */
TM_MUST_CHECK int tm_ptargs_add(char *text, size_t cap, size_t *len, const struct tm_ptarg *arg);

#endif
