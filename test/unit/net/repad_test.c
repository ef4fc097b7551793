/* test/unit/net/repad_test.c - one record made longer: content kept, length exact, nothing else accepted.
 * (That the other end's library takes the result is tested in tls_size_test.c.) */
#include "tm/net/repad.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

enum { CONTENT = 53, REC_LEN = 5 + CONTENT + 16 };
static const uint8_t secret[TM_HKDF_LEN] = {1, 2, 3};

/* A record of 53 bytes of inner plaintext under `secret`, made with Python's cryptography package (AES-256-GCM;
 * key and iv by HKDF-Expand-Label): 52 bytes 0x20, 0x21, ... and the type 22. */
static const uint8_t record[74] = {
    0x17, 0x03, 0x03, 0x00, 0x45, 0x04, 0x0c, 0x76, 0x90, 0xd0, 0x03, 0x77, 0x6b, 0x93, 0xd9,
    0x64, 0x02, 0xe6, 0xea, 0x4a, 0x2e, 0x44, 0x3f, 0x5f, 0x46, 0x3d, 0x5c, 0x4d, 0x3a, 0x15,
    0x6f, 0xe8, 0xa3, 0xa0, 0x41, 0xa4, 0xff, 0x15, 0xd2, 0x1a, 0xb0, 0xb1, 0xf9, 0x4e, 0x02,
    0xcb, 0x4c, 0x6b, 0xae, 0x93, 0x20, 0x66, 0x34, 0x3a, 0x54, 0x37, 0x52, 0xc6, 0x31, 0x2e,
    0x76, 0xb2, 0x1d, 0x57, 0xf7, 0x9c, 0xf0, 0x06, 0x16, 0x8f, 0x31, 0x17, 0x51, 0xf6};
/* The same with 22 zeros behind the type. */
static const uint8_t padded_22[96] = {
    0x17, 0x03, 0x03, 0x00, 0x5b, 0x04, 0x0c, 0x76, 0x90, 0xd0, 0x03, 0x77, 0x6b, 0x93, 0xd9, 0x64,
    0x02, 0xe6, 0xea, 0x4a, 0x2e, 0x44, 0x3f, 0x5f, 0x46, 0x3d, 0x5c, 0x4d, 0x3a, 0x15, 0x6f, 0xe8,
    0xa3, 0xa0, 0x41, 0xa4, 0xff, 0x15, 0xd2, 0x1a, 0xb0, 0xb1, 0xf9, 0x4e, 0x02, 0xcb, 0x4c, 0x6b,
    0xae, 0x93, 0x20, 0x66, 0x34, 0x3a, 0x54, 0x37, 0x52, 0xc6, 0x9a, 0x76, 0x02, 0xe9, 0x70, 0x46,
    0x28, 0xc5, 0xe9, 0xb7, 0xdc, 0xb3, 0x7a, 0x3b, 0x96, 0x84, 0x07, 0x15, 0x03, 0x38, 0x2c, 0x07,
    0xd6, 0xbf, 0x73, 0xee, 0xf7, 0x11, 0xc2, 0xe6, 0xb7, 0x00, 0x55, 0x3c, 0xef, 0x9f, 0x27, 0xaa};

static const struct tm_view rec = {record, sizeof record};

static void same_length_gives_the_same_record(void)
{
    uint8_t out[REC_LEN];
    CHECK(tm_repad(out, REC_LEN, rec, secret));
    CHECK_MEM(out, record, REC_LEN);
}

static void padding_keeps_the_content_and_gives_the_length(void)
{
    uint8_t out[512];
    for (size_t len = REC_LEN + 1; len <= REC_LEN + 300; len++) {
        memset(out, 0xee, sizeof out);
        CHECK(tm_repad(out, len, rec, secret));
        CHECK_INT(out[0], 23);
        CHECK_INT(out[1] << 8 | out[2], 0x0303);
        CHECK_INT(out[3] << 8 | out[4], len - 5);
        CHECK_INT(out[len], 0xee);
        /* GCM is a stream: the content's bytes are the same, the zeros behind it follow */
        CHECK_MEM(out + 5, record + 5, CONTENT);
        CHECK(memcmp(out + 5 + CONTENT, record + 5 + CONTENT, 16) != 0);
    }
    CHECK(tm_repad(out, REC_LEN + 22, rec, secret));
    CHECK_MEM(out, padded_22, sizeof padded_22);
}

static void lengths_out_of_range_are_refused(void)
{
    static uint8_t out[16406];
    CHECK(!tm_repad(out, REC_LEN - 1, rec, secret));
    CHECK(!tm_repad(out, 0, rec, secret));
    CHECK(tm_repad(out, 16405, rec, secret));
    CHECK(!tm_repad(out, 16406, rec, secret));
    for (size_t n = 0; n < REC_LEN; n++)
        CHECK(!tm_repad(out, REC_LEN, (struct tm_view){record, n}, secret));
}

static void changed_record_or_secret_is_refused_and_leaves_nothing(void)
{
    static const uint8_t zero[REC_LEN + 5];
    uint8_t bad[REC_LEN];
    uint8_t out[REC_LEN + 5];
    for (size_t bit = 0; bit < 8 * (size_t)REC_LEN; bit++) {
        memcpy(bad, record, REC_LEN);
        bad[bit / 8] ^= (uint8_t)(1U << bit % 8);
        memset(out, 0xee, sizeof out);
        CHECK(!tm_repad(out, sizeof out, (struct tm_view){bad, REC_LEN}, secret));
        CHECK_MEM(out, zero, sizeof out);
    }
    uint8_t other[TM_HKDF_LEN] = {1, 2, 4};
    CHECK(!tm_repad(out, sizeof out, rec, other));
}

static const struct check_case cases[] = {
    {"same_length_gives_the_same_record", same_length_gives_the_same_record},
    {"padding_keeps_the_content_and_gives_the_length",
     padding_keeps_the_content_and_gives_the_length},
    {"lengths_out_of_range_are_refused", lengths_out_of_range_are_refused},
    {"changed_record_or_secret_is_refused_and_leaves_nothing",
     changed_record_or_secret_is_refused_and_leaves_nothing},
};
CHECK_MAIN("repad", cases)
