#include "learner/tls.h"

#include <string.h>

#include "learner/packet.h"
#include "test/support/check.h"

#define STREAM_MAX 4096U

/* Both directions' bytes, given in segments of the test's choice. */
struct talk {
    struct tm_tls tls;
    struct tm_samples samples;
    uint8_t bytes[2][STREAM_MAX];
    uint32_t len[2];  /* written */
    uint32_t sent[2]; /* fed so far */
};

static void start(struct talk *t)
{
    *t = (struct talk){0};
    tm_tls_init(&t->tls);
    tm_tls_start(&t->tls, TM_UP, 1000);
    tm_tls_start(&t->tls, TM_DOWN, 1000);
}

/* A record with a body of `len` bytes that begins with `first`. */
static void record(struct talk *t, enum tm_dir dir, uint8_t type, uint8_t first, uint32_t len)
{
    uint8_t *p = t->bytes[dir] + t->len[dir];
    p[0] = type;
    p[1] = 3;
    p[2] = 3;
    p[3] = (uint8_t)(len >> 8);
    p[4] = (uint8_t)len;
    if (len > 0)
        p[5] = first;
    t->len[dir] += 5 + len;
}

/* A ServerHello of 90 bytes with a session id of 32 and this cipher suite. */
static void server_hello(struct talk *t, uint16_t suite)
{
    uint8_t *body = t->bytes[TM_DOWN] + t->len[TM_DOWN] + 5;
    record(t, TM_DOWN, 22, 2, 90);
    body[38] = 32;
    body[71] = (uint8_t)(suite >> 8);
    body[72] = (uint8_t)suite;
}

static void segment(struct talk *t, enum tm_dir dir, uint32_t at, uint32_t len, uint32_t cap_len)
{
    struct tm_segment s = {
        .dir = (uint8_t)dir, .flags = TM_TCP_ACK, .seq = 1000 + at, .payload_len = len};
    struct tm_view v = {t->bytes[dir] + at, cap_len};
    CHECK_INT(tm_tls_feed(&t->tls, &s, v, &t->samples), TM_OK);
}

/* All that was written and not sent yet, in segments of `mss`. */
static void flush(struct talk *t, enum tm_dir dir, uint32_t mss)
{
    while (t->sent[dir] < t->len[dir]) {
        uint32_t left = t->len[dir] - t->sent[dir];
        uint32_t n = left < mss ? left : mss;
        segment(t, dir, t->sent[dir], n, n);
        t->sent[dir] += n;
    }
}

static void check_samples(const struct talk *t, enum tm_measured_param p, const uint64_t *want,
                          size_t n)
{
    unsigned kind = TM_SAMPLES_MEASURED(p);
    CHECK_INT(t->samples.n[kind], n);
    for (size_t i = 0; i < n && i < t->samples.n[kind]; i++)
        CHECK_INT(t->samples.v[kind][i], want[i]);
}
#define CHECK_SAMPLES(t, p, ...)                                                                   \
    check_samples(t, p, (const uint64_t[]){__VA_ARGS__},                                           \
                  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* TLS 1.3 with a client that asks twice; in segments of mss bytes. */
static void talk_13(struct talk *t, uint32_t mss)
{
    start(t);
    record(t, TM_UP, 22, 1, 512);
    flush(t, TM_UP, mss);
    server_hello(t, 0x1301);
    record(t, TM_DOWN, 20, 1, 1);
    record(t, TM_DOWN, 23, 0, 1000);
    flush(t, TM_DOWN, mss);
    record(t, TM_UP, 20, 1, 1);
    record(t, TM_UP, 23, 0, 53);
    record(t, TM_UP, 23, 0, 95);
    flush(t, TM_UP, mss);
    record(t, TM_DOWN, 23, 0, 295);
    record(t, TM_DOWN, 23, 0, 195);
    flush(t, TM_DOWN, mss);
    record(t, TM_UP, 23, 0, 45);
    flush(t, TM_UP, mss);
    record(t, TM_DOWN, 23, 0, 595);
    flush(t, TM_DOWN, mss);
}

static void handshake_is_kept_apart_in_tls_13(void)
{
    for (uint32_t mss = 6; mss < 700; mss += mss < 12 ? 1 : 97) {
        struct talk t;
        struct tm_tls_conn c;
        talk_13(&t, mss);
        CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
        CHECK_INT(c.state, TM_TLS_FOLLOWED);
        CHECK(c.is_13 && c.is_established);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_HELLO, 517);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_FLIGHT, 95 + 6 + 1005);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_FINISHED, 6 + 58);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ, 100, 50);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_RSP, 500, 600);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ_RECORDS, 1, 1);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_RSP_RECORDS, 2, 1);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_RECORD_UP, 100, 50);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_RECORD_DOWN, 300, 200, 600);
        CHECK_SAMPLES(&t, TM_MEASURED_TLS_PAIRS, 2);
        CHECK_INT(c.app_bytes[TM_UP], 150);
        CHECK_INT(c.app_bytes[TM_DOWN], 1100);
        tm_samples_deinit(&t.samples);
    }
}

static void handshake_is_kept_apart_in_tls_12(void)
{
    struct talk t;
    struct tm_tls_conn c;
    start(&t);
    record(&t, TM_UP, 22, 1, 195);
    flush(&t, TM_UP, 1400);
    server_hello(&t, 0xc02f);
    record(&t, TM_DOWN, 22, 11, 900);
    flush(&t, TM_DOWN, 1400);
    record(&t, TM_UP, 22, 16, 70);
    record(&t, TM_UP, 20, 1, 1);
    record(&t, TM_UP, 22, 0, 40);
    flush(&t, TM_UP, 1400);
    record(&t, TM_DOWN, 20, 1, 1);
    record(&t, TM_DOWN, 22, 0, 40);
    flush(&t, TM_DOWN, 1400);
    record(&t, TM_UP, 23, 0, 95);
    flush(&t, TM_UP, 1400);
    record(&t, TM_DOWN, 23, 0, 495);
    flush(&t, TM_DOWN, 1400);
    record(&t, TM_UP, 21, 0, 26); /* close_notify */
    flush(&t, TM_UP, 1400);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK(!c.is_13);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_HELLO, 200);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_FLIGHT, 95 + 905 + 6 + 45);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_FINISHED, 75 + 6 + 45);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ, 100);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_RSP, 500);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_PAIRS, 1);
    tm_samples_deinit(&t.samples);
}

static void clear_beginning_is_stepped_over(void)
{
    struct talk t;
    struct tm_tls_conn c;
    start(&t);
    memcpy(t.bytes[TM_DOWN], "220 mail\r\n220 go\r\n", 18);
    memcpy(t.bytes[TM_UP], "STARTTLS\r\n", 10);
    segment(&t, TM_DOWN, 0, 10, 10);
    segment(&t, TM_UP, 0, 10, 10);
    segment(&t, TM_DOWN, 10, 8, 8);
    t.len[TM_UP] = t.sent[TM_UP] = 10;
    t.len[TM_DOWN] = t.sent[TM_DOWN] = 18;
    record(&t, TM_UP, 22, 1, 295);
    flush(&t, TM_UP, 1400);
    server_hello(&t, 0x1302);
    record(&t, TM_DOWN, 23, 0, 100);
    flush(&t, TM_DOWN, 1400);
    record(&t, TM_UP, 23, 0, 69);
    record(&t, TM_UP, 23, 0, 30);
    flush(&t, TM_UP, 1400);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_FOLLOWED);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_HELLO, 300);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ, 35);
    tm_samples_deinit(&t.samples);
}

static void plain_text_is_not_followed(void)
{
    struct talk t;
    struct tm_tls_conn c;
    start(&t);
    memcpy(t.bytes[TM_UP], "GET / HTTP/1.0\r\n\r\n", 18);
    segment(&t, TM_UP, 0, 18, 18);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_NONE);
    CHECK_INT(tm_samples_total(&t.samples, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_HELLO)), 0);
    tm_samples_deinit(&t.samples);
}

static void cut_payload_ends_it_without_samples(void)
{
    struct talk t;
    struct tm_tls_conn c;
    start(&t);
    record(&t, TM_UP, 22, 1, 512);
    segment(&t, TM_UP, 0, 517, 44);
    record(&t, TM_DOWN, 22, 2, 90);
    flush(&t, TM_DOWN, 1400);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_CUT);
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS; kind++)
        CHECK_INT(tm_samples_total(&t.samples, kind), 0);
    tm_samples_deinit(&t.samples);
}

static void repeats_overlaps_and_holes_in_a_body_do_no_harm(void)
{
    struct talk t;
    struct tm_tls_conn c;
    talk_13(&t, 300);
    record(&t, TM_UP, 23, 0, 995);
    record(&t, TM_UP, 23, 0, 15);
    uint32_t at = t.sent[TM_UP];
    segment(&t, TM_UP, at, 400, 400);
    segment(&t, TM_UP, at + 200, 300, 300); /* half of it known */
    segment(&t, TM_UP, at, 400, 400);       /* all of it */
    segment(&t, TM_UP, at + 900, 120, 120); /* bytes 500 to 899 were not captured */
    segment(&t, TM_UP, at + 500, 400, 400); /* or come late */
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_FOLLOWED);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_RECORD_UP, 100, 50, 1000, 20);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ, 100, 50, 1020);
    tm_samples_deinit(&t.samples);
}

static void lost_header_ends_it(void)
{
    struct talk t;
    struct tm_tls_conn c;
    talk_13(&t, 300);
    record(&t, TM_UP, 23, 0, 95);
    record(&t, TM_UP, 23, 0, 95);
    segment(&t, TM_UP, t.sent[TM_UP] + 102, 98, 98);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_LOST);
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_HELLO, 517); /* the handshake was whole */
    CHECK_SAMPLES(&t, TM_MEASURED_TLS_REQ, 100, 50);
    CHECK_INT(tm_samples_total(&t.samples, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_PAIRS)), 0);
    tm_samples_deinit(&t.samples);
}

static void what_is_no_record_ends_it(void)
{
    struct talk t;
    struct tm_tls_conn c;
    talk_13(&t, 300);
    memcpy(t.bytes[TM_DOWN] + t.len[TM_DOWN], "HTTP/1.1", 8);
    t.len[TM_DOWN] += 8;
    flush(&t, TM_DOWN, 100);
    CHECK_INT(tm_tls_finish(&t.tls, &t.samples, &c), TM_OK);
    CHECK_INT(c.state, TM_TLS_BROKEN);
    tm_samples_deinit(&t.samples);
}

static void no_damage_does_harm(void)
{
    struct talk whole;
    talk_13(&whole, 4096);
    for (int d = 0; d < 2; d++) {
        for (uint32_t bit = 0; bit < whole.len[d] * 8; bit += bit < 1000 ? 1 : 7) {
            struct talk t;
            start(&t);
            memcpy(t.bytes, whole.bytes, sizeof t.bytes);
            memcpy(t.len, whole.len, sizeof t.len);
            t.bytes[d][bit / 8] ^= (uint8_t)(1U << bit % 8);
            flush(&t, TM_UP, 200);
            flush(&t, TM_DOWN, 200);
            CHECK_INT(tm_tls_finish(&t.tls, &t.samples, NULL), TM_OK);
            tm_samples_deinit(&t.samples);
        }
    }
    tm_samples_deinit(&whole.samples);
}

static const struct check_case cases[] = {
    {"handshake_is_kept_apart_in_tls_13", handshake_is_kept_apart_in_tls_13},
    {"handshake_is_kept_apart_in_tls_12", handshake_is_kept_apart_in_tls_12},
    {"clear_beginning_is_stepped_over", clear_beginning_is_stepped_over},
    {"plain_text_is_not_followed", plain_text_is_not_followed},
    {"cut_payload_ends_it_without_samples", cut_payload_ends_it_without_samples},
    {"repeats_overlaps_and_holes_in_a_body_do_no_harm",
     repeats_overlaps_and_holes_in_a_body_do_no_harm},
    {"lost_header_ends_it", lost_header_ends_it},
    {"what_is_no_record_ends_it", what_is_no_record_ends_it},
    {"no_damage_does_harm", no_damage_does_harm},
};
CHECK_MAIN("tls", cases)
