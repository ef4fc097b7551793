/* tm/core/hello.h - reads a raw ClientHello and says whether our client could have sent it.
 *
 * The server looks at the first bytes of a connection before any TLS object exists, so that everybody
 * else meets the decoy (DESIGN.md sec. 4).  Only the form is judged here; token and binder come next
 * (tm/net/ticket.h).  What our client sends: one record of type 22 and version 3.1 that holds exactly one
 * ClientHello, nothing behind it; a 32-byte session id; TLS 1.3, psk_dhe_ke and X25519 (exactly one key
 * share) offered; no early data; every extension once and from a short list; pre_shared_key last with
 * exactly one identity and one 48-byte binder.  Cipher lists, signature algorithms and the order of the
 * other extensions are free, as they differ between releases of the TLS library.
 * Source: RFC 8446 sec. 4.1.2, 4.2, 4.2.11, 5.1.  Pure and stateless: no clock, no allocation. */
#ifndef TM_CORE_HELLO_H
#define TM_CORE_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_HELLO_RECORD_MAX 16389 /* bytes: one record, header included */
#define TM_HELLO_BINDER_LEN 32    /* SHA-256 */
#define TM_HELLO_AGE_LEN    4
#define TM_HELLO_NAME_MAX   255

/* Views and offsets into the bytes that were read; valid as long as those are. */
struct tm_hello {
    struct tm_view identity; /* the one PSK identity, 1.. bytes */
    struct tm_view sni;      /* host name without any checking of its characters; {NULL, 0}: none */
    struct tm_view binder;   /* TM_HELLO_BINDER_LEN bytes */
    struct tm_view
        bound; /* what the binder covers: from the handshake type to before the binders list */
    size_t
        age_off; /* of obfuscated_ticket_age (4 bytes, inside `bound`), from the record's start */
};

/* Judges the first `len` bytes of a connection.
 * > 0: a complete hello of that many bytes (always == len), *h is filled;
 * 0: need more, nothing seen so far that our client would not send (*h is unspecified);
 * TM_ERR_PROTO: a stranger, said at the first byte that shows it: once a prefix is a stranger every longer
 * one is.  Bytes behind a complete hello are a stranger too, because our client waits for the answer. */
TM_MUST_CHECK int tm_hello_read(struct tm_hello *h, const uint8_t *p, size_t len);

#endif
