/* Blocks: type, length, body, length again.  Only those that say something of frames are read as a
 * whole; all others are stepped over, whatever their length, up to the length at their end. */
#include "learner/capture/format_impl.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
};

enum {
    OPTION_END = 0,
    OPTION_TSRESOL = 9,
    OPTION_TSOFFSET = 14,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define BLOCK_MIN        12U /* type and both lengths */
#define SECTION_MIN      28U
#define INTERFACE_MIN    20U
#define SIMPLE_MIN       16U
#define PACKET_MIN       32U /* obsolete and enhanced */
#define DEFAULT_TICKS    1000000U

/* Sets the section's byte order.  `at` shows the first 12 bytes. */
static int read_byte_order(struct tm_format *f, struct tm_view at, struct tm_msg *msg)
{
    f->is_big = false;
    if (tm_format_u32(f, at.p + 8) == BYTE_ORDER_MAGIC)
        return TM_OK;
    f->is_big = true;
    if (tm_format_u32(f, at.p + 8) == BYTE_ORDER_MAGIC)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_FORMAT, "a pcapng section without a byte order");
}

static int open_section(struct tm_format *f, struct tm_view block, struct tm_msg *msg)
{
    uint16_t major = tm_format_u16(f, block.p + 12);
    uint16_t minor = tm_format_u16(f, block.p + 14);
    if (major != 1)
        return tm_msg_set(msg, TM_ERR_FORMAT, "pcapng of the unknown version %u.%u", major, minor);
    f->n_ifaces = 0;
    f->head_len = BLOCK_MIN;
    return TM_FORMAT_SKIP;
}

/* if_tsresol: a negative power of 10, or with the top bit of 2. */
static int set_resolution(struct tm_format_if *iface, uint8_t v, struct tm_msg *msg)
{
    unsigned power = v & 0x7f;
    uint64_t ticks = 1;
    if ((v & 0x80) != 0 ? power > 63 : power > 19)
        return tm_msg_set(msg, TM_ERR_FORMAT, "an interface with the time resolution %s^-%u",
                          (v & 0x80) != 0 ? "2" : "10", power);
    for (unsigned i = 0; i < power; i++)
        ticks *= (v & 0x80) != 0 ? 2 : 10;
    iface->clock.ticks_per_s = ticks;
    return TM_OK;
}

static int set_offset(struct tm_format_if *iface, int64_t offset_s, struct tm_msg *msg)
{
    if (offset_s > TM_FORMAT_SEC_MAX || offset_s < -TM_FORMAT_SEC_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "an interface with a time offset of %lld seconds",
                          (long long)offset_s);
    iface->clock.offset_s = offset_s;
    return TM_OK;
}

/* `at`: the options, up to the block's last length. */
static int read_options(const struct tm_format *f, struct tm_format_if *iface, struct tm_view at,
                        struct tm_msg *msg)
{
    while (at.len >= 4) {
        uint16_t code = tm_format_u16(f, at.p);
        uint16_t len = tm_format_u16(f, at.p + 2);
        size_t padded = ((size_t)len + 3) & ~(size_t)3;
        if (code == OPTION_END)
            break;
        if (padded > at.len - 4)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "an interface's option that is longer than its block");
        int rc = TM_OK;
        if (code == OPTION_TSRESOL && len == 1)
            rc = set_resolution(iface, at.p[4], msg);
        else if (code == OPTION_TSOFFSET && len == 8)
            rc = set_offset(iface, (int64_t)tm_format_u64(f, at.p + 4), msg);
        if (rc != TM_OK)
            return rc;
        at.p += 4 + padded;
        at.len -= 4 + padded;
    }
    return TM_OK;
}

static int add_interface(struct tm_format *f, struct tm_view block, struct tm_msg *msg)
{
    struct tm_format_if iface = {
        .clock = {.ticks_per_s = DEFAULT_TICKS},
        .link_type = tm_format_u16(f, block.p + 8),
        .snap_len = tm_format_u32(f, block.p + 12),
    };
    struct tm_view options = {block.p + 16, block.len - INTERFACE_MIN};
    int rc = read_options(f, &iface, options, msg);
    if (rc == TM_OK)
        rc = tm_format_add_if(f, &iface, msg);
    return rc == TM_OK ? TM_FORMAT_SKIP : rc;
}

/* The interface of a packet; NULL with a message. */
static const struct tm_format_if *interface_of(const struct tm_format *f, uint32_t i,
                                               struct tm_msg *msg)
{
    if (i < f->n_ifaces)
        return &f->iface[i];
    (void)tm_msg_set(msg, TM_ERR_FORMAT, "the next one is of interface %u, of %zu described", i,
                     f->n_ifaces);
    return NULL;
}

static int check_frame_len(uint32_t cap_len, size_t room, struct tm_msg *msg)
{
    if (cap_len > TM_FORMAT_FRAME_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the next one has %u bytes, more than %u", cap_len,
                          TM_FORMAT_FRAME_MAX);
    if (cap_len > room)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the next one has %u bytes in a block with %zu",
                          cap_len, room);
    return TM_OK;
}

/* The enhanced packet block and the obsolete one, which differ in the first field. */
static int read_packet(const struct tm_format *f, struct tm_view block, bool is_obsolete,
                       struct tm_frame *frame, struct tm_msg *msg)
{
    uint32_t i = is_obsolete ? tm_format_u16(f, block.p + 8) : tm_format_u32(f, block.p + 8);
    const struct tm_format_if *iface = interface_of(f, i, msg);
    if (!iface)
        return TM_ERR_FORMAT;
    uint64_t high = tm_format_u32(f, block.p + 12);
    uint64_t low = tm_format_u32(f, block.p + 16);
    uint32_t cap_len = tm_format_u32(f, block.p + 20);
    uint32_t wire_len = tm_format_u32(f, block.p + 24);
    int rc = check_frame_len(cap_len, block.len - PACKET_MIN, msg);
    if (rc != TM_OK)
        return rc;
    *frame = (struct tm_frame){
        .t_us = tm_format_time_us(&iface->clock, high << 32 | low),
        .bytes = block.p + 28,
        .cap_len = cap_len,
        .wire_len = wire_len > cap_len ? wire_len : cap_len,
        .link_type = iface->link_type,
        .has_time = true,
    };
    return TM_FORMAT_FRAME;
}

/* Of the first interface, cut to its snapshot length, without a time. */
static int read_simple(const struct tm_format *f, struct tm_view block, struct tm_frame *frame,
                       struct tm_msg *msg)
{
    const struct tm_format_if *iface = interface_of(f, 0, msg);
    if (!iface)
        return TM_ERR_FORMAT;
    uint32_t wire_len = tm_format_u32(f, block.p + 8);
    uint32_t cap_len = wire_len;
    if (iface->snap_len > 0 && cap_len > iface->snap_len)
        cap_len = iface->snap_len;
    int rc = check_frame_len(cap_len, block.len - SIMPLE_MIN, msg);
    if (rc != TM_OK)
        return rc;
    *frame = (struct tm_frame){
        .bytes = block.p + 12,
        .cap_len = cap_len,
        .wire_len = wire_len,
        .link_type = iface->link_type,
    };
    return TM_FORMAT_FRAME;
}

/* How short a block may be that is read as a whole; 0: it is stepped over. */
static size_t least_len(uint32_t type)
{
    switch (type) {
    case BLOCK_SECTION:
        return SECTION_MIN;
    case BLOCK_INTERFACE:
        return INTERFACE_MIN;
    case BLOCK_SIMPLE:
        return SIMPLE_MIN;
    case BLOCK_PACKET:
    case BLOCK_ENHANCED:
        return PACKET_MIN;
    default:
        return 0;
    }
}

static int read_block(struct tm_format *f, struct tm_view block, uint32_t type,
                      struct tm_frame *frame, struct tm_msg *msg)
{
    switch (type) {
    case BLOCK_SECTION:
        return open_section(f, block, msg);
    case BLOCK_INTERFACE:
        return add_interface(f, block, msg);
    case BLOCK_SIMPLE:
        return read_simple(f, block, frame, msg);
    default:
        return read_packet(f, block, type == BLOCK_PACKET, frame, msg);
    }
}

/* Both lengths of a block agree. */
static int check_end(const struct tm_format *f, const uint8_t *end, uint32_t len,
                     struct tm_msg *msg)
{
    uint32_t again = tm_format_u32(f, end);
    if (again == len)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_FORMAT, "a block of %u bytes ends as one of %u", len, again);
}

/* The last 4 bytes of a block that was stepped over. */
static int close_block(struct tm_format *f, struct tm_view at, size_t *n, struct tm_msg *msg)
{
    *n = 4;
    if (at.len < 4)
        return TM_FORMAT_MORE;
    int rc = check_end(f, at.p, f->open_len, msg);
    f->open_len = 0;
    return rc == TM_OK ? TM_FORMAT_SKIP : rc;
}

int tm_format_pcapng_step(struct tm_format *f, struct tm_view at, size_t *n, struct tm_frame *frame,
                          struct tm_msg *msg)
{
    if (f->open_len > 0)
        return close_block(f, at, n, msg);
    *n = BLOCK_MIN;
    if (at.len < BLOCK_MIN)
        return TM_FORMAT_MORE;
    uint32_t type = tm_format_u32(f, at.p);
    if (type == BLOCK_SECTION) {
        int rc = read_byte_order(f, at, msg);
        if (rc != TM_OK)
            return rc;
    }
    uint32_t len = tm_format_u32(f, at.p + 4);
    size_t least = least_len(type);
    if (len < BLOCK_MIN || len < least || len % 4 != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "a block of type %u with %u bytes", type, len);
    if (least == 0) {
        f->open_len = len;
        *n = len - 4;
        return TM_FORMAT_SKIP;
    }
    if (len > TM_FORMAT_BLOCK_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "a block of type %u with %u bytes, more than %u",
                          type, len, TM_FORMAT_BLOCK_MAX);
    *n = len;
    if (at.len < len)
        return TM_FORMAT_MORE;
    int rc = check_end(f, at.p + len - 4, len, msg);
    return rc == TM_OK ? read_block(f, (struct tm_view){at.p, len}, type, frame, msg) : rc;
}
