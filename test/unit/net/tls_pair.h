/* test/unit/net/tls_pair.h - a client and a server of the TLS filter in memory. */
#ifndef TM_TEST_UNIT_NET_TLS_PAIR_H
#define TM_TEST_UNIT_NET_TLS_PAIR_H

#include "tm/core/hello.h"
#include "tm/net/ticket.h"
#include "tm/net/tls.h"

enum { WIRE_CAP = 4 * TM_TLS_RECORD_MAX };

/* Contexts of both ends; made once per test. */
struct ends {
    struct tm_tls_ctx *client;
    struct tm_tls_ctx *server;
    const struct tm_tls_sizes *sizes; /* the client's */
    struct tm_ticket_key key;
    uint8_t secret[TM_SECRET_LEN];
};

struct pair {
    struct tm_tls *c;
    struct tm_tls *s;
    uint8_t psk[TM_PSK_LEN];
    size_t hello_size;
    uint8_t hello[TM_HELLO_RECORD_MAX];
};

/* Aborts on failure, as all functions here whose name does not say `try`. */
void ends_init(struct ends *e, const char *sni);
void ends_deinit(struct ends *e);

struct tm_token example_token(void);
/* A client with a token, its hello of hello_size bytes in p->hello; p->s is NULL. */
void pair_hello(struct pair *p, struct ends *e, size_t hello_size);
/* The verdict of a server on the bytes of a connection: tm_hello_read, ticket, PSK, binder. */
int try_verdict(const struct ends *e, const uint8_t *raw, size_t len);
/* pair_hello, and the server on the other side. */
void pair_init(struct pair *p, struct ends *e, size_t hello_size);
/* pair_init and the rest of the smallest handshake. */
void pair_open(struct pair *p, struct ends *e);
void pair_deinit(struct pair *p);

/* Feeds len bytes in one piece and opens all records: plaintext (cap WIRE_CAP) is put together.  Its length, or
 * the error. */
int try_receive(struct tm_tls *t, const uint8_t *wire, size_t len, uint8_t *plain);

/* Checks that every further call gives the same error and touches nothing. */
void tls_check_broken(struct tm_tls *t, int err);

#endif
