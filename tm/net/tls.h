/* tm/net/tls.h - a carrier's TLS 1.3 as a filter: bytes in, bytes out, of exactly the planned sizes.
 *
 * No socket, no clock, no thread of its own: one thread at a time may use an object (and its context).
 * Every call that makes ciphertext says how many bytes it makes, and verifies it: a byte that the library
 * wanted to send besides (alert, ticket, KeyUpdate, second hello) never leaves and breaks the object.
 * After an error every further call gives the same error; the caller closes the TCP connection by the plan.
 *
 *   client                                         server
 *   tm_tls_client_new     -- ClientHello -->       tm_hello_read, tm_ticket_*, tm_tls_server_new
 *                         <-- flight ------        tm_tls_flight           flight_min .. flight_min + 22
 *   feed, open            <-- records -----        tm_tls_seal             0.5-RTT, part of the same write
 *   tm_tls_finish         -- CCS+Finished ->       feed, open              fin_min .. fin_min + 22
 *   tm_tls_seal           -- records ------>       feed, open
 *
 * One cipher suite (TLS_AES_128_GCM_SHA256), one group (X25519), PSK with (EC)DHE only; a server has no
 * certificate, so nobody completes a handshake without a PSK.  The client shows nothing but its hello to a
 * peer that did not take the PSK and prove to know it.
 * Source: RFC 8446; sizes and traps measured on OpenSSL 3.0 (DESIGN.md sec. 4). */
#ifndef TM_NET_TLS_H
#define TM_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/token.h"
#include "tm/net/ticket.h"

#define TM_TLS_PLAIN_MAX  16384 /* plaintext bytes of one record */
#define TM_TLS_OVERHEAD   22    /* a record is this much longer than its plaintext */
#define TM_TLS_RECORD_MIN (1 + TM_TLS_OVERHEAD)
#define TM_TLS_RECORD_MAX (TM_TLS_PLAIN_MAX + TM_TLS_OVERHEAD)
#define TM_TLS_PAD_MAX                                                                             \
    22 /* bytes that a Finished record can be made longer by tm_tls_flight/finish */
#define TM_TLS_EXPORTER_LEN 32

struct tm_tls_ctx; /* settings shared by the connections of one end; opaque */
struct tm_tls;     /* one connection; opaque */

/* Sizes in bytes on the wire, measured by a dry handshake in memory, never constants. */
struct tm_tls_sizes {
    uint16_t
        hello_base; /* ClientHello = hello_base + length of the identity, up to TM_HELLO_RECORD_MAX */
    uint16_t flight_min; /* server flight without padding */
    uint16_t fin_min;    /* client's CCS + Finished without padding */
};

/* Measures the sizes with that SNI name (NULL or "": none) over identities of several lengths.  TM_ERR_TLS: the
 * library failed, or a size is not constant, so that this TLS library cannot be used.  Some milliseconds. */
TM_MUST_CHECK int tm_tls_measure(struct tm_tls_sizes *out, const char *sni);

/* A context for one end; free with tm_tls_ctx_free, after all its connections.  sni: name that a client's hellos
 * carry (NULL or "": none), copied; not used by a server.  Measures as above.  TM_ERR_NOMEM, TM_ERR_RANGE
 * (name longer than 253), TM_ERR_TLS; msg (may be NULL) gets the library's reason. */
TM_MUST_CHECK int tm_tls_ctx_new(struct tm_tls_ctx **out, enum tm_side side, const char *sni,
                                 struct tm_msg *msg);
void tm_tls_ctx_free(struct tm_tls_ctx *ctx);
/* Lives as long as the context.  hello_base of a server's context is that without SNI. */
const struct tm_tls_sizes *tm_tls_ctx_sizes(const struct tm_tls_ctx *ctx);

/* A client's connection.  Borrows ctx; copies psk and identity.  Writes the ClientHello, exactly
 * `hello_size` bytes with a random ticket age, to `hello`.  TM_ERR_RANGE: hello_size is not
 * hello_base + identity.len or above TM_HELLO_RECORD_MAX; TM_ERR_NOMEM; TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_client_new(struct tm_tls **out, struct tm_tls_ctx *ctx,
                                    const uint8_t psk[TM_PSK_LEN], struct tm_view identity,
                                    uint8_t *hello, size_t hello_size);

/* A server's connection for a hello as it came from the wire, whose token and binder the caller has found good
 * with this psk (copied).  Copies the hello and sets the age to 0 in the copy.  Borrows ctx.
 * TM_ERR_PROTO: not a complete hello of ours; TM_ERR_NOMEM; TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_server_new(struct tm_tls **out, struct tm_tls_ctx *ctx,
                                    const uint8_t psk[TM_PSK_LEN], struct tm_view hello);
/* Clears the keys; sends nothing. */
void tm_tls_free(struct tm_tls *t);

/* Server, once, before anything else: the server's flight, exactly `size` bytes, to `out`.
 * TM_ERR_RANGE (object stays usable): size outside flight_min..flight_min + TM_TLS_PAD_MAX.  TM_ERR_AUTH: the
 * library does not accept the hello with this psk; TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_flight(struct tm_tls *t, uint8_t *out, size_t size);

/* Client, once, when tm_tls_is_peer_finished: CCS and Finished, exactly `size` bytes, to `out`.
 * TM_ERR_RANGE (object stays usable): size outside fin_min..fin_min + TM_TLS_PAD_MAX.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_finish(struct tm_tls *t, uint8_t *out, size_t size);

/* One record of application data: len (1..TM_TLS_PLAIN_MAX) bytes of plain become exactly
 * len + TM_TLS_OVERHEAD bytes at out.  A server may call it from tm_tls_flight on (0.5-RTT until the client's
 * Finished has come), a client from tm_tls_finish on.  plain and out must not overlap.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_seal(struct tm_tls *t, const uint8_t *plain, size_t len, uint8_t *out);

/* Gives ciphertext that came from the peer, in pieces of any length.  Borrows p until tm_tls_open has given 0 or
 * an error, which must happen before the next feed (asserted). */
void tm_tls_feed(struct tm_tls *t, const uint8_t *p, size_t len);

/* Processes what was fed: > 0: the plaintext of the next record, that many bytes at plain (cap must be at least
 * TM_TLS_PLAIN_MAX); 0: everything is used up, feed more; < 0:
 *   TM_ERR_AUTH   client: the peer did not take the PSK or is no TLS 1.3 server at all: not our server
 *   TM_ERR_PROTO  the peer did something that ours does not: KeyUpdate, ticket, alert, close_notify, or bytes
 *                 before the flight
 *   TM_ERR_TLS    a record that does not decrypt, or a failure of the library
 * Drives the handshake too: data of a server's flight is available before tm_tls_finish. */
TM_MUST_CHECK int tm_tls_open(struct tm_tls *t, uint8_t *plain, size_t cap);

/* True once the peer's Finished was verified (after tm_tls_open): the peer knows the PSK, and a client may call
 * tm_tls_finish. */
bool tm_tls_is_peer_finished(const struct tm_tls *t);

/* Keying material bound to this handshake (RFC 8446 sec. 7.5, no context), the same on both ends.  A server has it
 * from tm_tls_flight on, a client from tm_tls_is_peer_finished on.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_tls_exporter(struct tm_tls *t, const char *label,
                                  uint8_t key[TM_TLS_EXPORTER_LEN]);

#endif
