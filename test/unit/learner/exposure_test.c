#include "learner/exposure.h"

#include <math.h>
#include <string.h>

#include "test/support/check.h"

static void a_rare_value_is_found(void)
{
    struct tm_run run[] = {{100, 8}, {777, 2}, {901, 1}};
    struct tm_runs train = {run, 3};
    struct tm_dist d;
    struct tm_recall r;
    const struct tm_dist_point pt[] = {{100, 10}, {500, 12}, {777, 20}};
    CHECK_INT(tm_dist_set(&d, pt, 3), TM_OK);
    tm_recall(&d, 8, &train, NULL, &r);
    CHECK_INT(r.n_values, 3);
    CHECK_INT(r.n_rare, 1);                  /* 777; nobody had 500, and 901 is not drawn */
    CHECK(fabs(r.rare_share - 0.1) < 1e-12); /* 2 observed of 8 draws, of 20 */
    CHECK_INT(r.n_few, 1);                   /* 500, two draws */
    CHECK(r.chance_share == 0);
    CHECK(fabs(r.share_error - 0.1) < 1e-12); /* one value with its 2 draws */
    tm_dist_deinit(&d);
}

static void chance_is_what_is_rare_elsewhere(void)
{
    struct tm_run seen[] = {{777, 8}};
    struct tm_run other[] = {
        {100, 1}, {500, 8}, {777, 1}}; /* 777 is no chance, training has it often */
    struct tm_runs train = {seen, 1};
    struct tm_runs heldout = {other, 3};
    struct tm_dist d;
    struct tm_recall r;
    const struct tm_dist_point pt[] = {{100, 10}, {500, 12}, {777, 20}};
    CHECK_INT(tm_dist_set(&d, pt, 3), TM_OK);
    tm_recall(&d, 8, &train, &heldout, &r);
    CHECK(fabs(r.chance_share - 0.05) < 1e-12); /* 100 once, of 20 */
    CHECK_INT(r.n_chance, 1);
    CHECK_INT(r.n_rare, 0);
    CHECK_INT(r.n_few, 1);
    tm_dist_deinit(&d);
}

/* A connection of exchanges (request, response). */
static void add_conn(struct tm_near_set *set, const uint32_t *size, uint32_t n_pairs)
{
    struct tm_pair pair[8];
    struct tm_pair_pool pool = {.pair = pair, .n_pairs = n_pairs, .cap_pairs = 8};
    struct tm_conn c = {.first_pair = 0, .n_pairs = n_pairs};
    for (uint32_t i = 0; i < n_pairs; i++) {
        pair[i] = (struct tm_pair){size[2 * i], size[2 * i + 1], TM_PAIR_NONE, TM_PAIR_NONE,
                                   i + 1 < n_pairs ? i + 1 : TM_PAIR_NONE};
    }
    CHECK_INT(tm_near_add_record(set, &c, &pool), TM_OK);
}

static void a_plan_and_a_connection_of_equal_sizes_are_one_point(void)
{
    struct tm_near_set set = {0};
    struct tm_plan plan = {0};
    add_conn(&set, (const uint32_t[]){300, 4000, 90, 7}, 2);
    static const struct tm_write w[] = {{300, 0, TM_UP, 0},
                                        {1000, 0, TM_DOWN, 1},
                                        {3000, 50, TM_DOWN, 1}, /* the response in two writes */
                                        {90, 0, TM_UP, 1},
                                        {7, 0, TM_DOWN, 1}};
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        CHECK_INT(tm_plan_add(&plan, w[i]), TM_OK);
    CHECK_INT(tm_near_add_plan(&set, &plan), TM_OK);
    CHECK_MEM(&set.v[0], &set.v[1], offsetof(struct tm_near_point, first));
    CHECK_INT(set.v[0].n_objects, 4);
    CHECK_INT(set.v[1].n_objects, 4);
    CHECK(fabsf(set.v[0].x[0] - log2f(391)) < 1e-5F);
    CHECK(fabsf(set.v[0].x[1] - log2f(4008)) < 1e-5F);
    CHECK(fabsf(set.v[0].x[7] - log2f(4001)) < 1e-5F);
    tm_plan_deinit(&plan);
    tm_near_deinit(&set);
}

/* 200 connections whose requests have sizes of their own. */
static void fill(struct tm_near_set *set, uint32_t from, uint32_t step)
{
    for (uint32_t i = 0; i < 200; i++)
        add_conn(set, (const uint32_t[]){from + step * i, 1000}, 1);
}

static void copies_of_training_connections_are_nearer_than_held_out_ones(void)
{
    struct tm_near_set train = {0};
    struct tm_near_set heldout = {0};
    struct tm_near out;
    fill(&train, 100, 30);
    fill(&heldout, 107, 30);
    CHECK_INT(tm_near_compare(&train, &heldout, &train, &out), TM_OK);
    CHECK(out.median[TM_NEAR_DRAWN] == 0);
    CHECK(out.median[TM_NEAR_HELDOUT] > 0);
    CHECK(out.copy_share[TM_NEAR_DRAWN] == 1);
    CHECK(out.copy_share[TM_NEAR_HELDOUT] == 0);
    CHECK_INT(tm_near_compare(&train, &heldout, &heldout, &out), TM_OK);
    CHECK(out.median[TM_NEAR_DRAWN] == out.median[TM_NEAR_HELDOUT]);
    CHECK(out.q05[TM_NEAR_DRAWN] == out.q05[TM_NEAR_HELDOUT]);
    tm_near_deinit(&train);
    tm_near_deinit(&heldout);
}

/* Training: (1,2) (3,4) (5,6), and (7,8) in another connection. */
static void stretches_are_found_and_do_not_cross_connections(void)
{
    struct tm_near_set train = {0};
    struct tm_near_set set = {0};
    double share = -1;
    add_conn(&train, (const uint32_t[]){1, 2, 3, 4, 5, 6}, 3);
    add_conn(&train, (const uint32_t[]){7, 8}, 1);
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(share == 0);
    add_conn(&set, (const uint32_t[]){9, 9, 3, 4, 5, 6}, 3);
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(fabs(share - 4.0 / 6) < 1e-12);
    tm_near_deinit(&set);
    add_conn(&set, (const uint32_t[]){5, 6, 7, 8}, 2);
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(fabs(share - 0.5) < 1e-12);
    tm_near_deinit(&set);
    add_conn(&set, (const uint32_t[]){2, 1}, 1); /* the sizes, but the other way */
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(share == 0);
    add_conn(&set, (const uint32_t[]){1, 2, 3, 4, 5, 6}, 3);
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(fabs(share - 0.5) < 1e-12);
    tm_near_deinit(&set);
    tm_near_deinit(&train);
}

/* Against the plain way: every pair of places compared. */
static void stretches_agree_with_the_plain_search(void)
{
    struct tm_near_set train = {0};
    struct tm_near_set set = {0};
    uint64_t seed = 5;
    double want = 0;
    double share = 0;
    for (uint32_t c = 0; c < 60; c++) {
        uint32_t size[12];
        for (size_t i = 0; i < 12; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size[i] = 1 + (uint32_t)(seed >> 33) % 3;
        }
        add_conn(c % 2 == 0 ? &train : &set, size, 1 + c % 6);
    }
    for (size_t c = 0; c < set.n; c++) {
        size_t longest = 0;
        for (size_t k = 0; k < set.v[c].n_objects; k++) {
            for (size_t i = 0; i < train.n_objects; i++) {
                const uint64_t *a = train.object + i;
                const uint64_t *b = set.object + set.v[c].first + k;
                size_t len = 0;
                while (a[len] != 0 && a[len] == b[len])
                    len++;
                longest = len > longest ? len : longest;
            }
        }
        want += (double)longest / (double)set.v[c].n_objects / (double)set.n;
    }
    CHECK_INT(tm_near_stretch(&train, &set, &share), TM_OK);
    CHECK(want > 0.3 && want < 1);
    CHECK(fabs(share - want) < 1e-9);
    tm_near_deinit(&set);
    tm_near_deinit(&train);
}

static void nothing_to_compare_is_said(void)
{
    struct tm_near_set none = {0};
    struct tm_near out;
    CHECK_INT(tm_near_compare(&none, &none, &none, &out), TM_ERR_RANGE);
}

/* A model whose connections are the training ones: one exchange, the user's own sizes. */
static void make_model(struct tm_model *m, const struct tm_dist_point *req, size_t n)
{
    *m = (struct tm_model){.kind = TM_MODEL_SWING, .name = "own"};
    const struct tm_dist_point one = {1, 100};
    const struct tm_dist_point rsp = {1000, 100};
    CHECK_INT(tm_dist_set(&m->u.swing.param[TM_SWING_NUM_PAIRS], &one, 1), TM_OK);
    CHECK_INT(tm_dist_set(&m->u.swing.param[TM_SWING_REQ], req, n), TM_OK);
    CHECK_INT(tm_dist_set(&m->u.swing.param[TM_SWING_RSP], &rsp, 1), TM_OK);
}

static void a_model_that_repeats_its_training_capture_is_over_every_limit(void)
{
    struct tm_model m;
    struct tm_exposure x;
    struct tm_exposure_side train = {0};
    struct tm_exposure_side heldout = {0};
    struct tm_exposure_cfg cfg = tm_exposure_cfg_default();
    struct tm_dist_point req[200];
    for (uint32_t i = 0; i < 200; i++) {
        req[i] = (struct tm_dist_point){100 + 30 * i, i + 1};
        CHECK_INT(tm_samples_add(&train.samples, TM_SWING_REQ, 100 + 30 * i), TM_OK);
    }
    fill(&train.points, 100, 30);
    fill(&heldout.points, 107, 30);
    make_model(&m, req, 200);
    CHECK_INT(tm_exposure(&m, &cfg, &train, &heldout, &x), TM_OK);
    CHECK(!x.few_ok && !x.draws_ok && !x.values_ok && !x.ratio_ok && !x.copies_ok && !x.stretch_ok);
    CHECK_INT(x.draws_of, TM_SWING_REQ);
    CHECK(fabs(x.worst_draws - (1 - 2 / sqrt(200))) < 1e-12);
    CHECK(fabs(x.worst_values - (1 - 2 / sqrt(200))) < 1e-12);
    CHECK(x.ratio == 0);
    CHECK_INT(tm_exposure(&m, &cfg, &train, NULL, &x), TM_OK);
    CHECK(!x.few_ok && !x.draws_ok && x.values_ok && x.ratio_ok && x.copies_ok && !x.has_near);
    tm_model_deinit(&m);
    tm_exposure_side_deinit(&train);
    tm_exposure_side_deinit(&heldout);
}

static void a_model_of_means_is_within_the_limits(void)
{
    struct tm_model m;
    struct tm_exposure x;
    struct tm_exposure_side train = {0};
    struct tm_exposure_side heldout = {0};
    struct tm_exposure_cfg cfg = tm_exposure_cfg_default();
    struct tm_dist_point req[25];
    for (uint32_t i = 0; i < 200; i++) {
        CHECK_INT(tm_samples_add(&train.samples, TM_SWING_REQ, 100 + 30 * i), TM_OK);
        req[i / 8] = (struct tm_dist_point){100 + 30 * (i / 8 * 8) + 105, i + 1};
    }
    fill(&train.points, 100, 30);
    fill(&heldout.points, 107, 30);
    make_model(&m, req, 25);
    CHECK_INT(tm_exposure(&m, &cfg, &train, &heldout, &x), TM_OK);
    CHECK(x.few_ok && x.draws_ok && x.values_ok && x.ratio_ok && x.copies_ok);
    CHECK(x.ratio > 1);
    tm_model_deinit(&m);
    tm_exposure_side_deinit(&train);
    tm_exposure_side_deinit(&heldout);
}

static const struct check_case cases[] = {
    {"a_rare_value_is_found", a_rare_value_is_found},
    {"chance_is_what_is_rare_elsewhere", chance_is_what_is_rare_elsewhere},
    {"a_plan_and_a_connection_of_equal_sizes_are_one_point",
     a_plan_and_a_connection_of_equal_sizes_are_one_point},
    {"copies_of_training_connections_are_nearer_than_held_out_ones",
     copies_of_training_connections_are_nearer_than_held_out_ones},
    {"stretches_are_found_and_do_not_cross_connections",
     stretches_are_found_and_do_not_cross_connections},
    {"stretches_agree_with_the_plain_search", stretches_agree_with_the_plain_search},
    {"nothing_to_compare_is_said", nothing_to_compare_is_said},
    {"a_model_that_repeats_its_training_capture_is_over_every_limit",
     a_model_that_repeats_its_training_capture_is_over_every_limit},
    {"a_model_of_means_is_within_the_limits", a_model_of_means_is_within_the_limits},
};
CHECK_MAIN("exposure", cases)
