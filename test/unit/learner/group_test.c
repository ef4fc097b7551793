#include "learner/group.h"

#include "learner/rtt.h"
#include "test/support/check.h"
#include "tm/base/time.h"

/* Seconds. */
#define CONN(start, end)                                                                           \
    {                                                                                              \
        (int64_t)((start)*1e6), (int64_t)((end)*1e6)                                               \
    }
#define N(array) (sizeof(array) / sizeof *(array))

static const struct tm_rtt no_rtt = {0, TM_RTT_UNKNOWN};

struct result {
    struct tm_samples samples;
    struct tm_group_counts counts;
    uint64_t n_starts;
};

/* All of a user's connections; pauses between RREs are put where a fitter puts them later. */
static struct result group(const struct tm_group_cfg *cfg, const struct tm_span *span, size_t n,
                           struct tm_rtt rtt)
{
    struct result r = {0};
    struct tm_group g = {0};
    for (size_t i = 0; i < n; i++) {
        struct tm_group_found found;
        CHECK_INT(tm_group_feed(cfg, &g, &span[i], &r.samples, &r.counts, &found), TM_OK);
        r.n_starts += found.has_session;
        if (found.has_inter_rre)
            CHECK_INT(tm_samples_add(&r.samples, TM_SWING_INTER_RRE,
                                     tm_rtt_remove(rtt, found.inter_rre_us)),
                      TM_OK);
    }
    CHECK_INT(tm_group_end(&g, &r.samples, &r.counts), TM_OK);
    CHECK_INT(r.n_starts, r.counts.n_sessions);
    return r;
}

static void check_samples(const struct result *r, enum tm_swing_param p, const uint64_t *want,
                          size_t n)
{
    CHECK_INT(r->samples.n[p], n);
    for (size_t i = 0; i < n && i < r->samples.n[p]; i++)
        CHECK_INT(r->samples.v[p][i], want[i]);
}
#define CHECK_SAMPLES(r, p, ...)                                                                   \
    check_samples(r, p, (const uint64_t[]){__VA_ARGS__}, N(((const uint64_t[]){__VA_ARGS__})))

static void no_connection_no_sample(void)
{
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, NULL, 0, no_rtt);
    for (int p = 0; p < TM_SWING_PARAMS; p++)
        CHECK_INT(r.samples.n[p], 0);
    CHECK_INT(r.counts.n_sessions, 0);
    tm_samples_deinit(&r.samples);
}

static void one_connection_is_one_rre_and_one_session(void)
{
    static const struct tm_span c[] = {CONN(5, 6)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_NUM_CONN, 1);
    CHECK_SAMPLES(&r, TM_SWING_NUM_RRE, 1);
    CHECK_INT(r.samples.n[TM_SWING_INTER_CONN], 0);
    CHECK_INT(r.samples.n[TM_SWING_INTER_RRE], 0);
    CHECK_INT(r.samples.n[TM_SWING_INTER_SESSION], 0);
    CHECK_INT(r.counts.n_sessions, 1);
    CHECK_INT(r.counts.n_rres, 1);
    tm_samples_deinit(&r.samples);
}

static void rre_takes_what_starts_within_two_seconds_of_its_end(void)
{
    static const struct tm_span c[] = {CONN(0, 10), CONN(1, 3), CONN(11.9, 12), CONN(14, 15)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    /* 11.9 is less than 2 s after 10, the latest end so far; 14 is exactly 2 s after 12 */
    CHECK_SAMPLES(&r, TM_SWING_NUM_CONN, 3, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_CONN, 1000000, 10900000);
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 2000000);
    CHECK_SAMPLES(&r, TM_SWING_NUM_RRE, 2);
    tm_samples_deinit(&r.samples);
}

static void long_connection_does_not_hold_the_rre_open(void)
{
    static const struct tm_span c[] = {CONN(0, 100), CONN(29.9, 31), CONN(59.9, 60)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    /* 59.9 is 30 s after the start before; the RRE's end is still to come, so the pause is 0 */
    CHECK_SAMPLES(&r, TM_SWING_NUM_CONN, 2, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 0);
    tm_samples_deinit(&r.samples);
}

static void session_ends_after_a_pause_of_five_minutes(void)
{
    static const struct tm_span c[] = {CONN(0, 1), CONN(300.9, 302), CONN(602, 603)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_NUM_RRE, 2, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 299900000);
    CHECK_SAMPLES(&r, TM_SWING_INTER_SESSION, 300000000);
    CHECK_INT(r.counts.n_sessions, 2);
    CHECK_INT(r.counts.n_rres, 3);
    tm_samples_deinit(&r.samples);
}

static void session_lasts_until_its_latest_end(void)
{
    static const struct tm_span c[] = {CONN(0, 50), CONN(40, 41), CONN(600, 601)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_INTER_SESSION, 550000000); /* after 50, not after 41 */
    tm_samples_deinit(&r.samples);
}

static void session_length_can_be_limited(void)
{
    static const struct tm_span c[] = {CONN(0, 1), CONN(100, 101), CONN(200, 201), CONN(300, 301)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    cfg.session_length_us = 300 * TM_US_PER_S;
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_NUM_RRE, 3, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_SESSION, 99000000);
    tm_samples_deinit(&r.samples);
}

static void counts_have_caps(void)
{
    static struct tm_span c[7];
    for (size_t i = 0; i < N(c); i++)
        c[i] = (struct tm_span){(int64_t)i * 1000, (int64_t)i * 1000 + 500};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    cfg.max_conns = 2;
    cfg.max_rres = 3;
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_NUM_CONN, 2, 2, 2, 1);
    CHECK_SAMPLES(&r, TM_SWING_NUM_RRE, 3, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 500, 500);
    CHECK_SAMPLES(&r, TM_SWING_INTER_SESSION, 500);
    tm_samples_deinit(&r.samples);
}

static void round_trip_is_taken_off_the_pause_between_rres(void)
{
    static const struct tm_span c[] = {CONN(0, 1), CONN(11, 12)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), (struct tm_rtt){40000, TM_RTT_HOST});
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 9960000);
    tm_samples_deinit(&r.samples);
}

static void years_between_sessions_are_not_learned(void)
{
    static const struct tm_span c[] = {CONN(0, 1), CONN(86401.0, 86402), CONN(200000, 200001)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_INTER_SESSION, 86400000000);
    CHECK_INT(r.counts.n_sessions, 3);
    CHECK_INT(r.counts.n_away, 1);
    tm_samples_deinit(&r.samples);
}

static void the_papers_rre_knows_starts_alone(void)
{
    static const struct tm_span c[] = {CONN(0, 1), CONN(20, 21), CONN(51, 52)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    cfg.rre_gap_us = 0;
    struct result r = group(&cfg, c, N(c), no_rtt);
    CHECK_SAMPLES(&r, TM_SWING_NUM_CONN, 2, 1);
    CHECK_SAMPLES(&r, TM_SWING_INTER_RRE, 30000000);
    tm_samples_deinit(&r.samples);
}

static void sessions_of_a_user_are_counted(void)
{
    static const struct tm_span c[] = {CONN(10, 11), CONN(510, 511)};
    struct tm_group_cfg cfg = tm_group_cfg_default();
    struct result r = group(&cfg, c, N(c), no_rtt);
    unsigned kind = TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS);
    CHECK_INT(r.samples.n[kind], 1);
    CHECK_INT(r.samples.v[kind][0], 2);
    tm_samples_deinit(&r.samples);
}

static const struct check_case cases[] = {
    {"the_papers_rre_knows_starts_alone", the_papers_rre_knows_starts_alone},
    {"sessions_of_a_user_are_counted", sessions_of_a_user_are_counted},
    {"no_connection_no_sample", no_connection_no_sample},
    {"one_connection_is_one_rre_and_one_session", one_connection_is_one_rre_and_one_session},
    {"rre_takes_what_starts_within_two_seconds_of_its_end",
     rre_takes_what_starts_within_two_seconds_of_its_end},
    {"long_connection_does_not_hold_the_rre_open", long_connection_does_not_hold_the_rre_open},
    {"session_ends_after_a_pause_of_five_minutes", session_ends_after_a_pause_of_five_minutes},
    {"session_lasts_until_its_latest_end", session_lasts_until_its_latest_end},
    {"session_length_can_be_limited", session_length_can_be_limited},
    {"counts_have_caps", counts_have_caps},
    {"round_trip_is_taken_off_the_pause_between_rres",
     round_trip_is_taken_off_the_pause_between_rres},
    {"years_between_sessions_are_not_learned", years_between_sessions_are_not_learned},
};
CHECK_MAIN("group", cases)
