#include "learner/ops/energy.h"

#include <math.h>

#include "learner/ops/sampling.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"
#include "tm/base/time.h"

static void a_sample_becomes_about_as_long_as_was_asked(void)
{
    struct tm_model m;
    fixed_model(&m);
    for (int64_t minutes = 10; minutes <= 320; minutes *= 2) {
        struct tm_sample_head h = tm_sampling_default(&m);
        struct tm_wavelet w = {0};
        int64_t span_us = minutes * 60 * TM_US_PER_S;
        h.n_conns = 400; /* a hundred sessions with pauses between them */
        h.path = fixed_path;
        CHECK_INT(tm_energy_users(&h, span_us, &h.n_users), TM_OK);
        CHECK_INT(tm_energy_sample(&h, &w), TM_OK);
        double ratio = (double)tm_energy_span_us(&w) / (double)span_us;
        CHECK(ratio > 0.6 && ratio < 1.6);
        CHECK(isfinite(tm_wavelet_log2(&w, TM_WAVELET_BYTES_DOWN, 3)));
    }
    tm_model_deinit(&m);
}

static void without_a_length_there_is_one_user(void)
{
    struct tm_model m;
    uint32_t n_users = 7;
    fixed_model(&m);
    struct tm_sample_head h = tm_sampling_default(&m);
    CHECK_INT(tm_energy_users(&h, 0, &n_users), TM_OK);
    CHECK_INT(n_users, 1);
    tm_model_deinit(&m);
}

static void packets_count_by_their_servers_port(void)
{
    static const uint16_t ports[] = {25, 443};
    struct tm_wavelet w = {0};
    struct tm_energy_reader r = {ports, 2, &w};
    struct tm_packet p = {.src_port = 50000, .dst_port = 443, .payload_len = 10};
    for (int i = 0; i < 64; i++) {
        p.t_us = i * 2000;
        tm_energy_see(&r, &p); /* up, in every second bin of 1 ms */
    }
    p.t_us += 1000;
    p.dst_port = 80;
    tm_energy_see(&r, &p); /* of no port that is asked for: no part of the capture */
    tm_wavelet_end(&w);
    CHECK_INT(tm_energy_span_us(&w), 126000);
    CHECK(tm_wavelet_log2(&w, TM_WAVELET_PACKETS_UP, 0) == -1);
    CHECK(tm_wavelet_log2(&w, TM_WAVELET_PACKETS_DOWN, 0) == -INFINITY);
    w = (struct tm_wavelet){0};
    p = (struct tm_packet){.src_port = 25, .dst_port = 443}; /* the greater port is the client's */
    for (int i = 0; i < 64; i++) {
        p.t_us = i * 2000;
        tm_energy_see(&r, &p);
    }
    tm_wavelet_end(&w);
    CHECK(tm_wavelet_log2(&w, TM_WAVELET_PACKETS_DOWN, 0) == -1);
}

static const struct check_case cases[] = {
    {"a_sample_becomes_about_as_long_as_was_asked", a_sample_becomes_about_as_long_as_was_asked},
    {"without_a_length_there_is_one_user", without_a_length_there_is_one_user},
    {"packets_count_by_their_servers_port", packets_count_by_their_servers_port},
};
CHECK_MAIN("energy", cases)
