/* tm/core/lookup.h - the answer to a question for an address or a name, which travels on a stream of its own.
 *
 * A stream to a name with port 0 asks for its address, one to an address with port 0 for its name.  The server says with its reply
 * whether there is one, and then, on the stream,  KIND LEN BYTES  as in a destination, and the end.  Pure. */
#ifndef TM_CORE_LOOKUP_H
#define TM_CORE_LOOKUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/err.h"
#include "tm/core/dest.h"

#define TM_LOOKUP_MAX (2U + TM_DEST_HOST_MAX)

/* Returns the length of the answer. */
size_t tm_lookup_encode(uint8_t out[TM_LOOKUP_MAX], const struct tm_dest *found);
/* > 0: bytes consumed, *found is set, its port 0; 0: more are needed; TM_ERR_PROTO: no address and no name. */
TM_MUST_CHECK ssize_t tm_lookup_decode(struct tm_dest *found, const uint8_t *p, size_t len);

#endif
