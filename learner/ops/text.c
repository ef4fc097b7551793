#include "learner/ops/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 4096U

static bool make_room(struct tm_text *t, size_t more)
{
    size_t cap = t->cap > 0 ? t->cap : FIRST_CAP;
    if (t->is_bad || more > SIZE_MAX / 4 || t->len > SIZE_MAX / 4)
        t->is_bad = true;
    while (!t->is_bad && cap - t->len <= more)
        cap *= 2;
    if (t->is_bad || cap == t->cap)
        return !t->is_bad;
    char *p = realloc(t->p, cap);
    t->is_bad = !p;
    if (p) {
        t->p = p;
        t->cap = cap;
    }
    return !t->is_bad;
}

void tm_text_add(struct tm_text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = t->is_bad ? -1 : vsnprintf(t->p ? t->p + t->len : NULL, t->cap - t->len, fmt, args);
    if (n >= 0 && (size_t)n >= t->cap - t->len && make_room(t, (size_t)n))
        (void)vsnprintf(t->p + t->len, t->cap - t->len, fmt, again);
    if (n < 0)
        t->is_bad = true;
    if (!t->is_bad)
        t->len += (size_t)n;
    va_end(again);
    va_end(args);
}

static void add_char(struct tm_text *t, char c)
{
    if (make_room(t, 1)) {
        t->p[t->len++] = c;
        t->p[t->len] = '\0';
    }
}

void tm_text_json(struct tm_text *t, const char *s)
{
    add_char(t, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f) {
            tm_text_add(t, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            add_char(t, '\\');
        add_char(t, *s);
    }
    add_char(t, '"');
}

void tm_text_hex(struct tm_text *t, const uint8_t *p, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        add_char(t, digit[p[i] >> 4]);
        add_char(t, digit[p[i] & 15]);
    }
}

void tm_text_clear(struct tm_text *t)
{
    t->len = 0;
}
