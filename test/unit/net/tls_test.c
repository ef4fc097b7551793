/* test/unit/net/tls_test.c - what a carrier's TLS must never do: show bytes that nobody planned, talk on to a peer
 * that is not ours, or swallow what ours would not send.  Sizes are in tls_size_test.c, other servers in
 * tls_stranger_test.c.
 * Bytes that our own code never makes (KeyUpdate, tickets, alerts) come from the library object inside. */
#include "tm/net/tls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

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
        tls_check_broken(to, TM_ERR_PROTO);
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
    tls_check_broken(p.c, TM_ERR_PROTO);
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
    tls_check_broken(p.c, TM_ERR_TLS);
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
        tls_check_broken(to, TM_ERR_TLS);
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
    tls_check_broken(p.s, TM_ERR_PROTO);
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
