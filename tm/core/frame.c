#include "tm/core/frame.h"

#define TYPE_PAD      0x00U
#define TYPE_ACK_HERE 0x01U
#define TYPE_ACK      0x02U
#define TYPE_PLAN     0x03U
#define TYPE_FAIL     0x04U
#define TYPE_DATA     0x08U
#define DATA_FIN      0x01U
#define DATA_LEN      0x02U
#define TYPE_NEAR     0x20U
#define NEAR_PLACES   8U
#define TYPE_CLOSE    0x80U

static unsigned data_flags(bool fin, bool with_len)
{
    return (fin ? DATA_FIN : 0) | (with_len ? DATA_LEN : 0);
}

static int decode_ack(struct tm_rd *r, struct tm_frame *f, bool here)
{
    f->kind = TM_FRAME_ACK;
    f->u.ack.here = here;
    uint64_t carrier = here ? 0 : tm_rd_varint(r);
    f->u.ack.carrier = (uint32_t)carrier;
    f->u.ack.n_records = tm_rd_varint(r);
    return tm_rd_ok(r) && carrier <= UINT32_MAX ? TM_OK : TM_ERR_FORMAT;
}

/* What follows the place of a DATA frame's bytes. */
static int decode_bytes(struct tm_rd *r, struct tm_frame *f, unsigned flags)
{
    f->u.data.fin = (flags & DATA_FIN) != 0;
    uint64_t len = flags & DATA_LEN ? tm_rd_varint(r) : r->len;
    if (!tm_rd_ok(r) || len > r->len)
        return TM_ERR_FORMAT;
    f->u.data.bytes = tm_rd_bytes(r, (size_t)len);
    return TM_OK;
}

static int decode_data(struct tm_rd *r, struct tm_frame *f, unsigned flags)
{
    f->kind = TM_FRAME_DATA;
    f->u.data.stream = tm_rd_varint(r);
    f->u.data.offset = tm_rd_varint(r);
    return f->u.data.offset <= TM_FRAME_OFFSET_MAX ? decode_bytes(r, f, flags) : TM_ERR_FORMAT;
}

static int decode_near(struct tm_rd *r, struct tm_frame *f, unsigned type)
{
    f->kind = TM_FRAME_DATA;
    f->u.data.is_near = true;
    f->u.data.place = (uint8_t)((type - TYPE_NEAR) >> 2);
    f->u.data.distance = (int16_t)tm_rd_u16(r);
    return decode_bytes(r, f, type & (DATA_FIN | DATA_LEN));
}

static int decode_close(struct tm_rd *r, struct tm_frame *f, unsigned type)
{
    f->kind = TM_FRAME_DATA;
    f->u.data.is_near = true;
    f->u.data.place = (type >> 4) % NEAR_PLACES;
    f->u.data.distance = (int16_t)((type & 15U) << 8 | tm_rd_u8(r));
    return decode_bytes(r, f, 0);
}

int tm_frame_decode(struct tm_rd *r, struct tm_frame *f)
{
    *f = (struct tm_frame){.kind = TM_FRAME_PAD};
    unsigned type = tm_rd_u8(r);
    if (!tm_rd_ok(r))
        return TM_ERR_FORMAT;
    if (type >= TYPE_DATA && type <= (TYPE_DATA | DATA_FIN | DATA_LEN))
        return decode_data(r, f, type & (DATA_FIN | DATA_LEN));
    if (type >= TYPE_NEAR && type < TYPE_NEAR + 4 * NEAR_PLACES)
        return decode_near(r, f, type);
    if (type >= TYPE_CLOSE)
        return decode_close(r, f, type);
    switch (type) {
    case TYPE_PAD:
        (void)tm_rd_bytes(r, r->len);
        return TM_OK;
    case TYPE_ACK_HERE:
        return decode_ack(r, f, true);
    case TYPE_ACK:
        return decode_ack(r, f, false);
    case TYPE_PLAN:
        f->kind = TM_FRAME_PLAN;
        f->u.plan.n_entries = tm_rd_u8(r);
        return tm_rd_ok(r) && f->u.plan.n_entries > 0 ? TM_OK : TM_ERR_FORMAT;
    case TYPE_FAIL:
        f->kind = TM_FRAME_FAIL;
        return TM_OK;
    default:
        return TM_ERR_FORMAT;
    }
}

void tm_frame_encode_plan_header(struct tm_wr *w, size_t n)
{
    tm_wr_u8(w, TYPE_PLAN);
    tm_wr_u8(w, (uint8_t)n);
}

void tm_frame_encode_fail(struct tm_wr *w)
{
    tm_wr_u8(w, TYPE_FAIL);
}

size_t tm_frame_ack_len(bool here, uint32_t carrier, uint64_t n_records)
{
    return 1 + (here ? 0 : tm_varint_len(carrier)) + tm_varint_len(n_records);
}

void tm_frame_encode_ack(struct tm_wr *w, bool here, uint32_t carrier, uint64_t n_records)
{
    tm_wr_u8(w, here ? TYPE_ACK_HERE : TYPE_ACK);
    if (!here)
        tm_wr_varint(w, carrier);
    tm_wr_varint(w, n_records);
}

size_t tm_frame_data_len(uint64_t stream, uint64_t offset)
{
    return 1 + tm_varint_len(stream) + tm_varint_len(offset);
}

size_t tm_frame_data_fit(size_t bare, size_t want, size_t room, size_t *header, bool *with_len)
{
    *header = 0;
    *with_len = false;
    if (room < bare + (want > 0))
        return 0;
    if (want >= room - bare) {
        *header = bare;
        return room - bare;
    }
    /* The length field takes bytes of its own; try the length that fits behind it. */
    size_t n = want;
    size_t len_len = tm_varint_len(n);
    if (bare + len_len + n > room) {
        /* want < room - bare, yet the length does not fit: leave a byte or more to padding. */
        n = room - bare - len_len;
        len_len = tm_varint_len(n);
    }
    *header = bare + len_len;
    *with_len = true;
    return n;
}

void tm_frame_encode_data_header(struct tm_wr *w, uint64_t stream, uint64_t offset, bool fin,
                                 bool with_len, size_t len)
{
    tm_wr_u8(w, (uint8_t)(TYPE_DATA | data_flags(fin, with_len)));
    tm_wr_varint(w, stream);
    tm_wr_varint(w, offset);
    if (with_len)
        tm_wr_varint(w, len);
}

void tm_frame_encode_near_header(struct tm_wr *w, unsigned place, int distance, bool fin,
                                 bool with_len, size_t len)
{
    tm_wr_u8(w, (uint8_t)(TYPE_NEAR | place << 2 | data_flags(fin, with_len)));
    tm_wr_u16(w, (uint16_t)distance);
    if (with_len)
        tm_wr_varint(w, len);
}

void tm_frame_encode_close_header(struct tm_wr *w, unsigned place, int distance)
{
    tm_wr_u8(w, (uint8_t)(TYPE_CLOSE | place << 4 | (unsigned)distance >> 8));
    tm_wr_u8(w, (uint8_t)distance);
}
