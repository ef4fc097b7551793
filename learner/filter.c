#include "learner/filter.h"

#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#define SNAPLEN 262144 /* of captures that libpcap reads; a program's answer for "matches" */

struct tm_filter {
    struct bpf_program program;
};

int tm_filter_new(struct tm_filter **out, const char *text, struct tm_msg *msg)
{
    int rc = TM_ERR_NOMEM;
    *out = NULL;
    pcap_t *any = pcap_open_dead(DLT_RAW, SNAPLEN);
    struct tm_filter *f = calloc(1, sizeof *f);
    if (!any || !f)
        goto out;
    if (pcap_compile(any, &f->program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "filter \"%s\": %s; see pcap-filter(7)", text,
                        pcap_geterr(any));
        goto out;
    }
    *out = f;
    f = NULL;
    rc = TM_OK;
out:
    free(f);
    if (any)
        pcap_close(any);
    return rc;
}

void tm_filter_free(struct tm_filter *f)
{
    if (!f)
        return;
    pcap_freecode(&f->program);
    free(f);
}

#define TCP_LEN  20U
#define HEAD_LEN (40U + TCP_LEN)

static void put_be(uint8_t *at, uint32_t v, unsigned n_bytes)
{
    while (n_bytes-- > 0)
        *at++ = (uint8_t)(v >> 8 * n_bytes);
}

/* The headers of a packet that came in fragments, as if it had come whole: their length. */
static uint32_t make_head(uint8_t head[HEAD_LEN], const struct tm_packet *p)
{
    static const uint8_t tcp = 6;
    uint32_t ip_len = p->ip_version == 4 ? 20 : 40;
    uint32_t len = TCP_LEN + p->payload_len;
    memset(head, 0, HEAD_LEN);
    if (p->ip_version == 4) { /* RFC 791 sec. 3.1 */
        head[0] = 0x45;
        put_be(head + 2, ip_len + len, 2);
        head[9] = tcp;
        memcpy(head + 12, p->src + 12, 4);
        memcpy(head + 16, p->dst + 12, 4);
    } else { /* RFC 8200 sec. 3 */
        head[0] = 0x60;
        put_be(head + 4, len, 2);
        head[6] = tcp;
        memcpy(head + 8, p->src, TM_ADDR_LEN);
        memcpy(head + 24, p->dst, TM_ADDR_LEN);
    }
    uint8_t *t = head + ip_len; /* RFC 9293 sec. 3.1 */
    put_be(t, p->src_port, 2);
    put_be(t + 2, p->dst_port, 2);
    put_be(t + 4, p->seq, 4);
    put_be(t + 8, p->ack, 4);
    t[12] = (TCP_LEN / 4) << 4;
    t[13] = p->flags;
    return ip_len + TCP_LEN;
}

bool tm_filter_match(const struct tm_filter *f, const struct tm_packet *p)
{
    uint8_t head[HEAD_LEN];
    if (!p->ip) {
        uint32_t n = make_head(head, p);
        struct pcap_pkthdr made = {.caplen = n, .len = n + p->payload_len};
        return pcap_offline_filter(&f->program, &made, head) != 0;
    }
    struct pcap_pkthdr h = {.caplen = p->ip_cap_len, .len = p->ip_wire_len};
    return pcap_offline_filter(&f->program, &h, p->ip) != 0;
}
