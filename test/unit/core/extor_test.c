/* test/unit/core/extor_test.c - the extended ORPort, against a tor that is written here after ext-orport-spec.  (The MACs themselves are checked
 * with another implementation by test/net/27-pt.sh.) */
#include "tm/core/extor.h"

#include <stdbool.h>
#include <string.h>

#include "test/support/check.h"

static const uint8_t nonce[TM_EXTOR_NONCE_LEN] = {1, 2, 3}, its_nonce[TM_EXTOR_NONCE_LEN] = {9, 8};
static const uint8_t server_mac[TM_EXTOR_MAC_LEN] = {5, 5}, client_mac[TM_EXTOR_MAC_LEN] = {6, 6};

/* What tor says in a whole conversation that goes well, the user's first byte behind it. */
static size_t tors_side(uint8_t out[256])
{
    struct tm_wr w = tm_wr_init(out, 256);
    tm_wr_bytes(&w, "\x02\x01\x07\x00", 4); /* other kinds too */
    tm_wr_bytes(&w, server_mac, sizeof server_mac);
    tm_wr_bytes(&w, its_nonce, sizeof its_nonce);
    tm_wr_u8(&w, 1);
    tm_wr_bytes(&w, "\x10\x02\x00\x03xyz", 7); /* CONTROL, which we pass over */
    tm_wr_bytes(&w, "\x10\x00\x00\x00U", 5);
    return w.len;
}

struct outcome {
    enum tm_extor_want want;
    size_t said_len, left;
    uint8_t said[TM_EXTOR_OUT_MAX * 2];
};

/* Feeds in pieces; macs: those of right cookies. */
static struct outcome talk(const uint8_t *bytes, size_t len, size_t step)
{
    static uint8_t in[TM_EXTOR_IN_MAX];
    struct tm_extor e;
    struct outcome o = {.want = TM_EXTOR_MORE};
    size_t n = 0;
    tm_extor_init(&e, nonce, "192.0.2.1:5", "trafficmimic");
    for (size_t at = 0; at < len && o.want == TM_EXTOR_MORE; at += step) {
        uint8_t said[TM_EXTOR_OUT_MAX];
        struct tm_wr out = tm_wr_init(said, sizeof said);
        size_t more = len - at < step ? len - at : step;
        memcpy(in + n, bytes + at, more);
        n += more;
        o.want = tm_extor_feed(&e, in, &n, &out);
        if (o.want == TM_EXTOR_MACS) {
            o.want = tm_extor_macs(&e, server_mac, client_mac, &out);
            if (o.want == TM_EXTOR_MORE)
                o.want = tm_extor_feed(&e, in, &n, &out);
        }
        CHECK(tm_wr_ok(&out));
        memcpy(o.said + o.said_len, said, out.len);
        o.said_len += out.len;
    }
    o.left = n;
    return o;
}

static void tor_hears_who_we_are_and_whose_connection_it_is(void)
{
    uint8_t tor[256], want[256];
    size_t len = tors_side(tor);
    struct tm_wr w = tm_wr_init(want, sizeof want);
    tm_wr_u8(&w, 1);
    tm_wr_bytes(&w, nonce, sizeof nonce);
    tm_wr_bytes(&w, client_mac, sizeof client_mac);
    tm_wr_bytes(&w,
                "\x00\x01\x00\x0b"
                "192.0.2.1:5",
                15);
    tm_wr_bytes(&w, "\x00\x02\x00\x0ctrafficmimic", 16);
    tm_wr_bytes(&w, "\x00\x00\x00\x00", 4);
    for (size_t step = 1; step <= len; step++) {
        struct outcome o = talk(tor, len, step);
        CHECK_INT(o.want, TM_EXTOR_DONE);
        CHECK_INT(o.said_len, w.len);
        CHECK_MEM(o.said, want, w.len);
    }
    CHECK_INT(talk(tor, len, len).left, 1);
}

static void the_macs_are_of_the_labels_and_both_nonces(void)
{
    uint8_t in[TM_EXTOR_IN_MAX], said[TM_EXTOR_OUT_MAX], text[TM_EXTOR_TEXT_MAX], want[110];
    struct tm_wr out = tm_wr_init(said, sizeof said);
    struct tm_extor e;
    size_t n = tors_side(in);
    tm_extor_init(&e, nonce, "", "t");
    CHECK_INT(tm_extor_feed(&e, in, &n, &out), TM_EXTOR_MACS);
    memcpy(want, "ExtORPort authentication server-to-client hash", 46);
    memcpy(want + 46, nonce, 32);
    memcpy(want + 78, its_nonce, 32);
    CHECK_INT(tm_extor_text(&e, TM_EXTOR_SERVER, text), sizeof want);
    CHECK_MEM(text, want, sizeof want);
    memcpy(want, "ExtORPort authentication client-to-server hash", 46);
    CHECK_INT(tm_extor_text(&e, TM_EXTOR_CLIENT, text), sizeof want);
    CHECK_MEM(text, want, sizeof want);
}

static void another_cookie_than_ours_is_refused_before_we_prove_anything(void)
{
    uint8_t in[TM_EXTOR_IN_MAX], said[TM_EXTOR_OUT_MAX], wrong[TM_EXTOR_MAC_LEN] = {5, 5, 0, 1};
    struct tm_wr out = tm_wr_init(said, sizeof said);
    struct tm_extor e;
    size_t n = tors_side(in);
    tm_extor_init(&e, nonce, "", "t");
    CHECK_INT(tm_extor_feed(&e, in, &n, &out), TM_EXTOR_MACS);
    size_t before = out.len;
    CHECK_INT(tm_extor_macs(&e, wrong, client_mac, &out), TM_EXTOR_REFUSED);
    CHECK_INT(out.len, before);
}

static void what_tor_does_not_want_is_refused(void)
{
    uint8_t tor[256];
    const struct {
        size_t at;
        uint8_t value;
    } change[] = {
        {1, 5},  /* no kind of ours */
        {68, 0}, /* our MAC is wrong */
    };
    CHECK_INT(talk((const uint8_t *)"\x00", 1, 1).want, TM_EXTOR_REFUSED);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        size_t n = tors_side(tor);
        tor[change[i].at] = change[i].value;
        CHECK_INT(talk(tor, n, n).want, TM_EXTOR_REFUSED);
    }
    size_t len = tors_side(tor);
    tor[len - 4] = 1; /* DENY */
    CHECK_INT(talk(tor, len, len).want, TM_EXTOR_REFUSED);
    len = tors_side(tor);
    tor[len - 3] = 0xff; /* longer than we hold */
    CHECK_INT(talk(tor, len, len).want, TM_EXTOR_REFUSED);
}

static void an_unknown_address_is_not_told(void)
{
    uint8_t in[TM_EXTOR_IN_MAX] = {1}, said[TM_EXTOR_OUT_MAX];
    struct tm_wr out = tm_wr_init(said, sizeof said);
    struct tm_extor e;
    size_t n = 1;
    tm_extor_init(&e, nonce, "", "t");
    e.phase = TM_EXTOR_RESULT;
    CHECK_INT(tm_extor_feed(&e, in, &n, &out), TM_EXTOR_MORE);
    CHECK_INT(out.len, 9);
    CHECK_MEM(said, "\x00\x02\x00\x01t\x00\x00\x00\x00", 9);
}

static void every_mutation_and_cut_ends_in_one_of_three_ways(void)
{
    uint8_t tor[256];
    size_t len = tors_side(tor);
    unsigned n_done = 0, n_refused = 0;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        (void)tors_side(tor);
        tor[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct outcome whole = talk(tor, len, len), cut = talk(tor, len, 3);
        CHECK_INT(whole.want, cut.want);
        CHECK_INT(whole.said_len, cut.said_len);
        n_done += whole.want == TM_EXTOR_DONE;
        n_refused += whole.want == TM_EXTOR_REFUSED;
    }
    CHECK(n_done > 0 && n_refused > 0);
    for (size_t n = 0; n < len - 1; n++) {
        (void)tors_side(tor);
        CHECK_INT(talk(tor, n, n > 0 ? n : 1).want, TM_EXTOR_MORE);
    }
}

static const struct check_case cases[] = {
    {"tor_hears_who_we_are_and_whose_connection_it_is",
     tor_hears_who_we_are_and_whose_connection_it_is},
    {"the_macs_are_of_the_labels_and_both_nonces", the_macs_are_of_the_labels_and_both_nonces},
    {"another_cookie_than_ours_is_refused_before_we_prove_anything",
     another_cookie_than_ours_is_refused_before_we_prove_anything},
    {"what_tor_does_not_want_is_refused", what_tor_does_not_want_is_refused},
    {"an_unknown_address_is_not_told", an_unknown_address_is_not_told},
    {"every_mutation_and_cut_ends_in_one_of_three_ways",
     every_mutation_and_cut_ends_in_one_of_three_ways},
};
CHECK_MAIN("extor", cases)
