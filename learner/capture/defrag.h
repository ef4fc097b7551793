/* learner/capture/defrag.h - IP fragments -> whole TCP packets, in bounded memory.
 *
 * A learner needs the headers of the first fragment and the length of the whole: of each datagram is
 * kept which bytes were seen, and how the first fragment starts.  A datagram counts at the moment when its
 * last missing fragment arrives.  Overlapping fragments void the whole datagram (RFC 5722, for IPv4
 * too, as Linux does since 2018); an exact repetition is ignored (RFC 8200 sec. 4.5); what is
 * incomplete after 60 s is given up (RFC 8200; RFC 1122 sec. 3.3.2).  Pure. */
#ifndef TM_LEARNER_CAPTURE_DEFRAG_H
#define TM_LEARNER_CAPTURE_DEFRAG_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/packet.h"
#include "tm/base/err.h"

#define TM_DEFRAG_DATAGRAMS_MAX 2048U /* at a time; the oldest of its set of 8 makes room */
#define TM_DEFRAG_PARTS_MAX     128U  /* of a datagram: 64 KiB in parts of 512 bytes */
#define TM_DEFRAG_HEAD_LEN      192U  /* bytes kept, from the first fragment's IP header on */
#define TM_DEFRAG_TIMEOUT_US    INT64_C(60000000)

struct tm_defrag_counts {
    uint64_t n_whole;   /* datagrams put together */
    uint64_t n_overlap; /* voided: parts overlap or contradict each other, or are too many */
    uint64_t n_lost;    /* given up: a part did not arrive in time, or the table was full */
};

struct tm_defrag; /* opaque; about 2 MB */

/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_defrag_new(struct tm_defrag **out);
void tm_defrag_free(struct tm_defrag *d);

/* Takes a packet that tm_packet_decode called TM_PACKET_FRAGMENT, with its time.  True: it was the
 * last part missing, and *p is now the whole packet, as if it had not been cut up: the payload's
 * length is that of the whole, what it points to is the start of the first part (at most
 * TM_DEFRAG_HEAD_LEN bytes, valid until the next call), wire_len is the sum of the frames, the time
 * that of this part.  False: nothing yet. */
bool tm_defrag_feed(struct tm_defrag *d, struct tm_packet *p);

/* Those still incomplete count as lost; *out is all since new. */
void tm_defrag_count(const struct tm_defrag *d, struct tm_defrag_counts *out);

#endif
