#include "models/shuffle.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define KIB 1024U

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

static void the_paper_says_how_many_carriers(void)
{
    const struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    static const struct {
        enum tm_shuffle_mode mode;
        uint32_t n, m;
    } want[] = {{TM_SHUFFLE_SPLIT, 0, 3},
                {TM_SHUFFLE_SPLIT, 1, 3},
                {TM_SHUFFLE_SPLIT, 2, 4},
                {TM_SHUFFLE_SPLIT, 4, 8},
                {TM_SHUFFLE_SHUFFLE, 5, 3},
                {TM_SHUFFLE_SHUFFLE, 39, 3},
                {TM_SHUFFLE_SHUFFLE, 100, 10},
                {TM_SHUFFLE_SHUFFLE, 109, 10},
                {TM_SHUFFLE_SHUFFLE, UINT32_MAX, TM_SHUFFLE_M_MAX}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK_INT(tm_shuffle_wanted(&cfg, want[i].mode, want[i].n), want[i].m);
    /* The experiment of the paper's figure 9: 100 connections, alpha .08, 8 carriers. */
    struct tm_shuffle_cfg fig9 = cfg;
    fig9.alpha_milli = 80;
    CHECK_INT(tm_shuffle_wanted(&fig9, TM_SHUFFLE_SHUFFLE, 100), 8);
    const struct tm_shuffle_cfg fixed = tm_shuffle_default(8);
    for (uint32_t n = 0; n < 1000; n += 7)
        CHECK_INT(tm_shuffle_wanted(&fixed, n > 4 ? TM_SHUFFLE_SHUFFLE : TM_SHUFFLE_SPLIT, n), 8);
}

static void nonsense_is_refused(void)
{
    struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    CHECK_INT(tm_shuffle_check(&cfg), TM_OK);
    cfg.m_min = 0;
    CHECK_INT(tm_shuffle_check(&cfg), TM_ERR_RANGE);
    cfg = tm_shuffle_default(TM_SHUFFLE_M_MAX);
    CHECK_INT(tm_shuffle_check(&cfg), TM_OK);
    cfg = tm_shuffle_default(TM_SHUFFLE_M_MAX + 1);
    CHECK_INT(tm_shuffle_check(&cfg), TM_ERR_RANGE);
    cfg = tm_shuffle_default(0);
    cfg.piece_max = 2 * cfg.piece_min - 1;
    CHECK_INT(tm_shuffle_check(&cfg), TM_ERR_RANGE);
    cfg = tm_shuffle_default(0);
    cfg.fall_us[0] = cfg.fall_us[1] + 1;
    CHECK_INT(tm_shuffle_check(&cfg), TM_ERR_RANGE);
    cfg = tm_shuffle_default(0);
    cfg.run_max = 0;
    CHECK_INT(tm_shuffle_check(&cfg), TM_ERR_RANGE);
}

static void a_name_and_a_number_are_meant(void)
{
    uint32_t m = 99;
    CHECK(tm_shuffle_is_meant("shuffle", &m));
    CHECK_INT(m, 0);
    CHECK(tm_shuffle_is_meant("shuffle:8", &m));
    CHECK_INT(m, 8);
    CHECK(!tm_shuffle_is_meant("shuffle:0", &m));
    CHECK(!tm_shuffle_is_meant("shuffles", &m));
    CHECK(!tm_shuffle_is_meant("shuffle:2+https:3", &m));
    CHECK(!tm_shuffle_is_meant("", &m));
}

/* When M first differs from what it was, stepping every 10 ms; TM_NEVER: not before `until_us`. */
static int64_t changes_at(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg,
                          struct tm_rng *rng, uint32_t n, int64_t from_us, int64_t until_us)
{
    uint32_t m = c->m;
    for (int64_t t_us = from_us; t_us < until_us; t_us += 10 * TM_US_PER_MS) {
        tm_shuffle_count_step(c, cfg, rng, n, t_us);
        if (c->m != m)
            return t_us;
        CHECK(tm_shuffle_count_next_us(c) > t_us);
    }
    return TM_NEVER;
}

static void carriers_come_after_a_random_lag(void)
{
    const struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    int64_t least_us = TM_NEVER, most_us = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct tm_rng rng = rng_of(seed);
        struct tm_shuffle_count c;
        tm_shuffle_count_init(&c, &cfg);
        CHECK_INT(c.m, 3);
        int64_t t_us = changes_at(&c, &cfg, &rng, 4, 0, 10 * TM_US_PER_S);
        CHECK_INT(c.m, 8);
        least_us = tm_min_us(least_us, t_us);
        most_us = tm_max_us(most_us, t_us);
    }
    CHECK(least_us >= cfg.rise_us[0] && least_us < 300 * TM_US_PER_MS);
    CHECK(most_us <= cfg.rise_us[1] + 10 * TM_US_PER_MS && most_us > 1200 * TM_US_PER_MS);
}

static void carriers_go_only_when_they_were_not_needed_all_the_time(void)
{
    const struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    struct tm_rng rng = rng_of(1);
    struct tm_shuffle_count c;
    tm_shuffle_count_init(&c, &cfg);
    CHECK(changes_at(&c, &cfg, &rng, 4, 0, 10 * TM_US_PER_S) != TM_NEVER);
    /* For ten minutes, 4 streams in every other 5 s. */
    for (int64_t t_us = 10 * TM_US_PER_S; t_us < 610 * TM_US_PER_S; t_us += 10 * TM_US_PER_S) {
        CHECK(changes_at(&c, &cfg, &rng, 1, t_us, t_us + 5 * TM_US_PER_S) == TM_NEVER);
        CHECK(changes_at(&c, &cfg, &rng, 4, t_us + 5 * TM_US_PER_S, t_us + 10 * TM_US_PER_S) ==
              TM_NEVER);
    }
    CHECK_INT(c.m, 8);
    /* One stream, then two for a moment: M falls to what two want. */
    CHECK(changes_at(&c, &cfg, &rng, 1, 610 * TM_US_PER_S, 612 * TM_US_PER_S) == TM_NEVER);
    CHECK(changes_at(&c, &cfg, &rng, 2, 612 * TM_US_PER_S, 613 * TM_US_PER_S) == TM_NEVER);
    int64_t t_us = changes_at(&c, &cfg, &rng, 1, 613 * TM_US_PER_S, 700 * TM_US_PER_S);
    CHECK(t_us >= 610 * TM_US_PER_S + cfg.fall_us[0]);
    CHECK(t_us <= 610 * TM_US_PER_S + cfg.fall_us[1] + 10 * TM_US_PER_MS);
    CHECK_INT(c.m, 4);
}

static void the_mode_has_hysteresis(void)
{
    const struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    struct tm_rng rng = rng_of(1);
    struct tm_shuffle_count c;
    tm_shuffle_count_init(&c, &cfg);
    static const struct {
        uint32_t n;
        enum tm_shuffle_mode mode;
    } step[] = {{4, TM_SHUFFLE_SPLIT},   {5, TM_SHUFFLE_SHUFFLE}, {4, TM_SHUFFLE_SHUFFLE},
                {5, TM_SHUFFLE_SHUFFLE}, {3, TM_SHUFFLE_SPLIT},   {4, TM_SHUFFLE_SPLIT}};
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
        tm_shuffle_count_step(&c, &cfg, &rng, step[i].n, (int64_t)i);
        CHECK_INT(c.mode, step[i].mode);
    }
}

static void shuffling_takes_the_slowest_with_room(void)
{
    struct tm_rng rng = rng_of(1);
    struct tm_shuffle_lane lane[] = {
        {500, true, 0}, {100, false, 0}, {300, true, 0}, {400, true, 0}};
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SHUFFLE, 1, lane, 4, 4, &rng), 2);
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SHUFFLE, 1, lane, 4, 2, &rng), 3);
    lane[0].has_room = lane[3].has_room = false;
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SHUFFLE, 1, lane, 4, 2, &rng), 2);
    lane[2].has_room = false;
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SHUFFLE, 1, lane, 4, 2, &rng), 4);
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SHUFFLE, 1, lane, 0, 0, &rng), 0);
}

static void splitting_takes_the_least_like_the_stream(void)
{
    struct tm_rng rng = rng_of(1);
    const struct tm_shuffle_lane lane[] = {
        {900, true, 0}, {1000, true, 0}, {200, true, 0}, {700, true, 0}};
    CHECK_INT(tm_shuffle_choose(TM_SHUFFLE_SPLIT, 1000, lane, 4, 4, &rng), 2);
}

/* The rates decide among those that got about as little of the stream. */
static void what_a_stream_gave_decides_first(void)
{
    for (int mode = 0; mode < 2; mode++) {
        struct tm_rng rng = rng_of(1);
        struct tm_shuffle_lane lane[] = {
            {1, true, 9000}, {400, true, 3000}, {100, true, 3000 + TM_SHUFFLE_EVEN}, {0, false, 0}};
        CHECK_INT(tm_shuffle_choose((enum tm_shuffle_mode)mode, 400, lane, 4, 4, &rng), 2);
        lane[2].cost++;
        CHECK_INT(tm_shuffle_choose((enum tm_shuffle_mode)mode, 400, lane, 4, 4, &rng), 1);
        CHECK_INT(tm_shuffle_choose((enum tm_shuffle_mode)mode, 400, lane, 4, 1, &rng), 2);
    }
}

/* Whoever gets a piece becomes faster: it must not be the most unlike for ever. */
static void no_carrier_stays_hot(void)
{
    for (int mode = 0; mode < 2; mode++) {
        for (uint64_t stream_rate = 0; stream_rate < 300000; stream_rate += 9999) {
            struct tm_rng rng = rng_of(stream_rate);
            struct tm_shuffle_lane lane[8] = {{0, true, 0}};
            uint64_t got[8] = {0};
            lane[3].rate = 50000000;
            for (int i = 0; i < 4000; i++) {
                for (size_t k = 0; k < 8; k++) {
                    lane[k].has_room = true;
                    lane[k].rate -= lane[k].rate / 16;
                }
                size_t k =
                    tm_shuffle_choose((enum tm_shuffle_mode)mode, stream_rate, lane, 8, 8, &rng);
                lane[k].rate += 16384;
                got[k]++;
            }
            for (size_t k = 0; k < 8; k++)
                CHECK(got[k] < 1000 && got[k] > 250);
        }
    }
}

static void pieces_are_neither_small_nor_large(void)
{
    const struct tm_shuffle_cfg cfg = tm_shuffle_default(0);
    struct tm_rng rng = rng_of(1);
    size_t least = SIZE_MAX, most = 0;
    for (size_t have = 0; have < 100 * KIB; have += 37) {
        size_t n = tm_shuffle_piece(&cfg, have, &rng);
        CHECK(n <= have && (n > 0 || have == 0));
        CHECK(n >= cfg.piece_min || n == have);
        CHECK(n == have || have - n >= cfg.piece_min);
        CHECK(n <= cfg.piece_max);
        if (have > 50 * KIB) {
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
    }
    CHECK(least < 4200 && most > 16000);
}

static const struct check_case cases[] = {
    {"the_paper_says_how_many_carriers", the_paper_says_how_many_carriers},
    {"nonsense_is_refused", nonsense_is_refused},
    {"a_name_and_a_number_are_meant", a_name_and_a_number_are_meant},
    {"carriers_come_after_a_random_lag", carriers_come_after_a_random_lag},
    {"carriers_go_only_when_they_were_not_needed_all_the_time",
     carriers_go_only_when_they_were_not_needed_all_the_time},
    {"the_mode_has_hysteresis", the_mode_has_hysteresis},
    {"shuffling_takes_the_slowest_with_room", shuffling_takes_the_slowest_with_room},
    {"splitting_takes_the_least_like_the_stream", splitting_takes_the_least_like_the_stream},
    {"what_a_stream_gave_decides_first", what_a_stream_gave_decides_first},
    {"no_carrier_stays_hot", no_carrier_stays_hot},
    {"pieces_are_neither_small_nor_large", pieces_are_neither_small_nor_large},
};
CHECK_MAIN("shuffle", cases)
