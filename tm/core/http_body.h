/* tm/core/http_body.h - how far the body of an HTTP request reaches, so that what follows it is not taken for a part of it.
 *
 * A proxy that reads only the first head of a connection must not send the client's next request, which may be for another host, to
 * the first one's.  Pure; plain memory, {0}: everything belongs.  Source: RFC 9112 sec. 6.3, 7.1. */
#ifndef TM_CORE_HTTP_BODY_H
#define TM_CORE_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/err.h"

enum tm_http_body_kind {
    TM_HTTP_BODY_ENDLESS, /* whatever comes belongs */
    TM_HTTP_BODY_COUNTED, /* `left` bytes; 0 of them: there is none, or it is over */
    TM_HTTP_BODY_CHUNKED
};
struct tm_http_body {
    enum tm_http_body_kind kind;
    uint8_t state;   /* CHUNKED: where in the coding; 0 at the beginning */
    uint8_t n_chars; /* ... of the line */
    uint64_t left;   /* bytes: of the body, or of the chunk */
};

/* How many of the next len bytes belong to the body.  Line ends behind it are no request: they are not counted and not an error.
 * TM_ERR_PROTO: something else follows the body, or the coding is broken. */
TM_MUST_CHECK ssize_t tm_http_body_take(struct tm_http_body *b, const uint8_t *p, size_t len);

#endif
