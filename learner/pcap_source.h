/* learner/pcap_source.h - the TCP packets of a capture file, one after the other.
 *
 * pcap and pcapng (both byte orders, us and ns) through libpcap, compressed with gzip or not: told
 * by content, never by name.  Times come as microseconds.  The only user of libpcap in learner/ and
 * audit/. */
#ifndef TM_LEARNER_PCAP_SOURCE_H
#define TM_LEARNER_PCAP_SOURCE_H

#include <stdint.h>

#include "learner/packet.h"
#include "tm/base/err.h"

struct tm_pcap_source; /* opaque */

/* How many frames were read so far, by what they were. */
struct tm_pcap_counts {
    uint64_t n_frames;
    uint64_t n_kind[TM_PACKET_KINDS];
};

/* Opens a file, or standard input for "-".  Errors, each with one line in msg that names the file
 * and says what to do: TM_ERR_IO missing or unreadable; TM_ERR_FORMAT empty, not a capture, or cut
 * inside its header; TM_ERR_UNSUPPORTED a link type that tm_packet_decode does not know (named);
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_pcap_open(struct tm_pcap_source **out, const char *path, struct tm_msg *msg);
void tm_pcap_close(struct tm_pcap_source *s);

/* The next TCP packet; other frames are skipped and counted.  Returns 1 and fills *p (p->payload
 * lives until the next call), 0 at the end of the file, or TM_ERR_FORMAT when the file is cut or
 * damaged from here on: msg names the file and the frame, and what was returned before stands. */
TM_MUST_CHECK int tm_pcap_next(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg);

/* Borrowed; valid until close. */
const struct tm_pcap_counts *tm_pcap_counts(const struct tm_pcap_source *s);

/* Bytes of the file, and how many of them were read so far (for progress); 0 when unknown (a pipe,
 * gzip). */
uint64_t tm_pcap_size_bytes(const struct tm_pcap_source *s);
uint64_t tm_pcap_read_bytes(const struct tm_pcap_source *s);

#endif
