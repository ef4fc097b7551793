#include "tm/core/message.h"

#include <string.h>

#define LATER_RRE 0x80U /* in a head's ref */

static void encode_dest(struct tm_wr *w, const struct tm_dest *d)
{
    tm_wr_u8(w, (uint8_t)d->kind);
    tm_wr_u8(w, d->len);
    tm_wr_bytes(w, d->addr, d->len);
    tm_wr_u16(w, d->port);
}

static void encode_listening(struct tm_wr *w, const struct tm_message *m)
{
    tm_wr_u8(w, m->listener);
    tm_wr_u8(w, m->u.listening.code);
    tm_wr_u16(w, m->u.listening.port);
}

static void encode_body(struct tm_wr *w, const struct tm_message *m)
{
    switch (m->kind) {
    case TM_MSG_SETTINGS:
        tm_wr_u8(w, m->u.settings.version);
        tm_wr_varint(w, m->u.settings.features);
        tm_wr_varint(w, m->u.settings.stream_window);
        tm_wr_varint(w, m->u.settings.streams_max);
        break;
    case TM_MSG_OPEN:
        tm_wr_varint(w, m->stream);
        encode_dest(w, &m->u.dest);
        break;
    case TM_MSG_REPLY:
    case TM_MSG_RESET:
        tm_wr_varint(w, m->stream);
        tm_wr_u8(w, m->u.code);
        break;
    case TM_MSG_CREDIT:
        tm_wr_varint(w, m->stream);
        tm_wr_varint(w, m->u.limit);
        break;
    case TM_MSG_CARRIER_END:
        tm_wr_varint(w, m->u.end.carrier);
        tm_wr_varint(w, m->u.end.n_records);
        break;
    case TM_MSG_PLAN_SEED:
        tm_wr_bytes(w, m->u.seed, sizeof m->u.seed);
        break;
    case TM_MSG_PLAN_HEAD:
        tm_wr_varint(w, m->u.head.user);
        tm_wr_varint(w, m->u.head.open.index);
        tm_wr_u8(
            w, (uint8_t)((unsigned)m->u.head.open.ref | (m->u.head.open.rre > 0 ? LATER_RRE : 0U)));
        tm_wr_varint(w, (uint64_t)m->u.head.open.gap_us);
        tm_wr_bytes(w, m->u.head.entries.p, m->u.head.entries.len);
        break;
    case TM_MSG_FAIL:
        tm_wr_u8(w, m->u.code);
        break;
    case TM_MSG_MACHINES:
        tm_wr_varint(w, m->u.machines.max_padding_ppm);
        tm_wr_varint(w, m->u.machines.max_blocking_ppm);
        tm_wr_varint(w, m->u.machines.text_len);
        break;
    case TM_MSG_MACHINES_PART:
        tm_wr_bytes(w, m->u.part.p, m->u.part.len);
        break;
    case TM_MSG_LISTEN:
        tm_wr_u8(w, m->listener);
        encode_dest(w, &m->u.dest);
        break;
    case TM_MSG_LISTENING:
        encode_listening(w, m);
        break;
    case TM_MSG_ACCEPT:
        tm_wr_varint(w, m->stream);
        tm_wr_u8(w, m->listener);
        break;
    }
}

void tm_message_encode(struct tm_wr *w, const struct tm_message *m)
{
    uint8_t body[TM_MESSAGE_MAX];
    struct tm_wr b = tm_wr_init(body, sizeof body - 3);
    encode_body(&b, m);
    w->bad |= b.bad;
    tm_wr_u8(w, (uint8_t)m->kind);
    tm_wr_varint(w, b.len);
    tm_wr_bytes(w, body, b.len);
}

static bool decode_dest(struct tm_rd *r, struct tm_dest *d)
{
    unsigned kind = tm_rd_u8(r);
    d->kind = (enum tm_addr_kind)kind;
    d->len = tm_rd_u8(r);
    tm_rd_copy(r, d->addr, d->len);
    d->port = tm_rd_u16(r);
    return (kind == TM_ADDR_IPV4 && d->len == 4) || (kind == TM_ADDR_IPV6 && d->len == 16) ||
           (kind == TM_ADDR_NAME && d->len > 0);
}

static bool decode_head(struct tm_rd *r, struct tm_message *m)
{
    uint64_t user = tm_rd_varint(r);
    m->u.head.user = (uint32_t)user;
    m->u.head.open = (struct tm_open){.index = tm_rd_varint(r)};
    unsigned ref = tm_rd_u8(r);
    m->u.head.open.rre = ref & LATER_RRE ? 1 : 0;
    ref &= ~LATER_RRE;
    m->u.head.open.ref = (enum tm_open_ref)ref;
    uint64_t gap = tm_rd_varint(r);
    m->u.head.open.gap_us = (int64_t)gap;
    m->u.head.entries = tm_rd_bytes(r, r->len);
    return user <= UINT16_MAX && m->u.head.open.index <= UINT32_MAX && ref <= TM_OPEN_OVER;
}

static bool decode_machines(struct tm_rd *r, struct tm_message *m)
{
    uint64_t padding = tm_rd_varint(r);
    uint64_t blocking = tm_rd_varint(r);
    uint64_t len = tm_rd_varint(r);
    m->u.machines.max_padding_ppm = (uint32_t)padding;
    m->u.machines.max_blocking_ppm = (uint32_t)blocking;
    m->u.machines.text_len = (uint32_t)len;
    return padding <= 1000000 && blocking <= 1000000 && len <= UINT32_MAX;
}

static void decode_listening(struct tm_rd *r, struct tm_message *m)
{
    m->listener = tm_rd_u8(r);
    m->u.listening.code = tm_rd_u8(r);
    m->u.listening.port = tm_rd_u16(r);
}

/* Whether the body of a known kind is well-formed, and all of it was used. */
static bool decode_body(struct tm_rd *r, struct tm_message *m)
{
    bool ok = true;
    switch (m->kind) {
    case TM_MSG_SETTINGS:
        m->u.settings.version = tm_rd_u8(r);
        m->u.settings.features = tm_rd_varint(r);
        m->u.settings.stream_window = tm_rd_varint(r);
        m->u.settings.streams_max = tm_rd_varint(r);
        (void)tm_rd_bytes(r, r->len); /* later versions may say more */
        break;
    case TM_MSG_OPEN:
        m->stream = tm_rd_varint(r);
        ok = decode_dest(r, &m->u.dest);
        break;
    case TM_MSG_REPLY:
    case TM_MSG_RESET:
        m->stream = tm_rd_varint(r);
        m->u.code = tm_rd_u8(r);
        break;
    case TM_MSG_CREDIT:
        m->stream = tm_rd_varint(r);
        m->u.limit = tm_rd_varint(r);
        break;
    case TM_MSG_CARRIER_END: {
        uint64_t carrier = tm_rd_varint(r);
        m->u.end.carrier = (uint32_t)carrier;
        m->u.end.n_records = tm_rd_varint(r);
        ok = carrier <= UINT32_MAX;
        break;
    }
    case TM_MSG_PLAN_SEED:
        tm_rd_copy(r, m->u.seed, sizeof m->u.seed);
        break;
    case TM_MSG_PLAN_HEAD:
        ok = decode_head(r, m);
        break;
    case TM_MSG_FAIL:
        m->u.code = tm_rd_u8(r);
        break;
    case TM_MSG_MACHINES:
        ok = decode_machines(r, m);
        break;
    case TM_MSG_MACHINES_PART:
        ok = r->len > 0 && r->len <= TM_MACHINES_PART_MAX;
        m->u.part = tm_rd_bytes(r, r->len);
        break;
    case TM_MSG_LISTEN:
        m->listener = tm_rd_u8(r);
        ok = decode_dest(r, &m->u.dest) && m->u.dest.kind != TM_ADDR_NAME;
        break;
    case TM_MSG_LISTENING:
        decode_listening(r, m);
        break;
    case TM_MSG_ACCEPT:
        m->stream = tm_rd_varint(r);
        m->listener = tm_rd_u8(r);
        break;
    }
    return ok && tm_rd_ok(r) && r->len == 0;
}

int tm_message_decode(struct tm_message *m, const uint8_t *p, size_t len)
{
    memset(m, 0, sizeof *m);
    struct tm_rd r = tm_rd_init(p, len);
    unsigned type = tm_rd_u8(&r);
    uint64_t body_len = tm_rd_varint(&r);
    if (!tm_rd_ok(&r))
        return len < 9 ? 0 : TM_ERR_FORMAT;
    if (body_len > TM_MESSAGE_MAX - 3)
        return TM_ERR_FORMAT;
    if (body_len > r.len)
        return 0;
    struct tm_rd body = tm_rd_init(r.p, (size_t)body_len);
    size_t used = len - r.len + (size_t)body_len;
    if (type >= TM_MSG_SETTINGS && type <= TM_MSG_ACCEPT) {
        m->kind = (enum tm_message_kind)type;
        if (!decode_body(&body, m))
            return TM_ERR_FORMAT;
    }
    return (int)used;
}
