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
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_UPSTREAM = 0x8848, /* RFC 5332 */
    ETHERTYPE_PPPOE_SESSION = 0x8864,
};

enum {
    PPP_V4 = 0x0021,
    PPP_V6 = 0x0057,
    PPP_MPLS = 0x0281,
    PPP_MPLS_UPSTREAM = 0x0283,
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

/* Segments that were captured before the card cut them have no length field; "BIG TCP" makes the
 * largest, 512 KiB.  A longer wire length is damage. */
#define OFFLOAD_MAX_LEN ((size_t)1 << 20)
#define DATAGRAM_MAX    65535U

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

/* A fragment: `c` stands after IPv4's header or IPv6's fragment header, `len` bytes follow on the
 * wire, `field` is the offset in units of 8 bytes. */
static enum tm_packet_kind decode_part(struct tm_packet *p, size_t len, size_t field, bool is_last,
                                       uint32_t id)
{
    size_t at = field * 8;
    if (len == 0 || at + len > DATAGRAM_MAX || (!is_last && len % 8 != 0))
        return TM_PACKET_BAD;
    p->frag = (struct tm_packet_frag){
        .id = id, .at = (uint16_t)at, .len = (uint16_t)len, .is_last = is_last};
    return TM_PACKET_FRAGMENT;
}

/* TCP in the first fragment: its header must be there whole, as RFC 7112 and RFC 3128 ask. */
static enum tm_packet_kind decode_first_part(struct tm_packet *p, struct cursor c, size_t payload)
{
    enum tm_packet_kind kind = decode_tcp(p, c, payload);
    if (kind != TM_PACKET_TCP)
        return kind;
    p->frag.head_len = (uint16_t)(p->frag.len - p->payload_len);
    return TM_PACKET_FRAGMENT;
}

/* RFC 791 sec. 3.1. */
static enum tm_packet_kind decode_v4(struct tm_packet *p, struct cursor c)
{
    if (c.len < 20)
        return TM_PACKET_CUT;
    size_t header = (size_t)(c.p[0] & 0x0f) * 4;
    size_t total = be16(c.p + 2);
    if (total == 0)
        total = c.wire;
    if (header < 20 || total < header || total > OFFLOAD_MAX_LEN)
        return TM_PACKET_BAD;
    if (c.p[9] != PROTO_TCP)
        return TM_PACKET_NOT_TCP;
    p->ip_version = 4;
    set_ip(p, c);
    map_v4(p->src, c.p + 12);
    map_v4(p->dst, c.p + 16);
    uint16_t id = be16(c.p + 4);
    uint16_t field = be16(c.p + 6);
    if (!skip(&c, header))
        return TM_PACKET_CUT;
    if ((field & 0x3fff) == 0)
        return decode_tcp(p, c, total - header);
    enum tm_packet_kind kind =
        decode_part(p, total - header, field & 0x1fff, (field & 0x2000) == 0, id);
    if (kind != TM_PACKET_FRAGMENT || p->frag.at > 0)
        return kind;
    return decode_first_part(p, c, total - header);
}

static bool is_extension(uint8_t next)
{
    return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_FRAGMENT ||
           next == PROTO_AH || next == PROTO_DEST_OPTIONS || next == PROTO_MOBILITY ||
           next == PROTO_HIP || next == PROTO_SHIM6;
}

/* The walk over IPv6's extension headers. */
struct chain {
    uint8_t next;
    size_t payload; /* bytes that follow on the wire */
    bool is_part;   /* behind the header of a first fragment */
};

/* `c` stands at a fragment header.  One of a whole datagram (RFC 6946) is stepped over like any
 * other: TM_PACKET_TCP, "go on". */
static enum tm_packet_kind decode_v6_part(struct tm_packet *p, struct cursor c, struct chain *chain)
{
    uint16_t field = be16(c.p + 2);
    if ((field & 0xfff9) == 0)
        return TM_PACKET_TCP;
    if (chain->is_part || chain->payload < 8)
        return TM_PACKET_BAD;
    enum tm_packet_kind kind =
        decode_part(p, chain->payload - 8, field >> 3, (field & 1) == 0, be32(c.p + 4));
    if (kind != TM_PACKET_FRAGMENT)
        return kind;
    if (p->frag.at > 0)
        return c.p[0] == PROTO_TCP || is_extension(c.p[0]) ? kind : TM_PACKET_NOT_TCP;
    chain->is_part = true;
    return TM_PACKET_TCP;
}

/* One extension header; TM_PACKET_TCP means "go on".  The lengths are those of RFC 6564, the
 * authentication header's that of RFC 4302. */
static enum tm_packet_kind step_extension(struct tm_packet *p, struct cursor *c,
                                          struct chain *chain)
{
    if (c->len < 8)
        return TM_PACKET_CUT;
    size_t len = ((size_t)c->p[1] + 1) * 8;
    if (chain->next == PROTO_AH)
        len = ((size_t)c->p[1] + 2) * 4;
    if (chain->next == PROTO_FRAGMENT) {
        len = 8;
        enum tm_packet_kind kind = decode_v6_part(p, *c, chain);
        if (kind != TM_PACKET_TCP)
            return kind;
    }
    if (len > chain->payload)
        return TM_PACKET_BAD;
    chain->next = c->p[0];
    chain->payload -= len;
    return skip(c, len) ? TM_PACKET_TCP : TM_PACKET_CUT;
}

/* RFC 8200 sec. 3 and 4.  Ends because every extension takes at least 8 captured bytes. */
static enum tm_packet_kind decode_v6(struct tm_packet *p, struct cursor c)
{
    if (c.len < 40)
        return TM_PACKET_CUT;
    struct chain chain = {.next = c.p[6], .payload = be16(c.p + 4)};
    if (chain.payload == 0)
        chain.payload = c.wire - 40; /* a jumbo or offloaded segment */
    if (chain.payload > OFFLOAD_MAX_LEN)
        return TM_PACKET_BAD;
    p->ip_version = 6;
    set_ip(p, c);
    memcpy(p->src, c.p + 8, TM_ADDR_LEN);
    memcpy(p->dst, c.p + 24, TM_ADDR_LEN);
    (void)skip(&c, 40);
    while (is_extension(chain.next)) {
        enum tm_packet_kind kind = step_extension(p, &c, &chain);
        if (kind != TM_PACKET_TCP)
            return kind;
    }
    if (chain.next != PROTO_TCP)
        return TM_PACKET_NOT_TCP;
    return chain.is_part ? decode_first_part(p, c, chain.payload) : decode_tcp(p, c, chain.payload);
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

/* Labels up to the bottom of the stack; what follows is told by its first four bits (RFC 4928
 * sec. 3), since a label does not name it. */
static enum tm_packet_kind decode_mpls(struct tm_packet *p, struct cursor c)
{
    bool is_bottom = false;
    while (!is_bottom) {
        if (c.len < 4)
            return TM_PACKET_CUT;
        is_bottom = (c.p[2] & 1) != 0;
        (void)skip(&c, 4);
    }
    return decode_ip(p, c);
}

/* RFC 2516 sec. 4; the protocol field of PPP may be compressed to one byte (RFC 1661 sec. 6.5). */
static enum tm_packet_kind decode_pppoe(struct tm_packet *p, struct cursor c)
{
    if (c.len < 8)
        return TM_PACKET_CUT;
    if (c.p[0] != 0x11 || c.p[1] != 0)
        return TM_PACKET_NOT_IP;
    (void)skip(&c, 6);
    bool is_short = (c.p[0] & 1) != 0;
    uint16_t protocol = is_short ? c.p[0] : be16(c.p);
    (void)skip(&c, is_short ? 1 : 2);
    if (protocol == PPP_V4 || protocol == PPP_V6)
        return decode_ip(p, c);
    if (protocol == PPP_MPLS || protocol == PPP_MPLS_UPSTREAM)
        return decode_mpls(p, c);
    return TM_PACKET_NOT_IP;
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
    if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_UPSTREAM)
        return decode_mpls(p, c);
    if (type == ETHERTYPE_PPPOE_SESSION)
        return decode_pppoe(p, c);
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
        return "IP fragment";
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
