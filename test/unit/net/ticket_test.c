/* test/unit/net/ticket_test.c - tokens as PSK identities, the PSK, and the verdict on raw hellos of the library. */
#include "tm/net/ticket.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "test/support/check.h"
#include "test/unit/net/tls_pair.h"

static const struct tm_ticket_key key = {.prefix = {'s', 'e', 'r', 'v', 'e', 'r'},
                                         .key = {'k', 'e', 'y'}};

static struct tm_token token_with_head(uint8_t head_len)
{
    struct tm_token t = example_token();
    t.head_len = head_len;
    for (uint8_t i = 0; i < head_len; i++)
        t.head[i] = (uint8_t)(0xff - i);
    return t;
}

static void every_length_from_the_shortest_opens(void)
{
    uint8_t identity[1024];
    for (int head_len = 0; head_len <= TM_TOKEN_HEAD_MAX; head_len += TM_TOKEN_HEAD_MAX / 2) {
        struct tm_token t = token_with_head((uint8_t)head_len);
        size_t min = TM_TICKET_LEN_MIN(head_len);
        CHECK_INT(tm_ticket_seal(&key, &t, identity, min - 1), TM_ERR_RANGE);
        for (size_t len = min; len <= min + 300; len++) {
            struct tm_token got;
            memset(identity, 0xee, sizeof identity);
            CHECK_INT(tm_ticket_seal(&key, &t, identity, len), TM_OK);
            CHECK_INT(identity[len], 0xee);
            CHECK_MEM(identity, key.prefix, sizeof key.prefix);
            CHECK_INT(tm_ticket_open(&key, (struct tm_view){identity, len}, &got), TM_OK);
            CHECK_INT(got.carrier, t.carrier);
            CHECK_INT(got.time_ms, t.time_ms);
            CHECK_INT(got.head_len, t.head_len);
            CHECK_MEM(got.head, t.head, t.head_len);
        }
    }
}

static void longest_identity_opens_and_a_longer_one_is_refused(void)
{
    static uint8_t identity[TM_TICKET_LEN_MAX + 1];
    struct tm_token t = example_token();
    struct tm_token got;
    CHECK_INT(tm_ticket_seal(&key, &t, identity, TM_TICKET_LEN_MAX), TM_OK);
    CHECK_INT(tm_ticket_open(&key, (struct tm_view){identity, TM_TICKET_LEN_MAX}, &got), TM_OK);
    CHECK_INT(tm_ticket_seal(&key, &t, identity, TM_TICKET_LEN_MAX + 1), TM_ERR_RANGE);
    CHECK_INT(tm_ticket_open(&key, (struct tm_view){identity, sizeof identity}, &got), TM_ERR_AUTH);
}

static void same_token_never_looks_the_same(void)
{
    enum { LEN = 240 };
    uint8_t a[LEN];
    uint8_t b[LEN];
    struct tm_token t = example_token();
    CHECK_INT(tm_ticket_seal(&key, &t, a, LEN), TM_OK);
    CHECK_INT(tm_ticket_seal(&key, &t, b, LEN), TM_OK);
    struct tm_view nonce = tm_ticket_nonce((struct tm_view){a, LEN});
    CHECK_INT(nonce.p - a, TM_TICKET_PREFIX_LEN);
    CHECK_INT(nonce.len, TM_TICKET_NONCE_LEN);
    CHECK(memcmp(nonce.p, b + TM_TICKET_PREFIX_LEN, nonce.len) != 0);
    int n_same = 0;
    for (size_t i = TM_TICKET_PREFIX_LEN; i < LEN; i++)
        n_same += a[i] == b[i];
    CHECK(n_same < 20); /* expected 224/256; 20 by chance: below 1e-20 */
}

static void changed_cut_or_foreign_identities_are_refused(void)
{
    enum { LEN = TM_TICKET_LEN_MIN(5) + 7 };
    uint8_t identity[LEN + 1] = {0};
    struct tm_token t = token_with_head(5);
    struct tm_token got;
    static const struct tm_token zero;
    CHECK_INT(tm_ticket_seal(&key, &t, identity, LEN), TM_OK);
    for (size_t bit = 0; bit < 8 * (size_t)LEN; bit++) {
        identity[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_INT(tm_ticket_open(&key, (struct tm_view){identity, LEN}, &got), TM_ERR_AUTH);
        CHECK_MEM(&got, &zero, sizeof got);
        identity[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 0; n <= LEN + 1; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        if (!copy)
            abort();
        memcpy(copy, identity, n);
        CHECK_INT(tm_ticket_open(&key, (struct tm_view){copy, n}, &got),
                  n == LEN ? TM_OK : TM_ERR_AUTH);
        free(copy);
    }
    struct tm_ticket_key other = key;
    other.key[31] ^= 1;
    CHECK_INT(tm_ticket_open(&other, (struct tm_view){identity, LEN}, &got), TM_ERR_AUTH);
    other = key;
    other.prefix[15] ^= 1;
    CHECK_INT(tm_ticket_open(&other, (struct tm_view){identity, LEN}, &got), TM_ERR_AUTH);
}

/* The library's own HKDF. */
static void reference_hkdf(uint8_t out[TM_PSK_LEN], uint8_t *secret, uint8_t *salt, size_t salt_len)
{
    char digest[] = "SHA256";
    char info[] = "trafficmimic psk v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, TM_SECRET_LEN),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, salt_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    CHECK_INT(EVP_KDF_derive(c, out, TM_PSK_LEN, params), 1);
    EVP_KDF_CTX_free(c);
    EVP_KDF_free(kdf);
}

static void psk_is_hkdf_of_secret_and_identity(void)
{
    uint8_t secret[TM_SECRET_LEN];
    uint8_t identity[1000];
    memset(secret, 0x5e, sizeof secret);
    for (size_t i = 0; i < sizeof identity; i++)
        identity[i] = (uint8_t)(i * 7);
    static const size_t lens[] = {133, 134, 208, 240, 257, 1000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        uint8_t psk[TM_PSK_LEN];
        uint8_t want[TM_PSK_LEN];
        reference_hkdf(want, secret, identity, lens[i]);
        CHECK_INT(tm_ticket_psk(psk, secret, (struct tm_view){identity, lens[i]}), TM_OK);
        CHECK_MEM(psk, want, sizeof psk);
    }
}

static void hellos_of_our_client_are_ours(void)
{
    struct ends e;
    ends_init(&e, "www.example.org");
    size_t min = e.sizes->hello_base + TM_TICKET_LEN_MIN(0);
    uint32_t seen_ages = 0;
    for (size_t size = min; size <= min + 300; size++) {
        struct pair p;
        struct tm_hello h;
        pair_hello(&p, &e, size);
        CHECK_INT(tm_hello_read(&h, p.hello, size), size);
        CHECK_INT(h.identity.len, size - e.sizes->hello_base);
        CHECK_INT(h.sni.len, 15);
        CHECK_MEM(h.sni.p, "www.example.org", 15);
        CHECK_INT(try_verdict(&e, p.hello, size), TM_OK);
        struct tm_rd age = tm_rd_init(p.hello + h.age_off, TM_HELLO_AGE_LEN);
        seen_ages |= tm_rd_u32(&age);
        pair_deinit(&p);
    }
    CHECK_INT(seen_ages, UINT32_MAX); /* random: every bit was set once */
    ends_deinit(&e);
}

static void every_prefix_of_a_real_hello_needs_more(void)
{
    struct ends e;
    struct pair p;
    struct tm_hello h;
    ends_init(&e, "www.example.org");
    pair_hello(&p, &e, 517);
    for (size_t n = 0; n < 517; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        if (!copy)
            abort();
        memcpy(copy, p.hello, n);
        CHECK_INT(tm_hello_read(&h, copy, n), 0);
        free(copy);
    }
    pair_deinit(&p);
    ends_deinit(&e);
}

static void every_flipped_bit_but_those_of_the_age_makes_a_stranger(void)
{
    struct ends e;
    struct pair p;
    struct tm_hello h;
    ends_init(&e, "www.example.org");
    pair_hello(&p, &e, 517);
    CHECK_INT(tm_hello_read(&h, p.hello, 517), 517);
    size_t age_off = h.age_off;
    for (size_t bit = 0; bit < 8 * 517; bit++) {
        bool in_age = bit / 8 >= age_off && bit / 8 < age_off + TM_HELLO_AGE_LEN;
        p.hello[bit / 8] ^= (uint8_t)(1U << bit % 8);
        int rc = try_verdict(&e, p.hello, 517);
        CHECK(in_age ? rc == TM_OK : rc < 0);
        p.hello[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 0; n < 517; n++)
        CHECK(try_verdict(&e, p.hello, n) < 0);
    CHECK_INT(try_verdict(&e, p.hello, 517), TM_OK);
    pair_deinit(&p);
    ends_deinit(&e);
}

/* A prober who saw a hello puts its identity (and binder) into one of its own. */
static void identity_or_binder_of_another_hello_is_a_stranger(void)
{
    struct ends e;
    struct pair a;
    struct pair b;
    struct tm_hello h;
    ends_init(&e, NULL);
    pair_hello(&a, &e, 517);
    pair_hello(&b, &e, 517);
    CHECK_INT(tm_hello_read(&h, a.hello, 517), 517);
    size_t id_off = (size_t)(h.identity.p - a.hello);
    uint8_t mixed[517];
    memcpy(mixed, a.hello, 517);
    memcpy(mixed + id_off, b.hello + id_off, 517 - id_off);
    CHECK_INT(try_verdict(&e, mixed, 517), TM_ERR_AUTH);
    memcpy(mixed, a.hello, 517);
    memcpy(mixed + 517 - 48, b.hello + 517 - 48, 48);
    CHECK_INT(try_verdict(&e, mixed, 517), TM_ERR_AUTH);
    struct ends other = e;
    other.secret[0] ^= 1;
    CHECK_INT(try_verdict(&other, a.hello, 517), TM_ERR_AUTH);
    pair_deinit(&a);
    pair_deinit(&b);
    ends_deinit(&e);
}

static void age_is_masked_and_cleared_in_place(void)
{
    uint8_t raw[20];
    uint8_t want[20];
    struct tm_hello h = {.age_off = 8};
    memset(raw, 0xaa, sizeof raw);
    memset(want, 0xaa, sizeof want);
    memset(want + 8, 0, 4);
    CHECK_INT(tm_ticket_mask_age(raw, &h), TM_OK);
    tm_ticket_clear_age(raw, &h);
    CHECK_MEM(raw, want, sizeof raw);
}

static const struct check_case cases[] = {
    {"every_length_from_the_shortest_opens", every_length_from_the_shortest_opens},
    {"longest_identity_opens_and_a_longer_one_is_refused",
     longest_identity_opens_and_a_longer_one_is_refused},
    {"same_token_never_looks_the_same", same_token_never_looks_the_same},
    {"changed_cut_or_foreign_identities_are_refused",
     changed_cut_or_foreign_identities_are_refused},
    {"psk_is_hkdf_of_secret_and_identity", psk_is_hkdf_of_secret_and_identity},
    {"hellos_of_our_client_are_ours", hellos_of_our_client_are_ours},
    {"every_prefix_of_a_real_hello_needs_more", every_prefix_of_a_real_hello_needs_more},
    {"every_flipped_bit_but_those_of_the_age_makes_a_stranger",
     every_flipped_bit_but_those_of_the_age_makes_a_stranger},
    {"identity_or_binder_of_another_hello_is_a_stranger",
     identity_or_binder_of_another_hello_is_a_stranger},
    {"age_is_masked_and_cleared_in_place", age_is_masked_and_cleared_in_place},
};
CHECK_MAIN("ticket", cases)
