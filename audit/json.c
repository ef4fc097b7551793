#include "audit/json.h"

#include <inttypes.h>
#include <math.h>

void tm_jsonw_quote(FILE *f, const char *text)
{
    (void)fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            (void)fprintf(f, "\\%c", *p);
        else if (*p < 0x20)
            (void)fprintf(f, "\\u%04x", (unsigned)*p);
        else
            (void)fputc(*p, f);
    }
    (void)fputc('"', f);
}

static void put_key(struct tm_jsonw *j, const char *key)
{
    if (j->is_next)
        (void)fputs(", ", j->f);
    j->is_next = true;
    if (key) {
        tm_jsonw_quote(j->f, key);
        (void)fputs(": ", j->f);
    }
}

void tm_jsonw_begin(struct tm_jsonw *j, const char *key, char bracket)
{
    put_key(j, key);
    (void)fputc(bracket, j->f);
    j->is_next = false;
}

void tm_jsonw_end(struct tm_jsonw *j, char bracket)
{
    (void)fputc(bracket, j->f);
    j->is_next = true;
}

void tm_jsonw_text(struct tm_jsonw *j, const char *key, const char *text)
{
    put_key(j, key);
    tm_jsonw_quote(j->f, text);
}

void tm_jsonw_number(struct tm_jsonw *j, const char *key, double v)
{
    put_key(j, key);
    if (isfinite(v))
        (void)fprintf(j->f, "%.6g", v);
    else
        (void)fputs("null", j->f);
}

void tm_jsonw_numbers(struct tm_jsonw *j, const char *key, const double *v, uint32_t n)
{
    tm_jsonw_begin(j, key, '[');
    for (uint32_t i = 0; i < n; i++)
        tm_jsonw_number(j, NULL, v[i]);
    tm_jsonw_end(j, ']');
}

void tm_jsonw_count(struct tm_jsonw *j, const char *key, uint64_t v)
{
    put_key(j, key);
    (void)fprintf(j->f, "%" PRIu64, v);
}

void tm_jsonw_truth(struct tm_jsonw *j, const char *key, bool v)
{
    put_key(j, key);
    (void)fputs(v ? "true" : "false", j->f);
}

void tm_jsonw_null(struct tm_jsonw *j, const char *key)
{
    put_key(j, key);
    (void)fputs("null", j->f);
}
