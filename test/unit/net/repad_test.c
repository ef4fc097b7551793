/* test/unit/net/repad_test.c - one record made longer: content kept, length exact, nothing else accepted.
 * (That the other end's library takes the result is tested in tls_size_test.c.) */
#include "tm/net/repad.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

enum { CONTENT = 53, REC_LEN = 5 + CONTENT + 16 };
static const uint8_t secret[TM_HKDF_LEN] = {1, 2, 3};

/* A record of 53 bytes of inner plaintext under `secret`, made with Python's cryptography package (AES-128-GCM;
 * key and iv by HKDF-Expand-Label): 52 bytes 0x20, 0x21, ... and the type 22. */
static const uint8_t record[74] = {
    0x17, 0x03, 0x03, 0x00, 0x45, 0xa6, 0x1b, 0xc5, 0x90, 0xaf, 0x3e, 0x17, 0xf4, 0x19, 0x98,
    0xe7, 0x07, 0xdf, 0xd6, 0x87, 0xe1, 0x73, 0x67, 0x7d, 0xcc, 0x53, 0x1b, 0x16, 0x23, 0xf8,
    0x75, 0x7d, 0x8a, 0x70, 0xc6, 0x73, 0x97, 0xc8, 0xdf, 0x66, 0xc3, 0xbd, 0x5d, 0x18, 0xda,
    0x0c, 0x29, 0x30, 0x3f, 0x87, 0x6a, 0x8f, 0x99, 0x89, 0x83, 0xbc, 0xf1, 0x76, 0x33, 0x43,
    0xb3, 0xaa, 0xb5, 0xb3, 0x8c, 0x75, 0x81, 0x87, 0x3d, 0xbe, 0x2d, 0xeb, 0x4c, 0x34};
/* The same with 22 zeros behind the type. */
static const uint8_t padded_22[96] = {
    0x17, 0x03, 0x03, 0x00, 0x5b, 0xa6, 0x1b, 0xc5, 0x90, 0xaf, 0x3e, 0x17, 0xf4, 0x19, 0x98, 0xe7,
    0x07, 0xdf, 0xd6, 0x87, 0xe1, 0x73, 0x67, 0x7d, 0xcc, 0x53, 0x1b, 0x16, 0x23, 0xf8, 0x75, 0x7d,
    0x8a, 0x70, 0xc6, 0x73, 0x97, 0xc8, 0xdf, 0x66, 0xc3, 0xbd, 0x5d, 0x18, 0xda, 0x0c, 0x29, 0x30,
    0x3f, 0x87, 0x6a, 0x8f, 0x99, 0x89, 0x83, 0xbc, 0xf1, 0x76, 0xb4, 0xfc, 0xd5, 0x72, 0x00, 0xdb,
    0xa4, 0xd9, 0x14, 0xa9, 0x5d, 0xb9, 0x03, 0x11, 0x64, 0xa4, 0xc2, 0x23, 0x4a, 0x3f, 0xfa, 0x5b,
    0x64, 0x65, 0x17, 0x64, 0x44, 0x13, 0x1c, 0x21, 0xb8, 0x0a, 0x8b, 0x5b, 0x71, 0x8a, 0x8a, 0x6a};

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
