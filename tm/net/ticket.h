/* tm/net/ticket.h - the token as a TLS 1.3 PSK identity, the PSK that goes with it, and the binder.
 *
 *   identity = prefix(16) | nonce(12) | AES-256-GCM(key, nonce, token | zeros) | tag(16)      L bytes
 *   PSK      = HKDF-SHA256(ikm = client's secret, salt = identity, info = "trafficmimic psk v1"), 32 bytes
 *
 * The prefix is the same for all tokens of a server, as the key name in the tickets of a real one, and is
 * authenticated as associated data.  The token key hides and protects what the token says from outsiders;
 * every enrolled client has it, so it proves nothing: the binder, under the client's own secret, does.
 * Nonces are random: fewer than 2^32 tokens for one key (collision below 2^-32; NIST SP 800-38D sec. 8.3).
 *
 * A verdict "ours" is tm_hello_read > 0, tm_ticket_open, the client's secret looked up by the token's
 * client_id, tm_ticket_psk, tm_ticket_check_binder.  A used identity stays valid in all of them: replay is
 * the caller's business, who must keep used nonces (or identities) until the token's time window has passed, and
 * must treat a token seen before as a stranger.
 *
 * obfuscated_ticket_age is random on the wire and 0 for the binder and the TLS library on both ends; its four
 * bytes are the only ones of a hello that nothing protects (nothing reads them either).
 * Source: RFC 8446 sec. 4.2.11.2 and 7.1; RFC 5869.  Thread-safe: no state. */
#ifndef TM_NET_TICKET_H
#define TM_NET_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/hello.h"
#include "tm/core/token.h"

#define TM_TICKET_PREFIX_LEN 16
#define TM_TICKET_NONCE_LEN  12
#define TM_TICKET_TAG_LEN    16
#define TM_TICKET_KEY_LEN    32
#define TM_TICKET_OVERHEAD   (TM_TICKET_PREFIX_LEN + TM_TICKET_NONCE_LEN + TM_TICKET_TAG_LEN)
/* Bytes of the shortest identity for a token with that many bytes of head. */
#define TM_TICKET_LEN_MIN(head_len) (TM_TICKET_OVERHEAD + TM_TOKEN_FIXED_LEN + (size_t)(head_len))
#define TM_TICKET_LEN_MAX           16384
#define TM_SECRET_LEN               32 /* a client's (or an invitation's) long-term secret */
#define TM_PSK_LEN                  32

/* What a server and its enrolled clients share for tokens. */
struct tm_ticket_key {
    uint8_t prefix[TM_TICKET_PREFIX_LEN];
    uint8_t key[TM_TICKET_KEY_LEN];
};

/* Writes an identity of exactly `len` bytes with a fresh random nonce.  TM_ERR_RANGE: len outside
 * TM_TICKET_OVERHEAD + tm_token_len(t)..TM_TICKET_LEN_MAX; TM_ERR_TLS: the crypto library failed. */
TM_MUST_CHECK int tm_ticket_seal(const struct tm_ticket_key *key, const struct tm_token *t,
                                 uint8_t *identity, size_t len);
/* Opens an identity.  TM_ERR_AUTH: another prefix, too short, or not made with this key; or as
 * tm_token_decode.  *t is all zero on error. */
TM_MUST_CHECK int tm_ticket_open(const struct tm_ticket_key *key, struct tm_view identity,
                                 struct tm_token *t);
/* The nonce inside an identity of at least TM_TICKET_LEN_MIN(0) bytes: unique per token, so it is what a replay
 * window remembers. */
struct tm_view tm_ticket_nonce(struct tm_view identity);

/* Derives the PSK.  TM_ERR_TLS: the crypto library failed (psk is then all zero). */
TM_MUST_CHECK int tm_ticket_psk(uint8_t psk[TM_PSK_LEN], const uint8_t secret[TM_SECRET_LEN],
                                struct tm_view identity);
/* Checks the binder of a hello as it came from the wire, with the age taken as 0.  `raw` is the start of the
 * record that tm_hello_read filled h from.  TM_OK, TM_ERR_AUTH (not made with this PSK), TM_ERR_TLS. */
TM_MUST_CHECK int tm_ticket_check_binder(const uint8_t psk[TM_PSK_LEN], const struct tm_hello *h,
                                         const uint8_t *raw);

/* Client: replaces the age in a hello by random bytes.  TM_ERR_TLS: no random bytes. */
TM_MUST_CHECK int tm_ticket_mask_age(uint8_t *raw, const struct tm_hello *h);
/* Server: sets the age to 0 in a private copy of the hello (h may have been read from the original). */
void tm_ticket_clear_age(uint8_t *copy, const struct tm_hello *h);

#endif
