/* bitring, sendbuf and reasm together: windows over bytes that come in any order.  Each is compared with a
 * plain model (one flag per byte) over random operations. */
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"
#include "tm/core/bitring.h"
#include "tm/core/reasm.h"
#include "tm/core/sendbuf.h"

static struct tm_rng seeded(uint8_t n)
{
    uint8_t seed[TM_SEED_LEN] = {n};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    return r;
}

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 7));
}

static void bitring_agrees_with_one_flag_per_byte(void)
{
    enum { CAP = 256 };
    uint64_t bits[CAP / 64] = {0};
    uint8_t flag[CAP] = {0};
    struct tm_rng r = seeded(1);
    for (int round = 0; round < 20000; round++) {
        uint64_t offset = tm_rng_below(&r, 1 << 20);
        size_t len = (size_t)tm_rng_below(&r, CAP + 1);
        if (tm_rng_below(&r, 2))
            tm_bitring_set(bits, CAP, offset, len);
        else
            tm_bitring_clear(bits, CAP, offset, len);
        /* The same on the model: what was done is found again by looking at one bit. */
        bool set = len > 0 && (bits[(offset % CAP) / 64] >> (offset % 64) & 1);
        for (size_t i = 0; i < len; i++)
            flag[(offset + i) % CAP] = set;
        uint64_t from = tm_rng_below(&r, 1 << 20);
        size_t max = (size_t)tm_rng_below(&r, CAP + 1);
        size_t run = 0;
        while (run < max && flag[(from + run) % CAP])
            run++;
        CHECK_INT(tm_bitring_run(bits, CAP, from, max), run);
    }
}

static void what_is_copied_to_a_larger_ring_stays_set_and_no_more(void)
{
    enum { CAP = 256, LARGE = 2 * CAP };
    struct tm_rng r = seeded(12);
    for (int round = 0; round < 2000; round++) {
        uint64_t bits[CAP / 64], to[LARGE / 64] = {0};
        for (int i = 0; i < CAP / 64; i++)
            bits[i] = tm_rng_u64(&r);
        uint64_t from = tm_rng_below(&r, 1 << 20);
        size_t len = (size_t)tm_rng_below(&r, CAP + 1);
        tm_bitring_grow(to, bits, CAP, from, from + len);
        size_t wrong = 0;
        for (uint64_t at = from; at < from + LARGE; at++)
            wrong += tm_bitring_run(to, LARGE, at, 1) !=
                     (at < from + len ? tm_bitring_run(bits, CAP, at, 1) : 0);
        CHECK_INT(wrong, 0);
    }
}

static void a_window_that_grows_keeps_what_came_out_of_order(void)
{
    struct tm_reasm r;
    uint8_t b[64] = {0};
    CHECK_INT(tm_reasm_init(&r, 64), TM_OK);
    CHECK_INT(tm_reasm_put(&r, 0, (struct tm_view){b, 40}, false), TM_OK);
    tm_reasm_consume(&r, 40);
    CHECK_INT(tm_reasm_put(&r, 50, (struct tm_view){b, 30}, false), TM_OK);
    CHECK_INT(tm_reasm_grow(&r), TM_OK);
    CHECK_INT(tm_reasm_put(&r, 40, (struct tm_view){b, 10}, false), TM_OK);
    CHECK_INT(r.ready, 80);
    tm_reasm_deinit(&r);
}

/* As long as the application takes everything, a large window is small memory: its first bytes are used again. */
static void a_window_that_holds_nothing_begins_at_its_front_again(void)
{
    struct tm_reasm r;
    struct tm_sendbuf b;
    uint8_t bytes[48] = {0};
    uint8_t got[40];
    CHECK_INT(tm_reasm_init(&r, 64), TM_OK);
    CHECK_INT(tm_sendbuf_init(&b, 64), TM_OK);
    for (uint64_t at = 0; at < 1000; at += 40) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = byte_at(at + i);
        CHECK_INT(tm_reasm_put(&r, at, (struct tm_view){bytes, 40}, false), TM_OK);
        CHECK(tm_reasm_peek(&r).p == r.window.bytes && tm_reasm_peek(&r).len == 40);
        CHECK_MEM(tm_reasm_peek(&r).p, bytes, 40);
        tm_reasm_consume(&r, 40);
        CHECK_INT(tm_sendbuf_put(&b, bytes, 40), 40);
        b.next = b.end;
        CHECK_MEM(b.window.bytes, bytes, 40);
        tm_sendbuf_copy(&b, at, got, 40);
        CHECK_MEM(got, bytes, 40);
        tm_sendbuf_ack(&b, at, 40);
    }
    tm_reasm_deinit(&r);
    tm_sendbuf_deinit(&b);
}

static void reasm_delivers_in_order_whatever_the_order_of_arrival(void)
{
    enum { TOTAL = 40000 };
    for (uint8_t seed = 2; seed < 10; seed++) {
        struct tm_rng rng = seeded(seed);
        struct tm_reasm r;
        CHECK_INT(tm_reasm_init(&r, 1024), TM_OK);
        uint64_t delivered = 0;
        while (!tm_reasm_finished(&r)) {
            uint64_t offset = r.base + tm_rng_below(&rng, r.window.cap);
            size_t len = (size_t)tm_rng_below(&rng, 300);
            if (offset > TOTAL)
                offset = TOTAL;
            if (offset + len > r.base + r.window.cap)
                len = (size_t)(r.base + r.window.cap - offset);
            if (offset + len > TOTAL)
                len = (size_t)(TOTAL - offset);
            uint8_t bytes[300];
            for (size_t i = 0; i < len; i++)
                bytes[i] = byte_at(offset + i);
            CHECK_INT(tm_reasm_put(&r, offset, (struct tm_view){bytes, len}, offset + len == TOTAL),
                      TM_OK);
            if (r.window.cap < 8192 && tm_rng_below(&rng, 100) == 0)
                CHECK_INT(tm_reasm_grow(&r), TM_OK);
            struct tm_view v = tm_reasm_peek(&r);
            size_t n = v.len > 0 ? (size_t)tm_rng_below(&rng, v.len + 1) : 0;
            for (size_t i = 0; i < n; i++)
                if (v.p[i] != byte_at(delivered + i))
                    CHECK_INT(delivered + i, -1);
            tm_reasm_consume(&r, n);
            delivered += n;
        }
        CHECK_INT(delivered, TOTAL);
        tm_reasm_deinit(&r);
    }
}

static void reasm_refuses_what_exceeds_credit_or_contradicts_the_end(void)
{
    struct tm_reasm r;
    uint8_t b[128] = {0};
    CHECK_INT(tm_reasm_init(&r, 64), TM_OK);
    CHECK_INT(tm_reasm_put(&r, 1, (struct tm_view){b, 64}, false), TM_ERR_PROTO);
    CHECK_INT(tm_reasm_put(&r, 0, (struct tm_view){b, 64}, false), TM_OK);
    CHECK_INT(tm_reasm_put(&r, 10, (struct tm_view){b, 10}, true), TM_ERR_PROTO);
    CHECK_INT(tm_reasm_put(&r, 64, (struct tm_view){b, 0}, true), TM_OK);
    CHECK_INT(tm_reasm_put(&r, 0, (struct tm_view){b, 64}, true), TM_OK);
    tm_reasm_consume(&r, 64);
    CHECK_INT(tm_reasm_put(&r, 64, (struct tm_view){b, 1}, false), TM_ERR_PROTO);
    CHECK(tm_reasm_finished(&r));
    tm_reasm_deinit(&r);
}

static void sendbuf_keeps_bytes_until_all_before_them_are_acknowledged(void)
{
    struct tm_rng rng = seeded(11);
    struct tm_sendbuf b;
    CHECK_INT(tm_sendbuf_init(&b, 512), TM_OK);
    enum { TOTAL = 60000 };
    static uint8_t acked[TOTAL];
    memset(acked, 0, sizeof acked);
    uint64_t want_base = 0;
    while (b.base < TOTAL) {
        uint8_t in[200];
        size_t n = (size_t)tm_rng_below(&rng, sizeof in);
        if (n > TOTAL - b.end)
            n = (size_t)(TOTAL - b.end);
        for (size_t i = 0; i < n; i++)
            in[i] = byte_at(b.end + i);
        size_t room = tm_sendbuf_room(&b);
        CHECK_INT(tm_sendbuf_put(&b, in, n), n < room ? n : room);
        b.next += tm_rng_below(&rng, b.end - b.next + 1);
        if (b.window.cap < 4096 && tm_rng_below(&rng, 200) == 0)
            CHECK_INT(tm_sendbuf_grow(&b), TM_OK);
        if (b.next > b.base) {
            uint8_t out[300];
            uint64_t at = b.base + tm_rng_below(&rng, b.next - b.base);
            size_t len = (size_t)tm_rng_below(&rng, (b.next - at < 300 ? b.next - at : 300) + 1);
            tm_sendbuf_copy(&b, at, out, len);
            for (size_t i = 0; i < len; i++)
                if (out[i] != byte_at(at + i))
                    CHECK_INT(at + i, -1);
            tm_sendbuf_ack(&b, at, len);
            for (size_t i = 0; i < len; i++)
                acked[at + i] = 1;
        }
        while (want_base < TOTAL && acked[want_base])
            want_base++;
        CHECK_INT(b.base, want_base);
        tm_sendbuf_ack(&b, b.next, 100); /* beyond what was sent: ignored */
    }
    tm_sendbuf_deinit(&b);
}

static const struct check_case cases[] = {
    {"bitring_agrees_with_one_flag_per_byte", bitring_agrees_with_one_flag_per_byte},
    {"what_is_copied_to_a_larger_ring_stays_set_and_no_more",
     what_is_copied_to_a_larger_ring_stays_set_and_no_more},
    {"a_window_that_grows_keeps_what_came_out_of_order",
     a_window_that_grows_keeps_what_came_out_of_order},
    {"a_window_that_holds_nothing_begins_at_its_front_again",
     a_window_that_holds_nothing_begins_at_its_front_again},
    {"reasm_delivers_in_order_whatever_the_order_of_arrival",
     reasm_delivers_in_order_whatever_the_order_of_arrival},
    {"reasm_refuses_what_exceeds_credit_or_contradicts_the_end",
     reasm_refuses_what_exceeds_credit_or_contradicts_the_end},
    {"sendbuf_keeps_bytes_until_all_before_them_are_acknowledged",
     sendbuf_keeps_bytes_until_all_before_them_are_acknowledged},
};
CHECK_MAIN("window", cases)
