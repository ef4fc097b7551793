/* learner/capture/format.h - the bytes of a capture file -> its frames, one after the other.
 *
 * pcap: both byte orders, micro- and nanoseconds, with or without the interface that Kuznetzov's
 * patch adds, versions 2.0 to 2.4.  pcapng: any number of sections, each in its own byte order, and
 * of interfaces, each with its own link type, snapshot length, resolution and time offset.  A push
 * parser: it is shown the bytes at its position and says how many it took or wants.  No length in
 * a file makes it ask for more than TM_FORMAT_BLOCK_MAX bytes.  Pure.
 * Source: pcap-savefile(5), draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. */
#ifndef TM_LEARNER_CAPTURE_FORMAT_H
#define TM_LEARNER_CAPTURE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_FORMAT_FRAME_MAX (256U * 1024)       /* bytes captured of a frame; libpcap's limit too */
#define TM_FORMAT_BLOCK_MAX (16U * 1024 * 1024) /* bytes of a pcapng block that must be whole */
#define TM_FORMAT_LINKS_MAX 65536U              /* interfaces of a section */
#define TM_FORMAT_SEC_MAX   (INT64_C(1) << 40)  /* later times count as this one */

/* One frame as it stands in the file. */
struct tm_frame {
    int64_t t_us;         /* since 1970, cut off to microseconds; 0 without has_time */
    const uint8_t *bytes; /* borrowed from what the parser was shown */
    uint32_t cap_len;
    uint32_t wire_len;  /* >= cap_len */
    uint32_t link_type; /* LINKTYPE_ value, pcap-linktype(7) */
    bool has_time;      /* pcapng's simple packet block has none */
};

enum tm_format_step {
    TM_FORMAT_MORE,  /* shows too little: at least *n bytes are needed from here */
    TM_FORMAT_FRAME, /* a frame; take *n bytes */
    TM_FORMAT_SKIP,  /* no frame; take *n bytes, which may be more than were shown */
};

struct tm_format; /* opaque */

/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_format_new(struct tm_format **out);
void tm_format_free(struct tm_format *f);

/* Looks at the bytes at the parser's position.  Returns an enum tm_format_step with *n, and *frame
 * for TM_FORMAT_FRAME; or TM_ERR_FORMAT with what is wrong in msg (no file name in it), after which
 * the rest cannot be read; or TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_format_step(struct tm_format *f, struct tm_view at, size_t *n,
                                 struct tm_frame *frame, struct tm_msg *msg);

/* Whether the file's header was read, and whether the file may end at the parser's position. */
bool tm_format_is_open(const struct tm_format *f);
bool tm_format_may_end(const struct tm_format *f);

/* The link type of the i-th interface known so far (pcap has one); false: there are fewer. */
bool tm_format_link(const struct tm_format *f, size_t i, uint32_t *link_type);

#endif
