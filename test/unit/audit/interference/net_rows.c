#include "test/unit/audit/interference/net_rows.h"

#include <stdbool.h>
#include <stdlib.h>

struct tm_rng net_rows_rng(uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    return rng;
}

struct net_rows *net_rows_noise(uint64_t seed)
{
    struct net_rows *d = calloc(1, sizeof *d);
    struct tm_rng rng = net_rows_rng(seed);
    for (uint32_t i = 0; d && i < NET_ROWS; i++) {
        uint32_t n = 10 + (uint32_t)tm_rng_below(&rng, 20);
        uint32_t at = 0;
        d->label[i] = i % 2;
        d->group[i] = i / 2;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t n_down = 1 + (uint32_t)tm_rng_below(&rng, 6);
            tm_net_encode(d->x[i], at++, 300 + (int64_t)tm_rng_below(&rng, 300),
                          (int64_t)tm_rng_below(&rng, 20000));
            for (uint32_t m = 0; m < n_down; m++)
                tm_net_encode(d->x[i], at++, -1448, (int64_t)tm_rng_below(&rng, 500));
        }
    }
    return d;
}

void net_rows_mark(struct net_rows *d, uint64_t seed)
{
    struct tm_rng rng = net_rows_rng(seed);
    for (uint32_t i = 1; i < NET_ROWS; i += 2) {
        for (int k = 0; k < 3; k++)
            tm_net_encode(d->x[i], 4 + (uint32_t)tm_rng_below(&rng, 36), 61, 10);
    }
}

struct net_rows *net_rows_round_trips(uint64_t seed, int64_t late_us)
{
    static const int64_t RTT_US[] = {10000, 21000, 47000};
    struct net_rows *d = calloc(1, sizeof *d);
    struct tm_rng rng = net_rows_rng(seed);
    for (uint32_t i = 0; d && i < NET_ROWS; i++) {
        int64_t rtt_us = RTT_US[tm_rng_below(&rng, 3)];
        d->label[i] = i % 2;
        d->group[i] = i / 2;
        for (uint32_t k = 0; k < 12; k++) {
            bool is_late = d->label[i] && tm_rng_below(&rng, 2) != 0;
            tm_net_encode(d->x[i], 2 * k, 300, (int64_t)tm_rng_below(&rng, 2000000));
            tm_net_encode(d->x[i], 2 * k + 1, -500,
                          rtt_us + (int64_t)tm_rng_below(&rng, 1500) + (is_late ? late_us : 0));
        }
    }
    return d;
}
