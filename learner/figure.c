#include "learner/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct scale {
    double above; /* the first scale whose `above` the value reaches is used */
    double unit;
    const char *name;
};

/* Three digits: 9.99, 99.9, 999. */
static void print_scaled(char out[TM_FIGURE_LEN], double v, const char *unit)
{
    int decimals = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
    (void)snprintf(out, TM_FIGURE_LEN, "%.*f %s", decimals, v, unit);
}

void tm_figure_number(char out[TM_FIGURE_LEN], uint64_t value, const char *unit)
{
    static const struct scale time_scale[] = {
        {48 * 3600e6, 24 * 3600e6, "d"},
        {100 * 60e6, 3600e6, "h"},
        {100e6, 60e6, "min"},
        {999.5e3, 1e6, "s"},
        {1e3, 1e3, "ms"},
    };
    static const struct scale size_scale[] = {
        {999.5e6, 1e9, "GB"}, {999.5e3, 1e6, "MB"}, {1e3, 1e3, "kB"}};
    static const struct scale rate_scale[] = {
        {999.5e6, 1e9, "Gb/s"}, {999.5e3, 1e6, "Mb/s"}, {0, 1e3, "kb/s"}};
    bool is_time = strcmp(unit, "us") == 0;
    bool is_size = strcmp(unit, "bytes") == 0;
    bool is_rate = strcmp(unit, "bps") == 0;
    const struct scale *scale = is_time ? time_scale : is_rate ? rate_scale : size_scale;
    size_t n = is_time   ? sizeof time_scale / sizeof *scale
               : is_rate ? sizeof rate_scale / sizeof *scale
               : is_size ? sizeof size_scale / sizeof *scale
                         : 0;
    for (size_t i = 0; i < n; i++) {
        if ((double)value >= scale[i].above) {
            print_scaled(out, (double)value / scale[i].unit, scale[i].name);
            return;
        }
    }
    (void)snprintf(out, TM_FIGURE_LEN, "%llu%s", (unsigned long long)value,
                   is_time   ? " us"
                   : is_size ? " B"
                             : "");
}

void tm_figure_mean_number(char out[TM_FIGURE_LEN], double value, const char *unit)
{
    if (strcmp(unit, "count") == 0)
        (void)snprintf(out, TM_FIGURE_LEN, "%.1f", value);
    else
        tm_figure_number(out, (uint64_t)(value + 0.5), unit);
}

double tm_figure_mean(const struct tm_dist *d)
{
    double sum = 0;
    uint64_t seen = 0;
    for (size_t i = 0; i < d->n_points; i++) {
        sum += (double)d->pt[i].value * (double)(d->pt[i].cum - seen);
        seen = d->pt[i].cum;
    }
    return seen > 0 ? sum / (double)seen : 0;
}

static size_t bin_of(uint64_t value, double low, double high)
{
    double at = (log2((double)value + 1) - low) / (high - low) * TM_FIGURE_BINS;
    size_t bin = at > 0 ? (size_t)at : 0;
    return bin < TM_FIGURE_BINS ? bin : TM_FIGURE_BINS - 1;
}

void tm_figure_curve(char out[TM_FIGURE_CURVE_LEN], const struct tm_dist *d, bool is_utf8)
{
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
    static const char *const block[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                        "\u2585", "\u2586", "\u2587", "\u2588"};
    uint64_t count[TM_FIGURE_BINS] = {0};
    uint64_t seen = 0;
    uint64_t most = 1;
    out[0] = '\0';
    if (d->n_points == 0)
        return;
    double low = log2((double)d->pt[0].value + 1);
    double high = log2((double)d->pt[d->n_points - 1].value + 1);
    for (size_t i = 0; i < d->n_points; i++) {
        uint64_t *bin = &count[high > low ? bin_of(d->pt[i].value, low, high) : 0];
        *bin += d->pt[i].cum - seen;
        seen = d->pt[i].cum;
        most = *bin > most ? *bin : most;
    }
    size_t len = 0;
    for (size_t i = 0; i < TM_FIGURE_BINS; i++) {
        size_t height =
            (size_t)ceil((double)count[i] * 8 / (double)most); /* any sample at all shows */
        const char *mark = is_utf8 ? block[height] : ascii[height];
        memcpy(out + len, mark, strlen(mark));
        len += strlen(mark);
    }
    out[len] = '\0';
}
