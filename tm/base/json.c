#include "tm/base/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CODE_MAX 0x10ffffU

void tm_json_init(struct tm_json *j, const char *text, size_t len, const char *name,
                  struct tm_msg *msg)
{
    *j = (struct tm_json){.at = text, .end = text + len, .name = name, .line = 1, .msg = msg};
}

int tm_json_fail(struct tm_json *j, int err, const char *fmt, ...)
{
    if (j->error != TM_OK)
        return j->error;
    char what[sizeof j->msg->text / 2];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    j->error = err;
    return tm_msg_set(j->msg, err, "%s:%" PRIu32 ": %s", j->name, j->line, what);
}

/* The byte that comes next, white space skipped; -1 at the end. */
static int peek(struct tm_json *j)
{
    for (; j->at < j->end; j->at++) {
        char c = *j->at;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return (unsigned char)c;
        j->line += c == '\n';
    }
    return -1;
}

static int wanted(struct tm_json *j, const char *what)
{
    int c = peek(j);
    if (c < 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "the text ends where %s is wanted", what);
    if (c >= 0x21 && c < 0x7f)
        return tm_json_fail(j, TM_ERR_FORMAT, "%s is wanted, not '%c'", what, c);
    return tm_json_fail(j, TM_ERR_FORMAT, "%s is wanted, not the byte 0x%02x", what, (unsigned)c);
}

static int open_container(struct tm_json *j, char brace, const char *what)
{
    if (j->error != TM_OK)
        return j->error;
    if (peek(j) != brace)
        return wanted(j, what);
    j->at++;
    j->is_fresh = true;
    return TM_OK;
}

int tm_json_object(struct tm_json *j)
{
    return open_container(j, '{', "an object");
}

int tm_json_array(struct tm_json *j)
{
    return open_container(j, '[', "an array");
}

/* 1: something follows, the comma before it taken; 0: the container has ended. */
static int next_in(struct tm_json *j, char closing, const char *what)
{
    if (j->error != TM_OK)
        return j->error;
    bool is_first = j->is_fresh;
    j->is_fresh = false;
    int c = peek(j);
    if (c == closing) {
        j->at++;
        return 0;
    }
    if (is_first)
        return 1;
    if (c != ',')
        return wanted(j, what);
    j->at++;
    return 1;
}

int tm_json_member(struct tm_json *j, char *key, size_t cap)
{
    int rc = next_in(j, '}', "',' or '}'");
    if (rc != 1)
        return rc;
    if (peek(j) != '"')
        return wanted(j, "a member's name");
    rc = tm_json_string(j, key, cap);
    if (rc != TM_OK)
        return rc;
    if (peek(j) != ':')
        return wanted(j, "':'");
    j->at++;
    return 1;
}

int tm_json_element(struct tm_json *j)
{
    int rc = next_in(j, ']', "',' or ']'");
    return rc == 1 && peek(j) == ']' ? wanted(j, "a value") : rc;
}

static int hex4(struct tm_json *j, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int c = j->at < j->end ? (unsigned char)*j->at : -1;
        uint32_t v;
        if (c >= '0' && c <= '9')
            v = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            v = (uint32_t)(c - 'A' + 10);
        else
            return tm_json_fail(j, TM_ERR_FORMAT, "four hexadecimal digits are wanted behind \\u");
        *out = *out << 4 | v;
        j->at++;
    }
    return TM_OK;
}

/* Behind "\u": one character, two such escapes when it is beyond the first 65536. */
static int unicode_escape(struct tm_json *j, uint32_t *code)
{
    uint32_t low;
    int rc = hex4(j, code);
    if (rc != TM_OK || *code < 0xd800 || *code > 0xdfff)
        return rc;
    if (*code >= 0xdc00 || j->end - j->at < 2 || j->at[0] != '\\' || j->at[1] != 'u')
        return tm_json_fail(j, TM_ERR_FORMAT, "an unpaired surrogate");
    j->at += 2;
    rc = hex4(j, &low);
    if (rc != TM_OK)
        return rc;
    if (low < 0xdc00 || low > 0xdfff)
        return tm_json_fail(j, TM_ERR_FORMAT, "an unpaired surrogate");
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return TM_OK;
}

/* Behind a backslash. */
static int escape(struct tm_json *j, uint32_t *code)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (j->at == j->end)
        return tm_json_fail(j, TM_ERR_FORMAT, "the text ends inside a string");
    char c = *j->at++;
    if (c == 'u')
        return unicode_escape(j, code);
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    if (!found)
        return tm_json_fail(j, TM_ERR_FORMAT, "a backslash before what needs none");
    *code = (unsigned char)to[found - from];
    return TM_OK;
}

/* One character of UTF-8 (RFC 3629 sec. 4: no overlong forms, no surrogates). */
static int utf8(struct tm_json *j, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned first = (unsigned char)*j->at++;
    unsigned more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    bool is_bad = (first >= 0x80 && first < 0xc2) || first > 0xf4;
    *code = more == 0 ? first : first & (0x3fU >> more);
    for (unsigned i = 0; i < more && !is_bad; i++) {
        is_bad = j->at == j->end || ((unsigned char)*j->at & 0xc0U) != 0x80;
        if (!is_bad)
            *code = *code << 6 | ((unsigned char)*j->at++ & 0x3fU);
    }
    if (is_bad || *code < least[more] || *code > CODE_MAX || (*code >= 0xd800 && *code <= 0xdfff))
        return tm_json_fail(j, TM_ERR_FORMAT, "bytes in a string that are no UTF-8");
    if (*code < 0x20)
        return tm_json_fail(j, TM_ERR_FORMAT, "a control character in a string, or no end of it");
    return TM_OK;
}

static size_t encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80U | (code & 0x3fU));
        code >>= 6;
    }
    out[0] = (char)(0xf00U >> n | code);
    return n;
}

/* Inside a string, which has not ended: its next character. */
static int character(struct tm_json *j, uint32_t *code)
{
    bool is_escape = *j->at == '\\';
    j->at += is_escape;
    *code = 0;
    int rc = is_escape ? escape(j, code) : utf8(j, code);
    if (rc == TM_OK && *code == 0)
        rc = tm_json_fail(j, TM_ERR_FORMAT, "a zero character in a string");
    return rc;
}

static int open_string(struct tm_json *j)
{
    if (j->error != TM_OK)
        return j->error;
    if (peek(j) != '"')
        return wanted(j, "a string");
    j->at++;
    j->is_fresh = false;
    return TM_OK;
}

static int close_string(struct tm_json *j)
{
    if (j->at == j->end)
        return tm_json_fail(j, TM_ERR_FORMAT, "the text ends inside a string");
    j->at++;
    return TM_OK;
}

int tm_json_string(struct tm_json *j, char *out, size_t cap)
{
    size_t len = 0;
    int rc = open_string(j);
    while (rc == TM_OK && j->at < j->end && *j->at != '"') {
        char bytes[4];
        uint32_t code;
        rc = character(j, &code);
        if (rc != TM_OK)
            return rc;
        size_t n = encode(code, bytes);
        if (len + n >= cap)
            return tm_json_fail(j, TM_ERR_FORMAT, "a string longer than %zu bytes", cap - 1);
        memcpy(out + len, bytes, n);
        len += n;
    }
    if (rc == TM_OK)
        rc = close_string(j);
    if (rc == TM_OK)
        out[len] = '\0';
    return rc;
}

int tm_json_number(struct tm_json *j, uint64_t max, uint64_t *out)
{
    if (j->error != TM_OK)
        return j->error;
    int c = peek(j);
    if (c < '0' || c > '9')
        return wanted(j, "a whole number, 0 or more,");
    j->is_fresh = false;
    uint64_t v = 0;
    bool is_large = false;
    const char *from = j->at;
    for (; j->at < j->end && *j->at >= '0' && *j->at <= '9'; j->at++) {
        uint64_t digit = (uint64_t)(*j->at - '0');
        is_large = is_large || v > (UINT64_MAX - digit) / 10;
        v = is_large ? v : v * 10 + digit;
    }
    if (*from == '0' && j->at - from > 1)
        return tm_json_fail(j, TM_ERR_FORMAT, "a number with leading zeros");
    if (j->at < j->end && (*j->at == '.' || *j->at == 'e' || *j->at == 'E'))
        return tm_json_fail(j, TM_ERR_FORMAT, "a whole number is wanted, without '.' and exponent");
    if (is_large || v > max)
        return tm_json_fail(j, TM_ERR_FORMAT, "a number larger than %" PRIu64, max);
    *out = v;
    return TM_OK;
}

int tm_json_integer(struct tm_json *j, int64_t min, int64_t max, int64_t *out)
{
    uint64_t v = 0;
    if (j->error != TM_OK)
        return j->error;
    bool is_negative = peek(j) == '-';
    j->at += is_negative;
    if (is_negative && (j->at == j->end || *j->at < '0' || *j->at > '9'))
        return tm_json_fail(j, TM_ERR_FORMAT, "a '-' without a number");
    int rc = tm_json_number(j, INT64_MAX, &v);
    if (rc != TM_OK)
        return rc;
    int64_t signed_v = is_negative ? -(int64_t)v : (int64_t)v;
    if (signed_v < min || signed_v > max)
        return tm_json_fail(j, TM_ERR_FORMAT, "a number outside %" PRId64 " to %" PRId64, min, max);
    *out = signed_v;
    return TM_OK;
}

bool tm_json_is_string(struct tm_json *j)
{
    return j->error == TM_OK && peek(j) == '"';
}

static int skip_string(struct tm_json *j)
{
    uint32_t code;
    int rc = open_string(j);
    while (rc == TM_OK && j->at < j->end && *j->at != '"')
        rc = character(j, &code);
    return rc == TM_OK ? close_string(j) : rc;
}

static bool skip_digits(struct tm_json *j)
{
    const char *from = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
        j->at++;
    return j->at > from;
}

/* RFC 8259 sec. 6. */
static int skip_number(struct tm_json *j)
{
    j->at += *j->at == '-';
    const char *from = j->at;
    bool is_ok = skip_digits(j) && (*from != '0' || j->at - from == 1);
    if (is_ok && j->at < j->end && *j->at == '.') {
        j->at++;
        is_ok = skip_digits(j);
    }
    if (is_ok && j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
        j->at++;
        j->at += j->at < j->end && (*j->at == '+' || *j->at == '-');
        is_ok = skip_digits(j);
    }
    j->is_fresh = false;
    return is_ok ? TM_OK : tm_json_fail(j, TM_ERR_FORMAT, "a number that is none");
}

static int skip_word(struct tm_json *j)
{
    static const char *const word[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        size_t len = strlen(word[i]);
        if ((size_t)(j->end - j->at) >= len && memcmp(j->at, word[i], len) == 0) {
            j->at += len;
            j->is_fresh = false;
            return TM_OK;
        }
    }
    return wanted(j, "a value");
}

/* 1: a member's or element's value comes next; 0: the container has ended. */
static int skip_to_value(struct tm_json *j, bool is_object)
{
    int rc = is_object ? next_in(j, '}', "',' or '}'") : tm_json_element(j);
    if (rc != 1 || !is_object)
        return rc;
    rc = skip_string(j);
    if (rc != TM_OK)
        return rc;
    if (peek(j) != ':')
        return wanted(j, "':'");
    j->at++;
    return 1;
}

static int skip(struct tm_json *j, int depth)
{
    if (j->error != TM_OK)
        return j->error;
    int c = peek(j);
    if (c == '"')
        return skip_string(j);
    if (c == '-' || (c >= '0' && c <= '9'))
        return skip_number(j);
    if (c != '{' && c != '[')
        return skip_word(j);
    if (depth == 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "values nested more than %d deep", TM_JSON_DEPTH_MAX);
    int rc = c == '{' ? tm_json_object(j) : tm_json_array(j);
    while (rc == TM_OK && (rc = skip_to_value(j, c == '{')) == 1)
        rc = skip(j, depth - 1);
    return rc;
}

int tm_json_skip(struct tm_json *j)
{
    return skip(j, TM_JSON_DEPTH_MAX);
}

int tm_json_end(struct tm_json *j)
{
    if (j->error != TM_OK)
        return j->error;
    return peek(j) < 0 ? TM_OK : tm_json_fail(j, TM_ERR_FORMAT, "something follows the end");
}
