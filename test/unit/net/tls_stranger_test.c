/* test/unit/net/tls_stranger_test.c - a client that reached somebody else says so and shows nothing but its hello. */
#include "tm/net/tls.h"

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
            tls_check_broken(p.c, TM_ERR_AUTH);
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
    static const uint8_t tail[] = {0x13, 0x01, 0,  0, 15, 0, 43, 0,   2,   3,
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
    tls_check_broken(p.c, TM_ERR_AUTH);
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
        tls_check_broken(p.c, TM_ERR_AUTH);
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
    tls_check_broken(p.s, TM_ERR_AUTH);
    pair_deinit(&p);
    ends_deinit(&e);
}

static const struct check_case cases[] = {
    {"server_that_did_not_take_the_psk_gets_nothing_more",
     server_that_did_not_take_the_psk_gets_nothing_more},
    {"certificate_of_a_stranger_is_not_even_looked_at",
     certificate_of_a_stranger_is_not_even_looked_at},
    {"hello_retry_request_is_not_our_server", hello_retry_request_is_not_our_server},
    {"other_protocols_are_not_our_server", other_protocols_are_not_our_server},
    {"wrong_psk_is_refused_by_the_server", wrong_psk_is_refused_by_the_server},
};
CHECK_MAIN("tls_stranger", cases)
