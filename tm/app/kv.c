/* tm/app/kv.c - see kv.h. */
#include "tm/app/kv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tm/app/units.h"

#define VERSION    1
#define TEXT_MAX   640U /* characters of a line */
#define FIELDS_MAX 32U

void tm_hex_encode(char *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tm_hex_decode(uint8_t *out, size_t n, const char *text)
{
    if (strlen(text) != 2 * n)
        return TM_ERR_FORMAT;
    for (size_t i = 0; i < n; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return TM_ERR_FORMAT;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return TM_OK;
}

static int read_value(const struct tm_kv_field *f, const char *value)
{
    switch (f->type) {
    case TM_KV_HEX:
        return tm_hex_decode(f->at, f->len, value);
    case TM_KV_NUMBER:
        return tm_units_count(value, f->at) == TM_OK ? TM_OK : TM_ERR_FORMAT;
    case TM_KV_TEXT:
        if (value[0] == '\0' || strlen(value) >= f->len)
            return TM_ERR_FORMAT;
        memcpy(f->at, value, strlen(value) + 1);
        return TM_OK;
    }
    return TM_ERR_FORMAT;
}

/* The first line: "KIND VERSION". */
static int check_head(const char *line, const char *kind, struct tm_msg *msg)
{
    size_t n = strlen(kind);
    int64_t version;
    if (strncmp(line, kind, n) != 0 || line[n] != ' ' ||
        tm_units_count(line + n + 1, &version) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT, "this is not a %s file", kind);
    if (version != VERSION)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                          "made by another version of this program (format %" PRId64
                          ", this one reads %d)",
                          version, VERSION);
    return TM_OK;
}

/* One line: its key's field, or other.  seen has a bit for every field. */
static int take_line(const struct tm_kv *kv, char *line, uint32_t *seen)
{
    char *space = strchr(line, ' ');
    if (space == NULL)
        return TM_ERR_FORMAT;
    *space = '\0';
    const char *value = space + 1;
    for (size_t i = 0; i < kv->n_fields; i++) {
        if (strcmp(kv->fields[i].key, line) != 0)
            continue;
        if ((*seen & 1U << i) != 0)
            return TM_ERR_FORMAT;
        *seen |= 1U << i;
        return read_value(&kv->fields[i], value);
    }
    return kv->other != NULL ? kv->other(kv->user, line, value) : TM_ERR_FORMAT;
}

/* The next line of text into line, without its end.  A last line without its end has been cut off. */
static int next_line(char line[TEXT_MAX], const char *text, size_t len, size_t *at)
{
    const char *end = memchr(text + *at, '\n', len - *at);
    size_t n = end != NULL ? (size_t)(end - (text + *at)) : TEXT_MAX;
    if (n >= TEXT_MAX || memchr(text + *at, '\0', n) != NULL)
        return TM_ERR_FORMAT;
    memcpy(line, text + *at, n);
    line[n] = '\0';
    *at += n + 1;
    return TM_OK;
}

static void clear_fields(const struct tm_kv *kv)
{
    for (size_t i = 0; i < kv->n_fields; i++) {
        const struct tm_kv_field *f = &kv->fields[i];
        memset(f->at, 0, f->type == TM_KV_NUMBER ? sizeof(int64_t) : f->len);
    }
}

int tm_kv_read(const struct tm_kv *kv, const char *text, size_t len, struct tm_msg *msg)
{
    TM_ASSERT_LE(kv->n_fields, FIELDS_MAX);
    char line[TEXT_MAX] = "";
    uint32_t seen = 0;
    size_t at = 0;
    clear_fields(kv);
    if (len > 0 && next_line(line, text, len, &at) != TM_OK)
        line[0] = '\0';
    int rc = check_head(line, kv->kind, msg);
    for (unsigned number = 2; at < len && rc == TM_OK; number++) {
        rc = next_line(line, text, len, &at);
        if (rc == TM_OK)
            rc = take_line(kv, line, &seen);
        if (rc != TM_OK)
            tm_msg_set(msg, rc, "line %u is damaged", number);
    }
    OPENSSL_cleanse(line, sizeof line);
    if (rc != TM_OK)
        return rc;
    for (size_t i = 0; i < kv->n_fields; i++)
        if (!kv->fields[i].optional && (seen & 1U << i) == 0)
            return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' is missing", kv->fields[i].key);
    return TM_OK;
}

void tm_kv_line(struct tm_wr *w, const char *key, const char *value)
{
    tm_wr_bytes(w, key, strlen(key));
    tm_wr_u8(w, ' ');
    tm_wr_bytes(w, value, strlen(value));
    tm_wr_u8(w, '\n');
}

void tm_kv_write(const struct tm_kv *kv, struct tm_wr *w)
{
    char value[TEXT_MAX];
    snprintf(value, sizeof value, "%d", VERSION);
    tm_kv_line(w, kv->kind, value);
    for (size_t i = 0; i < kv->n_fields; i++) {
        const struct tm_kv_field *f = &kv->fields[i];
        TM_ASSERT_LE(2 * f->len + 1, sizeof value);
        switch (f->type) {
        case TM_KV_HEX:
            tm_hex_encode(value, f->at, f->len);
            break;
        case TM_KV_NUMBER:
            snprintf(value, sizeof value, "%" PRId64, *(const int64_t *)f->at);
            break;
        case TM_KV_TEXT:
            snprintf(value, sizeof value, "%s", (const char *)f->at);
            break;
        }
        if (value[0] != '\0' || !f->optional)
            tm_kv_line(w, f->key, value);
    }
    OPENSSL_cleanse(value, sizeof value);
}
