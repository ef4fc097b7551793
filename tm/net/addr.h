/* tm/net/addr.h - socket addresses as a stream has them, and as text; errno as text. */
#ifndef TM_NET_ADDR_H
#define TM_NET_ADDR_H

#include <stddef.h>
#include <sys/socket.h>

#include "tm/core/dest.h"

#define TM_ADDR_TEXT_MAX 64

/* "192.0.2.1:443" or "[2001:db8::1]:443"; "?" for other families. */
void tm_addr_text(const struct sockaddr *sa, char out[TM_ADDR_TEXT_MAX]);
/* Bytes of an AF_INET or AF_INET6 address; 0 for other families. */
socklen_t tm_addr_len(const struct sockaddr *sa);
/* Either way between sockets and streams, port included.  An AF_INET or AF_INET6 address; an IPv4-mapped IPv6 one becomes the IPv4
 * address. */
void tm_addr_dest(struct tm_dest *out, const struct sockaddr *sa);
/* d is IPV4 or IPV6, by its length. */
void tm_addr_of_dest(struct sockaddr_storage *out, const struct tm_dest *d);
/* "connection refused": errno's text in lower case, as it stands inside a sentence. */
void tm_errno_text(int error, char *out, size_t cap);

#endif
