/* libpcap's savefile format (pcap-savefile(5)), written little-endian on every machine; RFC 791, RFC 9293 sec. 3.1, RFC 1071. */
#include "learner/ops/pcap_bytes.h"

#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/time.h"

#define MAGIC_US      0xa1b2c3d4U
#define LINK_RAW      101U
#define RECORD_LEN    16U
#define IP_LEN        20U
#define TCP_LEN       20U
#define OPTION_LEN    4U
#define PROTO_TCP     6U
#define TTL           64U
#define WINDOW        65535U
#define DONT_FRAGMENT 0x4000U

static void put32le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

void tm_pcap_bytes_header(uint8_t out[TM_PCAP_FILE_HEADER_LEN])
{
    memset(out, 0, TM_PCAP_FILE_HEADER_LEN);
    put32le(out, MAGIC_US);
    out[4] = 2; /* version 2.4 */
    out[6] = 4;
    put32le(out + 16, 96); /* snapshot length */
    put32le(out + 20, LINK_RAW);
}

static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    return sum;
}

static void put_checksum(uint8_t *at, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    at[0] = (uint8_t)(~sum >> 8 & 0xff);
    at[1] = (uint8_t)(~sum & 0xff);
}

static void put_ip(uint8_t *ip, const struct tm_tap_packet *p, uint16_t len, uint16_t id)
{
    struct tm_wr w = tm_wr_init(ip, IP_LEN);
    bool is_up = p->dir == TM_UP;
    tm_wr_u16(&w, 0x4500);
    tm_wr_u16(&w, len);
    tm_wr_u16(&w, id);
    tm_wr_u16(&w, DONT_FRAGMENT);
    tm_wr_u16(&w, TTL << 8 | PROTO_TCP);
    tm_wr_u16(&w, 0);
    tm_wr_u32(&w, is_up ? p->id.client_ip : p->id.server_ip);
    tm_wr_u32(&w, is_up ? p->id.server_ip : p->id.client_ip);
    put_checksum(ip + 10, add_words(0, ip, IP_LEN));
}

static void put_tcp(uint8_t *tcp, const struct tm_tap_packet *p, size_t header_len, uint32_t mss)
{
    struct tm_wr w = tm_wr_init(tcp, header_len);
    bool is_up = p->dir == TM_UP;
    tm_wr_u16(&w, is_up ? p->id.client_port : p->id.server_port);
    tm_wr_u16(&w, is_up ? p->id.server_port : p->id.client_port);
    tm_wr_u32(&w, p->seq);
    tm_wr_u32(&w, p->ack);
    tm_wr_u8(&w, (uint8_t)(header_len / 4 << 4));
    tm_wr_u8(&w, p->flags);
    tm_wr_u16(&w, WINDOW);
    tm_wr_u32(&w, 0); /* checksum, urgent pointer */
    if (p->flags & TM_TCP_SYN) {
        tm_wr_u16(&w, 0x0204); /* maximum segment size */
        tm_wr_u16(&w, (uint16_t)mss);
    }
}

size_t tm_pcap_bytes_packet(uint8_t out[TM_PCAP_PACKET_LEN_MAX], const struct tm_tap_packet *p,
                            uint64_t id, uint32_t mss)
{
    int64_t t_us = tm_later_us(p->t_us, TM_PCAP_BASE_US);
    if (t_us >= TM_PCAP_END_US)
        return 0;
    uint32_t tcp_len = TCP_LEN + (p->flags & TM_TCP_SYN ? OPTION_LEN : 0);
    uint32_t ip_len = IP_LEN + tcp_len + p->payload_len; /* an MSS fits 16 bits */
    uint8_t *ip = out + RECORD_LEN;
    uint8_t *tcp = ip + IP_LEN;
    put32le(out, (uint32_t)(t_us / TM_US_PER_S));
    put32le(out + 4, (uint32_t)(t_us % TM_US_PER_S));
    put32le(out + 8, IP_LEN + tcp_len);
    put32le(out + 12, ip_len);
    put_ip(ip, p, (uint16_t)ip_len, (uint16_t)id);
    put_tcp(tcp, p, tcp_len, mss);
    uint32_t pseudo = add_words(PROTO_TCP + tcp_len + p->payload_len, ip + 12, 8);
    put_checksum(tcp + 16, add_words(pseudo, tcp, tcp_len));
    return RECORD_LEN + IP_LEN + tcp_len;
}
