#include "learner/ops/wavelet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/plan.h"
#include "test/support/check.h"
#include "tm/base/rng.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))
#define N_BINS          100U

/* log2 of the mean of ((sum of one interval) - (sum of the next))^2 / 2^(j+1) over the pairs of width 2^j, from the definition. */
static double from_definition(const double bin[N_BINS], unsigned j)
{
    unsigned width = 1U << j;
    unsigned n = N_BINS / (2 * width);
    double energy = 0;
    for (unsigned k = 0; k < n; k++) {
        double d = 0;
        for (unsigned i = 0; i < 2 * width; i++)
            d += i < width ? bin[2 * width * k + i] : -bin[2 * width * k + i];
        energy += d * d / (2.0 * width);
    }
    return log2(energy / n);
}

static void energies_are_those_of_the_definition(void)
{
    struct tm_wavelet *w = calloc(1, sizeof *w);
    struct tm_rng r;
    uint8_t seed[TM_SEED_LEN];
    double packets[2][N_BINS] = {{0}};
    double bytes[2][N_BINS] = {{0}};
    tm_seed_from_u64(seed, 3);
    tm_rng_init(&r, seed);
    for (unsigned b = 0; b < N_BINS; b++) {
        /* Empty stretches too; the first and the last bin hold something, which fixes the series' length. */
        unsigned n = b == 0 || b == N_BINS - 1 ? 1 : b % 16 < 6 ? 0 : (unsigned)tm_rng_below(&r, 4);
        for (unsigned i = 0; i < n; i++) {
            unsigned dir = b == 0 ? TM_UP : (unsigned)tm_rng_below(&r, 2);
            uint32_t len = (uint32_t)tm_rng_below(&r, 1449);
            packets[dir][b] += 1;
            bytes[dir][b] += len;
            tm_wavelet_add(w, 5000000 + 1000 * (int64_t)b + (int64_t)i, dir, len);
        }
    }
    tm_wavelet_end(w);
    for (unsigned j = 0; j < 4; j++) {
        NEAR(tm_wavelet_log2(w, TM_WAVELET_PACKETS_UP, j), from_definition(packets[TM_UP], j),
             1e-9);
        NEAR(tm_wavelet_log2(w, TM_WAVELET_PACKETS_DOWN, j), from_definition(packets[TM_DOWN], j),
             1e-9);
        NEAR(tm_wavelet_log2(w, TM_WAVELET_BYTES_UP, j), from_definition(bytes[TM_UP], j), 1e-9);
        NEAR(tm_wavelet_log2(w, TM_WAVELET_BYTES_DOWN, j), from_definition(bytes[TM_DOWN], j),
             1e-9);
    }
    CHECK_INT(w->n_pairs[0], 50);
    CHECK_INT(w->n_pairs[3], 6);
    CHECK(isnan(tm_wavelet_log2(w, TM_WAVELET_BYTES_UP, 4))); /* three pairs */
    CHECK_INT(tm_wavelet_width_us(3), 8000);
    free(w);
}

static void a_steady_stream_has_no_energy_and_alternation_only_at_its_scale(void)
{
    struct tm_wavelet *w = calloc(1, sizeof *w);
    for (int64_t b = 0; b < 64; b++) {
        tm_wavelet_add(w, b * 1000, TM_UP, b % 2 == 0 ? 100 : 300);
        tm_wavelet_add(w, b * 1000 + 1, TM_DOWN, 7);
    }
    tm_wavelet_end(w);
    CHECK(isinf(tm_wavelet_log2(w, TM_WAVELET_PACKETS_UP, 0)));
    CHECK(isinf(tm_wavelet_log2(w, TM_WAVELET_BYTES_DOWN, 0)));
    NEAR(tm_wavelet_log2(w, TM_WAVELET_BYTES_UP, 0), log2(200.0 * 200 / 2), 1e-12);
    CHECK(isinf(tm_wavelet_log2(w, TM_WAVELET_BYTES_UP, 1)));
    free(w);
}

static void captures_are_averaged_by_their_length_and_days_of_silence_cost_nothing(void)
{
    struct tm_wavelet *w = calloc(1, sizeof *w);
    /* One packet in the first and one in the last of eight days' milliseconds. */
    int64_t days_us = INT64_C(8) * 86400 * 1000000;
    tm_wavelet_add(w, 1000, TM_UP, 10);
    tm_wavelet_add(w, 1000 + days_us, TM_UP, 10);
    tm_wavelet_end(w);
    uint64_t n_pairs = w->n_pairs[0];
    CHECK_INT(n_pairs, (8ULL * 86400 * 1000 + 1) / 2); /* the last bin has no partner */
    NEAR(tm_wavelet_log2(w, TM_WAVELET_PACKETS_UP, 0), log2(0.5 / (double)n_pairs), 1e-9);
    tm_wavelet_add(w, 0, TM_UP, 10);
    tm_wavelet_add(w, 9000, TM_UP, 10); /* 5 pairs more, two of energy 1/2 */
    tm_wavelet_end(w);
    NEAR(tm_wavelet_log2(w, TM_WAVELET_PACKETS_UP, 0), log2(1.5 / (double)(n_pairs + 5)), 1e-9);
    free(w);
}

static const struct check_case CASES[] = {
    {"energies_are_those_of_the_definition", energies_are_those_of_the_definition},
    {"a_steady_stream_has_no_energy_and_alternation_only_at_its_scale",
     a_steady_stream_has_no_energy_and_alternation_only_at_its_scale},
    {"captures_are_averaged_by_their_length_and_days_of_silence_cost_nothing",
     captures_are_averaged_by_their_length_and_days_of_silence_cost_nothing},
};
CHECK_MAIN("wavelet", CASES)
