/* test/unit/net/tls_oom_test.c - the n-th allocation fails, for every n, of ours and of the TLS library: each call
 * says so or succeeds, nothing crashes, nothing leaks (the sanitizer looks), and no size is ever wrong. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "test/support/check.h"
#include "test/unit/net/tls_pair.h"
#include "tm/net/identity.h"

/* Allocations until the one that fails; below 0: none does. */
static long countdown = -1;

static bool is_this_the_one(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t n)
{
    return is_this_the_one() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_this_the_one() ? NULL : __real_calloc(n, size);
}

static void *lib_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n == 0 || is_this_the_one() ? NULL : __real_malloc(n);
}

static void *lib_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (n == 0) {
        free(p);
        return NULL;
    }
    return is_this_the_one() ? NULL : realloc(p, n);
}

static void lib_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* Before anything in the library has allocated. */
__attribute__((constructor)) static void install(void)
{
    if (CRYPTO_set_mem_functions(lib_malloc, lib_realloc, lib_free) != 1)
        abort();
}

/* A handshake and a record each way; the first error, or TM_OK. */
static int play(struct ends *e)
{
    uint8_t wire[1024];
    uint8_t identity[200];
    uint8_t hello[600];
    uint8_t psk[TM_PSK_LEN];
    struct tm_token token = example_token();
    struct tm_token got;
    struct tm_hello h;
    struct tm_view view = {identity, sizeof identity};
    struct tm_tls *c = NULL;
    struct tm_tls *s = NULL;
    static uint8_t plain[TM_TLS_PLAIN_MAX];
    size_t hello_len = e->sizes->hello_base + sizeof identity;

    int rc = tm_ticket_seal(&e->key, &token, identity, sizeof identity);
    if (rc == TM_OK)
        rc = tm_ticket_psk(psk, e->secret, view);
    if (rc == TM_OK)
        rc = tm_tls_client_new(&c, e->client, psk, view, hello, hello_len);
    if (rc == TM_OK)
        rc = tm_hello_read(&h, hello, hello_len) > 0 ? TM_OK : TM_ERR_PROTO;
    if (rc == TM_OK)
        rc = tm_ticket_open(&e->key, h.identity, &got);
    if (rc == TM_OK)
        rc = tm_ticket_check_binder(psk, &h, hello);
    if (rc == TM_OK)
        rc = tm_tls_server_new(&s, e->server, psk, (struct tm_view){hello, hello_len});
    if (rc == TM_OK)
        rc = tm_tls_flight(s, wire, e->sizes->flight_min + 1U);
    if (rc == TM_OK) {
        tm_tls_feed(c, wire, e->sizes->flight_min + 1U);
        rc = tm_tls_open(c, plain, sizeof plain);
    }
    if (rc == TM_OK)
        rc = tm_tls_finish(c, wire, e->sizes->fin_min + 1U);
    if (rc == TM_OK)
        rc = tm_tls_seal(c, plain, 100, wire + e->sizes->fin_min + 1U);
    if (rc == TM_OK) {
        tm_tls_feed(s, wire, e->sizes->fin_min + 1U + 122);
        rc = tm_tls_open(s, plain, sizeof plain);
        rc = rc == 100 ? TM_OK : rc;
    }
    CHECK(rc <= 0);
    tm_tls_free(c);
    tm_tls_free(s);
    return rc;
}

static void every_failed_allocation_of_a_connection_is_survived(void)
{
    struct ends e;
    ends_init(&e, "www.example.org");
    CHECK_INT(play(&e), TM_OK);
    long n = 0;
    int rc = TM_ERR_NOMEM;
    bool reached = true;
    for (; reached && n < 5000; n++) {
        countdown = n;
        rc = play(&e); /* some failures are harmless, so this may be TM_OK long before the end */
        reached = countdown < 0;
        countdown = -1;
    }
    CHECK_INT(rc, TM_OK);
    CHECK(n > 50 && n < 5000);
    CHECK_INT(play(&e), TM_OK);
    ends_deinit(&e);
}

static void every_failed_allocation_of_a_context_is_survived(void)
{
    long n = 0;
    int rc = TM_ERR_NOMEM;
    bool reached = true;
    for (; reached && n < 20000; n += 1 + n / 12) {
        struct tm_tls_ctx *ctx = NULL;
        struct tm_msg msg = {{0}};
        countdown = n;
        rc = tm_tls_ctx_new(&ctx, TM_CLIENT, "www.example.org", &msg);
        reached = countdown < 0;
        countdown = -1;
        CHECK((rc == TM_OK) == (ctx != NULL));
        CHECK((rc == TM_OK) == (msg.text[0] == '\0'));
        tm_tls_ctx_free(ctx);
    }
    CHECK(n > 500); /* reached the end of its thousands of allocations */
    CHECK_INT(rc, TM_OK);
}

static void every_failed_allocation_of_an_identity_is_survived(void)
{
    uint8_t exporter[TM_TLS_EXPORTER_LEN] = {0};
    bool reached = true;
    for (long n = 0; reached && n < 5000; n++) {
        struct tm_identity *a = NULL;
        struct tm_identity *b = NULL;
        char pem[TM_IDENTITY_PEM_MAX];
        uint8_t sig[TM_IDENTITY_SIG_LEN];
        uint8_t pub[TM_IDENTITY_PUB_LEN];
        size_t len = 0;
        countdown = n;
        int rc = tm_identity_new(&a);
        if (rc == TM_OK)
            rc = tm_identity_save(a, pem, sizeof pem, &len);
        if (rc == TM_OK)
            rc = tm_identity_load(&b, pem, len, NULL);
        if (rc == TM_OK)
            rc = tm_identity_sign(b, exporter, sig);
        if (rc == TM_OK) {
            tm_identity_public(b, pub);
            rc = tm_identity_verify(pub, exporter, sig);
        }
        reached = countdown < 0;
        countdown = -1;
        CHECK(reached || rc == TM_OK);
        tm_identity_free(a);
        tm_identity_free(b);
    }
    CHECK(!reached);
}

static const struct check_case cases[] = {
    {"every_failed_allocation_of_a_connection_is_survived",
     every_failed_allocation_of_a_connection_is_survived},
    {"every_failed_allocation_of_a_context_is_survived",
     every_failed_allocation_of_a_context_is_survived},
    {"every_failed_allocation_of_an_identity_is_survived",
     every_failed_allocation_of_an_identity_is_survived},
};
CHECK_MAIN("tls_oom", cases)
