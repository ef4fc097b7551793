/* tm/net/tls_ctx.c - how the TLS library is set up, and what it calls: the BIO, the PSK, the padding, the watch
 * over handshake messages, and the one traffic secret that tm_repad needs. */
#include "tm/net/tls_conn.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

enum {
    NAME_MAX_LEN = 253,
    MSG_CLIENT_HELLO = 1,
    MSG_SERVER_HELLO = 2,
    MSG_ENCRYPTED_EXTENSIONS = 8,
    MSG_FINISHED = 20,
};
static const unsigned char suite_id[] = {0x13, 0x01};
static const char suite_name[] = "TLS_AES_128_GCM_SHA256";

/* Bytes that nobody asked for set tx's error and are swallowed, so that the library's own state goes on and
 * the caller's check after the call finds them. */
static int bio_write(BIO *b, const char *p, size_t len, size_t *written)
{
    struct tm_tls *t = BIO_get_data(b);
    tm_wr_bytes(&t->tx, p, len);
    *written = len;
    return 1;
}

/* After an error the library gets nothing more to chew on. */
static int bio_read(BIO *b, char *p, size_t cap, size_t *n_read)
{
    struct tm_tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    *n_read = 0;
    if (t->err != TM_OK)
        return 0;
    if (t->rx.len == 0) {
        BIO_set_retry_read(b);
        return 0;
    }
    size_t n = t->rx.len < cap ? t->rx.len : cap;
    memcpy(p, t->rx.p, n);
    t->rx.p += n;
    t->rx.len -= n;
    *n_read = n;
    return 1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH; /* 0 would fail the handshake */
}

static SSL_SESSION *psk_session(SSL *ssl)
{
    const struct tm_tls *t = SSL_get_app_data(ssl);
    const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, suite_id);
    SSL_SESSION *s = SSL_SESSION_new();
    if (s && suite && SSL_SESSION_set1_master_key(s, t->psk, sizeof t->psk) == 1 &&
        SSL_SESSION_set_cipher(s, suite) == 1 &&
        SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION) == 1)
        return s;
    SSL_SESSION_free(s);
    return NULL;
}

static int client_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
                      SSL_SESSION **sess)
{
    const struct tm_tls *t = SSL_get_app_data(ssl);
    (void)md; /* NULL, or after a HelloRetryRequest, which ends in an error anyway */
    *sess = psk_session(ssl);
    *id = t->identity;
    *id_len = t->identity_len;
    return *sess != NULL;
}

static int server_psk(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **sess)
{
    const struct tm_tls *t = SSL_get_app_data(ssl);
    *sess = NULL;
    if (id_len != t->identity_len || CRYPTO_memcmp(id, t->identity, id_len) != 0)
        return 1;
    *sess = psk_session(ssl);
    return *sess != NULL;
}

/* The server's encrypted handshake records are EncryptedExtensions and Finished, one record each. */
static size_t pad_record(SSL *ssl, int type, size_t len, void *arg)
{
    struct tm_tls *t = SSL_get_app_data(ssl);
    (void)len;
    (void)arg;
    if (type != SSL3_RT_HANDSHAKE)
        return 0;
    return ++t->n_padded == 2 ? t->fin_pad : 0;
}

static int judge_message(const struct tm_tls *t, unsigned type)
{
    bool client = t->ctx->side == TM_CLIENT;
    if (t->peer_fin_seen)
        return TM_ERR_PROTO; /* ticket, KeyUpdate, request for a certificate */
    if (!client)
        return type == MSG_CLIENT_HELLO || type == MSG_FINISHED ? TM_OK : TM_ERR_PROTO;
    if (type == MSG_SERVER_HELLO)
        return TM_OK;
    /* By now the ServerHello was processed: the PSK is taken or this is not our server. */
    if (SSL_session_reused(t->ssl) == 1 &&
        (type == MSG_ENCRYPTED_EXTENSIONS || type == MSG_FINISHED))
        return TM_OK;
    return TM_ERR_AUTH;
}

/* Called for each message before the library processes it. */
/* NOLINTNEXTLINE(readability-function-size): OpenSSL's type */
static void watch(int write_p, int version, int type, const void *p, size_t len, SSL *ssl,
                  void *arg)
{
    struct tm_tls *t = SSL_get_app_data(ssl);
    (void)version;
    (void)arg;
    if (write_p || t->err != TM_OK)
        return;
    if (type == SSL3_RT_ALERT)
        t->err = t->ctx->side == TM_CLIENT && !t->peer_fin_seen ? TM_ERR_AUTH : TM_ERR_PROTO;
    if (type != SSL3_RT_HANDSHAKE || len == 0)
        return;
    unsigned msg_type = *(const uint8_t *)p;
    t->err = judge_message(t, msg_type);
    if (msg_type == MSG_FINISHED)
        t->peer_fin_seen = true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* A key log line is  LABEL <client random, hex> <secret, hex>. */
static void take_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET ";
    struct tm_tls *t = SSL_get_app_data(ssl);
    if (strncmp(line, label, sizeof label - 1) != 0)
        return;
    const char *hex = strrchr(line, ' ') + 1;
    if (strlen(hex) != 2 * sizeof t->fin_secret)
        return;
    for (size_t i = 0; i < sizeof t->fin_secret; i++)
        t->fin_secret[i] =
            (uint8_t)((unsigned)hex_digit(hex[2 * i]) << 4 | (unsigned)hex_digit(hex[2 * i + 1]));
}

static bool set_up(SSL_CTX *c, enum tm_side side)
{
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_quiet_shutdown(c, 1);
    SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL); /* the PSK is the proof, and is demanded */
    SSL_CTX_set_msg_callback(c, watch);
    if (side == TM_CLIENT) {
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET); /* offers no session_ticket extension */
        SSL_CTX_set_psk_use_session_callback(c, client_psk);
        SSL_CTX_set_keylog_callback(c, take_secret);
    } else {
        SSL_CTX_set_psk_find_session_callback(c, server_psk);
        SSL_CTX_set_record_padding_callback(c, pad_record);
    }
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(c, suite_name) == 1 &&
           SSL_CTX_set1_groups_list(c, "X25519") == 1 && SSL_CTX_set_num_tickets(c, 0) == 1 &&
           SSL_CTX_set_max_send_fragment(c, TM_TLS_PLAIN_MAX) == 1 &&
           SSL_CTX_set_split_send_fragment(c, TM_TLS_PLAIN_MAX) == 1;
}

static BIO_METHOD *make_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "trafficmimic carrier");
    if (m && BIO_meth_set_write_ex(m, bio_write) == 1 && BIO_meth_set_read_ex(m, bio_read) == 1 &&
        BIO_meth_set_ctrl(m, bio_ctrl) == 1)
        return m;
    BIO_meth_free(m);
    return NULL;
}

int tm_tls_ctx_make(struct tm_tls_ctx **out, enum tm_side side, const char *sni)
{
    *out = NULL;
    if (!sni)
        sni = "";
    if (strnlen(sni, NAME_MAX_LEN + 1) > NAME_MAX_LEN)
        return TM_ERR_RANGE;
    struct tm_tls_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return TM_ERR_NOMEM;
    ctx->side = side;
    memcpy(ctx->sni, sni, strlen(sni));
    ctx->bio_method = make_bio_method();
    ctx->ssl_ctx = SSL_CTX_new(side == TM_CLIENT ? TLS_client_method() : TLS_server_method());
    if (!ctx->bio_method || !ctx->ssl_ctx || !set_up(ctx->ssl_ctx, side)) {
        tm_tls_ctx_free(ctx);
        return TM_ERR_TLS;
    }
    *out = ctx;
    return TM_OK;
}

int tm_tls_ctx_new(struct tm_tls_ctx **out, enum tm_side side, const char *sni, struct tm_msg *msg)
{
    struct tm_tls_ctx *ctx = NULL;
    ERR_clear_error();
    *out = NULL;
    int rc = tm_tls_ctx_make(&ctx, side, sni);
    if (rc == TM_OK)
        rc = tm_tls_measure(&ctx->sizes, side == TM_CLIENT ? sni : NULL);
    if (rc == TM_OK) {
        *out = ctx;
        return TM_OK;
    }
    const char *why = rc == TM_ERR_RANGE ? "the server name is too long"
                                         : ERR_reason_error_string(ERR_peek_error());
    (void)tm_msg_set(msg, rc, "TLS cannot be set up: %s", why ? why : tm_strerror(rc));
    tm_tls_ctx_free(ctx);
    return rc;
}

void tm_tls_ctx_free(struct tm_tls_ctx *ctx)
{
    if (!ctx)
        return;
    SSL_CTX_free(ctx->ssl_ctx);
    BIO_meth_free(ctx->bio_method);
    free(ctx);
}

const struct tm_tls_sizes *tm_tls_ctx_sizes(const struct tm_tls_ctx *ctx)
{
    return &ctx->sizes;
}

bool tm_tls_attach(struct tm_tls *t)
{
    BIO *b = BIO_new(t->ctx->bio_method);
    t->ssl = SSL_new(t->ctx->ssl_ctx);
    if (!b || !t->ssl || SSL_set_app_data(t->ssl, t) != 1) {
        BIO_free(b);
        return false;
    }
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    SSL_set_bio(t->ssl, b, b);
    if (t->ctx->side == TM_SERVER) {
        SSL_set_accept_state(t->ssl);
        return true;
    }
    SSL_set_connect_state(t->ssl);
    return t->ctx->sni[0] == '\0' || SSL_set_tlsext_host_name(t->ssl, t->ctx->sni) == 1;
}
