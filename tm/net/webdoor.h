/* tm/net/webdoor.h - a small HTTP/1.1 server for programs and people on this machine: `--metrics`, `--ui`.
 *
 *   accept ──> head (TM_WEBDOOR_HEAD_MAX bytes, TM_WEBDOOR_HEAD_MS) ──> turn: the program has time ──> answer ──> its end
 *
 * GET and HEAD without content, one request a connection ("Connection: close", RFC 9112 sec. 9.6).  All on the loop's thread and bounded:
 * TM_WEBDOOR_CONNS connections at a time, one accepted every TM_WEBDOOR_GAP_MS, each gone after the times below whatever the other side
 * does; others wait in the kernel.  An answer is made when the program has time for it, as with the status (tm/net/statsock.h): who asks, and how
 * often, delays nothing that is due.  Who reaches the socket is the caller's to decide: it binds loopback or a unix path. */
#ifndef TM_NET_WEBDOOR_H
#define TM_NET_WEBDOOR_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/http.h"

#define TM_WEBDOOR_CONNS     8U
#define TM_WEBDOOR_HEAD_MAX  8192U
#define TM_WEBDOOR_BODY_MAX  262144U
#define TM_WEBDOOR_GAP_MS    10U
#define TM_WEBDOOR_HEAD_MS   5000U  /* until the head must be there */
#define TM_WEBDOOR_WAIT_MS   100U   /* for the program to have time */
#define TM_WEBDOOR_SEND_MS   10000U /* until the answer must have been taken */
#define TM_WEBDOOR_LINGER_MS 1000U  /* for the other side's end, behind ours */

struct tm_webdoor; /* opaque */

struct tm_webdoor_answer {
    enum tm_http_status status;
    const char *type;    /* of the content, "text/html"; static */
    const char *headers; /* further header lines, each with CRLF; static; NULL: none */
    struct tm_view
        body; /* at most TM_WEBDOOR_BODY_MAX bytes; borrowed until the function is called again */
};
/* Answers; *a is set to OK, text/plain and nothing.  (What cannot be read as a request has been refused before.) */
typedef void (*tm_webdoor_fn)(void *user, const struct tm_http_ask *ask,
                              struct tm_webdoor_answer *a);

struct tm_webdoor_cfg {
    int take_fd; /* listening, non-blocking; owned from now on, also on error */
    bool
        is_tcp; /* then only requests whose Host is loopback are answered: no foreign page asks by a name of its own (DNS rebinding) */
    tm_webdoor_fn answer;
    bool (*is_ready)(
        void *user); /* whether the loop can spare the time for an answer now; NULL: always */
    void *user;
};
/* TM_ERR_NOMEM, TM_ERR_IO. */
TM_MUST_CHECK int tm_webdoor_open(struct tm_webdoor **out, uv_loop_t *loop,
                                  const struct tm_webdoor_cfg *cfg);
/* Closes the listening socket and all connections; the memory goes when libuv has closed the handles.  NULL is allowed. */
void tm_webdoor_close(struct tm_webdoor *d);

#endif
