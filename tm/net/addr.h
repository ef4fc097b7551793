/* tm/net/addr.h - socket addresses and errno as text, for logs and messages. */
#ifndef TM_NET_ADDR_H
#define TM_NET_ADDR_H

#include <stddef.h>
#include <sys/socket.h>

#define TM_ADDR_TEXT_MAX 64

/* "192.0.2.1:443" or "[2001:db8::1]:443"; "?" for other families. */
void tm_addr_text(const struct sockaddr *sa, char out[TM_ADDR_TEXT_MAX]);
/* Bytes of an AF_INET or AF_INET6 address; 0 for other families. */
socklen_t tm_addr_len(const struct sockaddr *sa);
/* "connection refused": errno's text in lower case, as it stands inside a sentence. */
void tm_errno_text(int error, char *out, size_t cap);

#endif
