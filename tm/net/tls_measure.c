/* tm/net/tls_measure.c - how large this library's handshakes are: whole ones in memory, over identities whose
 * lengths lie on both sides of 256, with a record each way behind them to see the cost of a record. */
#include "tm/net/tls.h"

#include <stdlib.h>
#include <string.h>

#include "tm/net/tls_conn.h"

enum { DRY_CAP = 2 * TM_TLS_RECORD_MAX };

/* One record from one end to the other; both must agree on it. */
static bool pass_record(struct tm_tls *from, struct tm_tls *to, uint8_t *wire, uint8_t *plain)
{
    static const uint8_t byte[1] = {0x2a};
    if (tm_tls_seal(from, byte, sizeof byte, wire) != TM_OK)
        return false;
    tm_tls_feed(to, wire, TM_TLS_RECORD_MIN);
    return tm_tls_open(to, plain, TM_TLS_PLAIN_MAX) == 1 && plain[0] == byte[0] &&
           tm_tls_open(to, plain, TM_TLS_PLAIN_MAX) == 0;
}

/* A whole handshake with an identity of id_len bytes and a record each way. */
static int dry_run(struct tm_tls_sizes *out, struct tm_tls_ctx *const ctx[2], uint8_t *wire,
                   size_t id_len)
{
    uint8_t *plain = wire + DRY_CAP;
    uint8_t psk[TM_PSK_LEN];
    uint8_t identity[1024];
    size_t hello_len = 0;
    size_t flight_len = 0;
    struct tm_tls *c = NULL;
    struct tm_tls *s = NULL;
    TM_ASSERT_LE(id_len, sizeof identity);
    memset(psk, 0x11, sizeof psk);
    memset(identity, 0x22, sizeof identity);

    int rc = tm_tls_conn_new(&c, ctx[TM_CLIENT], psk, (struct tm_view){identity, id_len});
    if (rc == TM_OK)
        rc = tm_tls_make_hello(c, wire, DRY_CAP, &hello_len);
    if (rc == TM_OK)
        rc = tm_tls_server_new(&s, ctx[TM_SERVER], psk, (struct tm_view){wire, hello_len});
    if (rc == TM_OK)
        rc = tm_tls_make_flight(s, 0, wire, DRY_CAP, &flight_len);
    if (rc != TM_OK)
        goto out;
    rc = TM_ERR_TLS;
    tm_tls_feed(c, wire, flight_len);
    if (tm_tls_open(c, plain, TM_TLS_PLAIN_MAX) != 0 || !tm_tls_is_peer_finished(c))
        goto out;
    size_t fin_len = c->fin_len;
    if (tm_tls_finish(c, wire, fin_len) != TM_OK)
        goto out;
    tm_tls_feed(s, wire, fin_len);
    if (tm_tls_open(s, plain, TM_TLS_PLAIN_MAX) != 0 || !tm_tls_is_peer_finished(s))
        goto out;
    if (!pass_record(c, s, wire, plain) || !pass_record(s, c, wire, plain))
        goto out;
    *out = (struct tm_tls_sizes){.hello_base = (uint16_t)(hello_len - id_len),
                                 .flight_min = (uint16_t)flight_len,
                                 .fin_min = (uint16_t)fin_len};
    rc = TM_OK;
out:
    tm_tls_free(c);
    tm_tls_free(s);
    return rc;
}

int tm_tls_measure(struct tm_tls_sizes *out, const char *sni)
{
    static const size_t id_lens[] = {
        TM_TICKET_LEN_MIN(0), TM_TICKET_LEN_MIN(0) + 1, 255, 256, 257, 1000};
    struct tm_tls_ctx *ctx[2] = {NULL, NULL};
    struct tm_tls_sizes first = {0};
    uint8_t *wire = malloc(DRY_CAP + TM_TLS_PLAIN_MAX);
    int rc = wire ? TM_OK : TM_ERR_NOMEM;
    *out = first;
    if (rc == TM_OK)
        rc = tm_tls_ctx_make(&ctx[TM_CLIENT], TM_CLIENT, sni);
    if (rc == TM_OK)
        rc = tm_tls_ctx_make(&ctx[TM_SERVER], TM_SERVER, NULL);
    for (size_t i = 0; rc == TM_OK && i < sizeof id_lens / sizeof id_lens[0]; i++) {
        struct tm_tls_sizes now = {0};
        rc = dry_run(&now, ctx, wire, id_lens[i]);
        if (i == 0)
            first = now;
        else if (rc == TM_OK &&
                 (now.hello_base != first.hello_base || now.flight_min != first.flight_min ||
                  now.fin_min != first.fin_min))
            rc = TM_ERR_TLS;
    }
    if (rc == TM_OK)
        *out = first;
    free(wire);
    tm_tls_ctx_free(ctx[TM_CLIENT]);
    tm_tls_ctx_free(ctx[TM_SERVER]);
    return rc;
}
