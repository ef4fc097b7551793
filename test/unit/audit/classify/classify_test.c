#include "audit/classify/classify.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/classify/story.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))

enum { SESSIONS = 30 };

static struct tm_classify_cfg quick(void)
{
    struct tm_classify_cfg cfg = tm_classify_cfg_default();
    cfg.n_boot = 200;
    return cfg;
}

static void three_protocols(struct tm_table *t, uint64_t seed)
{
    struct tm_rng r = draw_from(seed);
    story_begin(t);
    story_add(t, "smtp", &STORY_MAIL, SESSIONS, &r);
    story_add(t, "https", &STORY_WEB, SESSIONS, &r);
    story_add(t, "ssh", &STORY_SHELL, SESSIONS, &r);
}

static struct tm_classify_result run(const struct tm_table *real, const struct tm_table *cover,
                                     const struct tm_classify_cfg *cfg)
{
    struct tm_classify_result r = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_classify(&r, real, cover, cfg, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    return r;
}

static void protocols_that_differ_are_named(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    three_protocols(&real, 1);
    struct tm_classify_result r = run(&real, NULL, &cfg);
    CHECK_INT(r.n_classes, 3);
    CHECK_STR(r.classes[1].name, "https");
    CHECK_INT(r.n.n_conns, 3 * SESSIONS * STORY_PER_SESSION);
    CHECK_INT(r.n.n_sessions, 3 * SESSIONS);
    CHECK(r.accuracy.value > 0.95 && r.balanced.low > 0.9);
    NEAR(r.majority, 1.0 / 3, 1e-9);
    CHECK(r.is_enough && strstr(r.text, "told apart") && !strstr(r.text, "not told"));
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 9; i++)
        sum += r.confusion[i];
    CHECK_INT(sum, r.n.n_conns);
    for (uint32_t c = 0; c < 3; c++)
        NEAR(r.classes[c].recall.value,
             (double)r.confusion[c * 3 + c] / (SESSIONS * STORY_PER_SESSION), 1e-9);
    /* The rule was tuned for one in twenty on other sessions. */
    CHECK(r.flagged.value < 0.1);
    tm_classify_deinit(&r);
    tm_table_deinit(&real);
}

/* Labels that are drawn for each session say nothing, though siblings resemble each other. */
static void unrelated_labels_are_at_chance(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(2);
    const struct story_protocol alike = {{180, 60, 9000, 900, 1500}, 0.5, 0.02};
    story_begin(&real);
    story_add(&real, "heads", &alike, 60, &r);
    story_add(&real, "tails", &alike, 60, &r);
    struct tm_classify_result v = run(&real, NULL, &cfg);
    CHECK(v.balanced.low < 0.5 && v.balanced.high > 0.5);
    NEAR(v.balanced.value, 0.5, 0.12);
    CHECK(strstr(v.text, "not told apart") != NULL);
    tm_classify_deinit(&v);
    tm_table_deinit(&real);
}

static void constant_rate_cover_is_flagged_by_clusters(void)
{
    struct tm_table real;
    struct tm_table cover;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(3);
    three_protocols(&real, 4);
    story_begin(&cover);
    story_add(&cover, "smtp:constant", &STORY_CONSTANT, SESSIONS, &r);
    struct tm_classify_result v = run(&real, &cover, &cfg);
    CHECK_INT(v.n_covers, 1);
    CHECK_INT(v.covers[0].poses_as, 0);
    CHECK(v.covers[0].clusters.is_done);
    CHECK(v.covers[0].clusters.cover_flagged.value >= 0.95);
    CHECK(v.covers[0].clusters.real_flagged.value <= 0.2);
    CHECK(v.covers[0].clusters.tightest_cover < v.covers[0].clusters.threshold);
    CHECK(v.covers[0].anomalous.value >= 0.95);
    CHECK(strstr(v.covers[0].text, "it is found") != NULL);
    tm_classify_deinit(&v);
    tm_table_deinit(&real);
    tm_table_deinit(&cover);
}

/* Constant traffic whose sizes and duration lie amid the real ones: distances to neighbours are small, but its own are smaller. */
static void constant_cover_amid_the_real_escapes_the_anomaly_rule_only(void)
{
    struct tm_table real;
    struct tm_table cover;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(5);
    struct story_protocol amid = STORY_MAIL;
    amid.between = 0;
    amid.within = 0.002;
    three_protocols(&real, 6);
    story_begin(&cover);
    story_add(&cover, "smtp", &amid, SESSIONS, &r);
    struct tm_classify_result v = run(&real, &cover, &cfg);
    CHECK(v.covers[0].named.value > 0.95);
    CHECK(v.covers[0].anomalous.value < 0.2);
    CHECK(v.covers[0].clusters.cover_flagged.value >= 0.95);
    tm_classify_deinit(&v);
    tm_table_deinit(&real);
    tm_table_deinit(&cover);
}

static void perfect_cover_is_taken_for_its_protocol_and_not_flagged(void)
{
    struct tm_table real;
    struct tm_table cover;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(7);
    three_protocols(&real, 8);
    story_begin(&cover);
    story_add(&cover, "ssh", &STORY_SHELL, SESSIONS, &r);
    story_add(&cover, "torrent", &STORY_WEB, SESSIONS, &r);
    struct tm_classify_result v = run(&real, &cover, &cfg);
    const struct tm_classify_cover *ssh = &v.covers[0];
    const struct tm_interval *recall = &v.classes[ssh->poses_as].recall;
    CHECK(ssh->named.low <= recall->high && ssh->named.high >= recall->low);
    CHECK(ssh->anomalous.value < 0.12);
    CHECK(ssh->clusters.cover_flagged.value < 0.3);
    CHECK(!strstr(ssh->text, "found") && !strstr(ssh->text, "finds"));
    /* No class of this name: no share named so, but what it was named is told. */
    CHECK_INT(v.covers[1].poses_as, -1);
    CHECK(isnan(v.covers[1].named.value));
    CHECK(v.covers[1].share[1] > 0.95);
    NEAR(v.covers[1].share[0] + v.covers[1].share[1] + v.covers[1].share[2], 1, 1e-9);
    tm_classify_deinit(&v);
    tm_table_deinit(&real);
    tm_table_deinit(&cover);
}

static void ill_conditioned_columns_are_dropped_by_name(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    three_protocols(&real, 9);
    for (uint32_t i = 0; i < real.n_rows; i++) {
        real.x[i * STORY_COLS + 1] = 512;
        real.x[i * STORY_COLS + 3] = 2 * real.x[i * STORY_COLS + 2];
    }
    struct tm_classify_result r = run(&real, NULL, &cfg);
    CHECK(isinf(r.condition_all));
    CHECK(r.condition_kept <= 100);
    CHECK(r.cols[0].is_kept && !r.cols[1].is_kept && r.cols[4].is_kept);
    CHECK_INT(r.cols[2].is_kept + r.cols[3].is_kept, 1);
    CHECK_STR(r.cols[1].name, "pkt_down_mean");
    CHECK(r.accuracy.value > 0.9);
    tm_classify_deinit(&r);
    cfg.condition_limit = 0;
    r = run(&real, NULL, &cfg);
    for (int j = 0; j < STORY_COLS; j++)
        CHECK(r.cols[j].is_kept);
    tm_classify_deinit(&r);
    tm_table_deinit(&real);
}

static void neighbours_and_threshold_are_tuned_when_asked(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    three_protocols(&real, 10);
    cfg.k = 0;
    cfg.false_alarm = 0.2;
    struct tm_classify_result r = run(&real, NULL, &cfg);
    CHECK(r.k_low >= 1 && r.k_high <= TM_CLASSIFY_K_MAX);
    CHECK(r.t_low > 0 && r.t_low <= r.t_high);
    NEAR(r.flagged.value, 0.2, 0.07);
    tm_classify_deinit(&r);
    cfg.t = 1e6;
    r = run(&real, NULL, &cfg);
    CHECK(r.t_low == 1e6 && r.flagged.value == 0);
    /* None of 90 sessions: not "surely never". */
    NEAR(r.flagged.high, 1 - pow(0.025, 1.0 / 90), 1e-9);
    tm_classify_deinit(&r);
    tm_table_deinit(&real);
}

static void logarithms_bring_order_into_heavy_tails(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(11);
    const struct story_protocol small = {{100, 100, 1000, 1000, 500}, 0.2, 0.2};
    const struct story_protocol large = {{100, 100, 2500, 2500, 500}, 0.2, 0.2};
    story_begin(&real);
    story_add(&real, "small", &small, SESSIONS, &r);
    story_add(&real, "large", &large, SESSIONS, &r);
    /* A few giants of both kinds stretch the scale. */
    for (uint32_t i = 0; i < real.n_rows; i += 40)
        for (int j = 2; j < 4; j++)
            real.x[i * STORY_COLS + (uint32_t)j] *= 1e6F;
    struct tm_classify_result raw = run(&real, NULL, &cfg);
    cfg.scale = TM_SCALE_LOG;
    struct tm_classify_result log = run(&real, NULL, &cfg);
    CHECK(log.balanced.low > raw.balanced.high);
    tm_classify_deinit(&raw);
    tm_classify_deinit(&log);
    tm_table_deinit(&real);
}

static void small_samples_get_intervals_but_no_verdict(void)
{
    struct tm_table real;
    struct tm_table cover;
    struct tm_classify_cfg cfg = quick();
    struct tm_rng r = draw_from(12);
    story_begin(&real);
    story_add(&real, "smtp", &STORY_MAIL, 4, &r);
    story_add(&real, "ssh", &STORY_SHELL, 25, &r);
    story_begin(&cover);
    story_add(&cover, "smtp", &STORY_CONSTANT, 2, &r);
    struct tm_classify_result v = run(&real, &cover, &cfg);
    CHECK_INT(v.folds, 4);
    CHECK(!v.is_enough && !v.covers[0].is_enough);
    CHECK(strstr(v.text,
                 "Too few for a claim: smtp has 32 connections of 4 sessions, and 100 of 20"));
    CHECK(strstr(v.covers[0].text, "Too few for a claim") != NULL);
    CHECK(!strstr(v.covers[0].text, "finds it") && !strstr(v.covers[0].text, "it is found"));
    CHECK(v.accuracy.low < v.accuracy.value || v.accuracy.value == 1);
    tm_classify_deinit(&v);
    tm_table_deinit(&real);
    tm_table_deinit(&cover);
}

static void what_cannot_be_judged_is_refused(void)
{
    struct tm_table real;
    struct tm_table other;
    struct tm_classify_result v = {0};
    struct tm_classify_cfg cfg = quick();
    struct tm_msg msg = {""};
    struct tm_rng r = draw_from(13);
    story_begin(&real);
    CHECK_INT(tm_classify(&v, &real, NULL, &cfg, &msg), TM_ERR_RANGE);
    story_add(&real, "smtp", &STORY_MAIL, 20, &r);
    story_add(&real, "ssh", &STORY_SHELL, 2, &r);
    CHECK_INT(tm_classify(&v, &real, NULL, &cfg, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "class ssh has 2 session(s)") != NULL);
    story_begin(&other);
    (void)snprintf(other.cols[0].name, sizeof other.cols[0].name, "n_up");
    story_add(&other, "smtp", &STORY_MAIL, 5, &r);
    CHECK_INT(tm_classify(&v, &real, &other, &cfg, &msg), TM_ERR_FORMAT);
    cfg.folds = 2;
    CHECK_INT(tm_classify(&v, &real, NULL, &cfg, &msg), TM_ERR_RANGE);
    tm_table_deinit(&real);
    tm_table_deinit(&other);
}

static void same_seed_same_result(void)
{
    struct tm_table real;
    struct tm_classify_cfg cfg = quick();
    three_protocols(&real, 14);
    struct tm_classify_result a = run(&real, NULL, &cfg);
    struct tm_classify_result b = run(&real, NULL, &cfg);
    cfg.seed = 2;
    struct tm_classify_result c = run(&real, NULL, &cfg);
    CHECK_MEM(a.confusion, b.confusion, 9 * sizeof *a.confusion);
    CHECK(a.accuracy.low == b.accuracy.low && a.t_low == b.t_low);
    CHECK(a.t_low != c.t_low);
    tm_classify_deinit(&a);
    tm_classify_deinit(&b);
    tm_classify_deinit(&c);
    tm_table_deinit(&real);
}

static const struct check_case CASES[] = {
    {"protocols_that_differ_are_named", protocols_that_differ_are_named},
    {"unrelated_labels_are_at_chance", unrelated_labels_are_at_chance},
    {"constant_rate_cover_is_flagged_by_clusters", constant_rate_cover_is_flagged_by_clusters},
    {"constant_cover_amid_the_real_escapes_the_anomaly_rule_only",
     constant_cover_amid_the_real_escapes_the_anomaly_rule_only},
    {"perfect_cover_is_taken_for_its_protocol_and_not_flagged",
     perfect_cover_is_taken_for_its_protocol_and_not_flagged},
    {"ill_conditioned_columns_are_dropped_by_name", ill_conditioned_columns_are_dropped_by_name},
    {"neighbours_and_threshold_are_tuned_when_asked",
     neighbours_and_threshold_are_tuned_when_asked},
    {"logarithms_bring_order_into_heavy_tails", logarithms_bring_order_into_heavy_tails},
    {"small_samples_get_intervals_but_no_verdict", small_samples_get_intervals_but_no_verdict},
    {"what_cannot_be_judged_is_refused", what_cannot_be_judged_is_refused},
    {"same_seed_same_result", same_seed_same_result},
};
CHECK_MAIN("classify", CASES)
