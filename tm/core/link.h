/* tm/core/link.h - the enrolment link that a server prints and `tm-client join` reads.
 *
 *   tm://HOST:PORT/BASE64URL        HOST is a DNS name, an IPv4 address, or an IPv6 address in brackets
 *
 * BASE64URL (RFC 4648 sec. 5, no padding) is
 *   version(1) = 1 | server_pin(32) | invite_id(8) | invite_secret(32) | token_prefix(16) | token_key(32)
 *   | name_len(1) | name | crc(4)
 * where crc is CRC-32 (IEEE) of the text "HOST:PORT" (as in the link) followed by all bytes before the crc.
 * So any one wrong character, a cut or lost end and a swapped host or port are recognised (a guess passes
 * with 2^-32); it is no protection against malice: whoever holds a link may join, so it travels like a password.
 * The pin is the server's Ed25519 public key itself, not a hash: the joining client verifies with it directly
 * (tm/net/identity.h).  Pure: no allocation, no crypto library. */
#ifndef TM_CORE_LINK_H
#define TM_CORE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_LINK_HOST_MAX   253 /* characters */
#define TM_LINK_NAME_MAX   253
#define TM_LINK_PIN_LEN    32
#define TM_LINK_ID_LEN     8
#define TM_LINK_SECRET_LEN 32
#define TM_LINK_PREFIX_LEN 16
#define TM_LINK_KEY_LEN    32
#define TM_LINK_TEXT_MAX   800 /* a buffer of this size holds every link and its final NUL */

struct tm_link {
    char host[TM_LINK_HOST_MAX + 1]; /* as dialled, IPv6 without brackets */
    uint16_t port;                   /* 1..65535 */
    char name[TM_LINK_NAME_MAX + 1]; /* for SNI; "": send none */
    uint8_t server_pin[TM_LINK_PIN_LEN];
    uint8_t invite_id[TM_LINK_ID_LEN];
    uint8_t invite_secret[TM_LINK_SECRET_LEN];
    uint8_t token_prefix[TM_LINK_PREFIX_LEN];
    uint8_t token_key[TM_LINK_KEY_LEN];
};

/* Writes the link and a NUL into text; TM_LINK_TEXT_MAX always suffices.  TM_ERR_RANGE: host empty or
 * with characters that no host has, name likewise (it may be empty), port 0, or cap too small; text is
 * then "".  The text holds secrets: clear it after use, never log it. */
TM_MUST_CHECK int tm_link_encode(const struct tm_link *l, char *text, size_t cap);

/* Reads a link; white space before and behind it is ignored.  TM_ERR_FORMAT (not a link, mistyped,
 * cut off) or TM_ERR_UNSUPPORTED (of another version of this program); *l is then all zero, and msg
 * (may be NULL) says what is wrong without quoting secrets. */
TM_MUST_CHECK int tm_link_decode(struct tm_link *l, const char *text, struct tm_msg *msg);

/* The part behind "tm://HOST:PORT/" alone, as a bridge line of Tor has it (doc/TOR.md), whose address stands elsewhere: its crc covers the
 * bytes before it and no address.  Encoding reads no host and no port, decoding sets neither.  Errors as above. */
TM_MUST_CHECK int tm_link_encode_keys(const struct tm_link *l, char *text, size_t cap);
TM_MUST_CHECK int tm_link_decode_keys(struct tm_link *l, const char *text, struct tm_msg *msg);

#endif
