/* tm/app/address.h - "HOST:PORT" and its relatives, as options write them.
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets; "*" or nothing means every address of
 * this machine where something listens.  All but tm_address_resolve is pure. */
#ifndef TM_APP_ADDRESS_H
#define TM_APP_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

#include "tm/base/err.h"
#include "tm/core/session.h"

#define TM_ADDRESS_HOST_MAX 253
#define TM_ADDRESS_TEXT_MAX (TM_ADDRESS_HOST_MAX + 9) /* "[host]:65535" and NUL */

struct tm_address {
    char host[TM_ADDRESS_HOST_MAX + 1]; /* without brackets; "": every address */
    uint16_t port;
};

/* Reads "HOST:PORT".  TM_ERR_FORMAT with msg (may be NULL) saying what is wrong. */
TM_MUST_CHECK int tm_address_parse(struct tm_address *a, const char *text, struct tm_msg *msg);
/* The other way round, brackets where they are needed. */
void tm_address_print(char out[TM_ADDRESS_TEXT_MAX], const char *host, uint16_t port);

/* For the engine: an address as bytes when host is one, else the name.  TM_ERR_RANGE: host empty or port 0. */
TM_MUST_CHECK int tm_address_dest(struct tm_dest *d, const struct tm_address *a);

/* Asks the resolver (blocking).  An empty host gives the wildcard address for listening.  Takes the first
 * answer.  TM_ERR_IO with one line in msg. */
TM_MUST_CHECK int tm_address_resolve(struct sockaddr_storage *out, const struct tm_address *a,
                                     struct tm_msg *msg);
/* Bytes of sa for bind and connect. */
socklen_t tm_address_len(const struct sockaddr_storage *sa);

#endif
