/* tm/net/unixsock.h - a listening unix socket at a path: its owner's alone (mode 0600), in place of one that nobody answers any more. */
#ifndef TM_NET_UNIXSOCK_H
#define TM_NET_UNIXSOCK_H

#include <sys/types.h>

#include "tm/base/err.h"

#define TM_UNIXSOCK_PATH_MAX 108U /* of struct sockaddr_un, NUL included */

struct tm_unixsock {
    int fd; /* listens, does not block; the caller's to close or hand on */
    char path[TM_UNIXSOCK_PATH_MAX];
    dev_t dev; /* of the file, to know it again */
    ino_t ino;
};

/* TM_ERR_RANGE: the path is too long; TM_ERR_IO with msg ("cannot listen on PATH: a program listens there", "... there is a file that is no
 * socket", or errno's text). */
TM_MUST_CHECK int tm_unixsock_open(struct tm_unixsock *s, const char *path, int backlog,
                                   struct tm_msg *msg);
/* Removes the file, if it is still ours; while fd is open, for then no other file can have taken its number. */
void tm_unixsock_remove(const struct tm_unixsock *s);

#endif
