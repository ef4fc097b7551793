/* Swing's structural model played from its CDFs (Swing, ToN 2009, sec. III; the tree is drawn in gen.h).
 *
 * What each substream gives, in order (a draw from an empty parameter takes nothing):
 *
 *   user      number > 0: INTER_RRE, the start; longer than the pace: uniform below the pace
 *   session   after the first: INTER_SESSION; NUM_RRE; second, if INTER_SESSION is empty: the rest before it, uniform
 *   RRE       after the session's first: INTER_RRE; NUM_CONN; INTER_CONN before each further connection
 *   CONN      NUM_PAIRS; per pair: [from the 2nd: REQ_THINK] REQ SERVER_THINK RSP; CLOSE_THINK */
#include "models/gen_kind.h"

#include "tm/base/time.h"

/* Played where the capture showed no sample. */
#define DEFAULT_COUNT            1U
#define DEFAULT_THINK_US         0U
#define DEFAULT_INTER_RRE_US     UINT64_C(2000000)
#define DEFAULT_INTER_SESSION_US UINT64_C(300000000)

static uint64_t draw(const struct tm_swing *s, enum tm_swing_param p, uint64_t if_empty,
                     struct tm_rng *rng)
{
    const struct tm_dist *d = &s->param[p];
    return d->n_points > 0 ? tm_dist_sample(d, rng) : if_empty;
}

/* The times of a checked model are at most TM_MODEL_TIME_MAX_US. */
static int64_t draw_us(const struct tm_swing *s, enum tm_swing_param p, uint64_t if_empty,
                       struct tm_rng *rng)
{
    return (int64_t)draw(s, p, if_empty, rng);
}

/* A gap inside a connection; what a plan cannot say is played as the longest that it can. */
static uint32_t draw_gap_us(const struct tm_swing *s, enum tm_swing_param p, struct tm_rng *rng)
{
    uint64_t gap_us = draw(s, p, DEFAULT_THINK_US, rng);
    return gap_us < TM_WRITE_GAP_MAX ? (uint32_t)gap_us : TM_WRITE_GAP_MAX;
}

/* Goes to RRE `rre` of the present session; the gap before it. */
static int64_t enter_rre(const struct tm_swing *s, struct tm_swing_pos *at, uint64_t rre)
{
    uint8_t key[TM_SEED_LEN];
    tm_rng_child(key, at->session_key, TM_RNG_RRE, rre);
    tm_rng_init(&at->rre_rng, key);
    int64_t gap_us = 0;
    if (rre > 0)
        gap_us = draw_us(s, TM_SWING_INTER_RRE, DEFAULT_INTER_RRE_US, &at->rre_rng);
    at->rre = rre;
    at->conn = 0;
    at->n_conn = draw(s, TM_SWING_NUM_CONN, DEFAULT_COUNT, &at->rre_rng);
    return gap_us;
}

/* Goes to the first RRE of `session`; the gap before it. */
static int64_t enter_session(const struct tm_swing *s, struct tm_gen_user *u, uint64_t session)
{
    struct tm_swing_pos *at = &u->swing;
    tm_rng_child(at->session_key, u->key, TM_RNG_SESSION, session);
    struct tm_rng rng;
    tm_rng_init(&rng, at->session_key);
    int64_t gap_us = 0;
    if (session > 0)
        gap_us = draw_us(s, TM_SWING_INTER_SESSION, DEFAULT_INTER_SESSION_US, &rng);
    at->session = session;
    at->n_rre = draw(s, TM_SWING_NUM_RRE, DEFAULT_COUNT, &rng);
    if (session == 1 && s->param[TM_SWING_INTER_SESSION].n_points == 0)
        gap_us = (int64_t)tm_rng_below(&rng, DEFAULT_INTER_SESSION_US);
    tm_rng_deinit(&rng);
    (void)enter_rre(s, at, 0);
    return gap_us;
}

static int64_t start_us(const struct tm_swing *s, const struct tm_gen_user *u)
{
    if (u->number == 0)
        return 0;
    struct tm_rng rng;
    tm_rng_init(&rng, u->key);
    int64_t gap_us = draw_us(s, TM_SWING_INTER_RRE, DEFAULT_INTER_RRE_US, &rng);
    if (gap_us > u->pace_us) /* capped, they would all start at the same moment */
        gap_us = (int64_t)tm_rng_below(&rng, (uint64_t)u->pace_us);
    tm_rng_deinit(&rng);
    return gap_us;
}

void tm_swing_open(const struct tm_swing *s, struct tm_gen_user *u, struct tm_open *open)
{
    struct tm_swing_pos *at = &u->swing;
    int64_t gap_us;
    if (u->next_index == 0) {
        (void)enter_session(s, u, 0);
        open->ref = TM_OPEN_ORIGIN;
        gap_us = start_us(s, u);
    } else if (at->conn + 1 < at->n_conn) {
        at->conn++;
        open->ref = TM_OPEN_PREV;
        gap_us = draw_us(s, TM_SWING_INTER_CONN, DEFAULT_THINK_US, &at->rre_rng);
    } else {
        open->ref = s->is_over ? TM_OPEN_OVER : TM_OPEN_ENDED;
        gap_us = at->rre + 1 < at->n_rre ? enter_rre(s, at, at->rre + 1)
                                         : enter_session(s, u, at->session + 1);
        gap_us = tm_min_us(gap_us, u->pace_us);
    }
    open->index = u->next_index++;
    open->session = (uint32_t)at->session;
    open->rre = (uint32_t)at->rre;
    open->gap_us = gap_us;
}

/* Exchange `pair`: a request after the response before it, a response after the request. */
static int add_pair(const struct tm_swing *s, uint64_t pair, struct tm_rng *rng,
                    struct tm_plan *plan)
{
    struct tm_write req = {.dir = TM_UP, .ref_back = pair > 0 ? 1 : 0};
    if (pair > 0)
        req.gap_us = draw_gap_us(s, TM_SWING_REQ_THINK, rng);
    req.size = (uint32_t)draw(s, TM_SWING_REQ, 1, rng);
    struct tm_write rsp = {.dir = TM_DOWN, .ref_back = 1};
    rsp.gap_us = draw_gap_us(s, TM_SWING_SERVER_THINK, rng);
    rsp.size = (uint32_t)draw(s, TM_SWING_RSP, 1, rng);
    int rc = tm_plan_add(plan, req);
    return rc ? rc : tm_plan_add(plan, rsp);
}

int tm_swing_plan(const struct tm_swing *s, const uint8_t user_key[TM_SEED_LEN], uint64_t index,
                  struct tm_plan *plan)
{
    uint8_t key[TM_SEED_LEN];
    tm_rng_child(key, user_key, TM_RNG_CONN, index);
    struct tm_rng rng;
    tm_rng_init(&rng, key);
    int rc = TM_OK;
    uint64_t n_pairs = draw(s, TM_SWING_NUM_PAIRS, DEFAULT_COUNT, &rng);
    for (uint64_t pair = 0; rc == TM_OK && pair < n_pairs; pair++)
        rc = add_pair(s, pair, &rng, plan);
    plan->close_gap_us = draw_us(s, TM_SWING_CLOSE_THINK, DEFAULT_THINK_US, &rng);
    tm_rng_deinit(&rng);
    return rc;
}
