/* The classic format: a header of 24 bytes, then for each frame seconds, fraction, captured length
 * and length on the wire, 4 bytes each, and the frame. */
#include "learner/capture/format_impl.h"

#define MAGIC_US        0xa1b2c3d4U
#define MAGIC_NS        0xa1b23c4dU
#define MAGIC_KUZNETZOV 0xa1b2cd34U /* 8 bytes more a frame: interface, protocol, direction */

#define FILE_HEADER_LEN      24U
#define FRAME_HEADER_LEN     16U
#define KUZNETZOV_HEADER_LEN 24U
#define LINK_TYPE_MASK       0x03ffffffU /* above it: whether frames end with a checksum */

bool tm_format_is_pcap_magic(uint32_t magic)
{
    uint32_t swapped = __builtin_bswap32(magic);
    return magic == MAGIC_US || magic == MAGIC_NS || magic == MAGIC_KUZNETZOV ||
           swapped == MAGIC_US || swapped == MAGIC_NS || swapped == MAGIC_KUZNETZOV;
}

/* 2.0 to 2.4, and 543.0, which DG/UX wrote. */
static bool is_known_version(uint16_t major, uint16_t minor)
{
    return (major == 2 && minor <= 4) || (major == 543 && minor == 0);
}

int tm_format_pcap_open(struct tm_format *f, struct tm_view at, size_t *n, struct tm_msg *msg)
{
    *n = FILE_HEADER_LEN;
    if (at.len < FILE_HEADER_LEN)
        return TM_FORMAT_MORE;
    uint32_t magic = tm_format_u32(f, at.p);
    if (magic != MAGIC_US && magic != MAGIC_NS && magic != MAGIC_KUZNETZOV) {
        f->is_big = true;
        magic = tm_format_u32(f, at.p);
    }
    uint16_t major = tm_format_u16(f, at.p + 4);
    f->minor = tm_format_u16(f, at.p + 6);
    if (!is_known_version(major, f->minor))
        return tm_msg_set(msg, TM_ERR_FORMAT, "pcap of the unknown version %u.%u", major, f->minor);
    if (major == 543)
        f->minor = 2;
    f->head_len = magic == MAGIC_KUZNETZOV ? KUZNETZOV_HEADER_LEN : FRAME_HEADER_LEN;
    int rc =
        tm_format_add_if(f,
                         &(struct tm_format_if){
                             .clock = {.ticks_per_s = magic == MAGIC_NS ? 1000000000 : 1000000},
                             .link_type = tm_format_u32(f, at.p + 20) & LINK_TYPE_MASK,
                             .snap_len = tm_format_u32(f, at.p + 16),
                         },
                         msg);
    if (rc != TM_OK)
        return rc;
    f->kind = TM_FORMAT_PCAP;
    return TM_FORMAT_SKIP;
}

/* Before version 2.3 the lengths stood in the other order, and with 2.3 in either. */
static void order_lengths(const struct tm_format *f, uint32_t *cap_len, uint32_t *wire_len)
{
    if (f->minor < 3 || (f->minor == 3 && *cap_len > *wire_len)) {
        uint32_t first = *cap_len;
        *cap_len = *wire_len;
        *wire_len = first;
    }
}

int tm_format_pcap_step(struct tm_format *f, struct tm_view at, size_t *n, struct tm_frame *frame,
                        struct tm_msg *msg)
{
    const struct tm_format_if *iface = f->iface;
    *n = f->head_len;
    if (at.len < f->head_len)
        return TM_FORMAT_MORE;
    uint32_t sec = tm_format_u32(f, at.p);
    uint32_t fraction = tm_format_u32(f, at.p + 4);
    uint32_t cap_len = tm_format_u32(f, at.p + 8);
    uint32_t wire_len = tm_format_u32(f, at.p + 12);
    order_lengths(f, &cap_len, &wire_len);
    if (cap_len > TM_FORMAT_FRAME_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the next one has %u bytes, more than %u", cap_len,
                          TM_FORMAT_FRAME_MAX);
    /* one whole second is written by programs that round up */
    if (fraction > iface->clock.ticks_per_s)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the next one's fraction of a second is %u of %u",
                          fraction, (unsigned)iface->clock.ticks_per_s);
    *n = f->head_len + cap_len;
    if (at.len < *n)
        return TM_FORMAT_MORE;
    uint32_t us = iface->clock.ticks_per_s == 1000000 ? fraction : fraction / 1000;
    *frame = (struct tm_frame){
        .t_us = (int64_t)sec * 1000000 + us,
        .bytes = at.p + f->head_len,
        .cap_len = cap_len,
        .wire_len = wire_len > cap_len ? wire_len : cap_len,
        .link_type = iface->link_type,
        .has_time = true,
    };
    return TM_FORMAT_FRAME;
}
