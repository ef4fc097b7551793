/* models/store/conn_blob.h - internal: the writes of a joint model's connection as the bytes of one database row.
 *
 *   per write:  ref_back * 2 + (1 when it is welded) (varint) | size * 2 + dir (varint) | gap_us (varint)
 *
 * and, of a connection that is not closed plainly, behind them what no write is, for its size is 0:
 *
 *   closing:    back * 2 (varint) | how (varint) | server_back (varint) | server_gap_us (varint)
 *
 * Varints are those of tm/base/buf.h.  No count: the writes end where the bytes do.  Typically 5 to 7 bytes. */
#ifndef TM_MODELS_STORE_CONN_BLOB_H
#define TM_MODELS_STORE_CONN_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"

#define TM_CONN_BLOB_MAX                                                                           \
    ((size_t)TM_PLAN_WRITES_MAX * 14 + 13) /* bytes of the longest connection */

/* The bytes of connection i of a checked deck, into out, which has room for TM_CONN_BLOB_MAX.  Their number. */
size_t tm_conn_blob_encode(uint8_t *out, const struct tm_deck *d, size_t i);
/* Appends the writes to the deck's last connection.  TM_ERR_FORMAT: cut off, none at all, something behind a closing, a first write that is welded, or a
 * size beyond TM_WRITE_SIZE_MAX, a gap beyond TM_WRITE_GAP_MAX or a reference beyond TM_REF_BACK_MAX (whether they make a plan is for tm_deck_check);
 * TM_ERR_LIMIT: too many writes; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_conn_blob_decode(struct tm_deck *d, const uint8_t *p, size_t len);

#endif
