#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "audit/features/csv.h"

static void write_name(const char *name, FILE *out)
{
    if (!strpbrk(name, ",\"\r\n")) {
        (void)fputs(name, out);
        return;
    }
    (void)fputc('"', out);
    for (; *name; name++) {
        if (*name == '"')
            (void)fputc('"', out);
        (void)fputc(*name, out);
    }
    (void)fputc('"', out);
}

/* Most values are small whole numbers: those without printf. */
static size_t number_text(char *text, size_t cap, float v)
{
    char digit[16];
    size_t n = 0;
    size_t len = 0;
    if (!(fabsf(v) < 1e7F) || v != truncf(v) || (v == 0 && signbit(v)))
        return (size_t)snprintf(text, cap, "%.9g", (double)v);
    uint32_t whole = (uint32_t)fabsf(v);
    if (v < 0)
        text[len++] = '-';
    do {
        digit[n++] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole > 0);
    while (n > 0)
        text[len++] = digit[--n];
    return len;
}

int tm_csv_write(const struct tm_table *t, FILE *out)
{
    (void)fputs("class,session,load,start_us", out);
    for (uint32_t c = 0; c < t->n_cols; c++)
        (void)fprintf(out, ",%s", t->cols[c].name);
    (void)fputc('\n', out);
    for (uint32_t r = 0; r < t->n_rows; r++) {
        const struct tm_row *row = &t->rows[r];
        const float *x = tm_table_x(t, r);
        write_name(t->names[row->cls], out);
        (void)fputc(',', out);
        write_name(t->names[row->session], out);
        (void)fprintf(out, ",%" PRIu32 ",%" PRId64, row->load, row->start_us);
        for (uint32_t c = 0; c < t->n_cols; c++) {
            char text[32] = ",";
            size_t len = 1;
            if (!isnan(x[c]))
                len += number_text(text + 1, sizeof text - 1, x[c]);
            (void)fwrite(text, 1, len, out);
        }
        (void)fputc('\n', out);
    }
    return fflush(out) == 0 && !ferror(out) ? TM_OK : TM_ERR_IO;
}
