#include "audit/report/report.h"

#include <math.h>
#include <string.h>

#include "audit/report/report_parts.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "test/unit/audit/report/sample_results.h"

static size_t count(const char *in, const char *what)
{
    size_t n = 0;
    for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void write(struct tm_text *page, enum sample_kind kind,
                  void (*change)(struct tm_detect_result *))
{
    struct tm_detect_result *r = sample_detect(kind);
    CHECK(r != NULL);
    if (!r)
        return;
    if (change)
        change(r);
    CHECK_INT(tm_report_page(page, &(struct tm_report){.detect = r, .command = "tm-audit report"}),
              TM_OK);
    sample_detect_free(r);
}

static void the_verdict_comes_first_with_its_warnings(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, NULL);
    const char *verdict = strstr(page.p, "<div class=\"verdict bad\">");
    const char *section = strstr(page.p, "<section");
    CHECK(verdict && section && verdict < section);
    CHECK_INT(
        count(page.p,
              "2,100 cover connections are told from 2,100 real ones: AUC 0.943 [0.923, 0.963]."),
        1);
    const char *warning = strstr(page.p, "13 connections carried no label.");
    CHECK(warning && warning < section);
    tm_text_deinit(&page);
}

static void numbers_stand_with_n_interval_null_and_floors(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, NULL);
    CHECK(count(page.p, "0.912 [0.892, 0.932]") == 2); /* picture and table */
    CHECK(count(page.p, ">0.478 to 0.527</td>") == 5);
    CHECK(count(page.p, ">0.510 [0.490, 0.530]</td>") == 1);
    CHECK(count(page.p, ">0.630 [0.610, 0.650]</td>") == 1);
    CHECK(count(page.p, "2,100 cover connections of 205 sessions against 2,100 real connections of "
                        "205 sessions") == 1);
    CHECK(count(page.p, "3 of 12 features differ at the 5 % level after Holm") == 1);
    CHECK(count(page.p, ">0.91</td>") == 1 &&
          count(page.p, ">0.11</td>") == 1); /* memorisation ratios */
    /* The first feature's row: distance, p, p by Holm, gain in the group of all. */
    CHECK(count(page.p,
                "<td>s1</td>\n<td class=\"n\">0.600</td>\n<td class=\"n\">&lt; 0.001</td>\n<td "
                "class=\"n\">&lt; 0.001</td>\n<td class=\"n\">40.0 %</td>") == 1);
    tm_text_deinit(&page);
}

static void forget_training(struct tm_detect_result *r)
{
    r->memory.is_done = false;
    r->given[TM_TRAIN] = (struct tm_detect_count){0, 0};
    for (uint32_t i = 0; i < r->n_groups; i++)
        r->groups[i].floor_r.is_done = r->groups[i].floor_rb.is_done = false;
}

static void what_was_not_run_is_said(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, forget_training);
    CHECK_INT(count(page.p, ">not run</td>"), 10);
    CHECK_INT(count(page.p, "floor R: real"), 0);
    CHECK_INT(count(page.p, "not given: no floors, no memorisation ratio"), 1);
    CHECK_INT(count(page.p, "may mean replayed connections"), 1);
    tm_text_deinit(&page);
}

static void forget_controls(struct tm_detect_result *r)
{
    r->has_controls = false;
}

static void controls_that_were_not_run_are_missed(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, NULL);
    CHECK_INT(count(page.p, "<span class=\"badge good\">passed</span>"), 3);
    tm_text_deinit(&page);
    write(&page, SAMPLE_ORDINARY, forget_controls);
    CHECK_INT(count(page.p, "The controls were not run"), 1);
    tm_text_deinit(&page);
}

static void fail_control(struct tm_detect_result *r)
{
    r->control[TM_CONTROL_NAIVE].is_passed = false;
    r->verdict = TM_DETECT_FAILED;
}

static void a_failed_control_is_shown_as_failed(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, fail_control);
    CHECK_INT(count(page.p, "<span class=\"badge bad\">failed</span>"), 1);
    CHECK_INT(count(page.p, "<div class=\"verdict bad\">"), 1);
    tm_text_deinit(&page);
}

static void assume_less(struct tm_detect_result *r)
{
    r->is_one_per_load = true;
    r->floor_us = 1000;
    r->learner = TM_TREES_FOREST;
}

static void what_the_test_assumes_is_said(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_ORDINARY, NULL);
    CHECK_INT(count(page.p, "siblings of one page load are not added up"), 1);
    CHECK_INT(count(page.p, "<dd>as captured</dd>"), 1);
    CHECK_INT(count(page.p, "boosted trees, 5 folds"), 1);
    tm_text_deinit(&page);
    write(&page, SAMPLE_ORDINARY, assume_less);
    CHECK_INT(count(page.p, "One connection of each page load"), 1);
    CHECK_INT(count(page.p, "rounded down to a multiple of 1000 \xc2\xb5s"), 1);
    CHECK_INT(count(page.p, "random forest, 5 folds"), 1);
    tm_text_deinit(&page);
}

static void hostile_names_stay_text(void)
{
    struct tm_text page = {0};
    write(&page, SAMPLE_HOSTILE, NULL);
    CHECK_INT(count(page.p, "<script"), 0);
    CHECK(count(page.p, "&lt;script&gt;") > 20);
    tm_text_deinit(&page);
}

static void workloads_stand_with_offsets_attacks_and_leaks(void)
{
    struct tm_interference_entry entries[SAMPLE_WORKLOADS];
    const struct tm_interference_report r = sample_interference(SAMPLE_ORDINARY, entries);
    struct tm_text page = {0};
    CHECK_INT(tm_report_page(&page, &(struct tm_report){.interference = &r}), TM_OK);
    CHECK_INT(count(page.p, "<div class=\"verdict good\">"), 1);
    CHECK_INT(count(page.p, "<strong>Workload web against idle</strong>"), 1);
    CHECK_INT(count(page.p, "<p>The offset sequences differ</p>"), 1);
    CHECK_INT(count(page.p, "45,678 of 45,678 equal"), 1);
    CHECK_INT(count(page.p, "45,677 of 45,678 equal"), 1);
    CHECK_INT(count(page.p, "carrier 7 up: 597 against 598"), 1);
    CHECK_INT(count(page.p, ">0.508 [0.488, 0.528]</text>"), 2 * TM_ATTACK_KINDS);
    CHECK_INT(count(page.p, ">caught</span>"), 3);
    CHECK_INT(count(page.p, ">not caught</span>"), 1);
    tm_text_deinit(&page);
}

static void classes_stand_with_confusion_and_cover(void)
{
    struct sample_classify s;
    struct tm_text page = {0};
    sample_classify(&s, SAMPLE_ORDINARY);
    CHECK_INT(tm_report_page(&page, &(struct tm_report){.classify = &s.result}), TM_OK);
    CHECK_INT(count(page.p, "98.2 % of 6,000 connections are named rightly."), 1);
    CHECK_INT(count(page.p, "98.2 % [97.2, 99.2]; the largest class alone is 33.3 %"), 1);
    CHECK_INT(count(page.p, ">1,900</text>"), 2); /* of https real, and 0.95 of 2,000 of cover */
    CHECK_INT(count(page.p, ">95.0 %</text>"), 2);
    CHECK_INT(count(page.p, "; dropped: pkt_up_mean; "), 1);
    CHECK_INT(count(page.p, ">97.0 % [96.0, 98.0]</td>"), 2); /* ssh's recall, K-means */
    CHECK_INT(count(page.p, ">0.002 / 0.021</td>"), 1);
    CHECK_INT(count(page.p, ">not run</td>"), 2);
    tm_text_deinit(&page);
}

static void correlation_stands_with_rates_and_curves(void)
{
    struct tm_correlate r;
    struct tm_text page = {0};
    sample_correlate(&r, SAMPLE_ORDINARY);
    CHECK_INT(tm_report_page(&page, &(struct tm_report){.correlate = &r}), TM_OK);
    CHECK_INT(count(page.p, "<div class=\"verdict good\">"), 1);
    CHECK_INT(count(page.p, "at most a TPR of 0.011 [0.005, 0.022] at FPR 1e-2"), 1);
    CHECK_INT(count(page.p, "24 scenes, 2400 flows, 192 carriers of 24 tunnels"), 1);
    CHECK_INT(count(page.p, "2,345 true and 16,415 other pairs; 55 flows not asked about."), 8);
    /* Three defended questions at chance with five attacks, at two rates. */
    CHECK_INT(count(page.p, ">0.011 [0.005, 0.022]</td>"), 3 * 5 * 2);
    CHECK_INT(count(page.p, ">0.910 [0.455, 1.000]</td>"), 5 * 2);
    CHECK_INT(count(page.p, ">0.970 [0.485, 1.000]</td>"), 4 * 4 * 2);
    CHECK_INT(count(page.p, "<svg"), 8);
    tm_text_deinit(&page);
}

static void a_page_without_results_says_so(void)
{
    struct tm_text page = {0};
    CHECK_INT(tm_report_page(&page, &(struct tm_report){0}), TM_OK);
    CHECK_INT(count(page.p, "The detection test was not run."), 1);
    tm_text_deinit(&page);
}

static void memory_that_runs_out_is_an_error(void)
{
    struct tm_detect_result *r = sample_detect(SAMPLE_ORDINARY);
    struct sample_classify c;
    struct tm_interference_entry entries[SAMPLE_WORKLOADS];
    const struct tm_interference_report i = sample_interference(SAMPLE_ORDINARY, entries);
    struct tm_correlate k;
    sample_classify(&c, SAMPLE_ORDINARY);
    sample_correlate(&k, SAMPLE_ORDINARY);
    CHECK(r != NULL);
    for (unsigned long n = 1; r; n++) {
        struct tm_text page = {0};
        oom_fail_after(n);
        int rc = tm_report_page(
            &page, &(struct tm_report){
                       .detect = r, .classify = &c.result, .interference = &i, .correlate = &k});
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        tm_text_deinit(&page);
        if (!oom_hit()) {
            CHECK(n > 3);
            break;
        }
    }
    sample_detect_free(r);
}

static void features_have_units(void)
{
    CHECK_INT(tm_report_unit_of("duration_ms"), TM_UNIT_MS);
    CHECK_INT(tm_report_unit_of("iat_up_ms_q50"), TM_UNIT_MS);
    CHECK_INT(tm_report_unit_of("bytes_up"), TM_UNIT_BYTES);
    CHECK_INT(tm_report_unit_of("s17"), TM_UNIT_BYTES);
    CHECK_INT(tm_report_unit_of("c100"), TM_UNIT_BYTES);
    CHECK_INT(tm_report_unit_of("conc_sd"), TM_UNIT_NONE);
    CHECK_INT(tm_report_unit_of("size_up_q50"), TM_UNIT_BYTES);
    CHECK_INT(tm_report_unit_of("size_up_unique"), TM_UNIT_NONE);
    CHECK_INT(tm_report_unit_of("burst_up_mean"), TM_UNIT_BYTES);
    CHECK_INT(tm_report_unit_of("burst_up_pkts_max"), TM_UNIT_NONE);
    CHECK_INT(tm_report_unit_of("burst_up_n"), TM_UNIT_NONE);
    CHECK_INT(tm_report_unit_of("frac_up"), TM_UNIT_SHARE);
    CHECK_INT(tm_report_unit_of("n_up"), TM_UNIT_NONE);
    CHECK_INT(tm_report_unit_of(""), TM_UNIT_NONE);
}

static void p_values_are_not_rounded_to_nothing(void)
{
    char text[TM_INTERVAL_LEN];
    CHECK_STR(tm_report_p(text, 0.0001), "< 0.001");
    CHECK_STR(tm_report_p(text, 0.0476), "0.048");
    CHECK_STR(tm_report_p(text, NAN), "n/a");
}

static const struct check_case CASES[] = {
    {"the_verdict_comes_first_with_its_warnings", the_verdict_comes_first_with_its_warnings},
    {"numbers_stand_with_n_interval_null_and_floors",
     numbers_stand_with_n_interval_null_and_floors},
    {"what_was_not_run_is_said", what_was_not_run_is_said},
    {"controls_that_were_not_run_are_missed", controls_that_were_not_run_are_missed},
    {"a_failed_control_is_shown_as_failed", a_failed_control_is_shown_as_failed},
    {"what_the_test_assumes_is_said", what_the_test_assumes_is_said},
    {"hostile_names_stay_text", hostile_names_stay_text},
    {"workloads_stand_with_offsets_attacks_and_leaks",
     workloads_stand_with_offsets_attacks_and_leaks},
    {"classes_stand_with_confusion_and_cover", classes_stand_with_confusion_and_cover},
    {"correlation_stands_with_rates_and_curves", correlation_stands_with_rates_and_curves},
    {"a_page_without_results_says_so", a_page_without_results_says_so},
    {"memory_that_runs_out_is_an_error", memory_that_runs_out_is_an_error},
    {"features_have_units", features_have_units},
    {"p_values_are_not_rounded_to_nothing", p_values_are_not_rounded_to_nothing},
};
CHECK_MAIN("report", CASES)
