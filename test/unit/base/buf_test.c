/* test/unit/base/buf_test.c - the bounded reader and writer: RFC 9000's varints, truncation at every
 * length, errors that stick, and memory outside the bounds that stays untouched. */
#include "tm/base/buf.h"

#include <string.h>

#include "test/support/check.h"

/* RFC 9000 sec. A.1, and the edges of each length. */
static const struct {
    uint64_t value;
    size_t len;
    uint8_t bytes[8];
} varints[] = {
    {UINT64_C(151288809941952652), 8, {0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}},
    {494878333, 4, {0x9d, 0x7f, 0x3e, 0x7d}},
    {15293, 2, {0x7b, 0xbd}},
    {37, 1, {0x25}},
    {0, 1, {0x00}},
    {63, 1, {0x3f}},
    {64, 2, {0x40, 0x40}},
    {16383, 2, {0x7f, 0xff}},
    {16384, 4, {0x80, 0x00, 0x40, 0x00}},
    {1073741823, 4, {0xbf, 0xff, 0xff, 0xff}},
    {1073741824, 8, {0xc0, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00}},
    {TM_VARINT_MAX, 8, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};
enum { N_VARINTS = sizeof varints / sizeof varints[0] };

static void varint_reads_the_values_of_rfc_9000(void)
{
    for (size_t i = 0; i < N_VARINTS; i++) {
        struct tm_rd r = tm_rd_init(varints[i].bytes, varints[i].len);
        CHECK_INT(tm_rd_varint(&r), varints[i].value);
        CHECK(tm_rd_ok(&r));
        CHECK_INT(r.len, 0);
    }
    const uint8_t long_37[] = {0x40, 0x25}; /* sec. A.1: 37 in two bytes is as good */
    struct tm_rd r = tm_rd_init(long_37, sizeof long_37);
    CHECK_INT(tm_rd_varint(&r), 37);
    CHECK(tm_rd_ok(&r));
}

static void varint_is_written_in_its_shortest_form(void)
{
    for (size_t i = 0; i < N_VARINTS; i++) {
        uint8_t out[9];
        memset(out, 0xee, sizeof out);
        struct tm_wr w = tm_wr_init(out, 8);
        tm_wr_varint(&w, varints[i].value);
        CHECK(tm_wr_ok(&w));
        CHECK_INT(w.len, varints[i].len);
        CHECK_INT(tm_varint_len(varints[i].value), varints[i].len);
        CHECK_MEM(out, varints[i].bytes, varints[i].len);
        CHECK_INT(out[varints[i].len], 0xee);
    }
}

static void varint_above_its_range_is_an_error(void)
{
    uint8_t out[8];
    struct tm_wr w = tm_wr_init(out, sizeof out);
    tm_wr_varint(&w, TM_VARINT_MAX + 1);
    CHECK(!tm_wr_ok(&w));
    CHECK_INT(w.len, 0);
}

static void varint_cut_short_or_without_room_is_an_error(void)
{
    for (size_t i = 0; i < N_VARINTS; i++) {
        for (size_t len = 0; len < varints[i].len; len++) {
            struct tm_rd r = tm_rd_init(varints[i].bytes, len);
            CHECK_INT(tm_rd_varint(&r), 0);
            CHECK(!tm_rd_ok(&r));

            uint8_t out[8] = {0};
            struct tm_wr w = tm_wr_init(out, len);
            tm_wr_varint(&w, varints[i].value);
            CHECK(!tm_wr_ok(&w));
            CHECK_INT(w.len, 0);
            CHECK_INT(out[0], 0);
        }
    }
}

/* One field of each kind: 1 + 2 + 3 + 4 + 8 + 2 + 3 + 2 bytes. */
static const uint8_t record[] = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x81, 0x82, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x7b, 0xbd, 'a',  'b',  'c',  0x00, 0x00,
};

static void writer_lays_out_big_endian_fields(void)
{
    uint8_t out[sizeof record];
    memset(out, 0xee, sizeof out);
    struct tm_wr w = tm_wr_init(out, sizeof out);
    tm_wr_u8(&w, 0x01);
    tm_wr_u16(&w, 0x0203);
    tm_wr_u24(&w, 0x040506);
    tm_wr_u32(&w, 0x0708090a);
    tm_wr_u64(&w, UINT64_C(0x8182838485868788));
    tm_wr_varint(&w, 15293);
    tm_wr_bytes(&w, "abc", 3);
    CHECK_INT(tm_wr_room(&w), 2);
    tm_wr_zeros(&w, 2);
    CHECK(tm_wr_ok(&w));
    CHECK_INT(w.len, sizeof record);
    CHECK_INT(tm_wr_room(&w), 0);
    CHECK_MEM(out, record, sizeof record);
}

/* Reads the record's fields from its first `len` bytes; the number of fields that came out right. */
static int read_record(size_t len, bool *ok)
{
    struct tm_rd r = tm_rd_init(record, len);
    uint8_t two[2] = {0xee, 0xee};
    int right = tm_rd_u8(&r) == 0x01;
    right += tm_rd_u16(&r) == 0x0203;
    right += tm_rd_u24(&r) == 0x040506;
    right += tm_rd_u32(&r) == 0x0708090a;
    right += tm_rd_u64(&r) == UINT64_C(0x8182838485868788);
    right += tm_rd_varint(&r) == 15293;
    right += tm_rd_bytes(&r, 3).p == record + 20;
    tm_rd_copy(&r, two, 2);
    right += tm_rd_ok(&r) && two[0] == 0 && two[1] == 0;
    *ok = tm_rd_ok(&r);
    return right;
}

static void reader_gives_every_field_that_is_whole_and_no_other(void)
{
    static const size_t ends[] = {1, 3, 6, 10, 18, 20, 23, 25};
    for (size_t len = 0; len <= sizeof record; len++) {
        int whole = 0;
        while (whole < 8 && ends[whole] <= len)
            whole++;
        bool ok = false;
        CHECK_INT(read_record(len, &ok), whole);
        CHECK_INT(ok, len == sizeof record);
    }
}

static void reader_error_sticks(void)
{
    static const uint8_t four[] = {1, 2, 3, 4};
    struct tm_rd r = tm_rd_init(four, sizeof four);
    CHECK_INT(tm_rd_u64(&r), 0);
    CHECK(!tm_rd_ok(&r));
    uint8_t dst[2] = {0xee, 0xee};
    CHECK_INT(tm_rd_u8(&r), 0); /* there would be four bytes */
    CHECK_INT(tm_rd_varint(&r), 0);
    CHECK(tm_rd_bytes(&r, 1).p == NULL);
    CHECK_INT(tm_rd_bytes(&r, 0).len, 0);
    tm_rd_copy(&r, dst, sizeof dst);
    CHECK_INT(dst[0] | dst[1], 0);
    CHECK(!tm_rd_ok(&r));
}

static void writer_error_sticks_and_stays_inside_the_capacity(void)
{
    uint8_t out[8];
    memset(out, 0xee, sizeof out);
    struct tm_wr w = tm_wr_init(out, 5);
    tm_wr_u32(&w, 0x01020304);
    tm_wr_u16(&w, 0x0506);
    CHECK(!tm_wr_ok(&w));
    CHECK_INT(tm_wr_room(&w), 0);
    tm_wr_u8(&w, 0x07); /* would fit */
    tm_wr_bytes(&w, "x", 1);
    tm_wr_zeros(&w, 1);
    CHECK_INT(w.len, 4);
    CHECK_MEM(out, ((const uint8_t[]){1, 2, 3, 4, 0xee, 0xee, 0xee, 0xee}), 8);
}

static void huge_lengths_do_not_wrap(void)
{
    uint8_t mem[4] = {1, 2, 3, 4};
    struct tm_rd r = tm_rd_init(mem, sizeof mem);
    (void)tm_rd_u8(&r);
    CHECK(tm_rd_bytes(&r, SIZE_MAX).p == NULL);
    CHECK(!tm_rd_ok(&r));
    struct tm_wr w = tm_wr_init(mem, sizeof mem);
    tm_wr_u8(&w, 9);
    tm_wr_zeros(&w, SIZE_MAX);
    CHECK(!tm_wr_ok(&w));
    CHECK_MEM(mem, ((const uint8_t[]){9, 2, 3, 4}), 4);
    size_t n = 0;
    CHECK(!tm_mul_ok(SIZE_MAX / 2 + 1, 2, &n));
    CHECK(tm_mul_ok(SIZE_MAX / 2, 2, &n));
    CHECK_INT(n, SIZE_MAX - 1);
}

static void nothing_is_a_valid_length(void)
{
    struct tm_rd r = tm_rd_init(NULL, 0);
    CHECK_INT(tm_rd_bytes(&r, 0).len, 0);
    tm_rd_copy(&r, NULL, 0);
    CHECK(tm_rd_ok(&r));
    struct tm_wr w = tm_wr_init(NULL, 0);
    tm_wr_bytes(&w, NULL, 0);
    tm_wr_zeros(&w, 0);
    CHECK(tm_wr_ok(&w));
}

static const struct check_case cases[] = {
    {"varint_reads_the_values_of_rfc_9000", varint_reads_the_values_of_rfc_9000},
    {"varint_is_written_in_its_shortest_form", varint_is_written_in_its_shortest_form},
    {"varint_above_its_range_is_an_error", varint_above_its_range_is_an_error},
    {"varint_cut_short_or_without_room_is_an_error", varint_cut_short_or_without_room_is_an_error},
    {"writer_lays_out_big_endian_fields", writer_lays_out_big_endian_fields},
    {"reader_gives_every_field_that_is_whole_and_no_other",
     reader_gives_every_field_that_is_whole_and_no_other},
    {"reader_error_sticks", reader_error_sticks},
    {"writer_error_sticks_and_stays_inside_the_capacity",
     writer_error_sticks_and_stays_inside_the_capacity},
    {"huge_lengths_do_not_wrap", huge_lengths_do_not_wrap},
    {"nothing_is_a_valid_length", nothing_is_a_valid_length},
};
CHECK_MAIN("buf", cases)
