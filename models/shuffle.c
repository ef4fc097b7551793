#include "models/shuffle.h"

#include <string.h>

#include <openssl/sha.h>

#include "models/mix.h"
#include "tm/base/time.h"

struct tm_shuffle_cfg tm_shuffle_default(uint32_t fixed_m)
{
    return (struct tm_shuffle_cfg){.threshold = 4,
                                   .alpha_milli = 100,
                                   .beta_milli = 2000,
                                   .m_min = fixed_m > 0 ? fixed_m : 3,
                                   .m_max = fixed_m > 0 ? fixed_m : TM_SHUFFLE_M_MAX,
                                   .run_max = 4,
                                   .piece_min = 4096,
                                   .piece_max = 16384,
                                   .rise_us = {100 * TM_US_PER_MS, 1500 * TM_US_PER_MS},
                                   .fall_us = {20 * TM_US_PER_S, 60 * TM_US_PER_S}};
}

int tm_shuffle_check(const struct tm_shuffle_cfg *cfg)
{
    bool lags = cfg->rise_us[0] >= 0 && cfg->rise_us[0] <= cfg->rise_us[1] &&
                cfg->fall_us[0] >= 0 && cfg->fall_us[0] <= cfg->fall_us[1] &&
                cfg->fall_us[1] < INT64_MAX / 4 && cfg->rise_us[1] < INT64_MAX / 4;
    bool pieces = cfg->piece_min >= 1 && 2 * (uint64_t)cfg->piece_min <= cfg->piece_max;
    return lags && pieces && cfg->m_min >= 1 && cfg->m_min <= cfg->m_max &&
                   cfg->m_max <= TM_SHUFFLE_M_MAX && cfg->run_max >= 1 && cfg->threshold >= 1
               ? TM_OK
               : TM_ERR_RANGE;
}

void tm_shuffle_digest(uint8_t out[TM_DIGEST_LEN])
{
    static const uint8_t rules[] = "trafficmimic shuffle 1: S 4, alpha .1, beta 2, M_min 3";
    (void)SHA256(rules, sizeof rules - 1, out);
}

bool tm_shuffle_is_meant(const char *text, uint32_t *fixed_m)
{
    struct tm_mix_text mix;
    *fixed_m = 0;
    if (tm_mix_parse(&mix, text, NULL) != TM_OK || mix.n != 1 ||
        strcmp(mix.part[0].name, "shuffle") != 0)
        return false;
    *fixed_m = tm_mix_is_counted(text) ? mix.part[0].n_users : 0;
    return true;
}

/* ---- How many carriers ---- */

uint32_t tm_shuffle_wanted(const struct tm_shuffle_cfg *cfg, enum tm_shuffle_mode mode, uint32_t n)
{
    uint64_t m = mode == TM_SHUFFLE_SHUFFLE ? (uint64_t)cfg->alpha_milli * n / 1000
                                            : ((uint64_t)cfg->beta_milli * n + 999) / 1000;
    m = m > cfg->m_min ? m : cfg->m_min;
    return m < cfg->m_max ? (uint32_t)m : cfg->m_max;
}

void tm_shuffle_count_init(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg)
{
    *c = (struct tm_shuffle_count){
        .m = tm_shuffle_wanted(cfg, TM_SHUFFLE_SPLIT, 0), .rise_at = TM_NEVER, .fall_at = TM_NEVER};
}

static int64_t lag_us(struct tm_rng *rng, const int64_t range[2])
{
    return range[0] + (int64_t)tm_rng_below(rng, (uint64_t)(range[1] - range[0]) + 1);
}

static void rise(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg, struct tm_rng *rng,
                 uint32_t want, int64_t now_us)
{
    c->fall_at = TM_NEVER;
    if (c->rise_at == TM_NEVER)
        c->rise_at = now_us + lag_us(rng, cfg->rise_us);
    if (c->rise_at > now_us)
        return;
    c->m = want;
    c->rise_at = TM_NEVER;
}

static void fall(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg, struct tm_rng *rng,
                 uint32_t want, int64_t now_us)
{
    c->rise_at = TM_NEVER;
    if (c->fall_at == TM_NEVER) {
        c->fall_at = now_us + lag_us(rng, cfg->fall_us);
        c->top = want;
    }
    c->top = want > c->top ? want : c->top;
    if (c->fall_at > now_us)
        return;
    c->m = c->top;
    c->fall_at = TM_NEVER;
}

void tm_shuffle_count_step(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg,
                           struct tm_rng *rng, uint32_t n, int64_t now_us)
{
    if (n > cfg->threshold)
        c->mode = TM_SHUFFLE_SHUFFLE;
    else if (n < cfg->threshold)
        c->mode = TM_SHUFFLE_SPLIT;
    uint32_t want = tm_shuffle_wanted(cfg, c->mode, n);
    if (want > c->m) {
        rise(c, cfg, rng, want, now_us);
    } else if (want < c->m) {
        fall(c, cfg, rng, want, now_us);
    } else {
        c->rise_at = TM_NEVER;
        c->fall_at = TM_NEVER;
    }
}

int64_t tm_shuffle_count_next_us(const struct tm_shuffle_count *c)
{
    return tm_min_us(c->rise_at, c->fall_at);
}

/* ---- Which carrier ---- */

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The larger the better: how unlike the stream, or how slow. */
static uint64_t merit(enum tm_shuffle_mode mode, uint64_t rate, uint64_t lane_rate)
{
    if (mode == TM_SHUFFLE_SHUFFLE)
        return UINT64_MAX - lane_rate;
    uint64_t d = apart(rate, lane_rate);
    return lane_rate > rate && d > rate / 4 ? rate / 4 : d;
}

size_t tm_shuffle_choose(enum tm_shuffle_mode mode, uint64_t rate,
                         const struct tm_shuffle_lane *lane, size_t n, size_t barred,
                         struct tm_rng *rng)
{
    uint64_t best = 0;
    uint64_t n_best = 0;
    size_t chosen = n;
    uint32_t least = UINT32_MAX - TM_SHUFFLE_EVEN;
    for (size_t i = 0; i < n; i++)
        least = lane[i].has_room && i != barred && lane[i].cost < least ? lane[i].cost : least;
    for (size_t i = 0; i < n; i++) {
        if (!lane[i].has_room || i == barred || lane[i].cost > least + TM_SHUFFLE_EVEN)
            continue;
        uint64_t m = merit(mode, rate, lane[i].rate);
        if (chosen < n && m < best)
            continue;
        n_best = chosen < n && m == best ? n_best + 1 : 1;
        best = m;
        if (n_best == 1 || tm_rng_below(rng, n_best) == 0) /* each of the equal ones alike */
            chosen = i;
    }
    if (chosen == n && barred < n && lane[barred].has_room)
        return barred;
    return chosen;
}

size_t tm_shuffle_piece(const struct tm_shuffle_cfg *cfg, size_t have, struct tm_rng *rng)
{
    size_t span = cfg->piece_max - cfg->piece_min;
    if (have < 2 * (size_t)cfg->piece_min)
        return have;
    size_t most = have - cfg->piece_min; /* so that this much is left, or: */
    size_t n = cfg->piece_min + (size_t)tm_rng_below(rng, span + 1);
    if (n < have && n > most)
        n = have <= cfg->piece_max ? have : most;
    return n < have ? n : have;
}
