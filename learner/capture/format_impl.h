/* learner/capture/format_impl.h - what the parsers of both formats share; for them alone. */
#ifndef TM_LEARNER_CAPTURE_FORMAT_IMPL_H
#define TM_LEARNER_CAPTURE_FORMAT_IMPL_H

#include <endian.h>
#include <string.h>

#include "learner/capture/format.h"

enum tm_format_kind { TM_FORMAT_UNKNOWN, TM_FORMAT_PCAP, TM_FORMAT_PCAPNG };

/* Ticks -> microseconds. */
struct tm_format_clock {
    uint64_t ticks_per_s; /* >= 1 */
    int64_t offset_s;     /* |offset_s| <= TM_FORMAT_SEC_MAX */
};

/* An interface; of pcap the only one. */
struct tm_format_if {
    struct tm_format_clock clock;
    uint32_t link_type;
    uint32_t snap_len; /* 0: no limit */
};

struct tm_format {
    enum tm_format_kind kind;
    bool is_big;       /* byte order of the file, of pcapng of the section */
    size_t head_len;   /* pcap: bytes before a frame, 16 or 24 */
    uint16_t minor;    /* pcap */
    uint32_t open_len; /* pcapng: length of the block whose last 4 bytes are next; 0: none */
    struct tm_format_if *iface;
    size_t n_ifaces;
    size_t cap_ifaces;
};

static inline uint16_t tm_format_u16(const struct tm_format *f, const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return f->is_big ? be16toh(v) : le16toh(v);
}

static inline uint32_t tm_format_u32(const struct tm_format *f, const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return f->is_big ? be32toh(v) : le32toh(v);
}

static inline uint64_t tm_format_u64(const struct tm_format *f, const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return f->is_big ? be64toh(v) : le64toh(v);
}

/* Within 0..TM_FORMAT_SEC_MAX seconds. */
int64_t tm_format_time_us(const struct tm_format_clock *c, uint64_t ticks);

/* One more interface.  TM_ERR_FORMAT when there are too many, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_format_add_if(struct tm_format *f, const struct tm_format_if *iface,
                                   struct tm_msg *msg);

/* As tm_format_step. */
TM_MUST_CHECK int tm_format_pcap_open(struct tm_format *f, struct tm_view at, size_t *n,
                                      struct tm_msg *msg);
TM_MUST_CHECK int tm_format_pcap_step(struct tm_format *f, struct tm_view at, size_t *n,
                                      struct tm_frame *frame, struct tm_msg *msg);
TM_MUST_CHECK int tm_format_pcapng_step(struct tm_format *f, struct tm_view at, size_t *n,
                                        struct tm_frame *frame, struct tm_msg *msg);

/* The first four bytes as they stand, read as little-endian. */
#define TM_FORMAT_NG_MAGIC 0x0a0d0d0aU
bool tm_format_is_pcap_magic(uint32_t magic);

#endif
