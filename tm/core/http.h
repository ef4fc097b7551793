/* tm/core/http.h - the head of an HTTP/1 request to a proxy: CONNECT, or a request with a whole address.
 *
 *   CONNECT host:443 HTTP/1.1                  a tunnel; nothing of the head goes on
 *   GET <http address>/path HTTP/1.1           goes on as GET /path, with the address's Host and without what was for us
 *
 * The request that goes on asks for the connection to be closed, because the next one on the same connection may be for another host.
 * Parsers are stateless over (p, len), read nothing past it and never allocate.  Pure.
 * Source: RFC 9110 sec. 7.6.1, 9.3.6; RFC 9112 sec. 2.2, 3.2, 5, 6.3. */
#ifndef TM_CORE_HTTP_H
#define TM_CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/dest.h"
#include "tm/core/http_body.h"

#define TM_HTTP_HEAD_MAX   16384U
#define TM_HTTP_FIELDS_MAX 128U
#define TM_HTTP_GROWTH                                                                             \
    256U /* a head that goes on is at most so much longer than the one that came */
#define TM_HTTP_ANSWER_MAX 512U

/* The status codes that we answer with. */
enum tm_http_status {
    TM_HTTP_OK = 200,
    TM_HTTP_BAD_REQUEST = 400,
    TM_HTTP_FORBIDDEN = 403,
    TM_HTTP_NOT_FOUND = 404,
    TM_HTTP_METHOD = 405,
    TM_HTTP_TIMEOUT = 408,
    TM_HTTP_CONTENT = 413,
    TM_HTTP_MISDIRECTED = 421,
    TM_HTTP_TOO_LARGE = 431,
    TM_HTTP_NOT_IMPLEMENTED = 501,
    TM_HTTP_BAD_GATEWAY = 502,
    TM_HTTP_UNAVAILABLE = 503,
    TM_HTTP_GATEWAY_TIMEOUT = 504,
    TM_HTTP_VERSION = 505
};

struct tm_http_request {
    enum { TM_HTTP_CONNECT, TM_HTTP_ABSOLUTE } form;
    struct tm_dest dest;
    struct tm_http_body body; /* ABSOLUTE: of what follows the head */
};

/* The length of the head at p, its empty line included; 0: more is needed.  `from` is how much of it was looked at before without success.
 * TM_ERR_LIMIT: it is longer than TM_HTTP_HEAD_MAX. */
TM_MUST_CHECK ssize_t tm_http_head(const uint8_t *p, size_t len, size_t from);
/* Reads a whole head.  TM_HTTP_OK: *req is set, and for ABSOLUTE the head that goes on is in out (room: len + TM_HTTP_GROWTH).
 * Otherwise the status to refuse it with: BAD_REQUEST (also what a server could take for two requests), TOO_LARGE, NOT_IMPLEMENTED (a
 * scheme other than http, another transfer coding than chunked), VERSION. */
enum tm_http_status tm_http_request(struct tm_http_request *req, struct tm_wr *out,
                                    const uint8_t *p, size_t len);
/* ---- A server of our own (tm/net/webdoor.h) ---- */

/* What somebody asks this machine's own pages for. */
struct tm_http_ask {
    struct tm_view path,
        query; /* borrowed; the path begins with '/'; the query is what follows '?', or empty */
    bool is_head;
    bool has_host,
        is_host_local; /* whether there is a Host field, and it is loopback: an address of it, or "localhost" */
    bool wants_openmetrics; /* by Accept, RFC 9110 sec. 12.5.1: as much as text/plain, or more */
};
/* Reads a whole head of a request without content: GET or HEAD of a path.  TM_HTTP_OK, or the status to refuse it with: BAD_REQUEST (also two
 * Host fields, or HTTP/1.1 without one), METHOD, CONTENT (it brings content), TOO_LARGE, VERSION. */
enum tm_http_status tm_http_ask(struct tm_http_ask *ask, const uint8_t *p, size_t len);
/* The reason phrase of a status. */
const char *tm_http_reason(enum tm_http_status status);

/* The status that says how connecting went. */
enum tm_http_status tm_http_status_of(enum tm_reply reply);
/* A whole answer of our own: to CONNECT with OK only its head, else with a line of text, `why`, as reason and body, and the end of the
 * connection announced.  Returns its length. */
size_t tm_http_answer(uint8_t out[TM_HTTP_ANSWER_MAX], enum tm_http_status status, const char *why);
/* In a few words: what happened ("the destination refused the connection"). */
const char *tm_http_why(enum tm_reply reply);

#endif
