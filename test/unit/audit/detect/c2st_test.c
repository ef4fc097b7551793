#include "audit/detect/c2st.h"

#include "test/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SESSIONS 40U
#define EACH     8U
#define COLS     4U

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

/* Columns of noise around a value of the session's own; `shift` is added everywhere. */
static struct tm_table table_of(uint64_t seed, double spread, double shift)
{
    struct tm_column cols[COLS] = {{"a", TM_GROUP_ALL | TM_GROUP_SIZES},
                                   {"b", TM_GROUP_ALL | TM_GROUP_TIMES},
                                   {"c", TM_GROUP_ALL | TM_GROUP_TIMES},
                                   {"d", TM_GROUP_ALL | TM_GROUP_SIZES}};
    struct tm_rng rng = rng_of(seed);
    struct tm_table t = {0};
    CHECK_INT(tm_table_init(&t, cols, COLS), TM_OK);
    for (uint32_t s = 0; s < SESSIONS; s++) {
        char name[4] = {(char)('A' + s / 26), (char)('A' + s % 26), '\0'};
        struct tm_row row = {.load = 1};
        double own[COLS];
        CHECK_INT(tm_table_name(&t, name, &row.session), TM_OK);
        for (uint32_t j = 0; j < COLS; j++)
            own[j] = spread * tm_draw_uniform(&rng);
        for (uint32_t i = 0; i < EACH; i++) {
            float *x = NULL;
            CHECK_INT(tm_table_add(&t, &row, &x), TM_OK);
            for (uint32_t j = 0; j < COLS; j++)
                x[j] = (float)(own[j] + shift + tm_draw_uniform(&rng));
        }
    }
    return t;
}

static struct tm_c2st_data join(const struct tm_table *a, const struct tm_table *b, unsigned groups)
{
    struct tm_rng rng = rng_of(7);
    struct tm_draw x = {0}, y = {0};
    struct tm_c2st_data d;
    CHECK_INT(tm_draw_rows(&x, a, false, &rng), TM_OK);
    CHECK_INT(tm_draw_rows(&y, b, false, &rng), TM_OK);
    CHECK_INT(tm_c2st_join(&d, a, &x, b, &y, groups), TM_OK);
    tm_draw_deinit(&x);
    tm_draw_deinit(&y);
    return d;
}

static struct tm_c2st_cfg cfg_of(void)
{
    struct tm_c2st_cfg cfg = {
        .trees = tm_trees_cfg_default(TM_TREES_BOOSTED), .folds = 5, .n_boot = 100};
    cfg.trees.n_trees = 30;
    return cfg;
}

static void columns_are_those_of_the_group_and_sessions_of_two_sides_differ(void)
{
    struct tm_table a = table_of(1, 1, 0), b = table_of(2, 1, 0);
    struct tm_c2st_data d = join(&a, &b, TM_GROUP_SIZES);
    CHECK_INT(d.d, 2);
    CHECK_INT(d.column[0], 0);
    CHECK_INT(d.column[1], 3);
    CHECK_INT(d.n, 2 * SESSIONS * EACH);
    CHECK_INT(d.count[0].n_sessions, SESSIONS);
    CHECK_INT(d.count[1].n_conns, SESSIONS * EACH);
    for (uint32_t i = 0; i < d.n; i++)
        CHECK_INT(d.group[i] < SESSIONS, d.label[i] == 0);
    tm_c2st_deinit(&d);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

static void a_real_difference_is_found_and_its_column_named(void)
{
    struct tm_table a = table_of(1, 0.2, 0), b = table_of(2, 0.2, 0);
    for (uint32_t i = 0; i < b.n_rows; i++)
        b.x[(size_t)i * COLS + 2] += 0.7F;
    struct tm_c2st_data d = join(&a, &b, TM_GROUP_ALL);
    struct tm_c2st_cfg cfg = cfg_of();
    struct tm_rng rng = rng_of(3);
    double gain[COLS];
    struct tm_c2st_result r = {.gain = gain};
    CHECK_INT(tm_c2st(&r, &cfg, &d, &rng, NULL), TM_OK);
    CHECK(r.auc.value > 0.9);
    CHECK(r.auc.low > 0.8 && r.auc.high >= r.auc.value);
    CHECK(gain[2] > 0.5);
    CHECK(r.tpr[0] <= r.tpr[50] && r.tpr[50] > 0.8);
    CHECK(r.tpr[100] > 0.999);
    tm_c2st_deinit(&d);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

/* Sessions with a strong character, no difference between the sides: a test whose folds part siblings finds one. */
static void siblings_are_not_taken_for_a_difference(void)
{
    struct tm_table a = table_of(11, 8, 0), b = table_of(12, 8, 0);
    struct tm_c2st_data d = join(&a, &b, TM_GROUP_ALL);
    struct tm_c2st_cfg cfg = cfg_of();
    struct tm_rng rng = rng_of(3);
    struct tm_c2st_result by_session = {.gain = NULL}, by_connection = {.gain = NULL};
    CHECK_INT(tm_c2st(&by_session, &cfg, &d, &rng, NULL), TM_OK);
    for (uint32_t i = 0; i < d.n; i++)
        d.group[i] = i;
    CHECK_INT(tm_c2st(&by_connection, &cfg, &d, &rng, NULL), TM_OK);
    CHECK(by_session.auc.value < 0.65);
    CHECK(by_connection.auc.value > 0.8);
    tm_c2st_deinit(&d);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

static void permuted_sessions_are_at_chance_even_when_sides_differ(void)
{
    struct tm_table a = table_of(1, 0.5, 0), b = table_of(2, 0.5, 1);
    struct tm_c2st_data d = join(&a, &b, TM_GROUP_ALL);
    struct tm_c2st_cfg cfg = cfg_of();
    double sum = 0;
    for (uint64_t k = 0; k < 6; k++) {
        struct tm_rng rng = rng_of(100 + k);
        struct tm_interval auc;
        CHECK_INT(tm_c2st_permuted(&auc, &cfg, &d, &rng, NULL), TM_OK);
        CHECK(auc.low < auc.value && auc.value < auc.high);
        sum += auc.value / 6;
    }
    CHECK(fabs(sum - 0.5) < 0.08);
    tm_c2st_deinit(&d);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

static void fewer_sessions_than_folds_is_an_error(void)
{
    struct tm_table a = table_of(1, 1, 0), b = table_of(2, 1, 0);
    struct tm_c2st_data d = join(&a, &b, TM_GROUP_ALL);
    struct tm_c2st_cfg cfg = cfg_of();
    struct tm_rng rng = rng_of(3);
    struct tm_c2st_result r = {.gain = NULL};
    struct tm_msg msg = {""};
    for (uint32_t i = 0; i < d.n; i++)
        d.group[i] = d.label[i] ? 10 + i % 3 : i % 5;
    CHECK_INT(tm_c2st(&r, &cfg, &d, &rng, &msg), TM_ERR_RANGE);
    CHECK(msg.text[0] != '\0');
    tm_c2st_deinit(&d);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

static void the_null_is_summed_up(void)
{
    struct tm_interval v[] = {{0.52, 0.48, 0.56}, {0.48, 0.44, 0.52}, {0.5, 0.44, 0.56}};
    struct tm_detect_null null;
    tm_c2st_null(&null, v, 3, 0.51);
    CHECK_INT(null.n, 3);
    CHECK(fabs(null.mean - 0.5) < 1e-12);
    CHECK(fabs(null.sd - 0.02) < 1e-12);
    CHECK(fabs(null.half - 0.14 / 3) < 1e-12);
    CHECK(fabs(null.p - 0.5) < 1e-12);
    CHECK(fabs(null.z - 0.5) < 1e-9);
    CHECK(fabs(null.low - 0.48) < 1e-12 && fabs(null.high - 0.52) < 1e-12);
    tm_c2st_null(&null, v, 0, 0.51);
    CHECK_INT(null.n, 0);
}

/* A recording of n sessions with 1 to 6 times `times` connections each: sessions keep one of three paths and have a character,
 * and connections of large sessions differ from those of small ones. */
static struct tm_table recording(struct tm_rng *rng, uint32_t n, uint32_t times)
{
    struct tm_column cols[3] = {
        {"path", TM_GROUP_ALL}, {"character", TM_GROUP_ALL}, {"size", TM_GROUP_ALL}};
    struct tm_table t = {0};
    CHECK_INT(tm_table_init(&t, cols, 3), TM_OK);
    for (uint32_t s = 0; s < n; s++) {
        char name[16];
        struct tm_row row = {.load = 1};
        double share = tm_draw_uniform(rng);
        uint32_t path = tm_draw_below(rng, 3);
        double own = tm_draw_uniform(rng);
        (void)snprintf(name, sizeof name, "%u", s);
        CHECK_INT(tm_table_name(&t, name, &row.session), TM_OK);
        for (uint32_t i = 0; i < times * (1 + (uint32_t)(share * 6)); i++) {
            float *x = NULL;
            CHECK_INT(tm_table_add(&t, &row, &x), TM_OK);
            x[0] = (float)path;
            x[1] = (float)(own + 0.3 * tm_draw_uniform(rng));
            x[2] = (float)(share + 0.5 * tm_draw_uniform(rng));
        }
    }
    return t;
}

struct mean {
    double value, error;
};

/* 60 pairs of recordings of one population, the second with `times` as many connections, cut to as many as the first has. */
static struct mean mean_auc(uint32_t times)
{
    enum { ROUNDS = 60 };
    struct tm_c2st_cfg cfg = cfg_of();
    struct tm_rng rng = rng_of(31);
    double sum = 0, square = 0;
    cfg.trees.n_trees = 20;
    for (int k = 0; k < ROUNDS; k++) {
        struct tm_table a = recording(&rng, 60, 1), b = recording(&rng, 60, times);
        struct tm_draw x = {0}, y = {0};
        struct tm_c2st_data d;
        struct tm_c2st_result r = {.gain = NULL};
        CHECK_INT(tm_draw_rows(&x, &a, false, &rng), TM_OK);
        CHECK_INT(tm_draw_rows(&y, &b, false, &rng), TM_OK);
        tm_draw_cut(&y, &b, x.n);
        tm_draw_cut(&x, &a, y.n);
        CHECK_INT(tm_c2st_join(&d, &a, &x, &b, &y, TM_GROUP_ALL), TM_OK);
        CHECK_INT(d.count[0].n_conns, d.count[1].n_conns);
        CHECK(d.count[1].n_sessions > 50);
        CHECK_INT(tm_c2st(&r, &cfg, &d, &rng, NULL), TM_OK);
        sum += r.auc.value;
        square += r.auc.value * r.auc.value;
        tm_c2st_deinit(&d);
        tm_draw_deinit(&x);
        tm_draw_deinit(&y);
        tm_table_deinit(&a);
        tm_table_deinit(&b);
    }
    double mean = sum / ROUNDS;
    return (struct mean){mean, sqrt((square / ROUNDS - mean * mean) / ROUNDS)};
}

/* Over 1500 pairs: 0.513 whole, 0.510 cut, 0.002 either way; 0.50 both when size and session have nothing to do with each other. */
static void a_recording_that_was_cut_is_at_chance_against_another(void)
{
    struct mean whole = mean_auc(1), cut = mean_auc(3);
    printf("AUC of two recordings of one population: whole %.3f +- %.3f, one cut to a third %.3f "
           "+- %.3f\n",
           whole.value, whole.error, cut.value, cut.error);
    CHECK(cut.error < 0.015);
    CHECK(fabs(cut.value - 0.5) < 0.04);
    CHECK(fabs(cut.value - whole.value) < 3.3 * hypot(cut.error, whole.error));
}

static const struct check_case CASES[] = {
    {"columns_are_those_of_the_group_and_sessions_of_two_sides_differ",
     columns_are_those_of_the_group_and_sessions_of_two_sides_differ},
    {"a_real_difference_is_found_and_its_column_named",
     a_real_difference_is_found_and_its_column_named},
    {"siblings_are_not_taken_for_a_difference", siblings_are_not_taken_for_a_difference},
    {"permuted_sessions_are_at_chance_even_when_sides_differ",
     permuted_sessions_are_at_chance_even_when_sides_differ},
    {"fewer_sessions_than_folds_is_an_error", fewer_sessions_than_folds_is_an_error},
    {"the_null_is_summed_up", the_null_is_summed_up},
    {"a_recording_that_was_cut_is_at_chance_against_another",
     a_recording_that_was_cut_is_at_chance_against_another},
};
CHECK_MAIN("audit/detect/c2st", CASES)
