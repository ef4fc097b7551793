#include "audit/detect/detect.h"

#include "test/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/detect/detect_report.h"
#include "test/unit/audit/detect/synthetic.h"

/* A short run: few trees on two groups. */
static struct tm_detect_cfg quick(void)
{
    struct tm_detect_cfg cfg = tm_detect_cfg_default();
    cfg.groups = TM_GROUP_POSTER | TM_GROUP_TIMES;
    cfg.trees.n_trees = 15;
    cfg.n_null = 6;
    cfg.n_boot = 100;
    cfg.n_ks = 40;
    cfg.min_sessions = 40;
    cfg.min_conns = 100;
    cfg.has_controls = false;
    return cfg;
}

static struct tm_trace_set world(uint64_t seed, double slower)
{
    struct synthetic s = {
        .n_sessions = 50, .loads = 2, .siblings = 4, .seed = seed, .slower = slower};
    struct tm_trace_set set = {0};
    synthetic_make(&set, &s);
    return set;
}

static int run(struct tm_detect_result *r, const struct tm_detect_cfg *cfg,
               const struct tm_trace_set *real, const struct tm_trace_set *cover,
               const struct tm_trace_set *train, struct tm_msg *msg)
{
    struct tm_detect_input in = {.side = {real, cover, train},
                                 .name = {"real.pcap", "cover.pcap", "train.pcap"},
                                 .sessions = {"labels", "labels", "labels"}};
    return tm_detect_run(r, cfg, &in, msg);
}

/* Eight pairs of recordings without a difference, two groups each: 95 % intervals should hold 0.5 in 15 of 16. */
static void intervals_hold_a_half_when_there_is_no_difference(void)
{
    struct tm_detect_cfg cfg = quick();
    unsigned holds = 0, told = 0;
    cfg.n_null = 10;
    for (uint64_t k = 0; k < 8; k++) {
        struct tm_trace_set a = world(1000 + 2 * k, 1), b = world(1001 + 2 * k, 1);
        struct tm_detect_result r;
        CHECK_INT(run(&r, &cfg, &a, &b, NULL, NULL), TM_OK);
        for (uint32_t g = 0; g < r.n_groups; g++) {
            const struct tm_interval *i = &r.groups[g].cover.auc;
            holds += i->low <= 0.5 && i->high >= 0.5;
            told += r.groups[g].verdict == TM_DETECT_TOLD;
            CHECK(r.groups[g].widening >= 1);
        }
        tm_detect_deinit(&r);
        tm_trace_set_deinit(&a);
        tm_trace_set_deinit(&b);
    }
    CHECK(holds >= 13); /* P(fewer | 0.95 each) = 0.007; the bootstrap alone held 0.5 in 4 of 5 */
    CHECK(told <= 2);
}

static void a_difference_is_told_in_its_group_and_not_in_another(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set a = world(5, 1), b = world(6, 2.5);
    struct tm_detect_result r;
    cfg.groups = TM_GROUP_SIZES | TM_GROUP_TIMES;
    CHECK_INT(run(&r, &cfg, &a, &b, NULL, NULL), TM_OK);
    CHECK_INT(r.n_groups, 2);
    CHECK_STR(r.groups[0].name, "sizes");
    CHECK(r.groups[0].verdict != TM_DETECT_TOLD);
    CHECK(r.groups[0].cover.auc.value < 0.58);
    CHECK_STR(r.groups[1].name, "times");
    CHECK(r.groups[1].cover.auc.low > 0.6);
    CHECK_INT(r.groups[1].verdict, TM_DETECT_TOLD);
    CHECK_INT(r.verdict, TM_DETECT_TOLD);
    CHECK(r.groups[1].n_top > 3);
    CHECK(r.groups[1].top[0].gain >= r.groups[1].top[1].gain);
    CHECK_INT(r.used[TM_REAL].n_conns, r.used[TM_COVER].n_conns);
    tm_detect_deinit(&r);
    tm_trace_set_deinit(&a);
    tm_trace_set_deinit(&b);
}

static void the_same_seed_gives_the_same_result(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set a = world(5, 1), b = world(6, 1.2);
    struct tm_detect_result x, y;
    cfg.groups = TM_GROUP_POSTER;
    CHECK_INT(run(&x, &cfg, &a, &b, NULL, NULL), TM_OK);
    CHECK_INT(run(&y, &cfg, &a, &b, NULL, NULL), TM_OK);
    CHECK_MEM(&x.groups[0].cover, &y.groups[0].cover, sizeof x.groups[0].cover);
    CHECK_MEM(x.groups[0].tpr, y.groups[0].tpr, sizeof x.groups[0].tpr);
    CHECK_STR(x.text, y.text);
    tm_detect_deinit(&x);
    tm_detect_deinit(&y);
    tm_trace_set_deinit(&a);
    tm_trace_set_deinit(&b);
}

static void too_few_get_an_interval_and_what_is_needed(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set a = world(5, 1), b = world(6, 3);
    struct tm_detect_result r;
    cfg.groups = TM_GROUP_POSTER;
    cfg.min_sessions = 100;
    cfg.min_conns = 500;
    CHECK_INT(run(&r, &cfg, &a, &b, NULL, NULL), TM_OK);
    CHECK_INT(r.verdict, TM_DETECT_TOO_FEW);
    CHECK_INT(r.groups[0].verdict, TM_DETECT_TOO_FEW);
    CHECK(r.groups[0].cover.auc.low < r.groups[0].cover.auc.high);
    CHECK(strstr(r.text, "500 connections and 100 sessions") != NULL);
    tm_detect_deinit(&r);
    tm_trace_set_deinit(&a);
    tm_trace_set_deinit(&b);
}

static void one_session_a_side_is_refused_with_what_is_needed(void)
{
    struct synthetic s = {.n_sessions = 1, .loads = 3, .siblings = 5, .seed = 1};
    struct tm_trace_set a = {0}, b = world(6, 1);
    struct tm_detect_cfg cfg = quick();
    struct tm_detect_result r;
    struct tm_msg msg = {""};
    synthetic_make(&a, &s);
    CHECK_INT(run(&r, &cfg, &a, &b, NULL, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "1 real sessions against 50 of cover") != NULL);
    CHECK(strstr(msg.text, "40 sessions and 100 connections a side") != NULL);
    tm_trace_set_deinit(&a);
    tm_trace_set_deinit(&b);
}

static void floors_controls_and_memorisation_come_with_training_captures(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set real = world(21, 1), cover = world(22, 1), train = world(23, 1);
    struct tm_detect_result r;
    cfg.groups = TM_GROUP_SIZES;
    cfg.has_controls = true;
    CHECK_INT(run(&r, &cfg, &real, &cover, &train, NULL), TM_OK);
    CHECK(r.groups[0].floor_r.is_done);
    CHECK(fabs(r.groups[0].floor_r.auc.value - 0.5) < 0.15);
    CHECK(r.groups[0].floor_rb.is_done);
    for (int k = 0; k < TM_CONTROLS; k++)
        CHECK(r.control[k].is_passed);
    CHECK(r.control[TM_CONTROL_NAIVE].test.auc.value >= TM_CONTROL_AUC_MIN);
    CHECK(r.memory.is_done);
    CHECK(r.memory.median_ratio > 0.8 && r.memory.median_ratio < 1.25);
    CHECK(r.memory.exact_share[TM_COVER] < 0.1);
    CHECK(r.n_shown >= 5);
    tm_detect_deinit(&r);
    /* Training connections themselves as cover: perfect likeness, and a copy. */
    CHECK_INT(run(&r, &cfg, &real, &train, &train, NULL), TM_OK);
    CHECK(r.memory.median_ratio < 1e-6);
    CHECK(r.memory.exact_share[TM_COVER] > 0.999);
    CHECK(r.memory.run_share[TM_COVER] > 0.999);
    CHECK(r.memory.run_share[TM_REAL] < 0.9);
    tm_detect_deinit(&r);
    tm_trace_set_deinit(&real);
    tm_trace_set_deinit(&cover);
    tm_trace_set_deinit(&train);
}

/* Every packet like every other: taking such connections apart changes nothing, so no instrument can find it. */
static struct tm_trace_set uniform(void)
{
    struct tm_trace_set set = {0};
    for (int s = 0; s < 30; s++) {
        struct tm_trace t = {.duration_us = 10000, .has_syn = true, .has_fin = {true, true}};
        struct tm_trace_packet p[10];
        char name[16];
        for (int i = 0; i < 10; i++)
            p[i] = (struct tm_trace_packet){
                .t_us = 1000 * (i + 1), .bytes = 100, .dir = TM_UP, .is_new = true};
        (void)snprintf(name, sizeof name, "s%d", s);
        CHECK_INT(tm_trace_set_name(&set, name, &t.session), TM_OK);
        for (int c = 0; c < 4; c++)
            CHECK_INT(tm_trace_set_add(&set, &t, p, 10), TM_OK);
    }
    return set;
}

static void a_control_that_is_not_found_fails_the_test(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set real = uniform(), cover = uniform();
    struct tm_detect_result r;
    cfg.has_controls = true;
    cfg.groups = TM_GROUP_POSTER;
    CHECK_INT(run(&r, &cfg, &real, &cover, NULL, NULL), TM_OK);
    CHECK(!r.control[TM_CONTROL_NAIVE].is_passed);
    CHECK_INT(r.verdict, TM_DETECT_FAILED);
    CHECK_INT(r.groups[0].verdict, TM_DETECT_FAILED);
    CHECK(strstr(r.text, "The test itself failed") != NULL);
    CHECK(strstr(r.control[TM_CONTROL_NAIVE].text, "NOT FOUND") != NULL);
    tm_detect_deinit(&r);
    tm_trace_set_deinit(&real);
    tm_trace_set_deinit(&cover);
}

static char *written(void (*write)(const struct tm_detect_result *, FILE *),
                     const struct tm_detect_result *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    CHECK(f != NULL);
    if (f) {
        write(r, f);
        (void)fclose(f);
    }
    return text;
}

/* Brackets and quotes close in order, and nothing that is no number of JSON is in it. */
static bool is_well_formed(const char *p)
{
    char open[64];
    size_t depth = 0;
    for (; *p; p++) {
        if (*p == '"') {
            for (p++; *p && *p != '"'; p++)
                p += *p == '\\';
            if (!*p)
                return false;
        } else if (*p == '{' || *p == '[') {
            if (depth == sizeof open)
                return false;
            open[depth++] = *p == '{' ? '}' : ']';
        } else if (*p == '}' || *p == ']') {
            if (depth == 0 || open[--depth] != *p)
                return false;
        }
    }
    return depth == 0;
}

static void reports_say_n_interval_and_warnings_in_text_and_json(void)
{
    struct tm_detect_cfg cfg = quick();
    struct tm_trace_set real = world(21, 1), cover = world(22, 1);
    struct tm_detect_result r;
    struct tm_detect_input in = {.side = {&real, &cover, NULL},
                                 .name = {"re\"al\n.pcap", "cover.pcap", NULL},
                                 .sessions = {"labels", "blocks of 10 s", NULL}};
    CHECK_INT(tm_detect_run(&r, &cfg, &in, NULL), TM_OK);
    char *text = written(tm_detect_print, &r), *json = written(tm_detect_json, &r);
    CHECK(strstr(text, "blocks of 10 s") != NULL);
    CHECK(strstr(text, "\ndetect: ") != NULL);
    CHECK(strstr(text, "warning: no training captures") != NULL);
    CHECK(strstr(text, r.groups[0].text) != NULL);
    CHECK(is_well_formed(json));
    CHECK(strstr(json, "\"re\\\"al\\u000a.pcap\"") != NULL);
    CHECK(strstr(json, "\"floor_r\": null") != NULL);
    CHECK(strstr(json, "\"memorisation\": null") != NULL);
    CHECK(strstr(json, "nan") == NULL);
    free(text);
    free(json);
    tm_detect_deinit(&r);
    tm_trace_set_deinit(&real);
    tm_trace_set_deinit(&cover);
}

static const struct check_case CASES[] = {
    {"intervals_hold_a_half_when_there_is_no_difference",
     intervals_hold_a_half_when_there_is_no_difference},
    {"a_difference_is_told_in_its_group_and_not_in_another",
     a_difference_is_told_in_its_group_and_not_in_another},
    {"the_same_seed_gives_the_same_result", the_same_seed_gives_the_same_result},
    {"too_few_get_an_interval_and_what_is_needed", too_few_get_an_interval_and_what_is_needed},
    {"one_session_a_side_is_refused_with_what_is_needed",
     one_session_a_side_is_refused_with_what_is_needed},
    {"floors_controls_and_memorisation_come_with_training_captures",
     floors_controls_and_memorisation_come_with_training_captures},
    {"a_control_that_is_not_found_fails_the_test", a_control_that_is_not_found_fails_the_test},
    {"reports_say_n_interval_and_warnings_in_text_and_json",
     reports_say_n_interval_and_warnings_in_text_and_json},
};
CHECK_MAIN("audit/detect/detect", CASES)
