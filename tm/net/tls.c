/* tm/net/tls.c - one connection: every call into the library is followed by the same questions: did a callback
 * find fault (t->err), did bytes appear that nobody asked for (t->tx), are the bytes as many as planned? */
#include "tm/net/tls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tm/core/hello.h"
#include "tm/net/repad.h"
#include "tm/net/tls_conn.h"

enum { CCS_LEN = 6 };
static_assert(TM_PSK_LEN == TM_HKDF_LEN, "a PSK is as long as the suite's hash");

/* Ends the connection's use; an earlier error (of a callback) stands. */
static int fail(struct tm_tls *t, int rc)
{
    if (t->err == TM_OK)
        t->err = rc;
    t->rx = (struct tm_view){0};
    t->tx = (struct tm_wr){0};
    OPENSSL_cleanse(t->fin_secret, sizeof t->fin_secret);
    return t->err;
}

/* What went wrong while this side still waits for a proof is that the proof did not come. */
static int fault_of_peer(const struct tm_tls *t)
{
    return t->ctx->side == TM_CLIENT && t->stage == STAGE_PEER ? TM_ERR_AUTH : TM_ERR_TLS;
}

int tm_tls_conn_new(struct tm_tls **out, struct tm_tls_ctx *ctx, const uint8_t psk[TM_PSK_LEN],
                    struct tm_view identity)
{
    *out = NULL;
    ERR_clear_error();
    struct tm_tls *t = calloc(1, sizeof *t);
    if (!t)
        return TM_ERR_NOMEM;
    t->ctx = ctx;
    t->stage = ctx->side == TM_CLIENT ? STAGE_PEER : STAGE_FLIGHT;
    memcpy(t->psk, psk, sizeof t->psk);
    t->identity_len = identity.len;
    t->identity = malloc(identity.len);
    if (t->identity)
        memcpy(t->identity, identity.p, identity.len);
    if (!t->identity || !tm_tls_attach(t)) {
        tm_tls_free(t);
        return TM_ERR_NOMEM;
    }
    *out = t;
    return TM_OK;
}

int tm_tls_make_hello(struct tm_tls *t, uint8_t *hello, size_t cap, size_t *len)
{
    struct tm_hello h;
    t->tx = tm_wr_init(hello, cap);
    int ret = SSL_do_handshake(t->ssl);
    if (SSL_get_error(t->ssl, ret) != SSL_ERROR_WANT_READ || !tm_wr_ok(&t->tx))
        return fail(t, TM_ERR_TLS);
    *len = t->tx.len;
    t->tx = tm_wr_init(t->fin, sizeof t->fin);
    if (tm_hello_read(&h, hello, *len) <= 0)
        return fail(t, TM_ERR_TLS); /* our own server would not know it */
    int rc = tm_ticket_mask_age(hello, &h);
    return rc == TM_OK ? TM_OK : fail(t, rc);
}

int tm_tls_client_new(struct tm_tls **out, struct tm_tls_ctx *ctx, const uint8_t psk[TM_PSK_LEN],
                      struct tm_view identity, uint8_t *hello, size_t hello_size)
{
    struct tm_tls *t = NULL;
    size_t len = 0;
    *out = NULL;
    TM_ASSERT_EQ((int)ctx->side, TM_CLIENT);
    if (identity.len == 0 || hello_size > TM_HELLO_RECORD_MAX ||
        hello_size != ctx->sizes.hello_base + identity.len)
        return TM_ERR_RANGE;
    int rc = tm_tls_conn_new(&t, ctx, psk, identity);
    if (rc == TM_OK)
        rc = tm_tls_make_hello(t, hello, hello_size, &len);
    if (rc == TM_OK && len != hello_size)
        rc = TM_ERR_TLS;
    if (rc != TM_OK) {
        tm_tls_free(t);
        return rc;
    }
    *out = t;
    return TM_OK;
}

int tm_tls_server_new(struct tm_tls **out, struct tm_tls_ctx *ctx, const uint8_t psk[TM_PSK_LEN],
                      struct tm_view hello)
{
    struct tm_tls *t = NULL;
    struct tm_hello h;
    *out = NULL;
    TM_ASSERT_EQ((int)ctx->side, TM_SERVER);
    if (tm_hello_read(&h, hello.p, hello.len) <= 0)
        return TM_ERR_PROTO;
    int rc = tm_tls_conn_new(&t, ctx, psk, h.identity);
    if (rc != TM_OK)
        return rc;
    t->hello = malloc(hello.len);
    if (!t->hello) {
        tm_tls_free(t);
        return TM_ERR_NOMEM;
    }
    memcpy(t->hello, hello.p, hello.len);
    t->hello_len = hello.len;
    tm_ticket_clear_age(t->hello, &h);
    *out = t;
    return TM_OK;
}

void tm_tls_free(struct tm_tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t->hello);
    free(t->identity);
    OPENSSL_cleanse(t, sizeof *t);
    free(t);
}

int tm_tls_make_flight(struct tm_tls *t, size_t pad, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t none[1];
    size_t n = 0;
    t->rx = (struct tm_view){t->hello, t->hello_len};
    t->tx = tm_wr_init(out, cap);
    t->fin_pad = pad;
    ERR_clear_error();
    /* Unlike SSL_accept it comes back between our Finished and the client's, so that 0.5-RTT data can follow. */
    int ret = SSL_read_early_data(t->ssl, none, sizeof none, &n);
    if (t->err != TM_OK || ret != SSL_READ_EARLY_DATA_FINISH || SSL_session_reused(t->ssl) != 1)
        return fail(t, TM_ERR_AUTH);
    if (!tm_wr_ok(&t->tx) || t->rx.len > 0)
        return fail(t, TM_ERR_TLS);
    *len = t->tx.len;
    t->tx = (struct tm_wr){0};
    t->rx = (struct tm_view){0};
    free(t->hello);
    t->hello = NULL;
    t->stage = STAGE_PEER;
    return TM_OK;
}

int tm_tls_flight(struct tm_tls *t, uint8_t *out, size_t size)
{
    size_t min = t->ctx->sizes.flight_min;
    size_t len = 0;
    if (t->err != TM_OK)
        return t->err;
    TM_ASSERT_EQ((int)t->stage, STAGE_FLIGHT);
    if (size < min || size > min + TM_TLS_PAD_MAX)
        return TM_ERR_RANGE;
    int rc = tm_tls_make_flight(t, size - min, out, size, &len);
    if (rc == TM_OK && len != size)
        rc = fail(t, TM_ERR_TLS);
    return rc;
}

/* CCS and Finished as the library made them, the latter longer by size - fin_len. */
static bool repad_fin(const struct tm_tls *t, uint8_t *out, size_t size)
{
    static const uint8_t ccs[CCS_LEN] = {20, 3, 3, 0, 1, 1};
    if (t->fin_len <= CCS_LEN || memcmp(t->fin, ccs, CCS_LEN) != 0)
        return false;
    memcpy(out, ccs, CCS_LEN);
    return tm_repad(out + CCS_LEN, size - CCS_LEN,
                    (struct tm_view){t->fin + CCS_LEN, t->fin_len - CCS_LEN}, t->fin_secret);
}

int tm_tls_finish(struct tm_tls *t, uint8_t *out, size_t size)
{
    if (t->err != TM_OK)
        return t->err;
    TM_ASSERT_EQ((int)t->stage, STAGE_FINISH);
    if (size < t->fin_len || size > t->fin_len + TM_TLS_PAD_MAX)
        return TM_ERR_RANGE;
    if (size == t->fin_len)
        memcpy(out, t->fin, size);
    else if (!repad_fin(t, out, size))
        return fail(t, TM_ERR_TLS);
    OPENSSL_cleanse(t->fin_secret, sizeof t->fin_secret);
    OPENSSL_cleanse(t->fin, sizeof t->fin);
    t->stage = STAGE_OPEN;
    return TM_OK;
}

int tm_tls_seal(struct tm_tls *t, const uint8_t *plain, size_t len, uint8_t *out)
{
    size_t n = 0;
    if (t->err != TM_OK)
        return t->err;
    bool early = t->ctx->side == TM_SERVER && t->stage == STAGE_PEER;
    TM_ASSERT(early || t->stage == STAGE_OPEN);
    TM_ASSERT(len >= 1 && len <= TM_TLS_PLAIN_MAX);
    t->tx = tm_wr_init(out, len + TM_TLS_OVERHEAD);
    ERR_clear_error();
    int ret =
        early ? SSL_write_early_data(t->ssl, plain, len, &n) : SSL_write_ex(t->ssl, plain, len, &n);
    if (t->err != TM_OK || ret != 1 || n != len || !tm_wr_ok(&t->tx) ||
        t->tx.len != len + TM_TLS_OVERHEAD)
        return fail(t, TM_ERR_TLS);
    t->tx = (struct tm_wr){0};
    return TM_OK;
}

void tm_tls_feed(struct tm_tls *t, const uint8_t *p, size_t len)
{
    if (t->err != TM_OK)
        return;
    TM_ASSERT_EQ(t->rx.len, 0U);
    t->rx = (struct tm_view){p, len};
}

/* Draws the conclusions when the library has verified the peer's Finished. */
static void note_peer_finished(struct tm_tls *t)
{
    if (t->stage != STAGE_PEER || SSL_get_state(t->ssl) != TLS_ST_OK)
        return;
    if (SSL_session_reused(t->ssl) != 1) {
        t->err = TM_ERR_AUTH;
        return;
    }
    if (t->ctx->side == TM_SERVER) {
        t->stage = STAGE_OPEN;
        return;
    }
    size_t want = t->ctx->sizes.fin_min;
    if (!tm_wr_ok(&t->tx) || (want > 0 && t->tx.len != want)) {
        t->err = TM_ERR_TLS;
        return;
    }
    t->fin_len = t->tx.len;
    t->tx = (struct tm_wr){0};
    t->stage = STAGE_FINISH;
}

int tm_tls_open(struct tm_tls *t, uint8_t *plain, size_t cap)
{
    size_t n = 0;
    if (t->err != TM_OK)
        return t->err;
    TM_ASSERT_LE(TM_TLS_PLAIN_MAX, cap);
    if (t->stage == STAGE_FLIGHT)
        return t->rx.len == 0 ? 0 : fail(t, TM_ERR_PROTO);
    ERR_clear_error();
    int ret = SSL_read_ex(t->ssl, plain, cap, &n);
    if (t->err == TM_OK)
        note_peer_finished(t);
    if (t->err != TM_OK)
        return fail(t, t->err);
    int why = ret == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, ret);
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ)
        return fail(t, fault_of_peer(t));
    if (t->tx.len > 0 || !tm_wr_ok(&t->tx))
        return fail(t, fault_of_peer(t)); /* a second hello, an answer to a KeyUpdate */
    if (why == SSL_ERROR_NONE)
        return (int)n;
    return t->rx.len == 0 ? 0 : fail(t, TM_ERR_TLS);
}

bool tm_tls_is_peer_finished(const struct tm_tls *t)
{
    return t->err == TM_OK && (t->stage == STAGE_FINISH || t->stage == STAGE_OPEN);
}

int tm_tls_exporter(struct tm_tls *t, const char *label, uint8_t key[TM_TLS_EXPORTER_LEN])
{
    memset(key, 0, TM_TLS_EXPORTER_LEN);
    if (t->err != TM_OK)
        return t->err;
    TM_ASSERT(t->stage != STAGE_FLIGHT && (t->ctx->side == TM_SERVER || t->stage != STAGE_PEER));
    ERR_clear_error();
    if (SSL_export_keying_material(t->ssl, key, TM_TLS_EXPORTER_LEN, label, strlen(label), NULL, 0,
                                   0) != 1)
        return fail(t, TM_ERR_TLS);
    return TM_OK;
}
