/* tm/net/identity.h - the server's long-term Ed25519 key, by which a joining client knows it.
 *
 * The invitation's PSK already proves that the far end knows the link's secret; the signature over the
 * connection's exporter value proves that it is the server that printed the link, not another holder of it.
 * Signed bytes: "trafficmimic server identity v1", a zero byte, the exporter value (tm_tls_exporter with the label
 * TM_IDENTITY_LABEL), so a signature is worth nothing on another connection.
 * Source: RFC 8032; RFC 8446 sec. 7.5. */
#ifndef TM_NET_IDENTITY_H
#define TM_NET_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/net/tls.h"

#define TM_IDENTITY_PUB_LEN 32
#define TM_IDENTITY_SIG_LEN 64
#define TM_IDENTITY_PEM_MAX 256 /* bytes of a saved key, no NUL */
#define TM_IDENTITY_LABEL   "EXPORTER-trafficmimic-identity"

struct tm_identity; /* opaque; holds the private key */

/* A new random key.  TM_ERR_NOMEM, TM_ERR_TLS.  Free with tm_identity_free, which clears it. */
TM_MUST_CHECK int tm_identity_new(struct tm_identity **out);
/* From the bytes of a PEM file (PKCS#8, "BEGIN PRIVATE KEY").  TM_ERR_FORMAT: not PEM, encrypted, or not an
 * Ed25519 private key (msg, may be NULL, says which); TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_identity_load(struct tm_identity **out, const void *pem, size_t len,
                                   struct tm_msg *msg);
/* The PEM bytes of the private key, *len of them, no NUL; cap TM_IDENTITY_PEM_MAX suffices.  The caller clears
 * them.  TM_ERR_RANGE: cap too small; TM_ERR_TLS. */
TM_MUST_CHECK int tm_identity_save(const struct tm_identity *id, char *pem, size_t cap,
                                   size_t *len);
void tm_identity_free(struct tm_identity *id);

/* The public key: what a link carries as server_pin. */
void tm_identity_public(const struct tm_identity *id, uint8_t pub[TM_IDENTITY_PUB_LEN]);
/* Server: signs this connection's exporter value.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_identity_sign(const struct tm_identity *id,
                                   const uint8_t exporter[TM_TLS_EXPORTER_LEN],
                                   uint8_t sig[TM_IDENTITY_SIG_LEN]);
/* Client: TM_OK, TM_ERR_AUTH (not signed with that key over that value), TM_ERR_TLS. */
TM_MUST_CHECK int tm_identity_verify(const uint8_t pub[TM_IDENTITY_PUB_LEN],
                                     const uint8_t exporter[TM_TLS_EXPORTER_LEN],
                                     const uint8_t sig[TM_IDENTITY_SIG_LEN]);

#endif
