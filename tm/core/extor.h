/* tm/core/extor.h - our side of Tor's extended ORPort: who we are, whose connection it is, then the connection.
 *
 *   tor: kinds of authentication, 1 byte each, ended by 0        us: 1 (SAFE_COOKIE), nonce(32)
 *   tor: MAC(cookie, S | our nonce | its nonce), its nonce(32)   us: MAC(cookie, C | our nonce | its nonce)
 *   tor: 1                                                       us: USERADDR, TRANSPORT, DONE
 *   tor: OKAY                                                    the user's bytes, both ways
 *
 * MAC is HMAC-SHA256, S and C the texts of TM_EXTOR_SERVER and TM_EXTOR_CLIENT.  A frame is command(2) length(2) body.
 * The engine of one connection, plain memory: it gets tor's bytes, says what to answer, and asks for the two MACs, which its owner works
 * out.  Pure.  Source: Tor, ext-orport-spec sec. 2 and 3. */
#ifndef TM_CORE_EXTOR_H
#define TM_CORE_EXTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"

#define TM_EXTOR_COOKIE_LEN 32U
#define TM_EXTOR_NONCE_LEN  32U
#define TM_EXTOR_MAC_LEN    32U
/* What the file of TOR_PT_AUTH_COOKIE_FILE begins with, before the cookie; nothing follows. */
#define TM_EXTOR_COOKIE_HEAD "! Extended ORPort Auth Cookie !\x0a"
#define TM_EXTOR_COOKIE_FILE (sizeof TM_EXTOR_COOKIE_HEAD - 1 + TM_EXTOR_COOKIE_LEN)
#define TM_EXTOR_IN_MAX      2048U /* bytes of tor's that may have to wait for the rest of a message */
#define TM_EXTOR_OUT_MAX     256U
#define TM_EXTOR_TEXT_MAX    128U /* of a MAC's text */
#define TM_EXTOR_NAME_MAX    64U  /* of an address and of the transport's name */

enum tm_extor_want {
    TM_EXTOR_MORE,   /* bytes; send what is in out */
    TM_EXTOR_MACS,   /* tm_extor_text of both, then tm_extor_macs */
    TM_EXTOR_DONE,   /* what is left of tor's bytes belongs to the user */
    TM_EXTOR_REFUSED /* tor does not want it, or is not the tor that has our cookie */
};

struct tm_extor {
    enum {
        TM_EXTOR_KINDS,
        TM_EXTOR_PROOF,
        TM_EXTOR_PROVING,
        TM_EXTOR_RESULT,
        TM_EXTOR_ANSWER
    } phase;
    uint8_t client_nonce[TM_EXTOR_NONCE_LEN], server_nonce[TM_EXTOR_NONCE_LEN];
    uint8_t server_mac[TM_EXTOR_MAC_LEN]; /* as tor sent it */
    char user_addr[TM_EXTOR_NAME_MAX];    /* "192.0.2.1:5555"; "": not known */
    char transport[TM_EXTOR_NAME_MAX];
};

/* Begins; client_nonce: random bytes.  The texts are copied, cut off at TM_EXTOR_NAME_MAX - 1. */
void tm_extor_init(struct tm_extor *e, const uint8_t client_nonce[TM_EXTOR_NONCE_LEN],
                   const char *user_addr, const char *transport);
/* in[0..*len): tor's bytes; used ones are taken off its front.  Appends what is to be said to out (room TM_EXTOR_OUT_MAX).  Not to be called
 * again after DONE or REFUSED, nor after MACS before tm_extor_macs. */
enum tm_extor_want tm_extor_feed(struct tm_extor *e, uint8_t *in, size_t *len, struct tm_wr *out);

enum tm_extor_side { TM_EXTOR_SERVER, TM_EXTOR_CLIENT };
/* What the MAC of a side is of; returns its length. */
size_t tm_extor_text(const struct tm_extor *e, enum tm_extor_side side,
                     uint8_t text[TM_EXTOR_TEXT_MAX]);
/* Both MACs under the cookie.  MORE (feed again: bytes may be waiting), or REFUSED when tor's is another. */
enum tm_extor_want tm_extor_macs(struct tm_extor *e, const uint8_t server[TM_EXTOR_MAC_LEN],
                                 const uint8_t client[TM_EXTOR_MAC_LEN], struct tm_wr *out);

#endif
