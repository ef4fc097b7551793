/* learner/packet.h - the bytes of one captured frame -> its TCP/IP header fields.
 *
 * Link headers with VLAN tags, PPPoE sessions and MPLS labels in any order, IPv4, IPv6 with
 * extension headers, TCP.  Headers suffice: the payload's length comes from the IP header, so
 * captures cut by a snapshot length decode too.  Checksums are not looked at (capturing machines
 * offload them).  Stateless, pure, reads nothing past `cap_len`; used by the learner and by audit.
 * Fragments are put together by learner/capture/defrag.h.  Source: RFC 791, RFC 8200 sec. 4,
 * RFC 9293 sec. 3.1, IEEE 802.1Q, RFC 2516 (PPPoE), RFC 3032 (MPLS), RFC 6946 (atomic fragments);
 * the link-layer header types of libpcap. */
#ifndef TM_LEARNER_PACKET_H
#define TM_LEARNER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TM_ADDR_LEN 16U

/* What the frame starts with. */
enum tm_link {
    TM_LINK_ETHERNET, /* with any number of 802.1Q and 802.1ad tags, PPPoE, MPLS */
    TM_LINK_RAW,      /* IPv4 or IPv6 at once */
    TM_LINK_NULL,     /* 4-byte address family, in either byte order (LOOP: big-endian) */
    TM_LINK_SLL,      /* Linux "cooked" header, 16 bytes */
    TM_LINK_SLL2,     /* its second version, 20 bytes */
};

/* The outcome of decoding; what is neither TM_PACKET_TCP nor TM_PACKET_FRAGMENT leaves the packet's
 * fields unspecified. */
enum tm_packet_kind {
    TM_PACKET_TCP,
    TM_PACKET_NOT_IP,   /* ARP, LLC, an unknown ethertype */
    TM_PACKET_NOT_TCP,  /* IP with another protocol */
    TM_PACKET_FRAGMENT, /* a part of an IP datagram: addresses and `frag` are set, and of the first
                         * one all that TCP's header says */
    TM_PACKET_CUT,      /* a header continues beyond what was captured */
    TM_PACKET_BAD,      /* a length field contradicts the headers */
    TM_PACKET_KINDS     /* count */
};

enum tm_tcp_flag {
    TM_TCP_FIN = 0x01,
    TM_TCP_SYN = 0x02,
    TM_TCP_RST = 0x04,
    TM_TCP_PSH = 0x08,
    TM_TCP_ACK = 0x10,
};

/* Which part of its datagram a fragment is (RFC 791, RFC 8200 sec. 4.5); bytes, counted in what
 * fragmentation cut up: after IPv4's header, after IPv6's fragment header. */
struct tm_packet_frag {
    uint32_t id;
    uint16_t at;
    uint16_t len;
    uint16_t head_len; /* of the first fragment: what stands before TCP's payload; else 0 */
    bool is_last;
};

struct tm_packet {
    int64_t t_us; /* since 1970; set by the source (learner/pcap_source.h), not by the decoder */
    uint8_t src[TM_ADDR_LEN]; /* IPv4 addresses in their IPv6 form ::ffff:a.b.c.d */
    uint8_t dst[TM_ADDR_LEN];
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;            /* enum tm_tcp_flag */
    uint8_t ip_version;       /* 4 or 6 */
    uint32_t wire_len;        /* bytes of the frame on the wire, link header included */
    uint32_t payload_len;     /* TCP payload on the wire, bytes; of a fragment the part in it */
    const uint8_t *payload;   /* what was captured of it; borrowed from the frame */
    uint32_t payload_cap_len; /* bytes at `payload`, <= payload_len */
    uint16_t mss;             /* the option's value on a SYN; 0: none or not captured */
    const uint8_t *ip;    /* from the IP header on, whatever the link; borrowed from the frame */
    uint32_t ip_cap_len;  /* bytes there */
    uint32_t ip_wire_len; /* and on the wire */
    struct tm_packet_frag frag; /* only of TM_PACKET_FRAGMENT */
};

/* Decodes the first `cap_len` bytes of a frame that had `wire_len` bytes on the wire. */
enum tm_packet_kind tm_packet_decode(struct tm_packet *p, enum tm_link link, const uint8_t *frame,
                                     size_t cap_len, size_t wire_len);

/* A short name for messages and tables: "not IP", "header cut by the snapshot length"; static
 * storage. */
const char *tm_packet_kind_name(enum tm_packet_kind kind);

/* The address as text ("192.0.2.1", "2001:db8::1"); `out` holds at least TM_ADDR_TEXT_LEN bytes. */
#define TM_ADDR_TEXT_LEN 46U
void tm_packet_addr_text(const uint8_t addr[TM_ADDR_LEN], char out[TM_ADDR_TEXT_LEN]);

#endif
