/* Whole attacks on made visits: what is told, what is not, and what is refused. */
#include "audit/wf/wf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/wf/story.h"

#define PAGES 6U
#define LOADS 10U

static struct tm_wf_cfg quick(void)
{
    struct tm_wf_cfg cfg = tm_wf_cfg_default();
    cfg.folds = 2;
    cfg.effort = (struct tm_wf_effort){.n_trees = 40, .n_epochs = 50};
    return cfg;
}

static int run(struct tm_wf_found *out, const struct tm_wf_cfg *cfg, enum story_wire wire,
               uint32_t n_other, uint64_t seed)
{
    struct tm_trace_set set = {0};
    struct tm_wf_sample s = {0};
    struct tm_msg msg = {""};
    story_visits(&set, wire, PAGES, LOADS, n_other, seed);
    CHECK_INT(tm_wf_sample_of(&s, &set), TM_OK);
    int rc = tm_wf_run(out, cfg, &s, "wire", &msg);
    if (rc != TM_OK)
        printf("%s\n", msg.text);
    tm_wf_sample_deinit(&s);
    tm_trace_set_deinit(&set);
    return rc;
}

static void every_attack_tells_plain_pages(void)
{
    const struct tm_wf_cfg cfg = quick();
    struct tm_wf_found f;
    CHECK_INT(run(&f, &cfg, STORY_PLAIN, 0, 1), TM_OK);
    CHECK_INT(f.n_pages, PAGES);
    CHECK_INT(f.n_watched, PAGES * LOADS);
    CHECK(!f.has_open && fabs(f.chance - 1.0 / PAGES) < 1e-9);
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++) {
        printf("%s: %u of %u\n", tm_wf_attack_name((enum tm_wf_attack)a), f.closed[a].hits,
               f.closed[a].n);
        CHECK(f.closed[a].accuracy.value >= 5 * f.chance);
        CHECK(f.closed[a].accuracy.low > f.chance && f.closed[a].p < 1e-9);
    }
    CHECK_INT(tm_wf_judge(&cfg, &f, NULL), TM_WF_TOLD);
}

/* 60 guesses at a sixth: 10, standard deviation 2.9; the limit for four attacks at 1 % is 18 and more. */
static void no_attack_tells_pages_by_labels_that_mean_nothing(void)
{
    const struct tm_wf_cfg cfg = quick();
    struct tm_wf_found plain;
    for (enum story_wire wire = STORY_CHANCE; wire <= STORY_COVER; wire++) {
        struct tm_wf_found f;
        CHECK_INT(run(&f, &cfg, wire, 0, 2), TM_OK);
        CHECK(f.limit >= 18 && f.limit <= 21);
        for (unsigned a = 0; a < TM_WF_ATTACKS; a++)
            CHECK(f.closed[a].hits < f.limit);
        CHECK_INT(tm_wf_judge(&cfg, &f, NULL), TM_WF_NO_CONTROL);
        CHECK_INT(tm_wf_judge(&cfg, &f, &f), TM_WF_CONTROL_MISS);
        plain = f;
        plain.closed[TM_WF_SVM].hits = 55;
        plain.closed[TM_WF_SVM].accuracy.value = 55.0 / 60;
        CHECK_INT(tm_wf_judge(&cfg, &f, &plain), TM_WF_CHANCE);
    }
}

static void other_pages_are_told_from_watched_ones(void)
{
    struct tm_wf_cfg cfg = quick();
    struct tm_wf_found f;
    cfg.has[TM_WF_NETWORK] = false;
    CHECK_INT(run(&f, &cfg, STORY_PLAIN, 30, 3), TM_OK);
    CHECK(f.has_open);
    CHECK_INT(f.n_other, 30);
    const struct tm_wf_open *leaves = &f.open[TM_WF_LEAVES];
    const struct tm_wf_open *forest = &f.open[TM_WF_FOREST];
    CHECK_INT(leaves->n_watched, PAGES * LOADS);
    CHECK_INT(leaves->n_other, 30);
    CHECK(forest->right.value > 0.7 && forest->alarm.value < 0.5);
    /* Unanimity names fewer, and fewer wrongly. */
    CHECK(leaves->right.value <= forest->right.value);
    CHECK(leaves->alarm.value <= forest->alarm.value);
    double right = 0.05 * forest->right.value;
    double all = right + 0.05 * forest->wrong.value + 0.95 * forest->alarm.value;
    CHECK(fabs(forest->precision - right / all) < 1e-9);
}

static void same_seed_same_findings(void)
{
    struct tm_wf_cfg cfg = quick();
    static struct tm_wf_found f[2];
    cfg.has[TM_WF_NETWORK] = false; /* has a test of its own */
    for (int i = 0; i < 2; i++)
        CHECK_INT(run(&f[i], &cfg, STORY_CHANCE, 0, 4), TM_OK);
    CHECK_MEM(f[0].closed, f[1].closed, sizeof f[0].closed);
}

static void too_little_is_refused(void)
{
    const struct tm_wf_cfg cfg = tm_wf_cfg_default();
    const struct {
        uint32_t n_pages, loads, n_other;
        const char *says;
    } WHICH[] = {{1, 10, 5, "one watched page only"},
                 {0, 0, 5, "no watched page"},
                 {3, 4, 0, "wire: too few visits: 4 of page \"page 0\"; at least 5"}};
    for (int i = 0; i < 3; i++) {
        struct tm_trace_set set = {0};
        struct tm_wf_sample s = {0};
        struct tm_wf_found f;
        struct tm_msg msg = {""};
        story_visits(&set, STORY_PLAIN, WHICH[i].n_pages, WHICH[i].loads, WHICH[i].n_other, 5);
        CHECK_INT(tm_wf_sample_of(&s, &set), TM_OK);
        CHECK_INT(tm_wf_run(&f, &cfg, &s, "wire", &msg), TM_ERR_RANGE);
        CHECK(strstr(msg.text, WHICH[i].says) != NULL);
        tm_wf_sample_deinit(&s);
        tm_trace_set_deinit(&set);
    }
}

static const struct check_case CASES[] = {
    {"every_attack_tells_plain_pages", every_attack_tells_plain_pages},
    {"no_attack_tells_pages_by_labels_that_mean_nothing",
     no_attack_tells_pages_by_labels_that_mean_nothing},
    {"other_pages_are_told_from_watched_ones", other_pages_are_told_from_watched_ones},
    {"same_seed_same_findings", same_seed_same_findings},
    {"too_little_is_refused", too_little_is_refused},
};
CHECK_MAIN("website fingerprinting", CASES)
