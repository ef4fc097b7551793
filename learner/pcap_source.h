/* learner/pcap_source.h - the TCP packets of a capture file, one after the other.
 *
 * pcap and pcapng in all their variants (learner/capture/format.h), packed with gzip or zstd or
 * not: told by content, never by name.  Fragments of IP are put together
 * (learner/capture/defrag.h).  Times come as microseconds.  Memory does not grow with the file.
 * A source is for one thread at a time.  The rim: files and pipes are opened here, and nowhere else in learner/ and
 * audit/. */
#ifndef TM_LEARNER_PCAP_SOURCE_H
#define TM_LEARNER_PCAP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/capture/defrag.h"
#include "learner/capture/format.h"
#include "learner/packet.h"
#include "tm/base/err.h"

struct tm_pcap_source; /* opaque */

/* How many frames were read so far, by what they were: n_frames is the sum of n_kind, n_link and
 * n_untimed. */
struct tm_pcap_counts {
    uint64_t n_frames;
    uint64_t n_kind[TM_PACKET_KINDS];
    uint64_t n_link;       /* of an interface whose link type is not known (pcapng) */
    uint64_t n_untimed;    /* without a time (pcapng's simple packet blocks) */
    uint64_t n_early;      /* with an earlier time than a frame before; read all the same */
    uint64_t first_early;  /* the first of these, counted from 1 */
    int64_t most_early_us; /* how much earlier at most */
    struct tm_defrag_counts defrag; /* set at the end of the file */
};

/* Opens a file, or standard input for "-", and reads up to its first frame.  Errors, each with one
 * line in msg that names the file and says what to do: TM_ERR_IO missing or unreadable;
 * TM_ERR_FORMAT empty, not a capture, or cut inside its header; TM_ERR_UNSUPPORTED no interface has
 * a link type that tm_packet_decode knows (named); TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_pcap_open(struct tm_pcap_source **out, const char *path, struct tm_msg *msg);
void tm_pcap_close(struct tm_pcap_source *s);

/* The next TCP packet; other frames are skipped and counted.  Returns 1 and fills *p (p->payload
 * lives until the next call), 0 at the end of the file, or TM_ERR_FORMAT when the file is cut or
 * damaged from here on, TM_ERR_IO when it cannot be read: msg names the file and the frame, and
 * what was returned before stands; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_pcap_next(struct tm_pcap_source *s, struct tm_packet *p, struct tm_msg *msg);

/* The next packets at once: returns how many, 1 to TM_PCAP_BATCH, at *p, which live until the next call with all that belongs to
 * them; else as tm_pcap_next. */
#define TM_PCAP_BATCH 64
TM_MUST_CHECK int tm_pcap_batch(struct tm_pcap_source *s, const struct tm_packet **p,
                                struct tm_msg *msg);

/* The frame that the last packet came from, as it stands in the file with its link type: for
 * filters on raw bytes.  Of a packet that was in fragments, the one that completed it.  Valid as
 * long as that packet's payload. */
const struct tm_frame *tm_pcap_frame(const struct tm_pcap_source *s);

/* The time of the file's first frame; TM_NEVER when there is none with a time.  Known once open. */
int64_t tm_pcap_first_us(const struct tm_pcap_source *s);
/* The latest time of the frames read so far, 0 before the first. */
int64_t tm_pcap_newest_us(const struct tm_pcap_source *s);

/* Borrowed; valid until close. */
const struct tm_pcap_counts *tm_pcap_counts(const struct tm_pcap_source *s);

/* Bytes of the file, and how many of them were read so far (for progress); packed ones count as
 * they stand in the file.  The size is 0 when unknown (a pipe). */
uint64_t tm_pcap_size_bytes(const struct tm_pcap_source *s);
uint64_t tm_pcap_read_bytes(const struct tm_pcap_source *s);

#endif
