/* test/unit/core/token_test.c - the plain layout of a token. */
#include "tm/core/token.h"

#include <string.h>

#include "test/support/check.h"

static struct tm_token example(void)
{
    struct tm_token t = {
        .kind = TM_TOKEN_JOIN,
        .client_id = {0xc0, 1, 2, 3, 4, 5, 6, 7},
        .session_id = {0xd0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        .time_ms = UINT64_C(0x0193ab12cd34),
        .carrier = 0x01020304,
        .src = TM_SRC_EXPLICIT,
        .user = 0x0506,
        .index = 0x0708090a,
        .master = TM_SERVER,
        .plan_mode = TM_PLAN_EMBEDDED,
        .n_users = 0x0b0c,
        .pace_ms = 0x0d0e0f10,
        .prep_us = 2000,
        .hello_min = 395,
        .flight_min = 241,
        .fin_min = 80,
        .head_len = 3,
        .head = {0xaa, 0xbb, 0xcc},
    };
    memset(t.seed, 0x5e, sizeof t.seed);
    memset(t.digest, 0xd1, sizeof t.digest);
    return t;
}

static void layout_is_as_documented(void)
{
    static const uint8_t want[] = {
        1,    0x1d,                                  /* version, flags */
        0xc0, 1,    2,    3,    4,    5,    6,    7, /* client_id */
        0xd0, 1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,
        12,   13,   14,   15,               /* session_id */
        0x01, 0x93, 0xab, 0x12, 0xcd, 0x34, /* time_ms */
        1,    2,    3,    4,                /* carrier */
        5,    6,                            /* user */
        7,    8,    9,    10,               /* index */
        11,   12,                           /* n_users */
        13,   14,   15,   16,               /* pace_ms */
        0x07, 0xd0,                         /* prep_us */
        0x01, 0x8b, 0x00, 0xf1, 0x00, 0x50, /* sizes */
        0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e, 0x5e,
        0x5e, 0x5e, 0x5e, 0x5e, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1,
        0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 3,    0xaa, 0xbb, 0xcc,
    };
    struct tm_token t = example();
    uint8_t got[sizeof want + 8];
    struct tm_wr w = tm_wr_init(got, sizeof got);
    tm_token_encode(&t, &w);
    CHECK(tm_wr_ok(&w));
    CHECK_INT(w.len, sizeof want);
    CHECK_INT(w.len, TM_TOKEN_FIXED_LEN + 3);
    CHECK_MEM(got, want, sizeof want);
}

static void check_round_trip(const struct tm_token *t)
{
    uint8_t bytes[512] = {0};
    uint8_t again[512] = {0};
    struct tm_token got;
    struct tm_wr w = tm_wr_init(bytes, sizeof bytes);
    tm_token_encode(t, &w);
    size_t len = w.len;
    for (size_t pad = 0; pad < 20; pad++) {
        CHECK_INT(tm_token_decode(&got, bytes, len + pad), TM_OK);
        CHECK_INT(got.kind, t->kind);
        CHECK_INT(got.src, t->src);
        CHECK_INT(got.master, t->master);
        CHECK_INT(got.plan_mode, t->plan_mode);
        CHECK_INT(got.is_established, t->is_established);
        CHECK_INT(got.time_ms, t->time_ms);
        CHECK_INT(got.head_len, t->head_len);
        CHECK_MEM(got.head, t->head, t->head_len);
        w = tm_wr_init(again, sizeof again);
        tm_token_encode(&got, &w);
        CHECK_INT(w.len, len);
        CHECK_MEM(again, bytes, len);
    }
}

static void every_value_survives(void)
{
    struct tm_token t = example();
    check_round_trip(&t);
    t = (struct tm_token){0};
    check_round_trip(&t);
    memset(&t, 0xff, sizeof t);
    t.kind = TM_TOKEN_JOIN;
    t.src = TM_SRC_EXPLICIT;
    t.master = TM_SERVER;
    t.plan_mode = TM_PLAN_EMBEDDED;
    t.is_established = true;
    t.is_schedule = true;
    t.time_ms = (UINT64_C(1) << 48) - 1;
    t.head_len = TM_TOKEN_HEAD_MAX;
    t.n_parts = 0;
    memset(t.part, 0, sizeof t.part);
    check_round_trip(&t);
    for (int flags = 0; flags < 2 * 3 * 2 * 2 * 2 * 2; flags++) {
        t = example();
        t.kind = (enum tm_token_kind)(flags % 2);
        t.src = (enum tm_plan_src)(flags / 2 % 3);
        t.master = (enum tm_side)(flags / 6 % 2);
        t.plan_mode = (enum tm_plan_mode)(flags / 12 % 2);
        t.is_established = flags / 24 % 2 == 1;
        t.is_schedule = flags / 48 == 1;
        check_round_trip(&t);
    }
}

static struct tm_token driven(void)
{
    struct tm_token t = example();
    t.src = TM_SRC_DRIVEN;
    t.master = TM_CLIENT;
    t.plan_mode = TM_PLAN_SEEDED;
    t.is_schedule = false;
    t.user = 0;
    t.index = 0;
    t.n_users = 8;
    return t;
}

static void a_driven_token_says_nothing_of_plans(void)
{
    uint8_t b[256];
    struct tm_token got;
    for (int i = 0; i < 6; i++) {
        struct tm_token t = driven();
        t.master = i == 1 ? TM_SERVER : TM_CLIENT;
        t.plan_mode = i == 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        t.is_schedule = i == 3;
        t.user = i == 4;
        t.index = i == 5;
        struct tm_wr w = tm_wr_init(b, sizeof b);
        tm_token_encode(&t, &w);
        CHECK_INT(tm_token_decode(&got, b, w.len), i == 0 ? TM_OK : TM_ERR_FORMAT);
        if (i == 0)
            check_round_trip(&t);
    }
}

static void short_room_sets_the_writers_error(void)
{
    struct tm_token t = example();
    uint8_t bytes[TM_TOKEN_FIXED_LEN + 3];
    for (size_t cap = 0; cap < sizeof bytes; cap++) {
        struct tm_wr w = tm_wr_init(bytes, cap);
        tm_token_encode(&t, &w);
        CHECK(!tm_wr_ok(&w));
    }
}

static size_t encode_example(uint8_t *bytes, size_t cap)
{
    struct tm_token t = example();
    struct tm_wr w = tm_wr_init(bytes, cap);
    tm_token_encode(&t, &w);
    return w.len;
}

static void malformed_tokens_are_refused(void)
{
    uint8_t b[256] = {0};
    struct tm_token t;
    size_t len = encode_example(b, sizeof b);
    for (size_t n = 0; n < len; n++)
        CHECK_INT(tm_token_decode(&t, b, n), TM_ERR_FORMAT);
    CHECK_INT(tm_token_decode(&t, b, sizeof b), TM_OK);
    b[sizeof b - 1] = 1; /* padding that is not zero */
    CHECK_INT(tm_token_decode(&t, b, sizeof b), TM_ERR_FORMAT);
    b[sizeof b - 1] = 0;
    b[1] |= 0x06; /* src 3, with what only plans have */
    CHECK_INT(tm_token_decode(&t, b, len), TM_ERR_FORMAT);
    (void)encode_example(b, sizeof b);
    b[1] = 0x1d | 1U << 7; /* a mix, and its parts are missing */
    CHECK_INT(tm_token_decode(&t, b, len), TM_ERR_FORMAT);
    b[1] = 0x1d;
    b[TM_TOKEN_FIXED_LEN - 1] = TM_TOKEN_HEAD_MAX + 1;
    CHECK_INT(tm_token_decode(&t, b, sizeof b), TM_ERR_FORMAT);
    CHECK_INT(t.carrier, 0);
}

/* Three parts of 1, 2 and 0x0b09 users. */
static struct tm_token example_mix(void)
{
    struct tm_token t = example();
    t.n_parts = 3;
    for (size_t i = 0; i < 3; i++) {
        memset(t.part[i].digest, 0x10 + (int)i, TM_TOKEN_PART_LEN);
        t.part[i].n_users = (uint16_t)(i + 1);
    }
    t.part[2].n_users = 0x0b09;
    return t;
}

static void the_parts_of_a_mix_stand_before_the_head(void)
{
    static const uint8_t want[] = {3, 0x10, 0x10, 0x10, 0x10, 0,    1,    0x11, 0x11, 0x11, 0x11, 0,
                                   2, 0x12, 0x12, 0x12, 0x12, 0x0b, 0x09, 3,    0xaa, 0xbb, 0xcc};
    struct tm_token t = example_mix(), got;
    uint8_t b[TM_TOKEN_LEN_MAX];
    struct tm_wr w = tm_wr_init(b, sizeof b);
    tm_token_encode(&t, &w);
    CHECK_INT(w.len, tm_token_len(&t));
    CHECK_INT(w.len, TM_TOKEN_FIXED_LEN - 1 + sizeof want);
    CHECK_INT(b[1], 0x9d);
    CHECK_MEM(b + TM_TOKEN_FIXED_LEN - 1, want, sizeof want);
    check_round_trip(&t);
    for (size_t n = 0; n < w.len; n++)
        CHECK_INT(tm_token_decode(&got, b, n), TM_ERR_FORMAT);
    t.n_parts = 2;
    t.n_users = 3;
    check_round_trip(&t);
    t.n_parts = TM_MIX_PARTS_MAX;
    t.n_users = 0;
    t.head_len = TM_TOKEN_HEAD_MAX;
    for (size_t i = 0; i < TM_MIX_PARTS_MAX; i++)
        t.n_users = (uint16_t)(t.n_users + (t.part[i].n_users = 100));
    CHECK_INT(tm_token_len(&t), TM_TOKEN_LEN_MAX);
    check_round_trip(&t);
}

static void a_mix_that_does_not_add_up_is_refused(void)
{
    const struct {
        unsigned n_parts, n_users, part_users;
        bool is_schedule;
    } bad[] = {
        {3, 0x0b0d, 2, false}, {3, 0x0b0a, 0, false}, {1, 1, 2, false}, {3, 0x0b0c, 2, true}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_token t = example_mix(), got;
        uint8_t b[256] = {0};
        struct tm_wr w = tm_wr_init(b, sizeof b);
        t.n_parts = (uint8_t)bad[i].n_parts;
        t.n_users = (uint16_t)bad[i].n_users;
        t.part[1].n_users = (uint16_t)bad[i].part_users;
        t.is_schedule = bad[i].is_schedule;
        tm_token_encode(&t, &w);
        CHECK_INT(tm_token_decode(&got, b, sizeof b), TM_ERR_FORMAT);
    }
    struct tm_token t = example_mix(), got;
    uint8_t b[256] = {0};
    struct tm_wr w = tm_wr_init(b, sizeof b);
    tm_token_encode(&t, &w);
    for (unsigned n = 0; n < 256; n++) {
        b[TM_TOKEN_FIXED_LEN - 1] = (uint8_t)n;
        CHECK_INT(tm_token_decode(&got, b, sizeof b), n == 3 ? TM_OK : TM_ERR_FORMAT);
    }
}

static void another_version_is_unsupported(void)
{
    uint8_t b[256] = {0};
    struct tm_token t;
    size_t len = encode_example(b, sizeof b);
    for (unsigned v = 0; v < 256; v++) {
        b[0] = (uint8_t)v;
        CHECK_INT(tm_token_decode(&t, b, len), v == TM_TOKEN_VERSION ? TM_OK : TM_ERR_UNSUPPORTED);
    }
}

/* Decoding is one to one: what is accepted encodes to the same bytes. */
static void bit_flips_are_refused_or_mean_something_else(void)
{
    uint8_t b[TM_TOKEN_FIXED_LEN + 3];
    uint8_t again[TM_TOKEN_LEN_MAX];
    int n_refused = 0;
    size_t len = encode_example(b, sizeof b);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct tm_token t;
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (tm_token_decode(&t, b, len) == TM_OK) {
            struct tm_wr w = tm_wr_init(again, sizeof again);
            tm_token_encode(&t, &w);
            CHECK_MEM(again, b, w.len);
        } else {
            n_refused++;
        }
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    /* the version's 8; of the flags 7 (no mix follows) and the one that makes src 3, DRIVEN, of 2; every head_len but 3 makes
     * the length wrong: longer is cut off, shorter leaves padding that is not zero */
    CHECK_INT(n_refused, 8 + 2 + 8);
}

static const struct check_case cases[] = {
    {"layout_is_as_documented", layout_is_as_documented},
    {"every_value_survives", every_value_survives},
    {"a_driven_token_says_nothing_of_plans", a_driven_token_says_nothing_of_plans},
    {"short_room_sets_the_writers_error", short_room_sets_the_writers_error},
    {"malformed_tokens_are_refused", malformed_tokens_are_refused},
    {"the_parts_of_a_mix_stand_before_the_head", the_parts_of_a_mix_stand_before_the_head},
    {"a_mix_that_does_not_add_up_is_refused", a_mix_that_does_not_add_up_is_refused},
    {"another_version_is_unsupported", another_version_is_unsupported},
    {"bit_flips_are_refused_or_mean_something_else", bit_flips_are_refused_or_mean_something_else},
};
CHECK_MAIN("token", cases)
