/* tm/app/proxy_dial.h - a program of ours as a client of the proxy that tm-client run opens. */
#ifndef TM_APP_PROXY_DIAL_H
#define TM_APP_PROXY_DIAL_H

#include <stdbool.h>

#include "tm/base/err.h"
#include "tm/core/dest.h"

/* Connects to the proxy at `text`, ADDR:PORT or unix:/PATH.  TM_ERR_IO, FORMAT with msg; *fd is -1 then. */
TM_MUST_CHECK int tm_proxy_open(int *fd, const char *text, struct tm_msg *msg);
/* Says the SOCKS 5 greeting and asks for the connection, without waiting for an answer: the proxy's two replies come in this order.
 * False: the socket is broken. */
bool tm_proxy_request(int fd, const struct tm_dest *dest);

#endif
