#include "learner/ops/wavelet.h"

#include <math.h>

const char *tm_wavelet_series_name(enum tm_wavelet_series s)
{
    static const char *const name[TM_WAVELET_SERIES] = {
        [TM_WAVELET_PACKETS_UP] = "packets_up",
        [TM_WAVELET_PACKETS_DOWN] = "packets_down",
        [TM_WAVELET_BYTES_UP] = "bytes_up",
        [TM_WAVELET_BYTES_DOWN] = "bytes_down",
    };
    return s < TM_WAVELET_SERIES ? name[s] : "";
}

/* Interval `number` of the width of scale j holds `sum`: it goes into its pair, and a pair that it does not belong to is finished and goes on to
 * the next scale as one interval. */
static void put(struct tm_wavelet_pair *pair, unsigned j, uint64_t number, double sum)
{
    while (j < TM_WAVELET_SCALES) {
        struct tm_wavelet_pair *p = &pair[j];
        struct tm_wavelet_pair done = *p;
        bool is_other = p->is_open && p->number != number / 2;
        if (is_other) {
            double d = done.half[0] - done.half[1];
            p->energy += ldexp(d * d, -(int)j - 1);
        }
        if (is_other || !p->is_open) {
            p->number = number / 2;
            p->half[0] = p->half[1] = 0;
            p->is_open = true;
        }
        p->half[number % 2] += sum;
        if (!is_other)
            return;
        number = done.number;
        sum = done.half[0] + done.half[1];
        j++;
    }
}

static void add(struct tm_wavelet *w, enum tm_wavelet_series s, uint64_t bin, double amount)
{
    if (bin != w->bin[s]) {
        put(w->pair[s], 0, w->bin[s], w->in_bin[s]);
        w->bin[s] = bin;
        w->in_bin[s] = 0;
    }
    w->in_bin[s] += amount;
}

void tm_wavelet_add(struct tm_wavelet *w, int64_t t_us, unsigned dir, uint32_t payload_bytes)
{
    if (!w->is_begun) {
        w->is_begun = true;
        w->origin_us = w->last_us = t_us;
    }
    w->last_us = t_us > w->last_us ? t_us : w->last_us;
    uint64_t bin = (uint64_t)(w->last_us - w->origin_us) / TM_WAVELET_BIN_US;
    add(w, dir == 0 ? TM_WAVELET_PACKETS_UP : TM_WAVELET_PACKETS_DOWN, bin, 1);
    add(w, dir == 0 ? TM_WAVELET_BYTES_UP : TM_WAVELET_BYTES_DOWN, bin, payload_bytes);
}

/* The open pairs of one series; only a pair that is there as a whole counts. */
static void finish(struct tm_wavelet *w, enum tm_wavelet_series s, uint64_t n_bins)
{
    put(w->pair[s], 0, w->bin[s], w->in_bin[s]);
    for (unsigned j = 0; j < TM_WAVELET_SCALES; j++) {
        struct tm_wavelet_pair *p = &w->pair[s][j];
        if (!p->is_open)
            continue;
        double d = p->half[0] - p->half[1];
        if (p->number < n_bins >> (j + 1))
            p->energy += ldexp(d * d, -(int)j - 1);
        if (j + 1 < TM_WAVELET_SCALES)
            put(w->pair[s], j + 1, p->number, p->half[0] + p->half[1]);
        p->is_open = false;
    }
    w->bin[s] = 0;
    w->in_bin[s] = 0;
}

void tm_wavelet_end(struct tm_wavelet *w)
{
    if (!w->is_begun)
        return;
    uint64_t n_bins = (uint64_t)(w->last_us - w->origin_us) / TM_WAVELET_BIN_US + 1;
    for (int s = 0; s < TM_WAVELET_SERIES; s++)
        finish(w, (enum tm_wavelet_series)s, n_bins);
    for (unsigned j = 0; j < TM_WAVELET_SCALES; j++)
        w->n_pairs[j] += n_bins >> (j + 1);
    w->is_begun = false;
}

int64_t tm_wavelet_width_us(unsigned scale)
{
    return (int64_t)TM_WAVELET_BIN_US << scale;
}

double tm_wavelet_log2(const struct tm_wavelet *w, enum tm_wavelet_series s, unsigned scale)
{
    if (scale >= TM_WAVELET_SCALES || w->n_pairs[scale] < TM_WAVELET_PAIRS)
        return NAN;
    return log2(w->pair[s][scale].energy / (double)w->n_pairs[scale]);
}
