#include "tm/core/frame.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/core/entry.h"
#include "tm/core/message.h"

static void frames_come_back_as_written(void)
{
    uint8_t buf[64];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    tm_frame_encode_ack(&w, true, 0, 70);
    tm_frame_encode_ack(&w, false, 300, 5);
    tm_frame_encode_data_header(&w, 6, 100000, true, true, 3);
    tm_wr_bytes(&w, "abc", 3);
    tm_wr_zeros(&w, 10);
    CHECK_INT(tm_frame_ack_len(true, 0, 70) + tm_frame_ack_len(false, 300, 5), 3 + 4);
    struct tm_rd r = tm_rd_init(buf, w.len);
    struct tm_frame f;
    CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
    CHECK(f.kind == TM_FRAME_ACK && f.u.ack.here && f.u.ack.n_records == 70);
    CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
    CHECK(f.kind == TM_FRAME_ACK && !f.u.ack.here && f.u.ack.carrier == 300 &&
          f.u.ack.n_records == 5);
    CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
    CHECK(f.kind == TM_FRAME_DATA && f.u.data.stream == 6 && f.u.data.offset == 100000 &&
          f.u.data.fin);
    CHECK_INT(f.u.data.bytes.len, 3);
    CHECK_MEM(f.u.data.bytes.p, "abc", 3);
    CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
    CHECK(f.kind == TM_FRAME_PAD && r.len == 0);
}

static void data_fits_exactly_or_says_so(void)
{
    for (uint64_t offset = 0; offset < 1 << 17; offset = offset * 3 + 1) {
        for (size_t room = 0; room < 400; room++) {
            for (size_t want = 0; want < 300; want += 7) {
                size_t header;
                bool with_len;
                size_t n =
                    tm_frame_data_fit(tm_frame_data_len(4, offset), want, room, &header, &with_len);
                CHECK(header + n <= room && n <= want);
                CHECK(with_len || header == 0 ||
                      header + n == room); /* without length it fills the record */
                if (header + want + 3 < room)
                    CHECK_INT(n, want);
                if (header == 0)
                    continue;
                uint8_t buf[512];
                struct tm_wr w = tm_wr_init(buf, sizeof buf);
                tm_frame_encode_data_header(&w, 4, offset, false, with_len, n);
                CHECK_INT(w.len, header);
            }
        }
    }
}

static void malformed_frames_are_refused(void)
{
    static const uint8_t bad[][4] = {{0x05},    {0x0c}, {0xff},    {0x01},
                                     {0x02, 5}, {0x03}, {0x03, 0}, {0x0a, 2, 0, 9}};
    static const size_t len[] = {1, 1, 1, 1, 2, 1, 2, 4};
    for (size_t i = 0; i < sizeof len / sizeof len[0]; i++) {
        struct tm_rd r = tm_rd_init(bad[i], len[i]);
        struct tm_frame f;
        CHECK_INT(tm_frame_decode(&r, &f), TM_ERR_FORMAT);
    }
}

/* Every truncation and every flipped bit of a record: an answer, and never a byte read past the end (ASan). */
static void mutated_records_never_overrun(void)
{
    uint8_t good[48];
    struct tm_wr w = tm_wr_init(good, sizeof good);
    tm_frame_encode_ack(&w, false, 70000, 3000);
    tm_frame_encode_data_header(&w, 2, 5, false, true, 4);
    tm_wr_bytes(&w, "wxyz", 4);
    tm_frame_encode_data_header(&w, 8, 1 << 20, true, false, 0);
    tm_wr_bytes(&w, "the rest", 8);
    for (size_t bit = 0; bit < w.len * 8; bit++) {
        for (size_t cut = 0; cut <= w.len; cut++) {
            uint8_t copy[48];
            memcpy(copy, good, cut);
            if (bit / 8 < cut)
                copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            struct tm_rd r = tm_rd_init(copy, cut);
            struct tm_frame f;
            int n = 0;
            while (r.len > 0 && tm_frame_decode(&r, &f) == TM_OK && f.kind != TM_FRAME_PLAN)
                n++;
            CHECK(n <= 4);
        }
    }
}

/* ---- Entries ---- */

static void entries_come_back_as_written(void)
{
    struct tm_plan p = {.close_gap_us = 123456};
    const struct tm_write w[] = {{517, 0, TM_UP, 0},        {4000, 2000, TM_DOWN, 1},
                                 {80, 500000, TM_UP, 2},    {70000, 4000000000U, TM_DOWN, 3},
                                 {1U << 28, 1, TM_DOWN, 1}, {23, 63, TM_UP, 5}};
    for (size_t i = 0; i < 6; i++)
        CHECK_INT(tm_plan_add(&p, w[i]), TM_OK);
    uint8_t buf[128];
    struct tm_wr wr = tm_wr_init(buf, sizeof buf);
    tm_entry_encode(&wr, &p, 0, 100);
    size_t len = 0;
    for (size_t i = 0; i <= 6; i++)
        len += tm_entry_len(&p, i);
    CHECK_INT(wr.len, len);
    CHECK_INT(tm_entry_fit(&p, 0, len, 100), 7);
    CHECK_INT(tm_entry_fit(&p, 0, len - 1, 100), 6);
    CHECK_INT(tm_entry_fit(&p, 0, len, 3), 3);
    struct tm_known_plan k = {0};
    struct tm_rd r = tm_rd_init(buf, wr.len);
    while (r.len > 0)
        CHECK_INT(tm_entry_decode(&r, &k), TM_OK);
    CHECK(k.complete);
    CHECK_INT(k.plan.close_gap_us, 123456);
    CHECK_INT(k.plan.n_writes, 6);
    for (size_t i = 0; i < 6; i++)
        CHECK(k.plan.w[i].size == w[i].size && k.plan.w[i].gap_us == w[i].gap_us &&
              k.plan.w[i].dir == w[i].dir && k.plan.w[i].ref_back == w[i].ref_back);
    struct tm_rd again = tm_rd_init(buf, 8);
    CHECK_INT(tm_entry_decode(&again, &k), TM_ERR_FORMAT); /* behind the end */
    tm_plan_deinit(&k.plan);
    tm_plan_deinit(&p);
}

static void entries_out_of_range_are_refused(void)
{
    static const uint8_t bad[][12] = {
        {0x00, 0x05, 0x00},                         /* refers to a write before the first */
        {0x06, 0x00, 0x00},                         /* size 0 */
        {0x10, 0x05, 0x00},                         /* unknown flag */
        {0x80, 0x05},                               /* end of an empty plan */
        {0x06, 0xc0, 0, 0, 0, 0x20, 0, 0, 0, 0x00}, /* too large */
        {0x06, 0x05},                               /* cut */
    };
    static const size_t len[] = {3, 3, 3, 2, 10, 2};
    for (size_t i = 0; i < sizeof len / sizeof len[0]; i++) {
        struct tm_known_plan k = {0};
        struct tm_rd r = tm_rd_init(bad[i], len[i]);
        CHECK_INT(tm_entry_decode(&r, &k), TM_ERR_FORMAT);
        tm_plan_deinit(&k.plan);
    }
}

/* ---- Control messages ---- */

static const struct tm_message MESSAGES[] = {
    {.kind = TM_MSG_SETTINGS, .u.settings = {1, 0, 65536, 256}},
    {.kind = TM_MSG_OPEN, .stream = 2, .u.dest = {TM_ADDR_NAME, 9, "some.test", 443}},
    {.kind = TM_MSG_OPEN, .stream = 4, .u.dest = {TM_ADDR_IPV4, 4, "\x7f\0\0\1", 80}},
    {.kind = TM_MSG_REPLY, .stream = 200, .u.code = 5},
    {.kind = TM_MSG_RESET, .stream = 70000, .u.code = 1},
    {.kind = TM_MSG_CREDIT, .stream = 2, .u.limit = 1 << 22},
    {.kind = TM_MSG_CARRIER_END, .u.end = {900, 12345}},
    {.kind = TM_MSG_PLAN_SEED, .u.seed = "0123456789abcde"},
    {.kind = TM_MSG_PLAN_HEAD,
     .u.head = {3,
                {.index = 9, .ref = TM_OPEN_ENDED, .gap_us = 5000000},
                {(const uint8_t *)"\6\5\0", 3}}},
    {.kind = TM_MSG_FAIL, .u.code = 2},
    {.kind = TM_MSG_MACHINES, .u.machines = {1000000, 0, 65537}},
    {.kind = TM_MSG_MACHINES_PART, .u.part = {(const uint8_t *)"02eN", 4}},
    {.kind = TM_MSG_LISTEN, .listener = 0, .u.dest = {TM_ADDR_IPV4, 4, "\x7f\0\0\1", 0}},
    {.kind = TM_MSG_LISTEN, .listener = 15, .u.dest = {TM_ADDR_IPV6, 16, "\xfd", 65535}},
    {.kind = TM_MSG_LISTENING, .listener = 3, .u.listening = {2, 8080}},
    {.kind = TM_MSG_ACCEPT, .stream = 3, .listener = 1},
};
#define N_MESSAGES (sizeof MESSAGES / sizeof MESSAGES[0])

static void messages_come_back_as_written(void)
{
    for (size_t i = 0; i < N_MESSAGES; i++) {
        uint8_t buf[TM_MESSAGE_MAX];
        uint8_t again[TM_MESSAGE_MAX];
        struct tm_wr w = tm_wr_init(buf, sizeof buf);
        tm_message_encode(&w, &MESSAGES[i]);
        CHECK(tm_wr_ok(&w));
        struct tm_message m;
        for (size_t cut = 0; cut < w.len; cut++)
            CHECK_INT(tm_message_decode(&m, buf, cut), 0);
        CHECK_INT(tm_message_decode(&m, buf, w.len), w.len);
        CHECK_INT(m.kind, MESSAGES[i].kind);
        CHECK_INT(m.stream, MESSAGES[i].stream);
        CHECK_INT(m.listener, MESSAGES[i].listener);
        struct tm_wr w2 = tm_wr_init(again, sizeof again);
        tm_message_encode(&w2, &m);
        CHECK_INT(w2.len, w.len);
        CHECK_MEM(again, buf, w.len);
    }
}

static void mutated_messages_never_overrun(void)
{
    for (size_t i = 0; i < N_MESSAGES; i++) {
        uint8_t buf[TM_MESSAGE_MAX];
        struct tm_wr w = tm_wr_init(buf, sizeof buf);
        tm_message_encode(&w, &MESSAGES[i]);
        for (size_t bit = 0; bit < w.len * 8; bit++) {
            buf[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            struct tm_message m;
            int used = tm_message_decode(&m, buf, w.len);
            CHECK(used == TM_ERR_FORMAT || (used >= 0 && (size_t)used <= w.len));
            buf[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
    }
}

static void unknown_message_is_skipped(void)
{
    static const uint8_t later[] = {60, 3, 1, 2, 3, 9};
    struct tm_message m;
    CHECK_INT(tm_message_decode(&m, later, sizeof later), 5);
    CHECK_INT(m.kind, 0);
}

static void closings_come_back_as_written(void)
{
    static const struct tm_close some[] = {{0},
                                           {TM_CLOSE_FIN, 2, 0, 0},
                                           {TM_CLOSE_FIN, 0, 1, 0},
                                           {TM_CLOSE_RESET, 0, 0, 0},
                                           {TM_CLOSE_RESET, 1, 2, TM_WRITE_GAP_MAX}};
    static const size_t len[] = {5, 6, 7, 5, 15};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        uint8_t buf[TM_ENTRY_LEN_MAX];
        struct tm_plan p = {.close_gap_us = 123456, .close = some[i]};
        struct tm_known_plan k = {0};
        for (int n = 0; n < 2; n++) {
            CHECK_INT(tm_plan_add(&p, (struct tm_write){9, 0, TM_UP, 0}), TM_OK);
            CHECK_INT(tm_plan_add(&k.plan, (struct tm_write){9, 0, TM_UP, 0}), TM_OK);
        }
        struct tm_wr wr = tm_wr_init(buf, sizeof buf);
        tm_entry_encode(&wr, &p, 2, 1);
        CHECK_INT(wr.len, len[i]);
        CHECK_INT(tm_entry_len(&p, 2), len[i]);
        for (size_t cut = 0; cut < wr.len; cut++) {
            struct tm_rd r = tm_rd_init(buf, cut);
            CHECK_INT(tm_entry_decode(&r, &k), TM_ERR_FORMAT);
            CHECK(!k.complete);
        }
        struct tm_rd r = tm_rd_init(buf, wr.len);
        CHECK_INT(tm_entry_decode(&r, &k), TM_OK);
        CHECK(k.complete && tm_close_is_same(&k.plan.close, &some[i]));
        CHECK_INT(k.plan.close_gap_us, 123456);
        tm_plan_deinit(&k.plan);
        tm_plan_deinit(&p);
    }
}

/* Any bytes: refused, or a plan that may be played and is written again as it was read. */
static void any_closing_is_refused_or_sound(void)
{
    uint64_t x = 88172645463325252U; /* Marsaglia's xorshift */
    size_t n_taken = 0;
    for (int round = 0; round < 20000; round++) {
        uint8_t in[12], out[TM_ENTRY_LEN_MAX];
        for (size_t i = 0; i < sizeof in; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            in[i] = (uint8_t)(x >> 20) & (i % 3 ? 0x47 : 0xff);
        }
        in[0] = (uint8_t)(0x80 | (in[0] & 0x0f));
        struct tm_known_plan k = {0};
        for (int n = 0; n < 5; n++)
            CHECK_INT(tm_plan_add(&k.plan, (struct tm_write){9, 0, TM_UP, 0}), TM_OK);
        struct tm_rd r = tm_rd_init(in, sizeof in);
        int rc = tm_entry_decode(&r, &k);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        CHECK_INT(k.complete, rc == TM_OK);
        CHECK_INT(tm_plan_check(&k.plan), TM_OK);
        n_taken += k.complete;
        if (k.complete) {
            struct tm_wr wr = tm_wr_init(out, sizeof out);
            struct tm_known_plan again = {.plan = {.n_writes = 5}};
            tm_entry_encode(&wr, &k.plan, 5, 1);
            struct tm_rd back = tm_rd_init(out, wr.len);
            CHECK(tm_wr_ok(&wr) && wr.len == tm_entry_len(&k.plan, 5));
            CHECK_INT(tm_entry_decode(&back, &again), TM_OK);
            CHECK(tm_close_is_same(&again.plan.close, &k.plan.close));
            CHECK_INT(again.plan.close_gap_us, k.plan.close_gap_us);
        }
        tm_plan_deinit(&k.plan);
    }
    CHECK(n_taken > 1000 && n_taken < 19000);
}

static void closings_of_no_plan_are_refused(void)
{
    static const uint8_t bad[][5] = {
        {0x82, 1, 0},       /* runs from a write 0 back */
        {0x82, 1, 3},       /* from one before the first */
        {0x84, 1, 0, 1},    /* so the server's */
        {0x84, 1, 3, 1},    /* ... */
        {0x88, 1, 1, 1, 1}, /* no such bit */
        {0xc0, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_known_plan k = {0};
        for (int n = 0; n < 2; n++)
            CHECK_INT(tm_plan_add(&k.plan, (struct tm_write){9, 0, TM_UP, 0}), TM_OK);
        struct tm_rd r = tm_rd_init(bad[i], sizeof bad[i]);
        CHECK_INT(tm_entry_decode(&r, &k), TM_ERR_FORMAT);
        CHECK(!k.complete);
        tm_plan_deinit(&k.plan);
    }
}

static const struct check_case cases[] = {
    {"closings_come_back_as_written", closings_come_back_as_written},
    {"any_closing_is_refused_or_sound", any_closing_is_refused_or_sound},
    {"closings_of_no_plan_are_refused", closings_of_no_plan_are_refused},
    {"frames_come_back_as_written", frames_come_back_as_written},
    {"data_fits_exactly_or_says_so", data_fits_exactly_or_says_so},
    {"malformed_frames_are_refused", malformed_frames_are_refused},
    {"mutated_records_never_overrun", mutated_records_never_overrun},
    {"entries_come_back_as_written", entries_come_back_as_written},
    {"entries_out_of_range_are_refused", entries_out_of_range_are_refused},
    {"messages_come_back_as_written", messages_come_back_as_written},
    {"mutated_messages_never_overrun", mutated_messages_never_overrun},
    {"unknown_message_is_skipped", unknown_message_is_skipped},
};
CHECK_MAIN("frame", cases)
