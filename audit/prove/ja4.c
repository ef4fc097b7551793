#include "audit/prove/ja4.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum {
    RECORD_HANDSHAKE = 22,
    MSG_CLIENT_HELLO = 1,
    EXT_SERVER_NAME = 0,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN = 16,
    EXT_SUPPORTED_VERSIONS = 43,
    COUNT_MAX = 99, /* two digits */
};

struct list {
    uint16_t v[TM_JA4_ITEMS_MAX];
    uint32_t n;
    bool is_full; /* and there were more */
};

struct hello {
    uint16_t version;
    struct list suites, extensions, algorithms;
    bool has_name;
    struct tm_view alpn; /* the first value; empty: none */
};

/* RFC 8701: both bytes are alike and end in a. */
static bool is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void add(struct list *l, uint16_t v)
{
    if (is_grease(v))
        return;
    l->is_full |= l->n == TM_JA4_ITEMS_MAX;
    if (l->n < TM_JA4_ITEMS_MAX)
        l->v[l->n++] = v;
}

static void read_list(struct list *l, struct tm_view bytes)
{
    struct tm_rd r = tm_rd_init(bytes.p, bytes.len);
    while (r.len >= 2)
        add(l, tm_rd_u16(&r));
}

static void read_versions(struct hello *h, struct tm_view body)
{
    struct tm_rd r = tm_rd_init(body.p, body.len);
    struct list versions = {0};
    read_list(&versions, tm_rd_bytes(&r, tm_rd_u8(&r)));
    if (versions.n > 0)
        h->version = 0;
    for (uint32_t i = 0; i < versions.n; i++)
        h->version = versions.v[i] > h->version ? versions.v[i] : h->version;
}

static void read_extension(struct hello *h, uint16_t type, struct tm_view body)
{
    struct tm_rd r = tm_rd_init(body.p, body.len);
    switch (type) {
    case EXT_SERVER_NAME:
        h->has_name = true;
        break;
    case EXT_SIGNATURE_ALGORITHMS:
        read_list(&h->algorithms, tm_rd_bytes(&r, tm_rd_u16(&r)));
        break;
    case EXT_ALPN:
        (void)tm_rd_u16(&r);
        h->alpn = tm_rd_bytes(&r, tm_rd_u8(&r));
        break;
    case EXT_SUPPORTED_VERSIONS:
        read_versions(h, body);
        break;
    default:
        break;
    }
}

static int read_extensions(struct hello *h, struct tm_rd *r)
{
    uint32_t left = tm_rd_u16(r);
    while (left > 0) {
        uint16_t type = tm_rd_u16(r);
        uint16_t len = tm_rd_u16(r);
        if (!tm_rd_ok(r) || left < 4U + len)
            return TM_ERR_FORMAT;
        left -= 4U + len;
        add(&h->extensions, type);
        if (left == 0 && r->len < len) /* the last one, cut by the capture */
            break;
        read_extension(h, type, tm_rd_bytes(r, len));
    }
    return tm_rd_ok(r) ? TM_OK : TM_ERR_FORMAT;
}

static int read_hello(struct hello *h, struct tm_view bytes)
{
    struct tm_rd r = tm_rd_init(bytes.p, bytes.len);
    if (tm_rd_u8(&r) != RECORD_HANDSHAKE)
        return TM_ERR_FORMAT;
    (void)tm_rd_bytes(&r, 4); /* record version and length */
    if (tm_rd_u8(&r) != MSG_CLIENT_HELLO)
        return TM_ERR_FORMAT;
    uint32_t len = tm_rd_u24(&r);
    size_t before = r.len;
    h->version = tm_rd_u16(&r);
    (void)tm_rd_bytes(&r, 32);           /* random */
    (void)tm_rd_bytes(&r, tm_rd_u8(&r)); /* session id */
    read_list(&h->suites, tm_rd_bytes(&r, tm_rd_u16(&r)));
    (void)tm_rd_bytes(&r, tm_rd_u8(&r)); /* compression methods */
    if (!tm_rd_ok(&r))
        return TM_ERR_FORMAT;
    int rc = before - r.len < len ? read_extensions(h, &r) : TM_OK;
    bool is_full = h->suites.is_full || h->extensions.is_full || h->algorithms.is_full;
    return rc == TM_OK && is_full ? TM_ERR_LIMIT : rc;
}

static const char *version_text(uint16_t v)
{
    static const struct {
        uint16_t v;
        const char *text;
    } NAMES[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"}};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].v == v)
            return NAMES[i].text;
    }
    return "00";
}

static void alpn_text(char out[3], struct tm_view alpn)
{
    static const char HEX[] = "0123456789abcdef";
    uint8_t first = alpn.len > 0 ? alpn.p[0] : '0';
    uint8_t last = alpn.len > 0 ? alpn.p[alpn.len - 1] : '0';
    bool is_plain = first < 0x80 && last < 0x80 && isalnum(first) && isalnum(last);
    out[0] = is_plain ? (char)first : HEX[first >> 4];
    out[1] = is_plain ? (char)last : HEX[last & 15];
    out[2] = '\0';
}

static int by_value(const void *a, const void *b)
{
    const uint16_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The list as "002f,0035"; returns where it ends. */
static char *put_list(char *at, const struct list *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        at += sprintf(at, i > 0 ? ",%04x" : "%04x", l->v[i]);
    return at;
}

/* The first 12 hex digits of the text's SHA-256; zeros for none. */
static int put_hash(char out[13], const char *text, size_t len)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    if (len > 0 && EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return TM_ERR_NOMEM;
    for (unsigned i = 0; i < 6; i++)
        (void)snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
    return TM_OK;
}

static int put_fingerprint(char out[TM_JA4_LEN], struct hello *h)
{
    char text[2 * 5 * TM_JA4_ITEMS_MAX + 2];
    char alpn[3], hash[2][13];
    struct list hashed = {0};
    qsort(h->suites.v, h->suites.n, sizeof *h->suites.v, by_value);
    int rc = put_hash(hash[0], text, (size_t)(put_list(text, &h->suites) - text));
    qsort(h->extensions.v, h->extensions.n, sizeof *h->extensions.v, by_value);
    for (uint32_t i = 0; i < h->extensions.n; i++) {
        uint16_t v = h->extensions.v[i];
        if (v != EXT_SERVER_NAME && v != EXT_ALPN)
            hashed.v[hashed.n++] = v;
    }
    char *at = put_list(text, &hashed);
    if (h->algorithms.n > 0) {
        *at++ = '_';
        at = put_list(at, &h->algorithms);
    }
    if (rc == TM_OK)
        rc = put_hash(hash[1], text, (size_t)(at - text));
    alpn_text(alpn, h->alpn);
    unsigned n_suites = h->suites.n < COUNT_MAX ? h->suites.n : COUNT_MAX;
    unsigned n_extensions = h->extensions.n < COUNT_MAX ? h->extensions.n : COUNT_MAX;
    (void)snprintf(out, TM_JA4_LEN, "t%s%c%02u%02u%s_%s_%s", version_text(h->version),
                   h->has_name ? 'd' : 'i', n_suites, n_extensions, alpn, hash[0], hash[1]);
    return rc;
}

int tm_ja4(char out[TM_JA4_LEN], struct tm_view hello)
{
    struct hello h = {0};
    out[0] = '\0';
    int rc = read_hello(&h, hello);
    return rc == TM_OK ? put_fingerprint(out, &h) : rc;
}

/* ---- What else has it ---- */

/* Captured by us, of first connections: one of ours always resumes, and so has one extension more (41). */
static const struct tm_ja4_known KNOWN[] = {
    {"openssl s_client 3.0 (and nginx to its upstream, with TLS 1.3)",
     "t13d311000_e8f1e7e78f70_1f22a2ca17c4"},
    {"curl 7.88 with OpenSSL 3.0", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"},
    {"Python 3.11, urllib", "t13d181100_85036bcba153_d41ae481755e"},
    {"wget 1.21 (GnuTLS)", "t13d291300_723694b0fccc_899037bd0b8c"},
    {"git 2.39 (GnuTLS)", "t13d2912h2_723694b0fccc_288f874c93d6"},
    {"Chromium 156", "t13d1517h2_8daaf6152771_cb7bf5808d99"},
    {NULL, NULL},
};

const struct tm_ja4_known *tm_ja4_known(unsigned i)
{
    return i + 1 < sizeof KNOWN / sizeof *KNOWN ? &KNOWN[i] : NULL;
}

const char *tm_ja4_likeness(const char *ja4)
{
    const struct tm_ja4_known *k;
    for (unsigned i = 0; (k = tm_ja4_known(i)) != NULL; i++) {
        if (strcmp(k->ja4, ja4) == 0)
            return k->program;
    }
    return NULL;
}
