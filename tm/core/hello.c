/* tm/core/hello.c - an incremental verdict from a stateless reader.
 *
 * A cursor walks the available bytes.  Every integer is read with the range that it may have there; of an
 * integer that is cut off, the bytes that are there already bound its value, so the verdict falls at the
 * first byte that leaves the range and not when the field is complete.  Declared lengths nest: `end` is
 * where the innermost one ends, and a field that would cross it is a stranger's, whether it is there or not.
 *
 *   record 5 | handshake 4 | 03 03 | random 32 | 32 | session id 32 | suites | 01 00 | extensions
 *   extension 41, the last: 4 | list 2 | identity 2 + L | age 4 | binders 2 | 32 | binder 32 */
#include "tm/core/hello.h"

#include <assert.h>
#include <stdbool.h>

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_VERSION = 0x0301,
    RECORD_BODY_MAX = 16384,
    MSG_CLIENT_HELLO = 1,
    LEGACY_VERSION = 0x0303,
    TLS13 = 0x0304,
    SESSION_ID_LEN = 32,
    SUITE_AES128_GCM_SHA256 = 0x1301,
    GROUP_X25519 = 0x001d,
    X25519_LEN = 32,
    PSK_DHE_KE = 1,

    EXT_SERVER_NAME = 0,
    EXT_PRE_SHARED_KEY = 41,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_PSK_MODES = 45,
    EXT_KEY_SHARE = 51,
    EXT_MAX = 51,

    BINDERS_LEN = 2 + 1 + TM_HELLO_BINDER_LEN,
    /* extension 41 with an identity of one byte, behind its type and length */
    PSK_BODY_MIN = 2 + 2 + 1 + TM_HELLO_AGE_LEN + BINDERS_LEN,
    /* everything but the suites' and the extensions' contents */
    HELLO_FIXED = 2 + 32 + 1 + SESSION_ID_LEN + 2 + 2 + 2,
    HELLO_BODY_MIN = HELLO_FIXED + 2 + 4 + PSK_BODY_MIN,
};
static_assert(TM_HELLO_RECORD_MAX == 5 + RECORD_BODY_MAX, "one record");

/* What our client may send: the names by the numbers of the IANA registry.  Not here and therefore a
 * stranger's: 42 early_data, 44 cookie, 21 padding, and everything above 51. */
#define BIT(n) (UINT64_C(1) << (n))
static const uint64_t allowed_exts =
    BIT(EXT_SERVER_NAME) | BIT(10) /* supported_groups */ | BIT(11) /* ec_point_formats */ |
    BIT(13) /* signature_algorithms */ | BIT(16) /* ALPN */ | BIT(22) /* encrypt_then_mac */ |
    BIT(23) /* extended_master_secret */ | BIT(27) /* compress_certificate */ |
    BIT(35) /* session_ticket */ | BIT(EXT_PRE_SHARED_KEY) | BIT(EXT_SUPPORTED_VERSIONS) |
    BIT(EXT_PSK_MODES) | BIT(49) /* post_handshake_auth */ |
    BIT(50) /* signature_algorithms_cert */ | BIT(EXT_KEY_SHARE);
static const uint64_t needed_exts =
    BIT(EXT_SUPPORTED_VERSIONS) | BIT(EXT_PSK_MODES) | BIT(EXT_KEY_SHARE) | BIT(EXT_PRE_SHARED_KEY);

enum verdict { STRANGER = -1, MORE = 0, GO_ON = 1 };

struct cursor {
    const uint8_t *p;
    size_t len; /* available */
    size_t at;
    size_t end; /* of the innermost declared length, may lie beyond len */
};

/* Reads an integer of n bytes that must lie in min..max. */
static enum verdict read_int(struct cursor *c, size_t n, uint32_t min, uint32_t max, uint32_t *out)
{
    if (n > c->end - c->at)
        return STRANGER;
    size_t have = c->len - c->at < n ? c->len - c->at : n;
    uint64_t lo = 0;
    for (size_t i = 0; i < have; i++)
        lo = lo << 8 | c->p[c->at + i];
    uint64_t unknown = BIT(8 * (n - have));
    lo *= unknown;
    if (lo > max || lo + (unknown - 1) < min)
        return STRANGER;
    if (have < n)
        return MORE;
    c->at += n;
    if (out)
        *out = (uint32_t)lo;
    return GO_ON;
}

static enum verdict read_const(struct cursor *c, size_t n, uint32_t value)
{
    return read_int(c, n, value, value, NULL);
}

static enum verdict read_bytes(struct cursor *c, size_t n, struct tm_view *out)
{
    if (n > c->end - c->at)
        return STRANGER;
    if (n > c->len - c->at)
        return MORE;
    if (out)
        *out = (struct tm_view){c->p + c->at, n};
    c->at += n;
    return GO_ON;
}

/* A list of n_len length bytes and elements of elem_len bytes, one of which must be `wanted`. */
static enum verdict read_list(struct cursor *c, size_t n_len, size_t elem_len, uint32_t wanted)
{
    uint32_t len = 0;
    bool found = false;
    size_t room = c->end - c->at;
    if (room < n_len + elem_len)
        return STRANGER;
    uint32_t max = (uint32_t)(room - n_len);
    enum verdict v = read_int(c, n_len, (uint32_t)elem_len, max, &len);
    if (v != GO_ON)
        return v;
    if (len % elem_len != 0)
        return STRANGER;
    for (uint32_t i = 0; i < len; i += (uint32_t)elem_len) {
        uint32_t x = 0;
        if ((v = read_int(c, elem_len, 0, UINT16_MAX, &x)) != GO_ON)
            return v;
        found = found || x == wanted;
    }
    return found ? GO_ON : STRANGER;
}

/* server_name: one host_name (RFC 6066 sec. 3). */
static enum verdict read_name(struct cursor *c, struct tm_hello *h)
{
    enum verdict v;
    size_t rest = c->end - c->at;
    if (rest < 6 || rest > 5 + TM_HELLO_NAME_MAX)
        return STRANGER;
    if ((v = read_const(c, 2, (uint32_t)(rest - 2))) != GO_ON ||
        (v = read_const(c, 1, 0)) != GO_ON || (v = read_const(c, 2, (uint32_t)(rest - 5))) != GO_ON)
        return v;
    return read_bytes(c, rest - 5, &h->sni);
}

/* key_share: exactly one, X25519. */
static enum verdict read_key_share(struct cursor *c)
{
    enum verdict v;
    if ((v = read_const(c, 2, 4 + X25519_LEN)) != GO_ON ||
        (v = read_const(c, 2, GROUP_X25519)) != GO_ON ||
        (v = read_const(c, 2, X25519_LEN)) != GO_ON)
        return v;
    return read_bytes(c, X25519_LEN, NULL);
}

/* pre_shared_key: exactly one identity and its binder. */
static enum verdict read_psk(struct cursor *c, struct tm_hello *h)
{
    enum verdict v;
    size_t rest = c->end - c->at;
    if (rest < PSK_BODY_MIN)
        return STRANGER;
    uint32_t list_len = (uint32_t)(rest - 2 - BINDERS_LEN);
    uint32_t id_len = list_len - 2 - TM_HELLO_AGE_LEN;
    if ((v = read_const(c, 2, list_len)) != GO_ON || (v = read_const(c, 2, id_len)) != GO_ON ||
        (v = read_bytes(c, id_len, &h->identity)) != GO_ON)
        return v;
    h->age_off = c->at;
    if ((v = read_bytes(c, TM_HELLO_AGE_LEN, NULL)) != GO_ON)
        return v;
    h->bound = (struct tm_view){c->p + 5, c->at - 5};
    if ((v = read_const(c, 2, BINDERS_LEN - 2)) != GO_ON ||
        (v = read_const(c, 1, TM_HELLO_BINDER_LEN)) != GO_ON)
        return v;
    return read_bytes(c, TM_HELLO_BINDER_LEN, &h->binder);
}

/* One extension's content, from c->at to c->end. */
static enum verdict read_ext_body(struct cursor *c, uint32_t type, struct tm_hello *h)
{
    switch (type) {
    case EXT_SERVER_NAME:
        return read_name(c, h);
    case EXT_SUPPORTED_VERSIONS:
        return read_list(c, 1, 2, TLS13);
    case EXT_PSK_MODES:
        return read_list(c, 1, 1, PSK_DHE_KE);
    case EXT_KEY_SHARE:
        return read_key_share(c);
    case EXT_PRE_SHARED_KEY:
        return read_psk(c, h);
    default:
        return read_bytes(c, c->end - c->at, NULL);
    }
}

/* Type and length of one extension of a list that ends at `end`: allowed, not seen before, pre_shared_key
 * last and behind everything it needs (the others leave room for it). */
static enum verdict read_ext_head(struct cursor *c, size_t end, uint64_t *seen, uint32_t *type,
                                  uint32_t *len)
{
    enum verdict v;
    if (end - c->at < 4 + PSK_BODY_MIN)
        return STRANGER;
    if ((v = read_int(c, 2, 0, EXT_MAX, type)) != GO_ON)
        return v;
    if (!(allowed_exts & BIT(*type)) || *seen & BIT(*type))
        return STRANGER;
    *seen |= BIT(*type);
    uint32_t room = (uint32_t)(end - c->at - 2);
    if (*type == EXT_PRE_SHARED_KEY)
        return (*seen & needed_exts) == needed_exts ? read_int(c, 2, room, room, len) : STRANGER;
    if (room < 4 + PSK_BODY_MIN)
        return STRANGER;
    return read_int(c, 2, 0, room - 4 - PSK_BODY_MIN, len);
}

/* All extensions. */
static enum verdict read_exts(struct cursor *c, struct tm_hello *h)
{
    uint64_t seen = 0;
    size_t end = c->end;
    while (c->at < end) {
        uint32_t type = 0;
        uint32_t len = 0;
        enum verdict v = read_ext_head(c, end, &seen, &type, &len);
        if (v != GO_ON)
            return v;
        c->end = c->at + len;
        v = read_ext_body(c, type, h);
        if (v != GO_ON)
            return v;
        if (c->at != c->end)
            return STRANGER;
        c->end = end;
    }
    return (seen & needed_exts) == needed_exts ? GO_ON : STRANGER;
}

static enum verdict read_record(struct cursor *c, struct tm_hello *h)
{
    enum verdict v;
    uint32_t len = 0;
    if ((v = read_const(c, 1, RECORD_HANDSHAKE)) != GO_ON ||
        (v = read_const(c, 2, RECORD_VERSION)) != GO_ON ||
        (v = read_int(c, 2, 4 + HELLO_BODY_MIN, RECORD_BODY_MAX, &len)) != GO_ON)
        return v;
    c->end = c->at + len;
    if (c->len > c->end)
        return STRANGER;
    if ((v = read_const(c, 1, MSG_CLIENT_HELLO)) != GO_ON ||
        (v = read_const(c, 3, len - 4)) != GO_ON ||
        (v = read_const(c, 2, LEGACY_VERSION)) != GO_ON || (v = read_bytes(c, 32, NULL)) != GO_ON ||
        (v = read_const(c, 1, SESSION_ID_LEN)) != GO_ON ||
        (v = read_bytes(c, SESSION_ID_LEN, NULL)) != GO_ON)
        return v;
    if ((v = read_list(c, 2, 2, SUITE_AES128_GCM_SHA256)) != GO_ON ||
        (v = read_const(c, 2, 0x0100)) != GO_ON)
        return v;
    if (c->end - c->at < 2)
        return STRANGER;
    uint32_t exts_len = (uint32_t)(c->end - c->at - 2);
    if ((v = read_const(c, 2, exts_len)) != GO_ON)
        return v;
    return read_exts(c, h);
}

int tm_hello_read(struct tm_hello *h, const uint8_t *p, size_t len)
{
    *h = (struct tm_hello){0};
    struct cursor c = {.p = p, .len = len, .end = SIZE_MAX};
    switch (read_record(&c, h)) {
    case STRANGER:
        return TM_ERR_PROTO;
    case MORE:
        return 0;
    case GO_ON:
        break;
    }
    return (int)c.at;
}
