#include "test/unit/net/tls_pair.h"

#include <string.h>

#include "test/support/check.h"

void ends_init(struct ends *e, const char *sni)
{
    struct tm_msg msg;
    TM_ASSERT_EQ(tm_tls_ctx_new(&e->client, TM_CLIENT, sni, &msg), TM_OK);
    TM_ASSERT_EQ(tm_tls_ctx_new(&e->server, TM_SERVER, NULL, &msg), TM_OK);
    e->sizes = tm_tls_ctx_sizes(e->client);
    memset(e->key.prefix, 0x50, sizeof e->key.prefix);
    memset(e->key.key, 0x4b, sizeof e->key.key);
    memset(e->secret, 0x5e, sizeof e->secret);
}

void ends_deinit(struct ends *e)
{
    tm_tls_ctx_free(e->client);
    tm_tls_ctx_free(e->server);
}

struct tm_token example_token(void)
{
    return (struct tm_token){
        .client_id = {1, 2, 3, 4, 5, 6, 7, 8}, .carrier = 77, .time_ms = 1234567890123};
}

void pair_hello(struct pair *p, struct ends *e, size_t hello_size)
{
    uint8_t identity[TM_TICKET_LEN_MAX];
    struct tm_token token = example_token();
    struct tm_view view = {identity, hello_size - e->sizes->hello_base};
    p->s = NULL;
    p->hello_size = hello_size;
    TM_ASSERT_EQ(tm_ticket_seal(&e->key, &token, identity, view.len), TM_OK);
    TM_ASSERT_EQ(tm_ticket_psk(p->psk, e->secret, view), TM_OK);
    TM_ASSERT_EQ(tm_tls_client_new(&p->c, e->client, p->psk, view, p->hello, hello_size), TM_OK);
}

int try_verdict(const struct ends *e, const uint8_t *raw, size_t len)
{
    struct tm_hello h;
    struct tm_token token;
    uint8_t psk[TM_PSK_LEN];
    int rc = tm_hello_read(&h, raw, len);
    if (rc <= 0)
        return rc == 0 ? TM_ERR_PROTO : rc;
    rc = tm_ticket_open(&e->key, h.identity, &token);
    if (rc == TM_OK)
        rc = tm_ticket_psk(psk, e->secret, h.identity);
    return rc == TM_OK ? tm_ticket_check_binder(psk, &h, raw) : rc;
}

void pair_init(struct pair *p, struct ends *e, size_t hello_size)
{
    pair_hello(p, e, hello_size);
    TM_ASSERT_EQ(try_verdict(e, p->hello, hello_size), TM_OK);
    TM_ASSERT_EQ(
        tm_tls_server_new(&p->s, e->server, p->psk, (struct tm_view){p->hello, hello_size}), TM_OK);
}

void pair_open(struct pair *p, struct ends *e)
{
    uint8_t wire[1024];
    uint8_t plain[WIRE_CAP];
    pair_init(p, e, e->sizes->hello_base + TM_TICKET_LEN_MIN(0));
    TM_ASSERT_EQ(tm_tls_flight(p->s, wire, e->sizes->flight_min), TM_OK);
    TM_ASSERT_EQ(try_receive(p->c, wire, e->sizes->flight_min, plain), 0);
    TM_ASSERT_EQ(tm_tls_finish(p->c, wire, e->sizes->fin_min), TM_OK);
    TM_ASSERT_EQ(try_receive(p->s, wire, e->sizes->fin_min, plain), 0);
    TM_ASSERT(tm_tls_is_peer_finished(p->c) && tm_tls_is_peer_finished(p->s));
}

void pair_deinit(struct pair *p)
{
    tm_tls_free(p->c);
    tm_tls_free(p->s);
}

int try_receive(struct tm_tls *t, const uint8_t *wire, size_t len, uint8_t *plain)
{
    int total = 0;
    tm_tls_feed(t, wire, len);
    for (;;) {
        int n = tm_tls_open(t, plain + total, TM_TLS_PLAIN_MAX);
        if (n < 0)
            return n;
        if (n == 0)
            return total;
        total += n;
        TM_ASSERT_LE(total, WIRE_CAP - TM_TLS_PLAIN_MAX);
    }
}

void tls_check_broken(struct tm_tls *t, int err)
{
    static uint8_t plain[TM_TLS_PLAIN_MAX];
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
