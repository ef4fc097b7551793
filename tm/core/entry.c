#include "tm/core/entry.h"

#define FLAG_DOWN 0x01U
#define REF_SHIFT 1
#define REF_MASK  0x06U
#define FLAG_END  0x80U
/* Of an end: */
#define FLAG_RESET  0x01U
#define FLAG_BACK   0x02U
#define FLAG_SERVER 0x04U

enum { REF_1 = 0, REF_2 = 1, REF_BYTE = 2, REF_START = 3 };

static unsigned ref_code(const struct tm_write *w)
{
    return w->ref_back == 0   ? REF_START
           : w->ref_back == 1 ? REF_1
           : w->ref_back == 2 ? REF_2
                              : REF_BYTE;
}

static size_t end_len(const struct tm_plan *p)
{
    size_t len = 1 + tm_varint_len((uint64_t)p->close_gap_us) + (p->close.back > 0);
    return p->close.server_back > 0 ? len + 1 + tm_varint_len(p->close.server_gap_us) : len;
}

static void encode_end(struct tm_wr *wr, const struct tm_plan *p)
{
    const struct tm_close *c = &p->close;
    unsigned flags = FLAG_END | (c->how == TM_CLOSE_RESET ? FLAG_RESET : 0) |
                     (c->back > 0 ? FLAG_BACK : 0) | (c->server_back > 0 ? FLAG_SERVER : 0);
    tm_wr_u8(wr, (uint8_t)flags);
    tm_wr_varint(wr, (uint64_t)p->close_gap_us);
    if (c->back > 0)
        tm_wr_u8(wr, c->back);
    if (c->server_back > 0) {
        tm_wr_u8(wr, c->server_back);
        tm_wr_varint(wr, c->server_gap_us);
    }
}

static int decode_end(struct tm_rd *r, struct tm_known_plan *k, unsigned flags)
{
    uint64_t gap = tm_rd_varint(r), server_gap = 0;
    struct tm_close c = {.how = flags & FLAG_RESET ? TM_CLOSE_RESET : TM_CLOSE_FIN};
    if (flags & FLAG_BACK)
        c.back = tm_rd_u8(r);
    if (flags & FLAG_SERVER) {
        c.server_back = tm_rd_u8(r);
        server_gap = tm_rd_varint(r);
    }
    bool is_named = (c.back > 0) == ((flags & FLAG_BACK) != 0) &&
                    (c.server_back > 0) == ((flags & FLAG_SERVER) != 0);
    if (!tm_rd_ok(r) || !is_named || gap > TM_WRITE_GAP_MAX || server_gap > TM_WRITE_GAP_MAX ||
        k->plan.n_writes == 0)
        return TM_ERR_FORMAT;
    c.server_gap_us = (uint32_t)server_gap;
    if (tm_close_check(&c, k->plan.n_writes) != TM_OK)
        return TM_ERR_FORMAT;
    k->plan.close_gap_us = (int64_t)gap;
    k->plan.close = c;
    k->complete = true;
    return TM_OK;
}

size_t tm_entry_len(const struct tm_plan *p, size_t i)
{
    if (i >= p->n_writes)
        return end_len(p);
    const struct tm_write *w = &p->w[i];
    return 1U + (ref_code(w) == REF_BYTE) + tm_varint_len(w->size) + tm_varint_len(w->gap_us);
}

void tm_entry_encode(struct tm_wr *wr, const struct tm_plan *p, size_t from, size_t n)
{
    for (size_t i = from; i < from + n && i <= p->n_writes; i++) {
        if (i == p->n_writes) {
            encode_end(wr, p);
            return;
        }
        const struct tm_write *w = &p->w[i];
        tm_wr_u8(wr, (uint8_t)((w->dir == TM_DOWN ? FLAG_DOWN : 0) | ref_code(w) << REF_SHIFT));
        if (ref_code(w) == REF_BYTE)
            tm_wr_u8(wr, w->ref_back);
        tm_wr_varint(wr, w->size);
        tm_wr_varint(wr, w->gap_us);
    }
}

size_t tm_entry_fit(const struct tm_plan *p, size_t from, size_t room, size_t max)
{
    size_t n = 0;
    size_t used = 0;
    while (n < max && from + n <= p->n_writes) {
        size_t len = tm_entry_len(p, from + n);
        if (len > room - used)
            break;
        used += len;
        n++;
    }
    return n;
}

int tm_entry_decode(struct tm_rd *r, struct tm_known_plan *k)
{
    if (k->complete)
        return TM_ERR_FORMAT;
    unsigned flags = tm_rd_u8(r);
    if ((flags & ~(FLAG_RESET | FLAG_BACK | FLAG_SERVER)) == FLAG_END)
        return decode_end(r, k, flags);
    if (flags & ~(FLAG_DOWN | REF_MASK))
        return TM_ERR_FORMAT;
    struct tm_write w = {.dir = flags & FLAG_DOWN ? TM_DOWN : TM_UP};
    switch (flags >> REF_SHIFT) {
    case REF_1:
        w.ref_back = 1;
        break;
    case REF_2:
        w.ref_back = 2;
        break;
    case REF_BYTE:
        w.ref_back = tm_rd_u8(r);
        break;
    default:
        w.ref_back = 0;
        break;
    }
    uint64_t size = tm_rd_varint(r);
    uint64_t gap = tm_rd_varint(r);
    if (!tm_rd_ok(r) || size == 0 || size > TM_WRITE_SIZE_MAX || gap > TM_WRITE_GAP_MAX ||
        w.ref_back > k->plan.n_writes)
        return TM_ERR_FORMAT;
    w.size = (uint32_t)size;
    w.gap_us = (uint32_t)gap;
    return tm_plan_add(&k->plan, w);
}
