/* test/unit/net/tls_test.c - what a carrier's TLS must never do: show bytes that nobody planned, talk on to a peer
 * that is not ours, or swallow what ours would not send.  Sizes are in tls_size_test.c.
 * Bytes that our own code never makes (KeyUpdate, tickets, alerts) come from the library object inside. */
#include "tm/net/tls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "test/support/check.h"
#include "test/unit/net/tls_pair.h"
#include "tm/net/tls_conn.h"

static uint8_t wire[WIRE_CAP];
static uint8_t plain[WIRE_CAP];

/* What the library wants to send when it is called directly. */
static size_t provoke(struct tm_tls *t, void (*call)(SSL *ssl))
{
    t->tx = tm_wr_init(wire, sizeof wire);
    call(t->ssl);
    size_t len = t->tx.len;
    t->tx = (struct tm_wr){0};
    return len;
}

static void update_requested(SSL *ssl)
{
    CHECK_INT(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    CHECK_INT(SSL_do_handshake(ssl), 1);
}

static void update_not_requested(SSL *ssl)
{
    CHECK_INT(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    CHECK_INT(SSL_do_handshake(ssl), 1);
}

static void new_ticket(SSL *ssl)
{
    CHECK_INT(SSL_new_session_ticket(ssl), 1);
    CHECK_INT(SSL_do_handshake(ssl), 1);
}

static void close_notify(SSL *ssl)
{
    SSL_set_quiet_shutdown(ssl, 0);
    (void)SSL_shutdown(ssl);
}

static void fatal_alert(SSL *ssl)
{
    uint8_t buf[64];
    uint8_t bad_record[64] = {23, 3, 3, 0, 59};
    struct tm_tls *t = SSL_get_app_data(ssl);
    t->rx = (struct tm_view){bad_record, sizeof bad_record};
    CHECK(SSL_read(ssl, buf, sizeof buf) <= 0);
}

/* Every further call gives the same error and touches nothing. */
static void check_broken(struct tm_tls *t, int err)
{
    uint8_t out[128];
    uint8_t key[TM_TLS_EXPORTER_LEN];
    memset(out, 0xee, sizeof out);
    CHECK_INT(tm_tls_seal(t, out, 10, out + 64), err);
    CHECK_INT(tm_tls_finish(t, out, 80), err);
    CHECK_INT(tm_tls_flight(t, out, 80), err);
    CHECK_INT(tm_tls_exporter(t, "label", key), err);
    tm_tls_feed(t, out, 10);
    tm_tls_feed(t, out, 10);
    CHECK_INT(tm_tls_open(t, plain, sizeof plain), err);
    CHECK(!tm_tls_is_peer_finished(t));
    for (size_t i = 0; i < sizeof out; i++)
        CHECK_INT(out[i], 0xee);
}

static void what_our_peer_never_sends_ends_the_connection(void)
{
    static const struct {
        void (*call)(SSL *ssl);
        bool from_client_too;
    } provocations[] = {
        {update_requested, true}, {update_not_requested, true}, {new_ticket, false},
        {close_notify, true},     {fatal_alert, true},
    };
    struct ends e;
    ends_init(&e, NULL);
    for (size_t i = 0; i < 2 * sizeof provocations / sizeof provocations[0]; i++) {
        struct pair p;
        bool from_client = i % 2;
        if (from_client && !provocations[i / 2].from_client_too)
            continue;
        pair_open(&p, &e);
        struct tm_tls *from = from_client ? p.c : p.s;
        struct tm_tls *to = from_client ? p.s : p.c;
        size_t len = provoke(from, provocations[i / 2].call);
        CHECK(len >= TM_TLS_RECORD_MIN);
        for (size_t n = 1; n < len; n++) /* byte by byte; nothing to see before the last */
            CHECK_INT(try_receive(to, wire + n - 1, 1, plain), 0);
        CHECK_INT(try_receive(to, wire + len - 1, 1, plain), TM_ERR_PROTO);
        check_broken(to, TM_ERR_PROTO);
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

static void data_behind_a_key_update_is_not_delivered(void)
{
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_open(&p, &e);
    size_t len = provoke(p.s, update_requested);
    CHECK_INT(tm_tls_seal(p.s, plain, 100, wire + len), TM_OK);
    tm_tls_feed(p.c, wire, len + 100 + TM_TLS_OVERHEAD);
    CHECK_INT(tm_tls_open(p.c, plain, sizeof plain), TM_ERR_PROTO);
    check_broken(p.c, TM_ERR_PROTO);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void key_update_of_our_own_is_caught_before_it_leaves(void)
{
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_open(&p, &e);
    CHECK_INT(SSL_key_update(p.c->ssl, SSL_KEY_UPDATE_REQUESTED),
              1); /* comes out with the next write */
    CHECK_INT(tm_tls_seal(p.c, plain, 100, wire), TM_ERR_TLS);
    check_broken(p.c, TM_ERR_TLS);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void damaged_records_are_refused(void)
{
    enum { LEN = 40 };
    uint8_t record[LEN + TM_TLS_OVERHEAD];
    struct ends e;
    ends_init(&e, NULL);
    for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
        struct pair p;
        bool to_server = bit % 2;
        pair_open(&p, &e);
        CHECK_INT(tm_tls_seal(to_server ? p.c : p.s, plain, LEN, record), TM_OK);
        record[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct tm_tls *to = to_server ? p.s : p.c;
        int rc = try_receive(to, record, sizeof record, plain);
        if (rc == 0 && bit / 8 >= 3 &&
            bit / 8 <= 4) { /* a longer record: wait for the rest of it */
            memset(wire, 0, TM_TLS_RECORD_MAX);
            rc = try_receive(to, wire, TM_TLS_RECORD_MAX, plain);
        }
        CHECK_INT(rc, TM_ERR_TLS);
        check_broken(to, TM_ERR_TLS);
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

static void repeated_lost_and_swapped_records_are_refused(void)
{
    enum { LEN = 30, REC = LEN + TM_TLS_OVERHEAD };
    static const int orders[][2] = {{0, 0}, {1, 0}, {0, 2}};
    struct ends e;
    ends_init(&e, NULL);
    for (size_t i = 0; i < 3; i++) {
        struct pair p;
        uint8_t records[3][REC];
        pair_open(&p, &e);
        for (int k = 0; k < 3; k++)
            CHECK_INT(tm_tls_seal(p.c, plain, LEN, records[k]), TM_OK);
        int rc = try_receive(p.s, records[orders[i][0]], REC, plain);
        CHECK_INT(rc, orders[i][0] == 0 ? LEN : TM_ERR_TLS);
        CHECK_INT(try_receive(p.s, records[orders[i][1]], REC, plain), TM_ERR_TLS);
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

static void change_cipher_spec_after_the_handshake_is_refused(void)
{
    static const uint8_t ccs[] = {20, 3, 3, 0, 1, 1};
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_open(&p, &e);
    CHECK_INT(try_receive(p.c, ccs, sizeof ccs, plain), TM_ERR_TLS);
    CHECK_INT(try_receive(p.s, ccs, sizeof ccs, plain), TM_ERR_TLS);
    pair_deinit(&p);
    ends_deinit(&e);
}

/* --- strangers as servers -------------------------------------------------------------------------- */

/* A stranger that got the hello as it is sees another age than our client's library and so computes other keys;
 * the others know of that and set it back. */
enum stranger { TLS13, TLS13_AS_SENT, TLS12_ONLY, OTHER_GROUP, N_STRANGERS };

static SSL_CTX *stranger_ctx(enum stranger kind)
{
    EVP_PKEY *key =
        kind == TLS12_ONLY ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *cert = X509_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!key || !cert || !ctx)
        abort();
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, kind == TLS12_ONLY ? EVP_sha256() : NULL);
    CHECK_INT(SSL_CTX_use_certificate(ctx, cert), 1);
    CHECK_INT(SSL_CTX_use_PrivateKey(ctx, key), 1);
    if (kind == TLS12_ONLY)
        SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    if (kind == OTHER_GROUP)
        CHECK_INT(SSL_CTX_set1_groups_list(ctx, "P-256"), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

/* What a real server of that kind answers to the hello; its length. */
static size_t stranger_answer(enum stranger kind, const struct pair *p, uint8_t *out, size_t cap)
{
    SSL_CTX *ctx = stranger_ctx(kind);
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *reply = BIO_new(BIO_s_mem());
    if (!ssl || !in || !reply)
        abort();
    SSL_set_bio(ssl, in, reply);
    struct tm_hello h;
    uint8_t hello[TM_HELLO_RECORD_MAX];
    memcpy(hello, p->hello, p->hello_size);
    CHECK_INT(tm_hello_read(&h, hello, p->hello_size), p->hello_size);
    if (kind != TLS13_AS_SENT)
        tm_ticket_clear_age(hello, &h);
    BIO_write(in, hello, (int)p->hello_size);
    (void)SSL_accept(ssl);
    int len = BIO_read(reply, out, (int)cap);
    CHECK(len > 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return len > 0 ? (size_t)len : 0;
}

static void server_that_did_not_take_the_psk_gets_nothing_more(void)
{
    static uint8_t answer[8192];
    struct ends e;
    ends_init(&e, "www.example.org");
    for (int kind = 0; kind < N_STRANGERS; kind++) {
        size_t len = 1;
        for (size_t piece = 1; piece < 2 * len; piece = piece * 3 + 1) {
            struct pair p;
            int rc = 0;
            pair_hello(&p, &e, 600);
            len = stranger_answer((enum stranger)kind, &p, answer, sizeof answer);
            for (size_t at = 0; rc == 0 && at < len; at += piece) {
                CHECK(!tm_tls_is_peer_finished(p.c));
                rc = try_receive(p.c, answer + at, len - at < piece ? len - at : piece, plain);
            }
            CHECK_INT(rc, TM_ERR_AUTH);
            check_broken(p.c, TM_ERR_AUTH);
            pair_deinit(&p);
        }
    }
    ends_deinit(&e);
}

static void certificate_of_a_stranger_is_not_even_looked_at(void)
{
    static uint8_t answer[8192];
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_hello(&p, &e, 600);
    size_t len = stranger_answer(TLS13, &p, answer, sizeof answer);
    /* ServerHello, CCS, EncryptedExtensions: the first encrypted record shows it */
    size_t at = 0;
    int rc = 0;
    int n_records = 0;
    while (rc == 0 && at + 5 < len) {
        size_t record = 5 + ((size_t)answer[at + 3] << 8 | answer[at + 4]);
        rc = try_receive(p.c, answer + at, record, plain);
        at += record;
        n_records++;
    }
    CHECK_INT(rc, TM_ERR_AUTH);
    CHECK_INT(n_records, 3);
    pair_deinit(&p);
    pair_hello(&p, &e, 600);
    len = stranger_answer(TLS13, &p, answer, sizeof answer);
    CHECK_INT(try_receive(p.c, answer, len, plain), TM_ERR_AUTH);
    CHECK(SSL_get0_peer_certificate(p.c->ssl) == NULL);
    pair_deinit(&p);
    ends_deinit(&e);
}

/* A HelloRetryRequest with a cookie would make the library send its hello again. */
static void hello_retry_request_is_not_our_server(void)
{
    static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                             0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                             0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                             0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    static const uint8_t tail[] = {0x13, 0x02, 0,  0, 15, 0, 43, 0,   2,   3,
                                   4,    0,    44, 0, 5,  0, 3,  'a', 'b', 'c'};
    struct ends e;
    struct pair p;
    uint8_t retry[128];
    struct tm_wr w = tm_wr_init(retry, sizeof retry);
    ends_init(&e, NULL);
    pair_hello(&p, &e, 600);
    uint8_t body_len = 2 + 32 + 33 + sizeof tail;
    static const uint8_t record[] = {22, 3, 3, 0};
    tm_wr_bytes(&w, record, sizeof record);
    tm_wr_u8(&w, (uint8_t)(4 + body_len));
    tm_wr_u8(&w, 2);
    tm_wr_u24(&w, body_len);
    tm_wr_u16(&w, 0x0303);
    tm_wr_bytes(&w, retry_random, sizeof retry_random);
    tm_wr_bytes(&w, p.hello + 5 + 4 + 2 + 32, 33); /* its session id, as it must be */
    tm_wr_bytes(&w, tail, sizeof tail);
    CHECK(tm_wr_ok(&w));
    CHECK_INT(try_receive(p.c, retry, w.len, plain), TM_ERR_AUTH);
    CHECK_INT(SSL_get_error(p.c->ssl, -1), SSL_ERROR_WANT_READ); /* the library was content */
    check_broken(p.c, TM_ERR_AUTH);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void other_protocols_are_not_our_server(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "\x15\x03\x03\x01\x01"
        "alert",
        "\x17\x03\x03\x01\x01"
        "data",
    };
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40};
    struct ends e;
    ends_init(&e, NULL);
    for (size_t i = 0; i <= sizeof answers / sizeof answers[0]; i++) {
        struct pair p;
        pair_hello(&p, &e, 600);
        const uint8_t *bytes = i == 0 ? alert : (const uint8_t *)answers[i - 1];
        size_t len = i == 0 ? sizeof alert : strlen(answers[i - 1]);
        int rc = try_receive(p.c, bytes, len, plain);
        if (rc == 0) /* a record longer than this: the rest of it */
            rc = try_receive(p.c, memset(wire, 'x', 0x0101), 0x0101, plain);
        CHECK_INT(rc, TM_ERR_AUTH);
        check_broken(p.c, TM_ERR_AUTH);
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

static void wrong_psk_is_refused_by_the_server(void)
{
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_hello(&p, &e, 600);
    p.psk[0] ^= 1;
    CHECK_INT(tm_tls_server_new(&p.s, e.server, p.psk, (struct tm_view){p.hello, 600}), TM_OK);
    CHECK_INT(tm_tls_flight(p.s, wire, e.sizes->flight_min), TM_ERR_AUTH);
    check_broken(p.s, TM_ERR_AUTH);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void damaged_flights_never_finish_the_handshake(void)
{
    struct ends e;
    int n_finished = 0;
    ends_init(&e, NULL);
    for (size_t i = 0; i < e.sizes->flight_min; i++) {
        struct pair p;
        pair_init(&p, &e, 600);
        CHECK_INT(tm_tls_flight(p.s, wire, e.sizes->flight_min), TM_OK);
        wire[i] ^= (uint8_t)(1U << i % 8);
        int rc = try_receive(p.c, wire, e.sizes->flight_min, plain);
        CHECK(rc == TM_ERR_AUTH || rc == 0);
        n_finished += tm_tls_is_peer_finished(p.c);
        pair_deinit(&p);
    }
    /* nothing protects the record header of a ServerHello: its low version byte, which must be ignored
     * (RFC 8446 sec. 5.1), and that of the CCS */
    CHECK(n_finished <= 4);
    ends_deinit(&e);
}

static void damaged_finished_never_opens_the_server(void)
{
    struct ends e;
    ends_init(&e, NULL);
    for (size_t bit = 8 * 6; bit < 8 * (size_t)e.sizes->fin_min; bit += 5) {
        struct pair p;
        pair_init(&p, &e, 600);
        CHECK_INT(tm_tls_flight(p.s, wire, e.sizes->flight_min), TM_OK);
        CHECK_INT(try_receive(p.c, wire, e.sizes->flight_min, plain), 0);
        CHECK_INT(tm_tls_finish(p.c, wire, e.sizes->fin_min), TM_OK);
        wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
        int rc = try_receive(p.s, wire, e.sizes->fin_min, plain);
        CHECK(rc < 0 || (rc == 0 && bit / 8 < 11));
        CHECK(!tm_tls_is_peer_finished(p.s));
        pair_deinit(&p);
    }
    ends_deinit(&e);
}

/* --- order and pieces ------------------------------------------------------------------------------ */

static void bytes_before_the_flight_are_refused(void)
{
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_init(&p, &e, 600);
    CHECK_INT(tm_tls_open(p.s, plain, sizeof plain), 0);
    CHECK_INT(try_receive(p.s, wire, 1, plain), TM_ERR_PROTO);
    check_broken(p.s, TM_ERR_PROTO);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void hellos_of_others_make_no_server(void)
{
    struct ends e;
    struct pair p;
    struct tm_tls *t = NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    BIO *b = BIO_new(BIO_s_mem());
    ends_init(&e, NULL);
    pair_hello(&p, &e, 600);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), b);
    SSL_set_connect_state(ssl);
    (void)SSL_do_handshake(ssl);
    int len = BIO_read(b, wire, sizeof wire); /* a full hello of the same library */
    CHECK(len > 100);
    CHECK_INT(tm_tls_server_new(&t, e.server, p.psk, (struct tm_view){wire, (size_t)len}),
              TM_ERR_PROTO);
    for (size_t n = 0; n < 600; n++)
        CHECK_INT(tm_tls_server_new(&t, e.server, p.psk, (struct tm_view){p.hello, n}),
                  TM_ERR_PROTO);
    CHECK(t == NULL);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    pair_deinit(&p);
    ends_deinit(&e);
}

/* Flight and Finished, data behind both, cut in two at `at` (0: one byte at a time). */
static void play_in_pieces(struct ends *e, size_t at)
{
    static const uint8_t early[60] = {1, 2, 3};
    static const uint8_t late[40] = {4, 5, 6};
    struct pair p;
    pair_init(&p, e, 500);
    for (int up = 0; up < 2; up++) {
        struct tm_tls *from = up ? p.c : p.s;
        struct tm_tls *to = up ? p.s : p.c;
        size_t hs_len = up ? e->sizes->fin_min : e->sizes->flight_min;
        const uint8_t *data = up ? late : early;
        size_t data_len = up ? sizeof late : sizeof early;
        size_t len = hs_len + data_len + TM_TLS_OVERHEAD;
        int got = 0;
        CHECK_INT(up ? tm_tls_finish(from, wire, hs_len) : tm_tls_flight(from, wire, hs_len),
                  TM_OK);
        CHECK_INT(tm_tls_seal(from, data, data_len, wire + hs_len), TM_OK);
        size_t cut = at < len ? at : len - 1;
        if (at > 0) {
            got += try_receive(to, wire, cut, plain);
            CHECK_INT(tm_tls_is_peer_finished(to), cut >= hs_len);
            got += try_receive(to, wire + cut, len - cut, plain + got);
        } else {
            for (size_t i = 0; i < len; i++)
                got += try_receive(to, wire + i, 1, plain);
        }
        CHECK_INT(got, data_len);
        CHECK_MEM(plain, data, data_len);
    }
    pair_deinit(&p);
}

static void flights_may_come_in_any_pieces(void)
{
    struct ends e;
    ends_init(&e, NULL);
    size_t longest = e.sizes->flight_min + 60 + TM_TLS_OVERHEAD;
    for (size_t at = 0; at < longest; at++)
        play_in_pieces(&e, at);
    ends_deinit(&e);
}

static void server_writes_early_until_the_clients_finished_comes(void)
{
    struct ends e;
    struct pair p;
    uint8_t fin[128];
    uint8_t up[100];
    ends_init(&e, NULL);
    pair_init(&p, &e, 500);
    size_t min = e.sizes->flight_min;
    CHECK_INT(tm_tls_flight(p.s, wire, min), TM_OK);
    CHECK_INT(try_receive(p.c, wire, min, plain), 0);
    CHECK_INT(tm_tls_finish(p.c, fin, e.sizes->fin_min), TM_OK);
    CHECK_INT(tm_tls_seal(p.c, (const uint8_t *)"up", 2, up), TM_OK);
    for (int i = 0; i < 10; i++) { /* reading in between changes nothing, half a Finished neither */
        uint8_t byte = (uint8_t)i;
        CHECK_INT(tm_tls_open(p.s, plain, sizeof plain), 0);
        CHECK_INT(try_receive(p.s, fin + i, 1, plain), 0);
        CHECK_INT(tm_tls_seal(p.s, &byte, 1, wire), TM_OK);
        CHECK_INT(try_receive(p.c, wire, TM_TLS_RECORD_MIN, plain), 1);
        CHECK_INT(plain[0], i);
    }
    CHECK_INT(try_receive(p.s, fin + 10, e.sizes->fin_min - 10U, plain), 0);
    CHECK(tm_tls_is_peer_finished(p.s));
    CHECK_INT(tm_tls_seal(p.s, (const uint8_t *)"down", 4, wire), TM_OK);
    CHECK_INT(try_receive(p.c, wire, 4 + TM_TLS_OVERHEAD, plain), 4);
    CHECK_INT(try_receive(p.s, up, 2 + TM_TLS_OVERHEAD, plain), 2);
    CHECK_MEM(plain, "up", 2);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void exporters_agree_from_the_flight_on(void)
{
    struct ends e;
    struct pair p;
    uint8_t s[TM_TLS_EXPORTER_LEN];
    uint8_t c[TM_TLS_EXPORTER_LEN];
    uint8_t other[TM_TLS_EXPORTER_LEN];
    ends_init(&e, NULL);
    pair_init(&p, &e, 500);
    CHECK_INT(tm_tls_flight(p.s, wire, e.sizes->flight_min), TM_OK);
    CHECK_INT(tm_tls_exporter(p.s, "EXPORTER-a", s), TM_OK);
    CHECK_INT(try_receive(p.c, wire, e.sizes->flight_min, plain), 0);
    CHECK_INT(tm_tls_exporter(p.c, "EXPORTER-a", c), TM_OK);
    CHECK_MEM(s, c, sizeof s);
    CHECK_INT(tm_tls_exporter(p.c, "EXPORTER-b", other), TM_OK);
    CHECK(memcmp(c, other, sizeof c) != 0);
    pair_deinit(&p);
    pair_open(&p, &e);
    CHECK_INT(tm_tls_exporter(p.c, "EXPORTER-a", other), TM_OK);
    CHECK(memcmp(c, other, sizeof c) != 0);
    CHECK_INT(tm_tls_exporter(p.s, "EXPORTER-a", s), TM_OK);
    CHECK_MEM(s, other, sizeof s);
    pair_deinit(&p);
    ends_deinit(&e);
}

static void secrets_of_the_handshake_are_gone_after_it(void)
{
    static const uint8_t zero[TM_TLS_FIN_CAP];
    struct ends e;
    struct pair p;
    ends_init(&e, NULL);
    pair_open(&p, &e);
    CHECK_MEM(p.c->fin_secret, zero, sizeof p.c->fin_secret);
    CHECK_MEM(p.c->fin, zero, sizeof p.c->fin);
    CHECK(p.s->hello == NULL);
    pair_deinit(&p);
    tm_tls_free(NULL);
    tm_tls_ctx_free(NULL);
    ends_deinit(&e);
}

static const struct check_case cases[] = {
    {"what_our_peer_never_sends_ends_the_connection",
     what_our_peer_never_sends_ends_the_connection},
    {"data_behind_a_key_update_is_not_delivered", data_behind_a_key_update_is_not_delivered},
    {"key_update_of_our_own_is_caught_before_it_leaves",
     key_update_of_our_own_is_caught_before_it_leaves},
    {"damaged_records_are_refused", damaged_records_are_refused},
    {"repeated_lost_and_swapped_records_are_refused",
     repeated_lost_and_swapped_records_are_refused},
    {"change_cipher_spec_after_the_handshake_is_refused",
     change_cipher_spec_after_the_handshake_is_refused},
    {"server_that_did_not_take_the_psk_gets_nothing_more",
     server_that_did_not_take_the_psk_gets_nothing_more},
    {"certificate_of_a_stranger_is_not_even_looked_at",
     certificate_of_a_stranger_is_not_even_looked_at},
    {"hello_retry_request_is_not_our_server", hello_retry_request_is_not_our_server},
    {"other_protocols_are_not_our_server", other_protocols_are_not_our_server},
    {"wrong_psk_is_refused_by_the_server", wrong_psk_is_refused_by_the_server},
    {"damaged_flights_never_finish_the_handshake", damaged_flights_never_finish_the_handshake},
    {"damaged_finished_never_opens_the_server", damaged_finished_never_opens_the_server},
    {"bytes_before_the_flight_are_refused", bytes_before_the_flight_are_refused},
    {"hellos_of_others_make_no_server", hellos_of_others_make_no_server},
    {"flights_may_come_in_any_pieces", flights_may_come_in_any_pieces},
    {"server_writes_early_until_the_clients_finished_comes",
     server_writes_early_until_the_clients_finished_comes},
    {"exporters_agree_from_the_flight_on", exporters_agree_from_the_flight_on},
    {"secrets_of_the_handshake_are_gone_after_it", secrets_of_the_handshake_are_gone_after_it},
};
CHECK_MAIN("tls", cases)
