/* audit/prove/ja4.h - the JA4 fingerprint of a TLS ClientHello, as observers keep it in their tables.
 *
 *   t13d3112h2_e8f1e7e78f70_dbd39dd1d406
 *   │││ │ │ │  └ first 12 hex digits of SHA-256 over the sorted cipher suites          └ ... over the sorted extensions, SNI and ALPN
 *   │││ │ │ └ first and last character of the first ALPN value, 00 without               left out, "_", signature algorithms in order
 *   │││ │ └ number of extensions, all of them          GREASE (RFC 8701) is left out everywhere
 *   │││ └ number of cipher suites
 *   ││└ d: with a server name, i: without
 *   │└ highest version offered
 *   └ over TCP
 *
 * Source: FoxIO, "JA4: TLS Client Fingerprinting", technical details (the published specification).  Pure. */
#ifndef TM_AUDIT_PROVE_JA4_H
#define TM_AUDIT_PROVE_JA4_H

#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_JA4_LEN 37U /* 10 + 1 + 12 + 1 + 12, and NUL */

/* hello: TLS records from the connection's first byte on; what follows the ClientHello is not looked at.  A capture may have cut it inside
 * its last extension, whose content does not count.  TM_ERR_FORMAT: no ClientHello, or cut before that; more than 99 suites or extensions
 * count as 99 (the specification), more than TM_JA4_ITEMS_MAX of a kind are TM_ERR_LIMIT. */
#define TM_JA4_ITEMS_MAX 256U
TM_MUST_CHECK int tm_ja4(char out[TM_JA4_LEN], struct tm_view hello);

/* What else has this fingerprint, as far as we looked ourselves: a short text, or NULL. */
const char *tm_ja4_likeness(const char *ja4);

/* Fingerprints to compare with, measured by us: programs of Debian 12 and browsers.  NULL behind the last. */
struct tm_ja4_known {
    const char *program, *ja4;
};
const struct tm_ja4_known *tm_ja4_known(unsigned i);

#endif
