/* tm/net/repad.h - makes one sealed TLS 1.3 handshake record longer by padding, after the fact.
 *
 * A client's library seals its Finished in the moment it has verified the server's; how long that record must
 * be is known only when the schedule asks for it, perhaps from data that came right behind the server's
 * Finished.  So the record is opened and sealed again with zeros behind its content (RFC 8446 sec. 5.4), under the
 * same key and nonce; that is safe only because exactly one of the two ever leaves: the caller sees to it. */
#ifndef TM_NET_REPAD_H
#define TM_NET_REPAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/net/hkdf.h"

/* `rec`: the first record (sequence number 0) of TLS_AES_128_GCM_SHA256 under the traffic secret; `out_len`:
 * length of the record wanted at `out`, rec.len..16405.  False: not such a record, or the library failed. */
TM_MUST_CHECK bool tm_repad(uint8_t *out, size_t out_len, struct tm_view rec,
                            const uint8_t traffic_secret[TM_HKDF_LEN]);

#endif
