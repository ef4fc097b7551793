/* models/shuffle.h - MUFFLER's mapping: N streams (real connections) onto M carriers (virtual connections).
 *
 * Source: MUFFLER sec. III-E.  N > threshold: shuffling, M = max(floor(alpha N), m_min), a piece goes to the carrier with the
 * lowest bytes per second.  N <= threshold: splitting, M = max(ceil(beta N), m_min), a piece goes to the carrier that is least
 * like its stream: argmax |BPS(R) - BPS(V)|.
 *
 * Where we leave the paper:
 *   - it prints min(floor(alpha N), M_min); its own experiment with 8 carriers at alpha .08 only fits max;
 *   - only carriers with room for a piece compete, else the lowest rate is that of the slowest path;
 *   - of these, only those that had least of the stream lately, by tm/core/deal.h: by the rates alone a stream's largest share falls on some
 *     carrier by chance, and the two are matched (doc/CORRELATION.md);
 *   - a carrier faster than the stream is at most BPS(R) / 4 unlike it: the fastest would else be the most unlike for ever, and get
 *     faster by it; so idle ones go first.  What is equal is drawn by lot, and no carrier is taken more than run_max times in a row
 *     while another has room;
 *   - M follows N with hysteresis and a random lag, so that it does not announce N;
 *   - the window of BPS is stated (tm/core/rate.h), the paper's is not.
 *
 * Not payload-independent: nothing is padded or delayed, and whoever adds up all carriers sees the sum.  Pure; integers. */
#ifndef TM_MODELS_SHUFFLE_H
#define TM_MODELS_SHUFFLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/rng.h"

#define TM_SHUFFLE_M_MAX 32U

struct tm_shuffle_cfg {
    uint32_t threshold;   /* S: more streams are shuffled, as many or fewer split; back at S - 1 */
    uint32_t alpha_milli; /* shuffling factor, thousandths */
    uint32_t beta_milli;  /* splitting factor, thousandths */
    uint32_t m_min;       /* carriers, 1..m_max */
    uint32_t m_max;       /* 1..TM_SHUFFLE_M_MAX */
    uint32_t run_max;     /* pieces in a row on one carrier while another has room; >= 1 */
    uint32_t piece_min, piece_max; /* bytes of a piece of a stream, where it has so many */
    int64_t rise_us
        [2]; /* more carriers are wanted: they are taken after a lag, uniform in this range */
    int64_t fall_us[2]; /* fewer were wanted all the time: they are given up after this */
};

/* S = 4, alpha = .1, beta = 2, M_min = 3 (MUFFLER sec. IV), pieces of 4096..16384 bytes, and our lags.  fixed_m > 0: always so many. */
struct tm_shuffle_cfg tm_shuffle_default(uint32_t fixed_m);
/* TM_ERR_RANGE: not as the comments above say. */
TM_MUST_CHECK int tm_shuffle_check(const struct tm_shuffle_cfg *cfg);
/* What both ends compare: of the rules and their constants; the number of carriers apart. */
void tm_shuffle_digest(uint8_t out[TM_DIGEST_LEN]);

/* Whether --model's text means this: "shuffle", or "shuffle:M", *fixed_m carriers (0: the former).  Neither: false; so is "shuffle" in a
 * mix, which stays a name of no model.  An M that is out of range is told as it stands. */
bool tm_shuffle_is_meant(const char *text, uint32_t *fixed_m);

/* ---- How many carriers ---- */

enum tm_shuffle_mode { TM_SHUFFLE_SPLIT, TM_SHUFFLE_SHUFFLE };

struct tm_shuffle_count {
    enum tm_shuffle_mode mode;
    uint32_t m;      /* carriers in use now */
    uint32_t top;    /* the most that was wanted since a fall was set */
    int64_t rise_at; /* when m rises to what is wanted then; TM_NEVER */
    int64_t fall_at; /* when m falls to top; TM_NEVER */
};

/* The paper's formula for n streams. */
uint32_t tm_shuffle_wanted(const struct tm_shuffle_cfg *cfg, enum tm_shuffle_mode mode, uint32_t n);
/* With no stream. */
void tm_shuffle_count_init(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg);
/* n streams at now_us; lags are drawn from rng.  Call it again by tm_shuffle_count_next_us. */
void tm_shuffle_count_step(struct tm_shuffle_count *c, const struct tm_shuffle_cfg *cfg,
                           struct tm_rng *rng, uint32_t n, int64_t now_us);
int64_t tm_shuffle_count_next_us(const struct tm_shuffle_count *c);

/* ---- Which carrier ---- */

#define TM_SHUFFLE_EVEN 256U

struct tm_shuffle_lane {
    uint64_t rate; /* BPS(V), bytes per second */
    bool has_room;
    uint32_t
        cost; /* how much of the stream it got lately; those within TM_SHUFFLE_EVEN of the least compete */
};

/* The lane for a piece of a stream that has `rate` bytes per second; n (no room anywhere): none.  barred: the index of the lane that has
 * had its run of run_max pieces, n: none; it is taken only where no other has room. */
size_t tm_shuffle_choose(enum tm_shuffle_mode mode, uint64_t rate,
                         const struct tm_shuffle_lane *lane, size_t n, size_t barred,
                         struct tm_rng *rng);
/* How much of `have` bytes the next piece takes: uniform in piece_min..piece_max, what is left behind it is nothing or piece_min at
 * least, where `have` allows. */
size_t tm_shuffle_piece(const struct tm_shuffle_cfg *cfg, size_t have, struct tm_rng *rng);

#endif
