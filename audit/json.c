#include "audit/json.h"

#include <inttypes.h>
#include <math.h>

void tm_json_out_quote(FILE *f, const char *text)
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

static void put_key(struct tm_json_out *j, const char *key)
{
    if (j->is_next)
        (void)fputs(", ", j->f);
    j->is_next = true;
    if (key) {
        tm_json_out_quote(j->f, key);
        (void)fputs(": ", j->f);
    }
}

void tm_json_out_begin(struct tm_json_out *j, const char *key, char bracket)
{
    put_key(j, key);
    (void)fputc(bracket, j->f);
    j->is_next = false;
}

void tm_json_out_end(struct tm_json_out *j, char bracket)
{
    (void)fputc(bracket, j->f);
    j->is_next = true;
}

void tm_json_out_text(struct tm_json_out *j, const char *key, const char *text)
{
    put_key(j, key);
    tm_json_out_quote(j->f, text);
}

void tm_json_out_number(struct tm_json_out *j, const char *key, double v)
{
    put_key(j, key);
    if (isfinite(v))
        (void)fprintf(j->f, "%.6g", v);
    else
        (void)fputs("null", j->f);
}

void tm_json_out_numbers(struct tm_json_out *j, const char *key, const double *v, uint32_t n)
{
    tm_json_out_begin(j, key, '[');
    for (uint32_t i = 0; i < n; i++)
        tm_json_out_number(j, NULL, v[i]);
    tm_json_out_end(j, ']');
}

void tm_json_out_count(struct tm_json_out *j, const char *key, uint64_t v)
{
    put_key(j, key);
    (void)fprintf(j->f, "%" PRIu64, v);
}

void tm_json_out_truth(struct tm_json_out *j, const char *key, bool v)
{
    put_key(j, key);
    (void)fputs(v ? "true" : "false", j->f);
}

void tm_json_out_null(struct tm_json_out *j, const char *key)
{
    put_key(j, key);
    (void)fputs("null", j->f);
}
