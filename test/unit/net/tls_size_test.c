/* test/unit/net/tls_size_test.c - every planned size is played to the byte: hellos, flights with 0.5-RTT records,
 * Finished with and without records behind it, records of every length. */
#include "tm/net/tls.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/net/tls_pair.h"

enum { HS_SPAN = 300 };

struct buffers {
    uint8_t wire[WIRE_CAP];
    uint8_t sent[WIRE_CAP];
    uint8_t got[WIRE_CAP];
};

static struct buffers *buffers_new(void)
{
    struct buffers *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    for (size_t i = 0; i < sizeof b->sent; i++)
        b->sent[i] = (uint8_t)(i * 131 + i / 251);
    return b;
}

/* The part of a write that the handshake takes: a rest of 1..22 is padded into it (record rule). */
static size_t handshake_part(size_t size, size_t min)
{
    return size - min <= TM_TLS_PAD_MAX ? size : min;
}

/* Seals what is left of a write of `size` bytes at wire + at; the plaintext bytes that it took. */
static size_t seal_rest(struct tm_tls *t, struct buffers *b, size_t at, size_t size)
{
    size_t plain_len = 0;
    while (at < size) {
        size_t record = size - at;
        if (record > TM_TLS_RECORD_MAX)
            record = record - TM_TLS_RECORD_MAX >= TM_TLS_RECORD_MIN ? TM_TLS_RECORD_MAX
                                                                     : record - TM_TLS_RECORD_MIN;
        CHECK_INT(tm_tls_seal(t, b->sent + plain_len, record - TM_TLS_OVERHEAD, b->wire + at),
                  TM_OK);
        plain_len += record - TM_TLS_OVERHEAD;
        at += record;
    }
    return plain_len;
}

/* One whole handshake of given sizes, data behind both flights. */
static void play(struct ends *e, struct buffers *b, size_t hello, size_t flight, size_t fin)
{
    struct pair p;
    pair_init(&p, e, hello);

    size_t part = handshake_part(flight, e->sizes->flight_min);
    CHECK_INT(tm_tls_flight(p.s, b->wire, part), TM_OK);
    size_t plain_len = seal_rest(p.s, b, part, flight);
    CHECK(!tm_tls_is_peer_finished(p.c));
    CHECK_INT(try_receive(p.c, b->wire, flight, b->got), plain_len);
    CHECK_MEM(b->got, b->sent, plain_len);
    CHECK(tm_tls_is_peer_finished(p.c));
    CHECK(!tm_tls_is_peer_finished(p.s));

    part = handshake_part(fin, e->sizes->fin_min);
    CHECK_INT(tm_tls_finish(p.c, b->wire, part), TM_OK);
    plain_len = seal_rest(p.c, b, part, fin);
    CHECK_INT(try_receive(p.s, b->wire, fin, b->got), plain_len);
    CHECK_MEM(b->got, b->sent, plain_len);
    CHECK(tm_tls_is_peer_finished(p.s));

    plain_len = seal_rest(p.s, b, 0, 100);
    CHECK_INT(try_receive(p.c, b->wire, 100, b->got), plain_len);
    pair_deinit(&p);
}

static void measured_sizes_are_those_of_tls13(void)
{
    struct tm_tls_sizes a;
    struct tm_tls_sizes named;
    CHECK_INT(tm_tls_measure(&a, NULL), TM_OK);
    CHECK_INT(tm_tls_measure(&named, "www.example.org"), TM_OK);
    /* server_name is 9 bytes and the name; nothing else depends on it */
    CHECK_INT(named.hello_base, a.hello_base + 9 + 15);
    CHECK_INT(named.flight_min, a.flight_min);
    CHECK_INT(named.fin_min, a.fin_min);
    /* CCS; header, type and tag of a record; Finished with SHA-384 */
    CHECK_INT(a.fin_min, 6 + 22 + 4 + 32);
    CHECK_INT(tm_tls_measure(&named, ""), TM_OK);
    CHECK_INT(named.hello_base, a.hello_base);
}

static void names_too_long_are_refused(void)
{
    char name[300];
    struct tm_tls_sizes sizes;
    struct tm_tls_ctx *ctx = NULL;
    struct tm_msg msg = {{0}};
    memset(name, 'a', sizeof name);
    name[253] = '\0';
    CHECK_INT(tm_tls_measure(&sizes, name), TM_OK);
    name[253] = 'a';
    name[254] = '\0';
    CHECK_INT(tm_tls_measure(&sizes, name), TM_ERR_RANGE);
    CHECK_INT(tm_tls_ctx_new(&ctx, TM_CLIENT, name, &msg), TM_ERR_RANGE);
    CHECK(ctx == NULL && strstr(msg.text, "too long") != NULL);
}

static void every_handshake_size_is_exact(void)
{
    struct ends e;
    struct buffers *b = buffers_new();
    ends_init(&e, "www.example.org");
    size_t hello_min = e.sizes->hello_base + TM_TICKET_LEN_MIN(0);
    for (size_t flight = e.sizes->flight_min; flight <= 2000; flight++) {
        size_t i = flight - e.sizes->flight_min;
        play(&e, b, hello_min + i % (HS_SPAN + 1), flight,
             e.sizes->fin_min + (i * 7) % (HS_SPAN + 1));
    }
    play(&e, b, TM_HELLO_RECORD_MAX, e.sizes->flight_min + TM_TLS_RECORD_MAX,
         e.sizes->fin_min + TM_TLS_RECORD_MAX);
    play(&e, b, 1500, e.sizes->flight_min + TM_TLS_RECORD_MAX + 1,
         e.sizes->fin_min + TM_TLS_RECORD_MAX + 22);
    play(&e, b, 1500, e.sizes->flight_min + 2 * TM_TLS_RECORD_MAX,
         e.sizes->fin_min + 2 * TM_TLS_RECORD_MAX + 23);
    free(b);
    ends_deinit(&e);
}

/* An observer sees records: what is padded is Finished, the last one, and nothing else. */
static void padding_lies_in_the_last_record(void)
{
    struct ends e;
    uint8_t wire[1024];
    uint8_t plain[WIRE_CAP];
    size_t first[8] = {0};
    ends_init(&e, NULL);
    for (size_t pad = 0; pad <= TM_TLS_PAD_MAX; pad++) {
        struct pair p;
        pair_init(&p, &e, 500);
        size_t size = e.sizes->flight_min + pad;
        CHECK_INT(tm_tls_flight(p.s, wire, size), TM_OK);
        size_t n = 0;
        for (size_t at = 0; at < size && n < 8; n++) {
            size_t record = 5 + ((size_t)wire[at + 3] << 8 | wire[at + 4]);
            if (pad == 0)
                first[n] = record;
            at += record;
            CHECK_INT(record, first[n] + (at == size ? pad : 0));
        }
        CHECK_INT(n, 4); /* ServerHello, CCS, EncryptedExtensions, Finished */
        CHECK_INT(try_receive(p.c, wire, size, plain), 0);
        CHECK_INT(tm_tls_finish(p.c, wire, e.sizes->fin_min + pad), TM_OK);
        CHECK_INT(wire[9] << 8 | wire[10], e.sizes->fin_min - 6U - 5U + pad);
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

static void sizes_outside_the_range_are_refused_and_harmless(void)
{
    struct ends e;
    struct pair p;
    uint8_t wire[1024];
    uint8_t plain[WIRE_CAP];
    uint8_t identity[200] = {0};
    struct tm_view view = {identity, sizeof identity};
    struct tm_tls *t = NULL;
    ends_init(&e, NULL);
    size_t size = e.sizes->hello_base + sizeof identity;
    CHECK_INT(tm_tls_client_new(&t, e.client, p.psk, view, wire, size - 1), TM_ERR_RANGE);
    CHECK_INT(tm_tls_client_new(&t, e.client, p.psk, view, wire, size + 1), TM_ERR_RANGE);
    view.len = 0;
    CHECK_INT(tm_tls_client_new(&t, e.client, p.psk, view, wire, e.sizes->hello_base),
              TM_ERR_RANGE);
    view.len = TM_HELLO_RECORD_MAX + 1U - e.sizes->hello_base;
    CHECK_INT(tm_tls_client_new(&t, e.client, p.psk, view, wire, TM_HELLO_RECORD_MAX + 1),
              TM_ERR_RANGE);
    CHECK(t == NULL);

    pair_init(&p, &e, 500);
    size_t min = e.sizes->flight_min;
    CHECK_INT(tm_tls_flight(p.s, wire, min - 1), TM_ERR_RANGE);
    CHECK_INT(tm_tls_flight(p.s, wire, min + TM_TLS_PAD_MAX + 1), TM_ERR_RANGE);
    CHECK_INT(tm_tls_flight(p.s, wire, 0), TM_ERR_RANGE);
    CHECK_INT(tm_tls_flight(p.s, wire, min + TM_TLS_PAD_MAX), TM_OK);
    CHECK_INT(try_receive(p.c, wire, min + TM_TLS_PAD_MAX, plain), 0);
    min = e.sizes->fin_min;
    CHECK_INT(tm_tls_finish(p.c, wire, min - 1), TM_ERR_RANGE);
    CHECK_INT(tm_tls_finish(p.c, wire, min + TM_TLS_PAD_MAX + 1), TM_ERR_RANGE);
    CHECK_INT(tm_tls_finish(p.c, wire, min + 1), TM_OK);
    CHECK_INT(try_receive(p.s, wire, min + 1, plain), 0);
    CHECK(tm_tls_is_peer_finished(p.s));
    pair_deinit(&p);
    ends_deinit(&e);
}

/* Both ends send a record of every length, turn by turn; the wire is cut into pieces of changing length. */
static void records_of_every_length_interleave(void)
{
    static const size_t more[] = {4096, 16383, 16384, 1, 16384, 16384};
    struct ends e;
    struct pair p;
    struct buffers *b = buffers_new();
    ends_init(&e, NULL);
    pair_open(&p, &e);
    size_t n_more = sizeof more / sizeof more[0];
    for (size_t i = 1; i <= 1500 - TM_TLS_OVERHEAD + n_more; i++) {
        size_t len = i <= 1500 - TM_TLS_OVERHEAD ? i : more[i - (1500 - TM_TLS_OVERHEAD) - 1];
        for (int turn = 0; turn < 2; turn++) {
            struct tm_tls *from = turn ? p.s : p.c;
            struct tm_tls *to = turn ? p.c : p.s;
            size_t piece = 1 + i % 97;
            int n_got = 0;
            memset(b->wire, 0xee, len + TM_TLS_OVERHEAD + 8);
            CHECK_INT(tm_tls_seal(from, b->sent + i, len, b->wire), TM_OK);
            CHECK_INT(b->wire[3] << 8 | b->wire[4], len + TM_TLS_OVERHEAD - 5);
            CHECK_INT(b->wire[len + TM_TLS_OVERHEAD], 0xee);
            for (size_t at = 0; at < len + TM_TLS_OVERHEAD; at += piece) {
                size_t n = len + TM_TLS_OVERHEAD - at;
                n_got += try_receive(to, b->wire + at, n < piece ? n : piece, b->got + n_got);
            }
            CHECK_INT(n_got, len);
            CHECK_MEM(b->got, b->sent + i, len);
        }
    }
    pair_deinit(&p);
    free(b);
    ends_deinit(&e);
}

static void one_call_opens_one_record(void)
{
    struct ends e;
    struct pair p;
    struct buffers *b = buffers_new();
    ends_init(&e, NULL);
    pair_open(&p, &e);
    static const int lens[] = {1, 300, 1, 2, 16384, 5};
    size_t at = 0;
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(tm_tls_seal(p.s, b->sent, (size_t)lens[i], b->wire + at), TM_OK);
        at += (size_t)lens[i] + TM_TLS_OVERHEAD;
    }
    tm_tls_feed(p.c, b->wire, at);
    for (size_t i = 0; i < 6; i++)
        CHECK_INT(tm_tls_open(p.c, b->got, TM_TLS_PLAIN_MAX), lens[i]);
    CHECK_INT(tm_tls_open(p.c, b->got, TM_TLS_PLAIN_MAX), 0);
    CHECK_INT(tm_tls_open(p.c, b->got, TM_TLS_PLAIN_MAX), 0);
    pair_deinit(&p);
    free(b);
    ends_deinit(&e);
}

static const struct check_case cases[] = {
    {"measured_sizes_are_those_of_tls13", measured_sizes_are_those_of_tls13},
    {"names_too_long_are_refused", names_too_long_are_refused},
    {"every_handshake_size_is_exact", every_handshake_size_is_exact},
    {"padding_lies_in_the_last_record", padding_lies_in_the_last_record},
    {"sizes_outside_the_range_are_refused_and_harmless",
     sizes_outside_the_range_are_refused_and_harmless},
    {"records_of_every_length_interleave", records_of_every_length_interleave},
    {"one_call_opens_one_record", one_call_opens_one_record},
};
CHECK_MAIN("tls_size", cases)
