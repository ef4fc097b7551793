/* tm/core/socks5.h - the messages of SOCKS version 5 that a proxy for connections and datagrams needs.
 *
 *   client: VER NMETHODS METHODS...          server: VER METHOD
 *   client: 1 ULEN USER PLEN PASSWORD        server: 1 0             (method LOGIN alone)
 *   client: VER CMD RSV ATYP ADDR PORT       server: VER REP RSV ATYP BND.ADDR BND.PORT
 *
 *   datagrams, both ways: RSV(2) FRAG ATYP ADDR PORT DATA             (UDP ASSOCIATE)
 *
 * Offered: no authentication, and a user and password which are accepted whatever they are (tm/core/proxy.h says why); CONNECT to IPv4,
 * IPv6 and names, UDP ASSOCIATE, and Tor's RESOLVE and RESOLVE_PTR.  Parsers are stateless over (p, len): > 0 bytes consumed, 0 more bytes are needed,
 * < 0 not SOCKS 5 (close, there is nothing to answer).  They need at most TM_SOCKS5_LOGIN_MAX bytes to decide.  Pure.
 * Source: RFC 1928 sec. 3, 4, 5, 6, 7; RFC 1929 sec. 2; Tor, socks-extensions sec. 2. */
#ifndef TM_CORE_SOCKS5_H
#define TM_CORE_SOCKS5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/datagram.h"
#include "tm/core/dest.h"

#define TM_SOCKS5_NO_AUTH      0x00U
#define TM_SOCKS5_LOGIN        0x02U
#define TM_SOCKS5_NO_METHOD    0xffU
#define TM_SOCKS5_GREETING_MAX 257U /* VER, NMETHODS, 255 methods */
#define TM_SOCKS5_REQUEST_MAX  262U /* VER CMD RSV ATYP, length, 255 bytes of name, port */
#define TM_SOCKS5_LOGIN_MAX    513U /* two lengths of one byte, 255 bytes each, behind a version */
#define TM_SOCKS5_METHOD_LEN   2U
#define TM_SOCKS5_REPLY_MAX    262U
#define TM_SOCKS5_UDP_HEAD_MAX 262U

enum tm_socks_command {
    TM_SOCKS_CONNECT = 0x01,
    TM_SOCKS_UDP_ASSOCIATE = 0x03,
    TM_SOCKS_RESOLVE = 0xf0,    /* the address of a name */
    TM_SOCKS_RESOLVE_PTR = 0xf1 /* the name of an address */
};

/* What a client of SOCKS 4 or 5 asks for. */
struct tm_socks_request {
    enum tm_reply reply; /* OK, or the refusal to send before closing; then the rest is undefined */
    enum tm_socks_command command;
    struct tm_dest dest;
};

/* Whether a name has only bytes that host names can have, and one at least. */
bool tm_socks_is_name(const uint8_t *p, size_t len);

/* The client's greeting.  Sets *method to what the server must answer: TM_SOCKS5_NO_AUTH when the client
 * offers it, else LOGIN, else TM_SOCKS5_NO_METHOD (answer it, then close).  TM_ERR_PROTO: another version. */
TM_MUST_CHECK ssize_t tm_socks5_greeting(const uint8_t *p, size_t len, uint8_t *method);

/* The server's answer to a greeting: TM_SOCKS5_METHOD_LEN bytes into out. */
void tm_socks5_method(uint8_t out[TM_SOCKS5_METHOD_LEN], uint8_t method);

/* User and password, which nobody looks at.  TM_ERR_PROTO: another version of the sub-negotiation. */
TM_MUST_CHECK ssize_t tm_socks5_login(const uint8_t *p, size_t len);
/* ... and that they were right: TM_SOCKS5_METHOD_LEN bytes into out. */
void tm_socks5_logged_in(uint8_t out[TM_SOCKS5_METHOD_LEN]);

/* The client's request.  When bytes were consumed, *req is set.  Its reply may be TM_REPLY_COMMAND_UNSUPPORTED (BIND,
 * unknown), TM_REPLY_ADDRESS_UNSUPPORTED (an unknown ATYP: its length is unknown, so only the first 4 bytes
 * are consumed; the rest of the input is to be thrown away), TM_REPLY_FAILURE (an empty name, or one with
 * bytes that no host name has: space, control, non-ASCII; RESOLVE_PTR of a name).  TM_ERR_PROTO: another version. */
TM_MUST_CHECK ssize_t tm_socks5_request(const uint8_t *p, size_t len, struct tm_socks_request *req);

/* A reply with BND.ADDR and BND.PORT from `bound`, which may be NULL: IPv4 0.0.0.0:0 (unknown, usual for
 * refusals).  Returns its length: 10, 22 or 7 + length of the name. */
size_t tm_socks5_reply(uint8_t out[TM_SOCKS5_REPLY_MAX], enum tm_reply reply,
                       const struct tm_dest *bound);

/* What a client sends to the port of its association.  TM_ERR_PROTO: to be dropped: not whole, a fragment (FRAG is not 0), an unknown
 * ATYP, a name that no host has, port 0.  d borrows from p. */
TM_MUST_CHECK int tm_socks5_datagram(const uint8_t *p, size_t len, struct tm_datagram *d);
/* What stands before the data of one that came from `from`; returns its length. */
size_t tm_socks5_datagram_head(uint8_t out[TM_SOCKS5_UDP_HEAD_MAX], const struct tm_dest *from);

#endif
