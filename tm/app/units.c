/* tm/app/units.c - see units.h. */
#include "tm/app/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
    const char *name;
    int64_t us;
} units[] = {
    {"d", INT64_C(86400000000)}, {"h", INT64_C(3600000000)}, {"m", INT64_C(60000000)},
    {"s", INT64_C(1000000)},     {"ms", INT64_C(1000)},      {"us", INT64_C(1)},
};
#define N_UNITS (sizeof units / sizeof units[0])
#define PPM     INT64_C(1000000)

/* The digits at text; *end is set behind them. */
static int read_digits(const char *text, int64_t *out, const char **end)
{
    int64_t v = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
            return TM_ERR_RANGE;
    if (p == text)
        return TM_ERR_FORMAT;
    *out = v;
    *end = p;
    return TM_OK;
}

int tm_units_count(const char *text, int64_t *out)
{
    const char *end;
    int rc = read_digits(text, out, &end);
    if (rc != TM_OK)
        return rc;
    return *end == '\0' ? TM_OK : TM_ERR_FORMAT;
}

int tm_units_duration(const char *text, int64_t *out_us)
{
    int64_t v;
    const char *end;
    int rc = read_digits(text, &v, &end);
    if (rc != TM_OK)
        return rc;
    if (strcmp(text, "0") == 0) {
        *out_us = 0;
        return TM_OK;
    }
    for (size_t i = 0; i < N_UNITS; i++)
        if (strcmp(end, units[i].name) == 0)
            return __builtin_mul_overflow(v, units[i].us, out_us) ? TM_ERR_RANGE : TM_OK;
    return TM_ERR_FORMAT;
}

int tm_units_fraction(const char *text, int64_t *out_ppm)
{
    int64_t whole;
    const char *end;
    int rc = read_digits(text, &whole, &end);
    if (rc != TM_OK)
        return rc;
    int64_t ppm = 0, place = PPM;
    if (*end == '.') {
        for (end++; *end >= '0' && *end <= '9' && place > 1; end++) {
            place /= 10;
            ppm += (*end - '0') * place;
        }
        if (place == PPM)
            return TM_ERR_FORMAT;
    }
    if (*end != '\0')
        return TM_ERR_FORMAT;
    if (whole > 1 || (whole == 1 && ppm > 0))
        return TM_ERR_RANGE;
    *out_ppm = whole * PPM + ppm;
    return TM_OK;
}

void tm_units_print_duration(char out[TM_UNITS_TEXT_MAX], int64_t us)
{
    size_t i = 0;
    while (i < N_UNITS - 1 && (us < units[i].us || us % units[i].us != 0))
        i++;
    if (us == 0)
        snprintf(out, TM_UNITS_TEXT_MAX, "0");
    else
        snprintf(out, TM_UNITS_TEXT_MAX, "%" PRId64 "%s", us / units[i].us, units[i].name);
}
