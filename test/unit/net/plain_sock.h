/* test/unit/net/plain_sock.h - plain TCP sockets on loopback, as peers of what is tested. */
#ifndef TM_TEST_UNIT_NET_PLAIN_SOCK_H
#define TM_TEST_UNIT_NET_PLAIN_SOCK_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* A listening socket, and its address.  flags: 0 or SOCK_NONBLOCK. */
int plain_listen(struct sockaddr_in *addr, int backlog, int flags);
/* The next connection of it; reads give up after 20 s. */
int plain_accept(int listener);
int plain_connect(const struct sockaddr_in *addr);
/* Reads len bytes, or until the end; how many. */
size_t plain_read(int fd, uint8_t *p, size_t len);
void plain_write(int fd, const uint8_t *p, size_t len);
/* close() with RST. */
void plain_reset(int fd);
/* Descriptors that this process has open. */
int plain_count_fds(void);
/* Waits until the peer's TCP has everything. */
void plain_flush(int fd);
/* Segments with payload that this end has received. */
unsigned plain_segments_in(int fd);

#endif
