#include "learner/packet.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define FRAME_MAX 256U

struct frame {
    uint8_t b[FRAME_MAX];
    size_t len;
};

static void put(struct frame *f, const void *p, size_t n)
{
    memcpy(f->b + f->len, p, n);
    f->len += n;
}

static void put16(struct frame *f, unsigned v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    put(f, b, 2);
}

static void put32(struct frame *f, uint32_t v)
{
    put16(f, v >> 16);
    put16(f, v & 0xffff);
}

static void put_ethernet(struct frame *f, unsigned type)
{
    put(f, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
    put16(f, type);
}

/* 10.0.0.1 -> 192.0.2.7, `payload` bytes after 20 + 20 of headers. */
static void put_v4(struct frame *f, unsigned proto, unsigned l4_len)
{
    put(f, "\x45\0", 2);
    put16(f, 20 + l4_len);
    put32(f, 0x12340000);
    put16(f, 64U << 8 | proto);
    put16(f, 0);
    put(f, "\x0a\0\0\x01\xc0\0\x02\x07", 8);
}

static void put_v6(struct frame *f, unsigned next, unsigned l4_len)
{
    put32(f, 0x60000000);
    put16(f, l4_len);
    put16(f, next << 8 | 64);
    put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

/* 4660 -> 443, with 12 bytes of options, and 5 bytes of payload. */
#define TCP_LEN 37U
static void put_tcp(struct frame *f)
{
    put16(f, 4660);
    put16(f, 443);
    put32(f, 0x01020304);
    put32(f, 0xfffefdfc);
    put(f, "\x80\x18\x01\x00\0\0\0\0", 8);
    put(f, "\x01\x01\x08\x0a\0\0\0\x01\0\0\0\x02", 12);
    put(f, "hello", 5);
}

static void check_tcp(const struct tm_packet *p)
{
    CHECK_INT(p->src_port, 4660);
    CHECK_INT(p->dst_port, 443);
    CHECK_INT(p->seq, 0x01020304);
    CHECK_INT(p->ack, 0xfffefdfc);
    CHECK_INT(p->flags, TM_TCP_PSH | TM_TCP_ACK);
    CHECK_INT(p->payload_len, 5);
    CHECK_INT(p->payload_cap_len, 5);
    CHECK_MEM(p->payload, "hello", 5);
}

/* Decoding from an allocation of exactly cap_len bytes, so that reading past it is caught. */
static enum tm_packet_kind decode(struct tm_packet *p, enum tm_link link, const uint8_t *b,
                                  size_t cap_len, size_t wire_len)
{
    uint8_t *copy = malloc(cap_len > 0 ? cap_len : 1);
    memcpy(copy, b, cap_len);
    enum tm_packet_kind kind = tm_packet_decode(p, link, copy, cap_len, wire_len);
    if (kind == TM_PACKET_TCP || (kind == TM_PACKET_FRAGMENT && p->frag.head_len > 0)) {
        CHECK(p->payload_cap_len <= p->payload_len);
        CHECK(p->payload >= copy && p->payload + p->payload_cap_len <= copy + cap_len);
        p->payload = b + (p->payload - copy);
    }
    free(copy);
    return kind;
}

static enum tm_packet_kind decode_all(struct tm_packet *p, enum tm_link link, const struct frame *f)
{
    return decode(p, link, f->b, f->len, f->len);
}

static struct frame ethernet_v4(void)
{
    struct frame f = {.len = 0};
    put_ethernet(&f, 0x0800);
    put_v4(&f, 6, TCP_LEN);
    put_tcp(&f);
    return f;
}

static struct frame ethernet_v6(void)
{
    struct frame f = {.len = 0};
    put_ethernet(&f, 0x86dd);
    put_v6(&f, 6, TCP_LEN);
    put_tcp(&f);
    return f;
}

/* Hop-by-hop, routing, destination options, authentication, the fragment header of a whole datagram,
 * then TCP. */
static struct frame v6_extensions(void)
{
    struct frame f = {.len = 0};
    put_ethernet(&f, 0x86dd);
    put_v6(&f, 0, 8 + 16 + 8 + 16 + 8 + TCP_LEN);
    put(&f, "\x2b\0\x01\x04\0\0\0\0", 8);                /* hop-by-hop, next: routing */
    put(&f, "\x3c\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* routing, 16 bytes, next: destination */
    put(&f, "\x33\0\x01\x04\0\0\0\0", 8);                /* next: authentication */
    put(&f, "\x2c\x02\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0",
        16);                            /* 4-byte units minus 2, next: fragment */
    put(&f, "\x06\0\0\0\0\0\0\x05", 8); /* offset 0, the last */
    put_tcp(&f);
    return f;
}

static void reads_ethernet_ipv4(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
    check_tcp(&p);
    CHECK_INT(p.ip_version, 4);
    CHECK_INT(p.wire_len, f.len);
    char text[TM_ADDR_TEXT_LEN];
    tm_packet_addr_text(p.src, text);
    CHECK_STR(text, "10.0.0.1");
    tm_packet_addr_text(p.dst, text);
    CHECK_STR(text, "192.0.2.7");
}

static void reads_ethernet_ipv6(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v6();
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
    check_tcp(&p);
    CHECK_INT(p.ip_version, 6);
    char text[TM_ADDR_TEXT_LEN];
    tm_packet_addr_text(p.dst, text);
    CHECK_STR(text, "2001:db8::2");
}

static void steps_over_ipv6_extension_headers(void)
{
    struct tm_packet p;
    struct frame f = v6_extensions();
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
    check_tcp(&p);
}

static void steps_over_vlan_tags(void)
{
    static const unsigned outer[] = {0x8100, 0x88a8, 0x9100};
    for (size_t i = 0; i < 3; i++) {
        struct tm_packet p;
        struct frame f = {.len = 0};
        put_ethernet(&f, outer[i]);
        put16(&f, 0x0007);
        put16(&f, 0x8100);
        put16(&f, 0x2008);
        put16(&f, 0x0800);
        put_v4(&f, 6, TCP_LEN);
        put_tcp(&f);
        CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
        check_tcp(&p);
    }
}

static void reads_the_other_link_types(void)
{
    struct tm_packet p;
    struct frame raw4 = {.len = 0};
    put_v4(&raw4, 6, TCP_LEN);
    put_tcp(&raw4);
    CHECK_INT(decode_all(&p, TM_LINK_RAW, &raw4), TM_PACKET_TCP);
    check_tcp(&p);
    struct frame raw6 = {.len = 0};
    put_v6(&raw6, 6, TCP_LEN);
    put_tcp(&raw6);
    CHECK_INT(decode_all(&p, TM_LINK_RAW, &raw6), TM_PACKET_TCP);
    check_tcp(&p);

    struct frame sll = {.len = 0};
    put(&sll, "\0\0\0\x01\0\x06\0\0\0\0\0\0\0\0\x08\0", 16);
    put(&sll, raw4.b, raw4.len);
    CHECK_INT(decode_all(&p, TM_LINK_SLL, &sll), TM_PACKET_TCP);
    check_tcp(&p);
    struct frame sll2 = {.len = 0};
    put(&sll2, "\x86\xdd\0\0\0\0\0\x02\0\x01\0\x06\0\0\0\0\0\0\0\0", 20);
    put(&sll2, raw6.b, raw6.len);
    CHECK_INT(decode_all(&p, TM_LINK_SLL2, &sll2), TM_PACKET_TCP);
    check_tcp(&p);
}

static void reads_loopback_families_of_either_byte_order(void)
{
    static const struct {
        const char *family;
        bool is_v6;
    } c[] = {{"\x02\0\0\0", false}, {"\0\0\0\x02", false}, {"\x1e\0\0\0", true},
             {"\0\0\0\x1c", true},  {"\x18\0\0\0", true},  {"\x0a\0\0\0", true}};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct tm_packet p;
        struct frame f = {.len = 0};
        put(&f, c[i].family, 4);
        if (c[i].is_v6)
            put_v6(&f, 6, TCP_LEN);
        else
            put_v4(&f, 6, TCP_LEN);
        put_tcp(&f);
        CHECK_INT(decode_all(&p, TM_LINK_NULL, &f), TM_PACKET_TCP);
        check_tcp(&p);
    }
    struct tm_packet p;
    CHECK_INT(decode(&p, TM_LINK_NULL, (const uint8_t *)"\x07\0\0\0\x45", 5, 5), TM_PACKET_NOT_IP);
}

static void ethernet_padding_is_no_payload(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    put(&f, "\0\0\0\0\0\0", 6);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
    check_tcp(&p);
}

static void payload_length_survives_the_snapshot_length(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14 + 2] = 0x05; /* total length 1280 + 57: the payload is 5 + 1280 */
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, 54, 14 + 57 + 1280), TM_PACKET_TCP);
    CHECK_INT(p.payload_len, 1285);
    CHECK_INT(p.payload_cap_len, 0);
    CHECK_INT(p.wire_len, 14 + 57 + 1280);
}

static void ipv6_in_a_68_byte_snapshot_is_enough(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v6();
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, 68, f.len), TM_PACKET_TCP);
    CHECK_INT(p.payload_len, 5);
    CHECK_INT(p.ack, 0xfffefdfc);
    CHECK_INT(p.flags, TM_TCP_PSH | TM_TCP_ACK);
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, 67, f.len), TM_PACKET_CUT);
}

static void offloaded_segment_takes_its_length_from_the_wire(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14 + 2] = f.b[14 + 3] = 0;
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, f.len, 70014), TM_PACKET_TCP);
    CHECK_INT(p.payload_len, 70000 - 20 - 32);
    f = ethernet_v6();
    f.b[14 + 4] = f.b[14 + 5] = 0;
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, f.len, 70014), TM_PACKET_TCP);
    CHECK_INT(p.payload_len, 70000 - 40 - 32);
}

static void check_part(const struct tm_packet *p, uint32_t id, unsigned at, unsigned len,
                       unsigned head_len, bool is_last)
{
    CHECK_INT(p->frag.id, id);
    CHECK_INT(p->frag.at, at);
    CHECK_INT(p->frag.len, len);
    CHECK_INT(p->frag.head_len, head_len);
    CHECK_INT(p->frag.is_last, is_last);
}

static void fragments_say_where_they_belong(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14 + 3] = 20 + 32; /* no payload, so that the length is one of 8 */
    f.b[14 + 6] = 0x20;    /* more fragments */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_FRAGMENT);
    check_part(&p, 0x1234, 0, 32, 32, false);
    CHECK_INT(p.dst_port, 443);
    CHECK_INT(p.payload_len, 0);
    f.b[14 + 6] = 0x00;
    f.b[14 + 7] = 0x05;
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_FRAGMENT);
    check_part(&p, 0x1234, 40, 32, 0, true);
    CHECK_INT(p.ip_version, 4);

    f = v6_extensions();
    uint8_t *field = f.b + 14 + 40 + 8 + 16 + 8 + 16 + 2;
    field[0] = 0x01; /* offset 256, the last */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_FRAGMENT);
    check_part(&p, 5, 256, TCP_LEN, 0, true);
    field[0] = 0;
    field[1] = 1; /* the first, of a length that is none of 8 */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f.b[14 + 5] = (uint8_t)(f.b[14 + 5] - 5);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_FRAGMENT);
    check_part(&p, 5, 0, TCP_LEN - 5, TCP_LEN - 5, false);
    CHECK_INT(p.dst_port, 443);
}

static void fragments_that_cannot_be_are_bad(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14 + 3] = 20 + 32;
    f.b[14 + 6] = 0x1f;
    f.b[14 + 7] = 0xff; /* ends beyond 65535 */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14 + 6] = 0x20; /* not the last, of 37 bytes */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f.b[14 + 3] = 20 + 24; /* TCP's header continues in the second part */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f.b[14 + 3] = 20;
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14 + 6] = 0x20;
    f.b[14 + 9] = 17;
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_TCP);
}

static void put_pppoe(struct frame *f, unsigned protocol, unsigned ip_len)
{
    put(f, "\x11\0\0\x07", 4);
    put16(f, ip_len + 2);
    put16(f, protocol);
}

static void reads_pppoe_sessions(void)
{
    struct tm_packet p;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frame f = {.len = 0};
        put_ethernet(&f, 0x8864);
        put_pppoe(&f, v6 ? 0x0057 : 0x0021, (v6 ? 40 : 20) + TCP_LEN);
        if (v6)
            put_v6(&f, 6, TCP_LEN);
        else
            put_v4(&f, 6, TCP_LEN);
        put_tcp(&f);
        CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
        check_tcp(&p);
    }
    struct frame f = {.len = 0}; /* behind a VLAN tag, the protocol in one byte */
    put_ethernet(&f, 0x8100);
    put16(&f, 0x0007);
    put16(&f, 0x8864);
    put(&f, "\x11\0\0\x07\0\x3a\x21", 7);
    put_v4(&f, 6, TCP_LEN);
    put_tcp(&f);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
    check_tcp(&p);
    f.len = 0;
    put_ethernet(&f, 0x8864);
    put_pppoe(&f, 0xc021, 8); /* LCP */
    put32(&f, 0x09000008);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_IP);
    f.b[14 + 1] = 0xa7; /* PADT, no session data */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_IP);
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, 14 + 7, f.len), TM_PACKET_CUT);
}

static void reads_through_mpls_labels(void)
{
    struct tm_packet p;
    for (unsigned n_labels = 1; n_labels < 6; n_labels++) {
        for (int v6 = 0; v6 < 2; v6++) {
            struct frame f = {.len = 0};
            put_ethernet(&f, n_labels % 2 ? 0x8847 : 0x8848);
            for (unsigned i = 1; i <= n_labels; i++)
                put32(&f, 0x00012000U | (i == n_labels ? 0x100U : 0U) | 64U);
            if (v6)
                put_v6(&f, 6, TCP_LEN);
            else
                put_v4(&f, 6, TCP_LEN);
            put_tcp(&f);
            CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_TCP);
            check_tcp(&p);
            CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, 14 + 4 * n_labels - 1, f.len),
                      TM_PACKET_CUT);
        }
    }
    struct frame f = {.len = 0}; /* a pseudowire: control word, Ethernet */
    put_ethernet(&f, 0x8847);
    put32(&f, 0x00012140);
    put32(&f, 0);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_IP);
}

static void an_offloaded_length_has_a_limit(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14 + 2] = f.b[14 + 3] = 0;
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, f.len, 0x7fffffff), TM_PACKET_BAD);
    f = ethernet_v6();
    f.b[14 + 4] = f.b[14 + 5] = 0;
    CHECK_INT(decode(&p, TM_LINK_ETHERNET, f.b, f.len, 0x7fffffff), TM_PACKET_BAD);
}

static void says_what_is_not_tcp(void)
{
    struct tm_packet p;
    struct frame f = {.len = 0};
    put_ethernet(&f, 0x0806);
    put32(&f, 1);
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_IP);
    f = ethernet_v4();
    f.b[14 + 9] = 17;
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_TCP);
    f = ethernet_v6();
    f.b[14 + 6] = 58;
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_NOT_TCP);
    CHECK_INT(decode(&p, TM_LINK_RAW, (const uint8_t *)"\x00", 1, 1), TM_PACKET_NOT_IP);
}

static void contradictory_lengths_are_bad(void)
{
    struct tm_packet p;
    struct frame f = ethernet_v4();
    f.b[14] = 0x44; /* header of 16 bytes */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14 + 3] = 19; /* total below the header */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14 + 3] = 20 + 31; /* no room for the TCP header */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14 + 20 + 12] = 0x40; /* TCP header of 16 bytes */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = ethernet_v4();
    f.b[14] = 0x65; /* ethertype IPv4, version 6 */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
    f = v6_extensions();
    f.b[14 + 40 + 1] = 0xff; /* an extension longer than the packet */
    CHECK_INT(decode_all(&p, TM_LINK_ETHERNET, &f), TM_PACKET_BAD);
}

/* What decode() checks holds for every value of every byte, whole and cut, and for every single
 * bit flipped, cut at every length; as every link type. */
static void no_mutation_reads_outside_the_frame(void)
{
    struct frame seeds[] = {ethernet_v4(), ethernet_v6(), v6_extensions()};
    static const enum tm_link links[] = {TM_LINK_ETHERNET, TM_LINK_RAW, TM_LINK_NULL, TM_LINK_SLL,
                                         TM_LINK_SLL2};
    static const size_t skips[] = {0, 14, 10, 0,
                                   0}; /* so that IP stands where the link type expects it */
    size_t n_kind[TM_PACKET_KINDS] = {0};
    struct tm_packet p;
    for (size_t i = 0; i < 3 * seeds[2].len * 255 * 5; i++) {
        size_t link = i % 5;
        size_t seed = i / 5 % 3;
        size_t at = i / 15 % seeds[2].len;
        uint8_t change = (uint8_t)(1 + i / 15 / seeds[2].len);
        size_t len = seeds[seed].len;
        if (at >= len)
            continue;
        struct frame f = seeds[seed];
        f.b[at] ^= change;
        size_t len_left = len - skips[link];
        n_kind[decode(&p, links[link], f.b + skips[link], len_left, len_left)]++;
        n_kind[decode(&p, links[link], f.b + skips[link], i % len_left, len_left)]++;
        for (size_t cut = 0; (change & (change - 1)) == 0 && cut < len_left; cut++)
            n_kind[decode(&p, links[link], f.b + skips[link], cut, len_left)]++;
    }
    for (size_t k = 0; k < TM_PACKET_KINDS; k++)
        CHECK(n_kind[k] > 0);
}

static void every_truncation_is_cut_or_still_tcp(void)
{
    struct frame seeds[] = {ethernet_v4(), ethernet_v6(), v6_extensions()};
    for (size_t s = 0; s < 3; s++) {
        size_t need = seeds[s].len - TCP_LEN + 14;
        for (size_t cut = 0; cut <= seeds[s].len; cut++) {
            struct tm_packet p;
            enum tm_packet_kind kind = decode(&p, TM_LINK_ETHERNET, seeds[s].b, cut, seeds[s].len);
            CHECK_INT(kind, cut < need ? TM_PACKET_CUT : TM_PACKET_TCP);
            if (kind == TM_PACKET_TCP)
                CHECK_INT(p.payload_len, 5);
        }
    }
}

static void every_kind_has_a_name(void)
{
    for (int k = 0; k < TM_PACKET_KINDS; k++)
        CHECK(strlen(tm_packet_kind_name((enum tm_packet_kind)k)) > 0);
}

static const struct check_case cases[] = {
    {"reads_ethernet_ipv4", reads_ethernet_ipv4},
    {"reads_ethernet_ipv6", reads_ethernet_ipv6},
    {"steps_over_ipv6_extension_headers", steps_over_ipv6_extension_headers},
    {"steps_over_vlan_tags", steps_over_vlan_tags},
    {"reads_the_other_link_types", reads_the_other_link_types},
    {"reads_loopback_families_of_either_byte_order", reads_loopback_families_of_either_byte_order},
    {"ethernet_padding_is_no_payload", ethernet_padding_is_no_payload},
    {"payload_length_survives_the_snapshot_length", payload_length_survives_the_snapshot_length},
    {"ipv6_in_a_68_byte_snapshot_is_enough", ipv6_in_a_68_byte_snapshot_is_enough},
    {"offloaded_segment_takes_its_length_from_the_wire",
     offloaded_segment_takes_its_length_from_the_wire},
    {"fragments_say_where_they_belong", fragments_say_where_they_belong},
    {"fragments_that_cannot_be_are_bad", fragments_that_cannot_be_are_bad},
    {"reads_pppoe_sessions", reads_pppoe_sessions},
    {"reads_through_mpls_labels", reads_through_mpls_labels},
    {"an_offloaded_length_has_a_limit", an_offloaded_length_has_a_limit},
    {"says_what_is_not_tcp", says_what_is_not_tcp},
    {"contradictory_lengths_are_bad", contradictory_lengths_are_bad},
    {"no_mutation_reads_outside_the_frame", no_mutation_reads_outside_the_frame},
    {"every_truncation_is_cut_or_still_tcp", every_truncation_is_cut_or_still_tcp},
    {"every_kind_has_a_name", every_kind_has_a_name},
};
CHECK_MAIN("packet", cases)
