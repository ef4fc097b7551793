/* tm/net/tls_conn.h - inside of the TLS filter, shared by tls.c (what a connection does), tls_ctx.c (settings,
 * callbacks and the BIO that the library calls back into) and tls_measure.c.  Nobody else includes it. */
#ifndef TM_NET_TLS_CONN_H
#define TM_NET_TLS_CONN_H

#include <openssl/ssl.h>

#include "tm/net/hkdf.h"
#include "tm/net/tls.h"

#define TM_TLS_FIN_CAP 256 /* far above any CCS + Finished */

struct tm_tls_ctx {
    enum tm_side side;
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method;
    char sni[256];
    struct tm_tls_sizes sizes; /* all zero while they are being measured */
};

/* What a connection waits for:
 *   client               PEER -> FINISH -> OPEN
 *   server     FLIGHT -> PEER -----------> OPEN */
enum tls_stage {
    STAGE_FLIGHT, /* tm_tls_flight */
    STAGE_PEER,   /* the peer's Finished */
    STAGE_FINISH, /* tm_tls_finish */
    STAGE_OPEN    /* nothing: application data both ways */
};

struct tm_tls {
    struct tm_tls_ctx *ctx;
    SSL *ssl;
    enum tls_stage stage;
    int err;           /* first error; every further call gives it */
    struct tm_view rx; /* ciphertext given and not yet read by the library */
    struct tm_wr tx;   /* where ciphertext that was asked for goes; anything else sets its error */
    bool peer_fin_seen;
    unsigned n_padded; /* server: encrypted handshake records so far */
    size_t fin_pad;    /* server: zeros in its Finished record */
    size_t fin_len;    /* client: of CCS + Finished, held until the schedule asks */
    uint8_t fin[TM_TLS_FIN_CAP];
    uint8_t fin_secret[TM_HKDF_LEN]; /* client: traffic secret of its Finished */
    uint8_t psk[TM_PSK_LEN];
    uint8_t *hello; /* server: private copy until tm_tls_flight; owned */
    size_t hello_len;
    uint8_t *identity; /* owned */
    size_t identity_len;
};

/* Context without sizes (all zero).  Free with tm_tls_ctx_free. */
TM_MUST_CHECK int tm_tls_ctx_make(struct tm_tls_ctx **out, enum tm_side side, const char *sni);
/* An SSL object that calls back into t (t->ctx is set); false when out of memory. */
TM_MUST_CHECK bool tm_tls_attach(struct tm_tls *t);

/* A connection without handshake bytes; TM_ERR_NOMEM.  The three below are tm_tls_client_new and
 * tm_tls_flight without knowledge of sizes. */
TM_MUST_CHECK int tm_tls_conn_new(struct tm_tls **out, struct tm_tls_ctx *ctx,
                                  const uint8_t psk[TM_PSK_LEN], struct tm_view identity);
/* Client: the ClientHello, *len <= cap bytes of it. */
TM_MUST_CHECK int tm_tls_make_hello(struct tm_tls *t, uint8_t *hello, size_t cap, size_t *len);
/* Server: the flight with `pad` zeros in its Finished record, *len <= cap bytes of it. */
TM_MUST_CHECK int tm_tls_make_flight(struct tm_tls *t, size_t pad, uint8_t *out, size_t cap,
                                     size_t *len);

#endif
