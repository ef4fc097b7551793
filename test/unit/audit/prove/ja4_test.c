#include "audit/prove/ja4.h"

#include <string.h>

#include "test/support/check.h"

/* The example of the published specification (a Chrome): its lists, and the fingerprint that it prints for them. */
static const uint16_t SUITES[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
                                  0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t EXTENSIONS[] = {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
                                      0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                                      0xff01, 0x000b, 0x000a, 0x0015};
static const uint16_t ALGORITHMS[] = {0x0403, 0x0804, 0x0401, 0x0503,
                                      0x0805, 0x0501, 0x0806, 0x0601};
static const char PUBLISHED[] = "t13d1516h2_8daaf6152771_e5627efa2ab1";

#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define HELLO_MAX 2048

struct shape {
    bool has_grease, has_name, has_alpn, has_versions;
    const char *alpn;
    uint32_t n_suites; /* more of them; 0: those above */
};

static void put_body(struct tm_wr *w, uint16_t type, const struct shape *s)
{
    size_t at = w->len;
    tm_wr_u16(w, 0);
    switch (type) {
    case 0x000d:
        tm_wr_u16(w, 2 * COUNT(ALGORITHMS));
        for (size_t i = 0; i < COUNT(ALGORITHMS); i++)
            tm_wr_u16(w, ALGORITHMS[i]);
        break;
    case 0x0010:
        tm_wr_u16(w, (uint16_t)(strlen(s->alpn) + 1));
        tm_wr_u8(w, (uint8_t)strlen(s->alpn));
        tm_wr_bytes(w, s->alpn, strlen(s->alpn));
        break;
    case 0x002b:
        tm_wr_u8(w, s->has_grease ? 6 : 4);
        if (s->has_grease)
            tm_wr_u16(w, 0xfafa);
        tm_wr_u16(w, 0x0304);
        tm_wr_u16(w, 0x0303);
        break;
    default:
        tm_wr_zeros(w, 9);
        break;
    }
    w->p[at] = (uint8_t)((w->len - at - 2) >> 8);
    w->p[at + 1] = (uint8_t)(w->len - at - 2);
}

static struct tm_view make(uint8_t *out, const struct shape *s)
{
    struct tm_wr w = tm_wr_init(out, HELLO_MAX);
    uint32_t n_suites = s->n_suites > 0 ? s->n_suites : (uint32_t)COUNT(SUITES);
    tm_wr_u8(&w, 22);
    tm_wr_u32(&w, 0x03010000); /* record: lengths are not looked at */
    tm_wr_u8(&w, 1);
    tm_wr_u24(&w, 0);
    tm_wr_u16(&w, 0x0303);
    tm_wr_zeros(&w, 32);
    tm_wr_u8(&w, 32);
    tm_wr_zeros(&w, 32);
    tm_wr_u16(&w, (uint16_t)(2 * (n_suites + s->has_grease)));
    if (s->has_grease)
        tm_wr_u16(&w, 0x0a0a);
    for (uint32_t i = 0; i < n_suites; i++)
        tm_wr_u16(&w, i < COUNT(SUITES) ? SUITES[i] : (uint16_t)(0x5600 + i));
    tm_wr_u16(&w, 0x0100);
    size_t at = w.len;
    tm_wr_u16(&w, 0);
    if (s->has_grease) {
        tm_wr_u16(&w, 0x1a1a);
        put_body(&w, 0x1a1a, s);
    }
    for (size_t i = 0; i < COUNT(EXTENSIONS); i++) {
        bool is_out = (EXTENSIONS[i] == 0x0000 && !s->has_name) ||
                      (EXTENSIONS[i] == 0x0010 && !s->has_alpn) ||
                      (EXTENSIONS[i] == 0x002b && !s->has_versions);
        if (is_out)
            continue;
        tm_wr_u16(&w, EXTENSIONS[i]);
        put_body(&w, EXTENSIONS[i], s);
    }
    out[at] = (uint8_t)((w.len - at - 2) >> 8);
    out[at + 1] = (uint8_t)(w.len - at - 2);
    out[7] = (uint8_t)((w.len - 9) >> 8);
    out[8] = (uint8_t)(w.len - 9);
    CHECK(tm_wr_ok(&w));
    return (struct tm_view){out, w.len};
}

static const struct shape WHOLE = {true, true, true, true, "h2", 0};

static void published_example_has_its_fingerprint(void)
{
    uint8_t hello[HELLO_MAX];
    char ja4[TM_JA4_LEN];
    CHECK_INT(tm_ja4(ja4, make(hello, &WHOLE)), TM_OK);
    CHECK_STR(ja4, PUBLISHED);
    struct shape s = WHOLE;
    s.has_grease = false;
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK_STR(ja4, PUBLISHED);
}

static void first_part_says_what_is_offered(void)
{
    uint8_t hello[HELLO_MAX];
    char ja4[TM_JA4_LEN];
    struct shape s = WHOLE;
    s.has_name = s.has_alpn = false;
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK_STR(ja4, "t13i151400_8daaf6152771_e5627efa2ab1"); /* neither is in the hashed list */
    s = WHOLE;
    s.has_versions = false;
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK(strncmp(ja4, "t12d1515h2_8daaf6152771_", 24) == 0);
    s = WHOLE;
    s.alpn = "http/1.1";
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK(strncmp(ja4, "t13d1516h1_", 11) == 0);
    s.alpn = "\xab";
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK(strncmp(ja4, "t13d1516ab_", 11) == 0); /* hex digits of what is no letter */
    s = WHOLE;
    s.n_suites = 120;
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_OK);
    CHECK(strncmp(ja4, "t13d9916h2_", 11) == 0);
    s.n_suites = TM_JA4_ITEMS_MAX + 1;
    CHECK_INT(tm_ja4(ja4, make(hello, &s)), TM_ERR_LIMIT);
}

static void only_the_last_extension_may_be_cut(void)
{
    uint8_t hello[HELLO_MAX];
    char ja4[TM_JA4_LEN];
    struct tm_view v = make(hello, &WHOLE);
    size_t last = v.len - 9; /* its content */
    for (size_t len = 0; len < v.len; len++) {
        int rc = tm_ja4(ja4, (struct tm_view){hello, len});
        CHECK_INT(rc, len >= last ? TM_OK : TM_ERR_FORMAT);
        if (rc == TM_OK)
            CHECK_STR(ja4, PUBLISHED);
    }
}

static void mutations_do_no_harm(void)
{
    uint8_t hello[HELLO_MAX], changed[HELLO_MAX];
    char ja4[TM_JA4_LEN];
    struct tm_view v = make(hello, &WHOLE);
    for (size_t i = 0; i < v.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(changed, hello, v.len);
            changed[i] ^= (uint8_t)(1U << bit);
            int rc = tm_ja4(ja4, (struct tm_view){changed, v.len});
            CHECK(rc == TM_OK ? strlen(ja4) == TM_JA4_LEN - 1
                              : rc == TM_ERR_FORMAT || rc == TM_ERR_LIMIT);
        }
    }
}

static void known_ones_are_found(void)
{
    const struct tm_ja4_known *k;
    unsigned n = 0;
    for (; (k = tm_ja4_known(n)) != NULL; n++) {
        CHECK_INT(strlen(k->ja4), TM_JA4_LEN - 1);
        CHECK_STR(tm_ja4_likeness(k->ja4), k->program);
    }
    CHECK(n > 0);
    CHECK(tm_ja4_likeness(PUBLISHED) == NULL);
}

static const struct check_case CASES[] = {
    {"published_example_has_its_fingerprint", published_example_has_its_fingerprint},
    {"first_part_says_what_is_offered", first_part_says_what_is_offered},
    {"only_the_last_extension_may_be_cut", only_the_last_extension_may_be_cut},
    {"mutations_do_no_harm", mutations_do_no_harm},
    {"known_ones_are_found", known_ones_are_found},
};
CHECK_MAIN("audit/prove/ja4", CASES)
