/* tm/core/dnsmsg.c - see dnsmsg.h. */
#include "tm/core/dnsmsg.h"

#include <string.h>

#define NAME_MAX_LEN 255U /* RFC 1035 sec. 3.1, the closing zero included */
#define LABEL_MAX    63U
#define TYPE_OPT     41U   /* RFC 6891 sec. 6.1.1 */
#define FLAG_QR      0x80U /* third byte */
#define FLAG_TC      0x02U
#define FLAG_RD      0x01U
#define FLAG_RA      0x80U /* fourth byte */
#define OPCODE       0x78U

/* Passes a name without compression; false: it is none. */
static bool skip_name(struct tm_rd *r)
{
    size_t n = 0;
    for (;;) {
        uint8_t label = tm_rd_u8(r);
        n += 1U + label;
        if (!tm_rd_ok(r) || label > LABEL_MAX || n > NAME_MAX_LEN)
            return false;
        if (label == 0)
            return true;
        (void)tm_rd_bytes(r, label);
    }
}

/* The size that an OPT record says, when the first record behind the question is one. */
static uint16_t udp_max(struct tm_rd *r)
{
    if (tm_rd_u8(r) != 0 || tm_rd_u16(r) != TYPE_OPT)
        return TM_DNS_UDP_MIN;
    uint16_t size = tm_rd_u16(r);
    if (!tm_rd_ok(r) || size < TM_DNS_UDP_MIN)
        return TM_DNS_UDP_MIN;
    return size < TM_DNS_UDP_MAX ? size : TM_DNS_UDP_MAX;
}

int tm_dns_query(struct tm_dns_query *q, const uint8_t *p, size_t len)
{
    struct tm_rd r = tm_rd_init(p, len);
    *q = (struct tm_dns_query){.id = tm_rd_u16(&r), .udp_max = TM_DNS_UDP_MIN};
    uint8_t flags = tm_rd_u8(&r);
    (void)tm_rd_u8(&r);
    uint16_t n_questions = tm_rd_u16(&r);
    uint16_t n_answers = tm_rd_u16(&r);
    uint16_t n_authorities = tm_rd_u16(&r);
    uint16_t n_more = tm_rd_u16(&r);
    if (!tm_rd_ok(&r) || (flags & FLAG_QR) != 0)
        return TM_ERR_PROTO;
    if ((flags & OPCODE) != 0)
        return TM_ERR_UNSUPPORTED;
    if (len > TM_DNS_QUERY_MAX || n_questions != 1 || n_answers != 0 || !skip_name(&r))
        return TM_ERR_FORMAT;
    q->type = tm_rd_u16(&r);
    (void)tm_rd_u16(&r); /* class */
    if (!tm_rd_ok(&r))
        return TM_ERR_FORMAT;
    q->len = len - r.len;
    if (n_answers == 0 && n_authorities == 0 && n_more > 0)
        q->udp_max = udp_max(&r);
    return TM_OK;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool tm_dns_is_answer(const uint8_t *p, size_t len, const uint8_t *query,
                      const struct tm_dns_query *q)
{
    if (len < q->len || (p[2] & FLAG_QR) == 0 || p[4] != 0 || p[5] != 1)
        return false;
    for (size_t i = TM_DNS_HEAD; i < q->len; i++)
        if (lower(p[i]) != lower(query[i]))
            return false;
    return true;
}

void tm_dns_set_id(uint8_t *p, uint16_t id)
{
    p[0] = (uint8_t)(id >> 8);
    p[1] = (uint8_t)id;
}

uint16_t tm_dns_get_id(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

void tm_dns_fail(uint8_t *query, uint8_t rcode)
{
    query[2] = FLAG_QR | (query[2] & FLAG_RD);
    query[3] = FLAG_RA | (rcode & 0x0fU);
    memset(query + 6, 0, TM_DNS_HEAD - 6); /* counts of what stood behind the question */
}

void tm_dns_reject(uint8_t *query, uint8_t rcode)
{
    query[2] = FLAG_QR | (query[2] & (OPCODE | FLAG_RD));
    query[3] = FLAG_RA | (rcode & 0x0fU);
    memset(query + 4, 0, TM_DNS_HEAD - 4);
}

void tm_dns_cut(uint8_t *answer)
{
    answer[2] |= FLAG_TC;
    memset(answer + 6, 0, TM_DNS_HEAD - 6);
}

ssize_t tm_dns_next(struct tm_view *msg, const uint8_t *p, size_t len)
{
    *msg = (struct tm_view){NULL, 0};
    if (len < TM_DNS_FRAME)
        return 0;
    size_t n = (size_t)(p[0] << 8 | p[1]);
    if (n < TM_DNS_HEAD)
        return TM_ERR_PROTO;
    if (len < TM_DNS_FRAME + n)
        return 0;
    *msg = (struct tm_view){p + TM_DNS_FRAME, n};
    return (ssize_t)(TM_DNS_FRAME + n);
}
