/* Decoding walks a view (pointer, captured length) through the headers; `wire` counts the same way
 * what the frame had on the wire, for the packets whose IP length says nothing (segmentation
 * offload). */
#include "learner/packet.h"

#include <arpa/inet.h>
#include <string.h>

#include "tm/base/err.h"

enum {
    ETHERTYPE_V4 = 0x0800,
    ETHERTYPE_V6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,     /* 802.1Q */
    ETHERTYPE_QINQ = 0x88a8,     /* 802.1ad */
    ETHERTYPE_QINQ_OLD = 0x9100, /* before 802.1ad */
};

enum {
    PROTO_HOP_BY_HOP = 0,
    PROTO_TCP = 6,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_AH = 51,
    PROTO_DEST_OPTIONS = 60,
    PROTO_MOBILITY = 135,
    PROTO_HIP = 139,
    PROTO_SHIM6 = 140,
};

/* Of the TCP header we need ports, sequence numbers, data offset and flags: a 68-byte snapshot of
 * IPv6 over Ethernet, once the usual length, holds exactly these 14 bytes. */
#define TCP_NEEDED_LEN 14U

struct cursor {
    const uint8_t *p;
    size_t len;  /* captured bytes left */
    size_t wire; /* bytes left on the wire, >= len */
};

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool skip(struct cursor *c, size_t n)
{
    if (n > c->len)
        return false;
    c->p += n;
    c->len -= n;
    c->wire -= n;
    return true;
}

/* The maximum segment size among the options (RFC 9293 sec. 3.2), or 0. */
static uint16_t mss_of(const uint8_t *option, size_t len)
{
    for (size_t i = 0; i < len && option[i] != 0;) {
        size_t left = len - i;
        if (option[i] == 1) {
            i++;
            continue;
        }
        if (left < 2 || option[i + 1] < 2)
            break;
        if (option[i] == 2)
            return option[i + 1] == 4 && left >= 4 ? be16(option + i + 2) : 0;
        i += option[i + 1];
    }
    return 0;
}

/* RFC 9293 sec. 3.1.  `ip_payload` is what the IP header says that follows it, on the wire. */
static enum tm_packet_kind decode_tcp(struct tm_packet *p, struct cursor c, size_t ip_payload)
{
    if (c.len < TCP_NEEDED_LEN)
        return TM_PACKET_CUT;
    size_t header = (size_t)(c.p[12] >> 4) * 4;
    if (header < 20 || header > ip_payload)
        return TM_PACKET_BAD;
    p->src_port = be16(c.p);
    p->dst_port = be16(c.p + 2);
    p->seq = be32(c.p + 4);
    p->ack = be32(c.p + 8);
    p->flags = c.p[13];
    p->mss = 0;
    if ((p->flags & TM_TCP_SYN) && c.len > 20)
        p->mss = mss_of(c.p + 20, (c.len < header ? c.len : header) - 20);
    p->payload_len = (uint32_t)(ip_payload - header);
    p->payload = c.p;
    p->payload_cap_len = 0;
    if (skip(&c, header)) {
        p->payload = c.p;
        p->payload_cap_len = c.len < p->payload_len ? (uint32_t)c.len : p->payload_len;
    }
    return TM_PACKET_TCP;
}

static void map_v4(uint8_t out[TM_ADDR_LEN], const uint8_t *v4)
{
    memset(out, 0, 10);
    out[10] = 0xff;
    out[11] = 0xff;
    memcpy(out + 12, v4, 4);
}

static void set_ip(struct tm_packet *p, struct cursor c)
{
    p->ip = c.p;
    p->ip_cap_len = (uint32_t)c.len;
    p->ip_wire_len = (uint32_t)c.wire;
}

/* RFC 791 sec. 3.1. */
static enum tm_packet_kind decode_v4(struct tm_packet *p, struct cursor c)
{
    if (c.len < 20)
        return TM_PACKET_CUT;
    size_t header = (size_t)(c.p[0] & 0x0f) * 4;
    size_t total = be16(c.p + 2);
    if (total == 0)
        total =
            c.wire; /* a segment captured before the card cut it: the length field was too small */
    if (header < 20 || total < header)
        return TM_PACKET_BAD;
    if ((be16(c.p + 6) & 0x1fff) != 0)
        return TM_PACKET_FRAGMENT;
    if (c.p[9] != PROTO_TCP)
        return TM_PACKET_NOT_TCP;
    p->ip_version = 4;
    set_ip(p, c);
    map_v4(p->src, c.p + 12);
    map_v4(p->dst, c.p + 16);
    if (!skip(&c, header))
        return TM_PACKET_CUT;
    return decode_tcp(p, c, total - header);
}

static bool is_extension(uint8_t next)
{
    return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_FRAGMENT ||
           next == PROTO_AH || next == PROTO_DEST_OPTIONS || next == PROTO_MOBILITY ||
           next == PROTO_HIP || next == PROTO_SHIM6;
}

/* RFC 8200 sec. 3 and 4; the lengths of extension headers are those of RFC 6564, the authentication
 * header's that of RFC 4302.  Ends because every extension takes at least 8 captured bytes. */
static enum tm_packet_kind decode_v6(struct tm_packet *p, struct cursor c)
{
    if (c.len < 40)
        return TM_PACKET_CUT;
    uint8_t next = c.p[6];
    size_t payload = be16(c.p + 4);
    if (payload == 0)
        payload = c.wire - 40; /* a jumbo or offloaded segment */
    p->ip_version = 6;
    set_ip(p, c);
    memcpy(p->src, c.p + 8, TM_ADDR_LEN);
    memcpy(p->dst, c.p + 24, TM_ADDR_LEN);
    (void)skip(&c, 40);
    while (is_extension(next)) {
        if (c.len < 8)
            return TM_PACKET_CUT;
        size_t len = ((size_t)c.p[1] + 1) * 8;
        if (next == PROTO_AH)
            len = ((size_t)c.p[1] + 2) * 4;
        if (next == PROTO_FRAGMENT) {
            len = 8;
            if ((be16(c.p + 2) & 0xfff8) != 0)
                return TM_PACKET_FRAGMENT;
        }
        if (len > payload)
            return TM_PACKET_BAD;
        next = c.p[0];
        payload -= len;
        if (!skip(&c, len))
            return TM_PACKET_CUT;
    }
    return next == PROTO_TCP ? decode_tcp(p, c, payload) : TM_PACKET_NOT_TCP;
}

/* By the version field, for link types that do not name the protocol. */
static enum tm_packet_kind decode_ip(struct tm_packet *p, struct cursor c)
{
    if (c.len == 0)
        return TM_PACKET_CUT;
    switch (c.p[0] >> 4) {
    case 4:
        return decode_v4(p, c);
    case 6:
        return decode_v6(p, c);
    default:
        return TM_PACKET_NOT_IP;
    }
}

/* `c` stands after the ethertype; tags are stepped over, whatever their number. */
static enum tm_packet_kind decode_ethertype(struct tm_packet *p, struct cursor c, uint16_t type)
{
    while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD) {
        if (c.len < 4)
            return TM_PACKET_CUT;
        type = be16(c.p + 2);
        (void)skip(&c, 4);
    }
    if (type != ETHERTYPE_V4 && type != ETHERTYPE_V6)
        return TM_PACKET_NOT_IP;
    if (c.len == 0)
        return TM_PACKET_CUT;
    unsigned version = c.p[0] >> 4;
    if (version != (type == ETHERTYPE_V4 ? 4U : 6U))
        return TM_PACKET_BAD;
    return version == 4 ? decode_v4(p, c) : decode_v6(p, c);
}

/* The link's header has `len` bytes and its ethertype at `type_at`. */
static enum tm_packet_kind decode_typed(struct tm_packet *p, struct cursor c, size_t len,
                                        size_t type_at)
{
    if (c.len < len)
        return TM_PACKET_CUT;
    uint16_t type = be16(c.p + type_at);
    (void)skip(&c, len);
    return decode_ethertype(p, c, type);
}

/* The family is 2 for IPv4 everywhere, and 10, 24, 28 or 30 for IPv6 depending on the system; it
 * may stand in either byte order. */
static enum tm_packet_kind decode_null(struct tm_packet *p, struct cursor c)
{
    if (c.len < 4)
        return TM_PACKET_CUT;
    uint32_t family = be32(c.p);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    (void)skip(&c, 4);
    if (family != 2 && family != 10 && family != 24 && family != 28 && family != 30)
        return TM_PACKET_NOT_IP;
    return decode_ip(p, c);
}

enum tm_packet_kind tm_packet_decode(struct tm_packet *p, enum tm_link link, const uint8_t *frame,
                                     size_t cap_len, size_t wire_len)
{
    struct cursor c = {frame, cap_len, wire_len > cap_len ? wire_len : cap_len};
    p->wire_len = (uint32_t)c.wire;
    switch (link) {
    case TM_LINK_ETHERNET:
        return decode_typed(p, c, 14, 12);
    case TM_LINK_SLL:
        return decode_typed(p, c, 16, 14);
    case TM_LINK_SLL2:
        return decode_typed(p, c, 20, 0);
    case TM_LINK_RAW:
        return decode_ip(p, c);
    case TM_LINK_NULL:
        return decode_null(p, c);
    }
    TM_ASSERT(0);
}

const char *tm_packet_kind_name(enum tm_packet_kind kind)
{
    switch (kind) {
    case TM_PACKET_TCP:
        return "TCP";
    case TM_PACKET_NOT_IP:
        return "not IP";
    case TM_PACKET_NOT_TCP:
        return "IP, not TCP";
    case TM_PACKET_FRAGMENT:
        return "later fragment";
    case TM_PACKET_CUT:
        return "header cut by the snapshot length";
    case TM_PACKET_BAD:
        return "contradictory lengths";
    case TM_PACKET_KINDS:
        break;
    }
    return "unknown";
}

void tm_packet_addr_text(const uint8_t addr[TM_ADDR_LEN], char out[TM_ADDR_TEXT_LEN])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = memcmp(addr, mapped, sizeof mapped) == 0;
    if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? addr + 12 : addr, out, TM_ADDR_TEXT_LEN))
        out[0] = '\0';
}
