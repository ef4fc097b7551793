/* tm/app/innerdoor.h - a place on this machine alone where something of ours listens: "unix:PATH", or "127.0.0.1:PORT" and its like.
 *
 * Reading is pure; an address that others could reach is refused, names but "localhost" too, so that no resolver decides who gets in. */
#ifndef TM_APP_INNERDOOR_H
#define TM_APP_INNERDOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/app/address.h"
#include "tm/base/err.h"

#define TM_INNERDOOR_PATH_MAX 107U /* of a unix socket's address */

struct tm_innerdoor {
    char path[TM_INNERDOOR_PATH_MAX + 1]; /* "": the address */
    struct tm_address addr;               /* a loopback address; port 0: any */
};

/* TM_ERR_FORMAT, TM_ERR_RANGE (not this machine's alone, a path too long) with msg (may be NULL).  may_be_unix: where a path is allowed. */
TM_MUST_CHECK int tm_innerdoor_parse(struct tm_innerdoor *d, const char *text, bool may_be_unix,
                                     struct tm_msg *msg);
/* Listens, non-blocking; a path gets mode 0660, and what a former program left there is replaced.  *port: the one it got; 0 of a path.  TM_ERR_IO,
 * TM_ERR_CLOSED (another program answers there) with a line in msg that says what to do. */
TM_MUST_CHECK int tm_innerdoor_open(int *fd, uint16_t *port, const struct tm_innerdoor *d,
                                    struct tm_msg *msg);
/* Removes the path, if it is one. */
void tm_innerdoor_remove(const struct tm_innerdoor *d);

#endif
