#include "page/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Room for n more bytes and the terminator. */
static bool reserve(struct tm_text *t, size_t n)
{
    if (t->is_bad || n > SIZE_MAX / 4 - t->len) {
        t->is_bad = true;
        return false;
    }
    size_t want = t->len + n + 1;
    if (want <= t->cap)
        return true;
    size_t cap = t->cap < 2048 ? 4096 : t->cap * 2;
    while (cap < want)
        cap *= 2;
    char *p = realloc(t->p, cap);
    if (!p) {
        t->is_bad = true;
        return false;
    }
    t->p = p;
    t->cap = cap;
    return true;
}

static void put_bytes(struct tm_text *t, const char *s, size_t n)
{
    if (!reserve(t, n))
        return;
    memcpy(t->p + t->len, s, n);
    t->len += n;
    t->p[t->len] = '\0';
}

void tm_text_put(struct tm_text *t, const char *s)
{
    put_bytes(t, s, strlen(s));
}

static void __attribute__((format(printf, 2, 0)))
put_format(struct tm_text *t, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        t->is_bad = true;
    else if (reserve(t, (size_t)n)) {
        (void)vsnprintf(t->p + t->len, (size_t)n + 1, fmt, again);
        t->len += (size_t)n;
    }
    va_end(again);
}

void tm_text_printf(struct tm_text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_format(t, fmt, ap);
    va_end(ap);
}

static const char *entity_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return NULL;
    default:
        return c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
    }
}

/* Length of the well-formed character (RFC 3629) that begins with the byte >= 0x80 at s; 0: none, or one that XML refuses. */
static size_t character_len(const unsigned char *s)
{
    size_t n = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
               : s[0] >= 0xe0 && s[0] <= 0xef ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                              : 0;
    if (n == 0)
        return 0;
    uint32_t c = s[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fU);
    }
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    bool is_refused = c < LEAST[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe ||
                      c == 0xffff || (c >= 0x80 && c <= 0x9f);
    return is_refused ? 0 : n;
}

void tm_text_escape(struct tm_text *t, const char *s)
{
    const char *plain = s; /* what needs no change goes out in one piece */
    while (*s) {
        unsigned char c = (unsigned char)*s;
        const char *instead = NULL;
        size_t n = 1;
        if (c < 0x80) {
            instead = entity_of(c);
        } else {
            n = character_len((const unsigned char *)s);
            if (n == 0) {
                n = 1;
                instead = REPLACEMENT;
            }
        }
        if (instead) {
            put_bytes(t, plain, (size_t)(s - plain));
            tm_text_put(t, instead);
            plain = s + n;
        }
        s += n;
    }
    put_bytes(t, plain, (size_t)(s - plain));
}

void tm_text_escapef(struct tm_text *t, const char *fmt, ...)
{
    struct tm_text formatted = {0};
    va_list ap;
    va_start(ap, fmt);
    put_format(&formatted, fmt, ap);
    va_end(ap);
    if (formatted.is_bad)
        t->is_bad = true;
    else
        tm_text_escape(t, formatted.p);
    tm_text_deinit(&formatted);
}

int tm_text_status(const struct tm_text *t)
{
    return t->is_bad ? TM_ERR_NOMEM : TM_OK;
}

void tm_text_deinit(struct tm_text *t)
{
    free(t->p);
    *t = (struct tm_text){0};
}
