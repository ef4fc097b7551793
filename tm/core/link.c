/* tm/core/link.c - see the header for the layout.  Decoding is strict (one text for one link): canonical
 * base64url, port without leading zeros, nothing behind it, so that the checksum has seen every character. */
#include "tm/core/link.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "tm/base/buf.h"

enum {
    LINK_VERSION = 1,
    CRC_LEN = 4,
    BLOB_FIXED = 1 + TM_LINK_PIN_LEN + TM_LINK_ID_LEN + TM_LINK_SECRET_LEN + TM_LINK_PREFIX_LEN +
                 TM_LINK_KEY_LEN + 1,
    BLOB_MAX = BLOB_FIXED + TM_LINK_NAME_MAX + CRC_LEN,
    AUTHORITY_MAX = TM_LINK_HOST_MAX + 2 + 1 + 5, /* brackets, colon, port */
};
static const char scheme[] = "tm://";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char advice[] = "copy it again as a whole";

static_assert(sizeof scheme - 1 + AUTHORITY_MAX + 1 + (BLOB_MAX * 4 + 2) / 3 + 1 <=
                  TM_LINK_TEXT_MAX,
              "every link fits");

/* CRC-32 (IEEE 802.3, reflected) continued from crc; start with 0. */
static uint32_t crc32_more(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xedb88320) & (0U - (crc & 1)));
    }
    return ~crc;
}

/* base64url without padding; text has room for (len * 4 + 2) / 3 characters and a NUL. */
static void base64_encode(char *text, const uint8_t *p, size_t len)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        acc = acc << 8 | p[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = alphabet[acc >> (bits - 6) & 63];
    }
    if (bits > 0)
        *text++ = alphabet[acc << (6 - bits) & 63];
    *text = '\0';
}

/* The bytes that n characters stand for; false on other characters, an impossible length, set bits behind
 * the last byte, or more than cap bytes. */
static bool base64_decode(struct tm_wr *w, const char *text, size_t n)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        const char *at = memchr(alphabet, text[i], sizeof alphabet - 1);
        if (!at)
            return false;
        acc = acc << 6 | (uint32_t)(at - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            tm_wr_u8(w, (uint8_t)(acc >> bits));
        }
    }
    return bits < 6 && (acc & ((1U << bits) - 1)) == 0 && tm_wr_ok(w);
}

static bool is_all_of(const char *s, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\0' || !strchr(set, s[i]))
            return false;
    }
    return true;
}

static bool is_name(const char *s, size_t len)
{
    return is_all_of(s, len, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}

static bool is_ipv6(const char *s, size_t len)
{
    return memchr(s, ':', len) && is_all_of(s, len, "0123456789abcdefABCDEF:.");
}

/* HOST:PORT as in the link; false when there is no such text. */
static bool print_authority(char text[AUTHORITY_MAX + 1], const struct tm_link *l)
{
    size_t len = strnlen(l->host, sizeof l->host);
    if (len == 0 || len > TM_LINK_HOST_MAX || l->port == 0)
        return false;
    bool v6 = is_ipv6(l->host, len);
    if (!v6 && !is_name(l->host, len))
        return false;
    char digits[5];
    size_t n_digits = 0;
    for (unsigned port = l->port; port > 0; port /= 10)
        digits[n_digits++] = (char)('0' + port % 10);
    struct tm_wr w = tm_wr_init(text, AUTHORITY_MAX + 1);
    tm_wr_bytes(&w, "[", v6 ? 1 : 0);
    tm_wr_bytes(&w, l->host, len);
    tm_wr_bytes(&w, "]", v6 ? 1 : 0);
    tm_wr_u8(&w, ':');
    while (n_digits > 0)
        tm_wr_u8(&w, (uint8_t)digits[--n_digits]);
    tm_wr_u8(&w, '\0');
    TM_ASSERT(tm_wr_ok(&w));
    return true;
}

static void write_blob(struct tm_wr *w, const struct tm_link *l, const char *authority)
{
    size_t name_len = strlen(l->name);
    tm_wr_u8(w, LINK_VERSION);
    tm_wr_bytes(w, l->server_pin, sizeof l->server_pin);
    tm_wr_bytes(w, l->invite_id, sizeof l->invite_id);
    tm_wr_bytes(w, l->invite_secret, sizeof l->invite_secret);
    tm_wr_bytes(w, l->token_prefix, sizeof l->token_prefix);
    tm_wr_bytes(w, l->token_key, sizeof l->token_key);
    tm_wr_u8(w, (uint8_t)name_len);
    tm_wr_bytes(w, l->name, name_len);
    tm_wr_u32(w, crc32_more(crc32_more(0, authority, strlen(authority)), w->p, w->len));
}

static bool has_good_name(const struct tm_link *l)
{
    size_t len = strnlen(l->name, sizeof l->name);
    return len <= TM_LINK_NAME_MAX && is_name(l->name, len);
}

/* The part with the keys, and a NUL. */
static int write_keys(const struct tm_link *l, const char *authority, char *text, size_t cap)
{
    uint8_t blob[BLOB_MAX];
    struct tm_wr w = tm_wr_init(blob, sizeof blob);
    int rc = TM_ERR_RANGE;
    write_blob(&w, l, authority);
    TM_ASSERT(tm_wr_ok(&w));
    if (cap > (w.len * 4 + 2) / 3) {
        base64_encode(text, blob, w.len);
        rc = TM_OK;
    }
    explicit_bzero(blob, sizeof blob);
    return rc;
}

int tm_link_encode(const struct tm_link *l, char *text, size_t cap)
{
    char authority[AUTHORITY_MAX + 1];
    if (cap > 0)
        text[0] = '\0';
    if (!has_good_name(l) || !print_authority(authority, l))
        return TM_ERR_RANGE;
    size_t head_len = sizeof scheme - 1 + strlen(authority) + 1;
    if (cap <= head_len || write_keys(l, authority, text + head_len, cap - head_len) != TM_OK)
        return TM_ERR_RANGE;
    memcpy(text, scheme, sizeof scheme - 1);
    memcpy(text + sizeof scheme - 1, authority, strlen(authority));
    text[head_len - 1] = '/';
    return TM_OK;
}

int tm_link_encode_keys(const struct tm_link *l, char *text, size_t cap)
{
    if (cap > 0)
        text[0] = '\0';
    return has_good_name(l) ? write_keys(l, "", text, cap) : TM_ERR_RANGE;
}

/* Reads HOST:PORT, all `len` characters of it. */
static int read_authority(struct tm_link *l, const char *s, size_t len, struct tm_msg *msg)
{
    const char *colon = memrchr(s, ':', len);
    if (!colon)
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: no :PORT after the host; %s", advice);
    size_t host_len = (size_t)(colon - s);
    size_t port_len = len - host_len - 1;
    bool bracket = host_len >= 2 && s[0] == '[' && s[host_len - 1] == ']';
    const char *host = bracket ? s + 1 : s;
    host_len -= bracket ? 2 : 0;
    if (host_len == 0 || host_len > TM_LINK_HOST_MAX ||
        !(bracket ? is_ipv6(host, host_len) : is_name(host, host_len)))
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "link: not a host name or address before the port; %s", advice);
    unsigned port = 0;
    if (port_len < 1 || port_len > 5 || colon[1] == '0' ||
        !is_all_of(colon + 1, port_len, "0123456789"))
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: not a port number after the host; %s", advice);
    for (size_t i = 1; i <= port_len; i++)
        port = port * 10 + (unsigned)(colon[i] - '0');
    if (port > UINT16_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: port %u is above 65535", port);
    memcpy(l->host, host, host_len);
    l->host[host_len] = '\0';
    l->port = (uint16_t)port;
    return TM_OK;
}

static int read_blob(struct tm_link *l, const uint8_t *blob, size_t len, struct tm_view authority,
                     struct tm_msg *msg)
{
    struct tm_rd r = tm_rd_init(blob, len);
    if (len < BLOB_FIXED + CRC_LEN)
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: cut off; %s", advice);
    uint32_t crc = crc32_more(crc32_more(0, authority.p, authority.len), blob, len - CRC_LEN);
    struct tm_rd tail = tm_rd_init(blob + len - CRC_LEN, CRC_LEN);
    if (tm_rd_u32(&tail) != crc)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "link: mistyped or cut off (its checksum is wrong); %s", advice);
    uint8_t version = tm_rd_u8(&r);
    if (version != LINK_VERSION)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                          "link: of version %u, this program reads version %u", (unsigned)version,
                          (unsigned)LINK_VERSION);
    tm_rd_copy(&r, l->server_pin, sizeof l->server_pin);
    tm_rd_copy(&r, l->invite_id, sizeof l->invite_id);
    tm_rd_copy(&r, l->invite_secret, sizeof l->invite_secret);
    tm_rd_copy(&r, l->token_prefix, sizeof l->token_prefix);
    tm_rd_copy(&r, l->token_key, sizeof l->token_key);
    size_t name_len = tm_rd_u8(&r);
    struct tm_view name = tm_rd_bytes(&r, name_len);
    if (!tm_rd_ok(&r) || r.len != CRC_LEN || name_len > TM_LINK_NAME_MAX ||
        !is_name((const char *)name.p, name_len))
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: its server name is malformed");
    memcpy(l->name, name.p, name_len);
    return TM_OK;
}

static int read_keys(struct tm_link *l, const char *text, size_t len, struct tm_view authority,
                     struct tm_msg *msg)
{
    uint8_t blob[BLOB_MAX];
    struct tm_wr w = tm_wr_init(blob, sizeof blob);
    int rc;
    if (!base64_decode(&w, text, len))
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "link: mistyped or cut off (wrong characters in its key part); %s", advice);
    else
        rc = read_blob(l, blob, w.len, authority, msg);
    explicit_bzero(blob, sizeof blob);
    return rc;
}

static int decode(struct tm_link *l, const char *text, struct tm_msg *msg)
{
    static const char space[] = " \t\r\n";
    text += strspn(text, space);
    size_t len = strnlen(text, TM_LINK_TEXT_MAX + 1);
    while (len > 0 && strchr(space, text[len - 1]))
        len--;
    if (len < sizeof scheme - 1 || memcmp(text, scheme, sizeof scheme - 1) != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: does not begin with %s", scheme);
    text += sizeof scheme - 1;
    len -= sizeof scheme - 1;
    const char *slash = memchr(text, '/', len);
    if (!slash)
        return tm_msg_set(msg, TM_ERR_FORMAT, "link: cut off before its key part; %s", advice);
    size_t authority_len = (size_t)(slash - text);
    int rc = read_authority(l, text, authority_len, msg);
    if (rc != TM_OK)
        return rc;
    return read_keys(l, slash + 1, len - authority_len - 1,
                     (struct tm_view){(const uint8_t *)text, authority_len}, msg);
}

int tm_link_decode(struct tm_link *l, const char *text, struct tm_msg *msg)
{
    *l = (struct tm_link){0};
    int rc = decode(l, text, msg);
    if (rc != TM_OK)
        explicit_bzero(l, sizeof *l);
    return rc;
}

int tm_link_decode_keys(struct tm_link *l, const char *text, struct tm_msg *msg)
{
    *l = (struct tm_link){0};
    int rc =
        read_keys(l, text, strnlen(text, TM_LINK_TEXT_MAX + 1), (struct tm_view){NULL, 0}, msg);
    if (rc != TM_OK)
        explicit_bzero(l, sizeof *l);
    return rc;
}
