/* tm/app/enrol.h - the cryptography of joining: who the server is, and the secret that both ends derive.
 *
 *   exporter  = keying material of one carrier of the JOIN session (tm/net/tunnel.h), the same on both ends
 *   digest    = SHA-256("trafficmimic join v1" 0 | invite_id | exporter | request | signed part of the reply)
 *   signature = the server's identity key over digest (tm/net/identity.h)
 *   secret    = first 32 bytes of HKDF-SHA256(ikm = exporter, salt = invite_id,
 *               info = "trafficmimic client secret v1"); it never travels
 *
 * The invitation's secret protects both messages as the PSK of their carriers.  It is not enough by itself:
 * somebody else who holds the link could stand between the two.  He would have two TLS connections with two
 * exporter values, so he cannot pass the server's signature on, and he learns nobody's secret.
 * Sources: RFC 8446 sec. 7.5, RFC 8032, RFC 5869. */
#ifndef TM_APP_ENROL_H
#define TM_APP_ENROL_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/join.h"
#include "tm/net/identity.h"
#include "tm/net/ticket.h"
#include "tm/net/tls.h"

/* What both ends know of the conversation; all borrowed. */
struct tm_enrol {
    const uint8_t *invite_id; /* TM_CLIENT_ID_LEN bytes */
    const uint8_t *exporter;  /* TM_TLS_EXPORTER_LEN bytes */
    struct tm_view request;
};

/* The secret of the client that joins in this conversation.  TM_ERR_TLS: the crypto library failed. */
TM_MUST_CHECK int tm_enrol_secret(uint8_t secret[TM_SECRET_LEN], const struct tm_enrol *e);

/* Server: puts the signature into an encoded reply.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_enrol_sign(const struct tm_identity *id, const struct tm_enrol *e,
                                uint8_t reply[TM_JOIN_REPLY_LEN]);

/* Client: checks the signature and reads the reply.  TM_ERR_AUTH: not from the server with that pin, or
 * changed; TM_ERR_FORMAT, TM_ERR_UNSUPPORTED as tm_join_reply_decode; TM_ERR_TLS. */
TM_MUST_CHECK int tm_enrol_check(const uint8_t pin[TM_IDENTITY_PUB_LEN], const struct tm_enrol *e,
                                 struct tm_view reply, struct tm_join_reply *out);

#endif
