/* tm/core/proxy.h - what a program says to the client's proxy port before its connection begins, in any of the protocols that
 * programs know: the first byte says which.
 *
 *   5 -> SOCKS 5 (socks5.h)      4 -> SOCKS 4 and 4a (socks4.h)      a letter -> HTTP (http.h)      else -> the end, unanswered
 *
 * The engine of one conversation: it gets the client's bytes, gives what is to be said, and then what is wanted: a stream to a
 * destination, a lookup, or a port for datagrams.  Plain memory, {0} begins one.  Pure.
 *
 * Users and passwords (RFC 1929, Proxy-Authorization) are accepted and, unless they are wanted (wants_login), forgotten: neither checked, nor sent, nor logged.  Programs give them to keep their
 * connections apart, and here all are apart: each has its own stream, and its own connection from the server. */
#ifndef TM_CORE_PROXY_H
#define TM_CORE_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/core/http.h"

#define TM_PROXY_IN_MAX                                                                            \
    TM_HTTP_HEAD_MAX /* bytes that any request needs at most, what follows it aside */
#define TM_PROXY_OUT_MAX TM_HTTP_ANSWER_MAX

enum tm_proxy_speech {
    TM_PROXY_UNKNOWN,
    TM_PROXY_SOCKS5,
    TM_PROXY_SOCKS4,
    TM_PROXY_HTTP_CONNECT,
    TM_PROXY_HTTP /* a request with a whole address, or one that is not known yet */
};

enum tm_proxy_want {
    TM_PROXY_MORE,      /* bytes */
    TM_PROXY_STREAM,    /* to p->dest; what is left of the client's bytes belongs to it */
    TM_PROXY_LOOKUP,    /* of p->dest, whose port is 0 */
    TM_PROXY_DATAGRAMS, /* an association (RFC 1928 sec. 7); p->dest is where its client says that it sends from, perhaps port 0 */
    TM_PROXY_END        /* nothing more is understood: say what is in out, then close */
};

#define TM_PROXY_LOGIN_MAX 510U

struct tm_proxy {
    enum tm_proxy_speech speech;
    enum { TM_PROXY_BEGIN, TM_PROXY_LOGIN, TM_PROXY_REQUEST, TM_PROXY_ASKED } phase;
    size_t n_looked; /* bytes of a head that has no end yet */
    struct tm_dest dest;
    struct tm_http_body body; /* of what follows what is left, for tm/net/pipe.h */

    /* Set at the beginning by who wants them: of the methods that a SOCKS 5 client offers, user and password are taken, and kept one behind the other.  A
     * password of one NUL, which Tor takes for none, is left out. */
    bool wants_login;
    size_t login_len;
    char login[TM_PROXY_LOGIN_MAX];
};

/* in[0..*len): the client's bytes that are not used up; used ones are taken off its front.  For HTTP with a whole address, the head that goes on is left there
 * in place of the one that came; cap: the room, *len + TM_HTTP_GROWTH at least.  Appends what is to be said to out (room
 * TM_PROXY_OUT_MAX).  Not to be called again after anything but MORE. */
enum tm_proxy_want tm_proxy_feed(struct tm_proxy *p, uint8_t *in, size_t *len, size_t cap,
                                 struct tm_wr *out);

/* What the client is told of the outcome: nothing for HTTP with a whole address that goes well.  `found` is what a lookup gave, or an
 * association's port, NULL for a stream.  Room as before. */
void tm_proxy_reply(const struct tm_proxy *p, enum tm_reply reply, const struct tm_dest *found,
                    struct tm_wr *out);
/* What a client is told whose request took too long to come; may be nothing. */
void tm_proxy_too_slow(const struct tm_proxy *p, struct tm_wr *out);

#endif
