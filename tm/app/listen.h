/* tm/app/listen.h - a listening TCP socket. */
#ifndef TM_APP_LISTEN_H
#define TM_APP_LISTEN_H

#include "tm/app/address.h"
#include "tm/base/err.h"

/* Listens on the address (blocking resolver) and sets *fd, close-on-exec and non-blocking, and the port that it
 * got in *port.  TM_ERR_IO with one line in msg that says what to do. */
TM_MUST_CHECK int tm_listen_open(int *fd, uint16_t *port, const struct tm_address *a,
                                 struct tm_msg *msg);

/* The port of a socket that listens.  TM_ERR_IO. */
TM_MUST_CHECK int tm_listen_port(int fd, uint16_t *port);

#endif
