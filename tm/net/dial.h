/* tm/net/dial.h - the server's way to a destination: resolve, try addresses in turn, say how it went.
 *
 * Both families are asked for at once; attempts start as tm/core/eyeballs.h says, 250 ms apart or at once when one fails, families
 * alternating (RFC 8305); the first that connects wins.  10 s in all.  errno becomes a reply code of RFC 1928 sec. 6.
 *
 * The guard sees each address that is about to be dialled, not the name: what a name server says later changes nothing. */
#ifndef TM_NET_DIAL_H
#define TM_NET_DIAL_H

#include <uv.h>

#include "tm/core/session.h"
#include "tm/net/guard.h"
#include "tm/net/sock.h"

#define TM_DIAL_LIMIT_MS 10000U

struct tm_dial;

/* The outcome, once: TM_REPLY_OK and a connected socket (now the callee's), or another reply and NULL.
 * Not called after tm_dial_cancel. */
typedef void (*tm_dial_done_fn)(void *user, enum tm_reply reply, union tm_sock *take_sock);

struct tm_dial_cfg {
    uv_loop_t *loop;              /* borrowed */
    const struct tm_guard *guard; /* borrowed until the outcome; NULL: everything is allowed */
    bool is_own; /* the address is this machine's administrator's choice (tm_guard_allows_own) */
    uint32_t limit_ms;    /* 0: TM_DIAL_LIMIT_MS */
    tm_dial_done_fn done; /* never called from inside tm_dial_start */
    void *user;
};

/* Starts, for a host or the path of a unix socket (TM_DEST_UNIX), which a guard must name; the object frees itself after the outcome or the cancel.  TM_ERR_NOMEM; TM_ERR_RANGE for a
 * destination without address or port. */
TM_MUST_CHECK int tm_dial_start(struct tm_dial **out, const struct tm_dial_cfg *cfg,
                                const struct tm_dest *dest);
void tm_dial_cancel(struct tm_dial *d);

/* Whether it is the path of a unix socket. */
bool tm_dial_is_unix(const struct tm_dest *dest);
/* Whether the server sends anything there for a client, whatever the protocol.  guard NULL: everywhere. */
bool tm_dial_may_reach(const struct tm_guard *guard, const struct sockaddr *sa);

/* The reply for a negative libuv error (connect or getaddrinfo). */
enum tm_reply tm_dial_reply(int uv_err);

#endif
