/* tm/core/token.c - layout, big-endian:
 *
 *   version 1 | flags 1 | client_id 8 | session_id 16 | time_ms 6 | carrier 4 | user 2 | index 4
 *   | n_users 2 | pace_ms 4 | prep_us 2 | hello_min 2 | flight_min 2 | fin_min 2 | seed 16 | digest 16
 *   | [mix: n_parts 1, n_parts * {digest 4 | n_users 2}] | head_len 1 | head | zeros
 *
 * flags: bit 0 kind, bits 1-2 src, bit 3 master, bit 4 plan_mode, bit 5 established, bit 6 schedule, bit 7 mix. */
#include "tm/core/token.h"

#include <assert.h>

enum {
    SRC_SHIFT = 1,
    MASTER_SHIFT = 3,
    MODE_SHIFT = 4,
    ESTABLISHED = 0x20,
    SCHEDULE = 0x40,
    MIX = 0x80,
    N_SRC = 4
};

static_assert(TM_TOKEN_FIXED_LEN == 1 + 1 + TM_CLIENT_ID_LEN + TM_SESSION_ID_LEN + 6 + 4 + 2 + 4 +
                                        2 + 4 + 2 + 2 + 2 + 2 + TM_TOKEN_SEED_LEN +
                                        TM_TOKEN_DIGEST_LEN + 1,
              "the sum of the fields above");
static_assert(TM_SRC_DRIVEN + 1 == N_SRC, "src fits its two bits");
static_assert(TM_TOKEN_HEAD_MAX <= UINT8_MAX, "head_len is one byte");

size_t tm_token_mix_len(size_t n_parts)
{
    return n_parts > 0 ? 1 + n_parts * (TM_TOKEN_PART_LEN + 2) : 0;
}

size_t tm_token_len(const struct tm_token *t)
{
    return TM_TOKEN_FIXED_LEN + tm_token_mix_len(t->n_parts) + t->head_len;
}

static void encode_mix(const struct tm_token *t, struct tm_wr *w)
{
    if (t->n_parts == 0)
        return;
    tm_wr_u8(w, t->n_parts);
    for (size_t i = 0; i < t->n_parts; i++) {
        tm_wr_bytes(w, t->part[i].digest, sizeof t->part[i].digest);
        tm_wr_u16(w, t->part[i].n_users);
    }
}

void tm_token_encode(const struct tm_token *t, struct tm_wr *w)
{
    TM_ASSERT_LE(t->head_len, TM_TOKEN_HEAD_MAX);
    TM_ASSERT_LE(t->time_ms, (UINT64_C(1) << 48) - 1);
    TM_ASSERT_LE((unsigned)t->kind, TM_TOKEN_JOIN);
    TM_ASSERT_LE((unsigned)t->src, TM_SRC_DRIVEN);
    TM_ASSERT_LE((unsigned)t->master, TM_SERVER);
    TM_ASSERT_LE((unsigned)t->plan_mode, TM_PLAN_EMBEDDED);
    TM_ASSERT_LE(t->n_parts, TM_MIX_PARTS_MAX);

    tm_wr_u8(w, TM_TOKEN_VERSION);
    tm_wr_u8(w,
             (uint8_t)((unsigned)t->kind | (unsigned)t->src << SRC_SHIFT |
                       (unsigned)t->master << MASTER_SHIFT | (unsigned)t->plan_mode << MODE_SHIFT |
                       (t->is_established ? ESTABLISHED : 0U) | (t->is_schedule ? SCHEDULE : 0U) |
                       (t->n_parts > 0 ? MIX : 0U)));
    tm_wr_bytes(w, t->client_id, sizeof t->client_id);
    tm_wr_bytes(w, t->session_id, sizeof t->session_id);
    tm_wr_u16(w, (uint16_t)(t->time_ms >> 32));
    tm_wr_u32(w, (uint32_t)t->time_ms);
    tm_wr_u32(w, t->carrier);
    tm_wr_u16(w, t->user);
    tm_wr_u32(w, t->index);
    tm_wr_u16(w, t->n_users);
    tm_wr_u32(w, t->pace_ms);
    tm_wr_u16(w, t->prep_us);
    tm_wr_u16(w, t->hello_min);
    tm_wr_u16(w, t->flight_min);
    tm_wr_u16(w, t->fin_min);
    tm_wr_bytes(w, t->seed, sizeof t->seed);
    tm_wr_bytes(w, t->digest, sizeof t->digest);
    encode_mix(t, w);
    tm_wr_u8(w, t->head_len);
    tm_wr_bytes(w, t->head, t->head_len);
}

static void read_fixed(struct tm_token *t, struct tm_rd *r, unsigned flags)
{
    t->kind = (enum tm_token_kind)(flags & 1);
    t->src = (enum tm_plan_src)(flags >> SRC_SHIFT & 3);
    t->master = (enum tm_side)(flags >> MASTER_SHIFT & 1);
    t->plan_mode = (enum tm_plan_mode)(flags >> MODE_SHIFT & 1);
    t->is_established = (flags & ESTABLISHED) != 0;
    t->is_schedule = (flags & SCHEDULE) != 0;
    tm_rd_copy(r, t->client_id, sizeof t->client_id);
    tm_rd_copy(r, t->session_id, sizeof t->session_id);
    t->time_ms = (uint64_t)tm_rd_u16(r) << 32;
    t->time_ms |= tm_rd_u32(r);
    t->carrier = tm_rd_u32(r);
    t->user = tm_rd_u16(r);
    t->index = tm_rd_u32(r);
    t->n_users = tm_rd_u16(r);
    t->pace_ms = tm_rd_u32(r);
    t->prep_us = tm_rd_u16(r);
    t->hello_min = tm_rd_u16(r);
    t->flight_min = tm_rd_u16(r);
    t->fin_min = tm_rd_u16(r);
    tm_rd_copy(r, t->seed, sizeof t->seed);
    tm_rd_copy(r, t->digest, sizeof t->digest);
}

/* Every part has users, and all of them are the session's. */
static int read_mix(struct tm_token *t, struct tm_rd *r)
{
    uint32_t n_users = 0;
    t->n_parts = tm_rd_u8(r);
    if (t->n_parts < 2 || t->n_parts > TM_MIX_PARTS_MAX || t->is_schedule)
        return TM_ERR_FORMAT;
    for (size_t i = 0; i < t->n_parts; i++) {
        tm_rd_copy(r, t->part[i].digest, sizeof t->part[i].digest);
        t->part[i].n_users = tm_rd_u16(r);
        if (t->part[i].n_users == 0)
            return TM_ERR_FORMAT;
        n_users += t->part[i].n_users;
    }
    return n_users == t->n_users ? TM_OK : TM_ERR_FORMAT;
}

int tm_token_decode(struct tm_token *t, const uint8_t *p, size_t len)
{
    *t = (struct tm_token){0};
    if (len < TM_TOKEN_FIXED_LEN)
        return TM_ERR_FORMAT;
    struct tm_rd r = tm_rd_init(p, len);
    if (tm_rd_u8(&r) != TM_TOKEN_VERSION)
        return TM_ERR_UNSUPPORTED;
    unsigned flags = tm_rd_u8(&r);
    struct tm_token got = {0};
    read_fixed(&got, &r, flags);
    if ((flags & MIX) != 0 && read_mix(&got, &r) != TM_OK)
        return TM_ERR_FORMAT;
    if (got.src == TM_SRC_DRIVEN &&
        ((flags & (MIX | SCHEDULE)) != 0 || got.master != TM_CLIENT ||
         got.plan_mode != TM_PLAN_SEEDED || got.user != 0 || got.index != 0))
        return TM_ERR_FORMAT; /* what says nothing there */
    got.head_len = tm_rd_u8(&r);
    if (got.head_len > TM_TOKEN_HEAD_MAX)
        return TM_ERR_FORMAT;
    tm_rd_copy(&r, got.head, got.head_len);
    if (!tm_rd_ok(&r))
        return TM_ERR_FORMAT;
    uint8_t any = 0;
    for (size_t i = 0; i < r.len; i++)
        any |= r.p[i];
    if (any)
        return TM_ERR_FORMAT;
    *t = got;
    return TM_OK;
}
