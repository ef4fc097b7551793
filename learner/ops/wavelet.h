/* learner/ops/wavelet.h - how bursty traffic is at each time scale: the energy of its Haar wavelet coefficients.
 *
 * The series are packets and payload bytes in bins of 1 ms, each direction for itself.  At scale j two neighbouring intervals of
 * 2^(j-1) ms are compared: d = (first - second) / 2^(j/2), and the energy is the mean of d^2 over all pairs of the capture.  Swing
 * validates its traces by log2 of this against j (ToN 2009 sec. IV.B).  Empty bins cost nothing, so days of silence do not. */
#ifndef TM_LEARNER_OPS_WAVELET_H
#define TM_LEARNER_OPS_WAVELET_H

#include <stdbool.h>
#include <stdint.h>

#define TM_WAVELET_BIN_US 1000
#define TM_WAVELET_SCALES 32U /* 1 ms .. 2^31 ms, 25 days */
#define TM_WAVELET_PAIRS  4U  /* fewer pairs give no energy */

enum tm_wavelet_series {
    TM_WAVELET_PACKETS_UP,
    TM_WAVELET_PACKETS_DOWN,
    TM_WAVELET_BYTES_UP,
    TM_WAVELET_BYTES_DOWN,
    TM_WAVELET_SERIES
};
const char *tm_wavelet_series_name(enum tm_wavelet_series s); /* "packets_up" */

/* A pair of intervals, in progress. */
struct tm_wavelet_pair {
    uint64_t number; /* of the pair since the capture's start */
    double half[2];
    bool is_open;
    double energy; /* sum over the finished pairs of all captures */
};

struct tm_wavelet {
    bool is_begun;
    int64_t origin_us, last_us;
    uint64_t bin[TM_WAVELET_SERIES];
    double in_bin[TM_WAVELET_SERIES];
    struct tm_wavelet_pair pair[TM_WAVELET_SERIES][TM_WAVELET_SCALES];
    uint64_t n_pairs[TM_WAVELET_SCALES]; /* of all captures that have ended */
};

/* Starts all-zero.  Packets in the order of time (a step back counts as no step); `dir` enum tm_dir. */
void tm_wavelet_add(struct tm_wavelet *w, int64_t t_us, unsigned dir, uint32_t payload_bytes);
/* The capture ends with its last packet; another may follow. */
void tm_wavelet_end(struct tm_wavelet *w);
/* Width of the intervals compared at scale 0, 1, ...: 1 ms, 2 ms, ... */
int64_t tm_wavelet_width_us(unsigned scale);
/* log2 of the mean energy over the captures that have ended; NaN with fewer than TM_WAVELET_PAIRS pairs, -INFINITY when all are equal. */
double tm_wavelet_log2(const struct tm_wavelet *w, enum tm_wavelet_series s, unsigned scale);

#endif
