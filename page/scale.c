#include "page/scale.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FAR                                                                                        \
    1e100 /* differences and quotients of values from 1/FAR to FAR are finite, and no step vanishes */

/* v with 3 significant digits and no exponent: 0.0123, 1.2, 123.  |v| in [1e-6, 1e6) or 0. */
static void digits(char text[TM_QUANTITY_LEN], double v)
{
    (void)snprintf(text, TM_QUANTITY_LEN, "%.3g", v);
    if (!strchr(text, 'e'))
        return;
    (void)snprintf(text, TM_QUANTITY_LEN, fabs(v) < 1 ? "%.7f" : "%.0f", v);
    if (fabs(v) < 1) {
        size_t len = strlen(text);
        while (text[len - 1] == '0')
            text[--len] = '\0';
    }
}

struct prefix {
    double from, factor;
    const char *text;
};

static const struct prefix PLAIN[] = {
    {0, 1, ""}, {9999.5, 1e3, "k"}, {999500, 1e6, "M"}, {9.995e8, 1e9, "G"}};
static const struct prefix BYTES[] = {
    {0, 1, " B"}, {999.5, 1e3, " kB"}, {999500, 1e6, " MB"}, {9.995e8, 1e9, " GB"}};
static const struct prefix SECONDS[] = {
    {0, 1e-6, " \xc2\xb5s"}, {0.0009995, 1e-3, " ms"}, {0.9995, 1, " s"}, {0.9995, 1, " s"}};
static const struct prefix MS[] = {
    {0, 1e-3, " \xc2\xb5s"}, {0.9995, 1, " ms"}, {999.5, 1e3, " s"}, {999.5, 1e3, " s"}};
static const struct prefix SHARE[] = {
    {0, 0.01, " %"}, {0, 0.01, " %"}, {0, 0.01, " %"}, {0, 0.01, " %"}};
static const struct prefix *const PREFIXES[] = {PLAIN, BYTES, SECONDS, MS, SHARE};
static const char *const ZERO[] = {"0", "0 B", "0 s", "0 ms", "0 %"};

const char *tm_quantity(char text[TM_QUANTITY_LEN], double v, enum tm_unit unit)
{
    if (isnan(v) || isinf(v)) {
        (void)snprintf(text, TM_QUANTITY_LEN, "%s",
                       isnan(v) ? "n/a"
                       : v > 0  ? "\xe2\x88\x9e"
                                : "\xe2\x88\x92\xe2\x88\x9e");
        return text;
    }
    const struct prefix *p = &PREFIXES[unit][0];
    for (size_t i = 1; i < 4; i++) {
        if (fabs(v) >= PREFIXES[unit][i].from)
            p = &PREFIXES[unit][i];
    }
    char number[TM_QUANTITY_LEN];
    double scaled = fabs(v) / p->factor;
    if (v == 0.0) {
        (void)snprintf(text, TM_QUANTITY_LEN, "%s", ZERO[unit]);
        return text;
    }
    if (scaled >= 1e6 || scaled < 1e-6)
        (void)snprintf(number, sizeof number, "%.2e", scaled);
    else
        digits(number, scaled);
    (void)snprintf(text, TM_QUANTITY_LEN, "%s%.20s%s", v < 0 ? "\xe2\x88\x92" : "", number,
                   p->text);
    return text;
}

const char *tm_count(char text[TM_QUANTITY_LEN], uint64_t n)
{
    char raw[TM_QUANTITY_LEN];
    size_t len = (size_t)snprintf(raw, sizeof raw, "%" PRIu64, n);
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[out++] = ',';
        text[out++] = raw[i];
    }
    text[out] = '\0';
    return text;
}

static double bounded(double v)
{
    return v > FAR ? FAR : v < -FAR ? -FAR : fabs(v) < 1 / FAR ? 0 : v;
}

/* The round number (1, 2 or 5 times a power of ten) at or above v > 0. */
static double round_step(double v)
{
    double power = pow(10, floor(log10(v)));
    double m = v / power;
    return power * (m <= 1.0000001 ? 1 : m <= 2.0000001 ? 2 : m <= 5.0000001 ? 5 : 10);
}

static void fit_log(struct tm_scale *s, bool is_exact)
{
    if (s->high <= 0)
        s->high = 1;
    if (s->low <= 0 || s->low < s->high * 1e-30)
        s->low = s->high * 1e-3;
    if (!is_exact) {
        /* Whole decades when there are several, else the steps 1, 2, 5. */
        double p_low = pow(10, floor(log10(s->low) + 1e-9));
        double p_high = pow(10, ceil(log10(s->high) - 1e-9));
        bool is_wide = p_high / p_low > 1e4;
        double m = s->low / p_low;
        s->low = p_low * (is_wide || m < 2 ? 1 : m < 5 ? 2 : 5);
        s->high = is_wide ? p_high : round_step(s->high);
    }
    if (s->low >= s->high) {
        s->low /= 2;
        s->high *= 2;
    }
}

static void fit_linear(struct tm_scale *s, bool is_exact)
{
    double largest = fmax(fabs(s->low), fabs(s->high));
    if (s->high - s->low <= largest * 1e-9) {
        double room = largest == 0 ? 1 : largest * 0.1;
        if (s->low > 0)
            s->low -= room;
        s->high += room;
    }
    if (is_exact)
        return;
    double step = round_step((s->high - s->low) / 5);
    s->low = floor(s->low / step + 1e-9) * step;
    s->high = ceil(s->high / step - 1e-9) * step;
}

struct tm_scale tm_scale_fit(double low, double high, bool is_log, bool is_exact)
{
    if (isnan(low) || isnan(high)) {
        low = isnan(high) ? 0 : fmin(0, high);
        high = isnan(high) ? 1 : high;
    }
    struct tm_scale s = {
        .low = bounded(fmin(low, high)), .high = bounded(fmax(low, high)), .is_log = is_log};
    if (is_log)
        fit_log(&s, is_exact);
    else
        fit_linear(&s, is_exact);
    return s;
}

double tm_scale_px(const struct tm_scale *s, double v)
{
    if (isnan(v))
        return s->px_low;
    v = v < s->low ? s->low : v > s->high ? s->high : v;
    double share =
        s->is_log ? log(v / s->low) / log(s->high / s->low) : (v - s->low) / (s->high - s->low);
    return s->px_low + share * (s->px_high - s->px_low);
}

static uint32_t log_ticks(const struct tm_scale *s, uint32_t wanted, double ticks[TM_TICKS_MAX])
{
    int first = (int)ceil(log10(s->low) - 1e-9);
    int last = (int)floor(log10(s->high) + 1e-9);
    int every = (last - first) / (int)wanted + 1;
    uint32_t n = 0;
    static const double STEPS[] = {1, 2, 5};
    size_t n_steps = last - first < 2 ? 3 : 1;
    for (int e = n_steps == 3 ? first - 1 : first; e <= last && n < TM_TICKS_MAX; e += every) {
        for (size_t i = 0; i < n_steps && n < TM_TICKS_MAX; i++) {
            double v = STEPS[i] * pow(10, e);
            if (v >= s->low * 0.999999 && v <= s->high * 1.000001)
                ticks[n++] = v;
        }
    }
    return n;
}

uint32_t tm_scale_ticks(const struct tm_scale *s, uint32_t wanted, double ticks[TM_TICKS_MAX])
{
    if (wanted == 0)
        wanted = 1;
    if (s->is_log)
        return log_ticks(s, wanted, ticks);
    double step = round_step((s->high - s->low) / wanted);
    double first = ceil(s->low / step - 1e-6);
    uint32_t n = 0;
    while (n < TM_TICKS_MAX && (first + n) * step <= s->high + step * 1e-6) {
        ticks[n] = (first + n) * step + 0.0; /* no negative zero */
        n++;
    }
    return n;
}
