#include "test/unit/audit/features/wire.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

struct wire_conn wire_conn(unsigned n)
{
    struct wire_conn c = {.port = {(uint16_t)(40000 + n), 443}, .seq = {1000 * n, 77000 * n}};
    for (int d = 0; d < 2; d++) {
        c.addr[d][10] = c.addr[d][11] = 0xff;
        c.addr[d][12] = 10;
    }
    c.addr[TM_UP][15] = 1;
    c.addr[TM_DOWN][13] = 1;
    c.addr[TM_DOWN][14] = (uint8_t)(n >> 8);
    c.addr[TM_DOWN][15] = (uint8_t)n;
    return c;
}

static void put(struct wire *w, const struct wire_conn *c, int64_t t_us, enum tm_dir dir,
                unsigned flags, uint32_t seq, uint32_t len)
{
    if (w->n == WIRE_MAX)
        return;
    struct tm_packet *p = &w->p[w->n++];
    *p = (struct tm_packet){.t_us = WIRE_START_US + t_us,
                            .src_port = c->port[dir],
                            .dst_port = c->port[!dir],
                            .seq = seq,
                            .ack = c->seq[!dir],
                            .flags = (uint8_t)flags,
                            .ip_version = 4,
                            .wire_len = 40 + len,
                            .payload_len = len};
    memcpy(p->src, c->addr[dir], TM_ADDR_LEN);
    memcpy(p->dst, c->addr[!dir], TM_ADDR_LEN);
}

void wire_flag(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, unsigned flags)
{
    put(w, c, t_us, dir, flags, c->seq[dir], 0);
    c->seq[dir] += (flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0;
}

void wire_send(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, uint32_t len)
{
    put(w, c, t_us, dir, TM_TCP_ACK | TM_TCP_PSH, c->seq[dir], len);
    c->seq[dir] += len;
}

void wire_again(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, uint32_t back,
                uint32_t len)
{
    put(w, c, t_us, dir, TM_TCP_ACK, c->seq[dir] - back, len);
}

void wire_open(struct wire *w, struct wire_conn *c, int64_t t_us)
{
    wire_flag(w, c, t_us, TM_UP, TM_TCP_SYN);
    wire_flag(w, c, t_us + 20000, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK);
    wire_flag(w, c, t_us + 21000, TM_UP, TM_TCP_ACK);
}

void wire_close(struct wire *w, struct wire_conn *c, int64_t t_us)
{
    wire_flag(w, c, t_us, TM_UP, TM_TCP_FIN | TM_TCP_ACK);
    wire_flag(w, c, t_us + 20000, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK);
    wire_flag(w, c, t_us + 21000, TM_UP, TM_TCP_ACK);
}

void wire_dialogue(struct wire *w, struct wire_conn *c, int64_t t_us)
{
    wire_open(w, c, t_us);
    wire_send(w, c, t_us + 21000, TM_UP, 500);
    wire_send(w, c, t_us + 50000, TM_DOWN, 1400);
    wire_send(w, c, t_us + 51000, TM_DOWN, 600);
    wire_send(w, c, t_us + 1000000, TM_UP, 100);
    wire_send(w, c, t_us + 1040000, TM_DOWN, 300);
    wire_close(w, c, t_us + 2000000);
}

void wire_feed(const struct wire *w, struct tm_trace_builder *b)
{
    CHECK(w->n < WIRE_MAX);
    for (uint32_t i = 0; i < w->n; i++)
        CHECK_INT(tm_trace_builder_packet(b, &w->p[i]), TM_OK);
}

struct tm_trace_set wire_traces(const struct wire *w, const uint16_t *ports, size_t n_ports)
{
    struct tm_trace_set set = {0};
    struct tm_trace_builder *b = NULL;
    struct tm_trace_cfg cfg = {.ports = ports, .n_ports = n_ports};
    uint32_t name = 0;
    CHECK_INT(tm_trace_builder_new(&b, &cfg), TM_OK);
    CHECK_INT(tm_trace_set_name(&set, "a", &name), TM_OK);
    wire_feed(w, b);
    CHECK_INT(tm_trace_builder_end(b, &set, 0, name, name), TM_OK);
    tm_trace_builder_free(b);
    return set;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static int save_packet(const struct tm_packet *p, FILE *f, bool is_ethernet)
{
    uint8_t frame[14 + 96] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
    uint8_t *ip = frame + 14;
    uint32_t link = is_ethernet ? 14 : 0;
    uint32_t len = 40 + p->payload_len;
    uint32_t cap = (len < 96 ? len : 96) + link;
    uint32_t head[4] = {(uint32_t)(p->t_us / 1000000), (uint32_t)(p->t_us % 1000000), cap,
                        len + link};
    ip[0] = 0x45;
    put16(ip + 2, len);
    ip[8] = 64;
    ip[9] = 6;
    memcpy(ip + 12, p->src + 12, 4);
    memcpy(ip + 16, p->dst + 12, 4);
    put16(ip + 20, p->src_port);
    put16(ip + 22, p->dst_port);
    put32(ip + 24, p->seq);
    put32(ip + 28, p->ack);
    ip[32] = 0x50;
    ip[33] = p->flags;
    return fwrite(head, sizeof head, 1, f) == 1 && fwrite(ip - link, cap, 1, f) == 1 ? 0 : -1;
}

int wire_save(const struct wire *w, const char *path, uint32_t link)
{
    const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, link};
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    int rc = fwrite(head, sizeof head, 1, f) == 1 ? 0 : -1;
    for (uint32_t i = 0; i < w->n && rc == 0; i++)
        rc = save_packet(&w->p[i], f, link == 1);
    return fclose(f) == 0 ? rc : -1;
}
