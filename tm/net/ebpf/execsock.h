/* tm/net/ebpf/execsock.h - a unix socket by which a process asks to be moved into our cgroup (tm-client exec).
 *
 * Whoever connects is moved: who that is says the kernel (SO_PEERCRED, and a pidfd of the very process, so that a number
 * that is used again moves nobody), never the process; so nobody moves anybody else.  It is open to every user of the
 * machine, as the SOCKS port is.  Nothing is read.  The answer is one line, "ok" or the reason, and the socket is closed.
 * Moving takes the kernel up to tens of milliseconds, so it is done by a worker and not by the loop that composes. */
#ifndef TM_NET_EXECSOCK_H
#define TM_NET_EXECSOCK_H

#include <uv.h>

#include "tm/net/ebpf/cgroup.h"

#define TM_EXECSOCK_PATH "/run/tm-client/exec"
#define TM_EXECSOCK_MAX  512U /* bytes of an answer */

struct tm_execsock; /* opaque */

/* Listens at path; its directory is made when it is missing.  What a former program left there is replaced.  g is borrowed
 * until the socket is closed.  TM_ERR_CLOSED: one that runs answers there; TM_ERR_RANGE: the path is too long; TM_ERR_IO, NOMEM;
 * msg says what. */
TM_MUST_CHECK int tm_execsock_open(struct tm_execsock **out, uv_loop_t *loop, const char *path,
                                   const struct tm_cgroup *g, struct tm_msg *msg);
/* Removes the socket; the memory goes when libuv has closed the handles.  NULL is allowed. */
void tm_execsock_close(struct tm_execsock *s);

/* The other side: asks the tm-client at path to move this process, and waits.  TM_ERR_CLOSED: none runs; TM_ERR_AUTH: who
 * answers is neither root nor this user; TM_ERR_IO: it cannot; msg says why. */
TM_MUST_CHECK int tm_execsock_ask(const char *path, struct tm_msg *msg);

#endif
