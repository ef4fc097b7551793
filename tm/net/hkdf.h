/* tm/net/hkdf.h - HKDF with SHA-256, and the labelled form of TLS 1.3; one output block at most.
 * Source: RFC 5869 sec. 2; RFC 8446 sec. 7.1.  Thread-safe: no state. */
#ifndef TM_NET_HKDF_H
#define TM_NET_HKDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"

#define TM_HKDF_LEN 32 /* of a hash, a pseudo-random key, an HMAC */

/* All functions: false when the crypto library failed (out is then all zero). */

TM_MUST_CHECK bool tm_hmac(uint8_t out[TM_HKDF_LEN], struct tm_view key, struct tm_view data);
/* prk = HMAC(salt, ikm) */
TM_MUST_CHECK bool tm_hkdf_extract(uint8_t prk[TM_HKDF_LEN], struct tm_view salt,
                                   struct tm_view ikm);
/* The first len (<= TM_HKDF_LEN) bytes of HMAC(prk, info | 1); info at most 128 bytes. */
TM_MUST_CHECK bool tm_hkdf_expand(uint8_t *out, size_t len, const uint8_t prk[TM_HKDF_LEN],
                                  struct tm_view info);
/* HKDF-Expand-Label(secret, label, context, len): label without "tls13 ", context at most 32 bytes. */
TM_MUST_CHECK bool tm_hkdf_label(uint8_t *out, size_t len, const uint8_t secret[TM_HKDF_LEN],
                                 const char *label, struct tm_view context);

#endif
