/* Features of a connection that can be worked out by hand. */
#include "audit/features/features.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/features/wire.h"

#define ALL_COLS 331U

static struct wire w;
static struct tm_trace_set set;
static struct tm_table table;

/* The columns of one connection. */
static void features_of(const struct tm_features_cfg *cfg)
{
    set = wire_traces(&w, NULL, 0);
    CHECK_INT(tm_features_columns(&table, cfg), TM_OK);
    CHECK_INT(tm_features_add(&table, cfg, &set), TM_OK);
}

static void start(void)
{
    memset(&w, 0, sizeof w);
}

static void end(void)
{
    tm_trace_set_deinit(&set);
    tm_table_deinit(&table);
}

static float value(uint32_t row, const char *name)
{
    for (uint32_t c = 0; c < table.n_cols; c++) {
        if (strcmp(table.cols[c].name, name) == 0)
            return tm_table_x(&table, row)[c];
    }
    CHECK_STR("no column", name);
    return -1e30F;
}

/* NAN as `want`: must be missing. */
static void check_value(const char *name, double want)
{
    double got = (double)value(0, name);
    bool ok = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-5 * fmax(1, fabs(want));
    char text[64];
    (void)snprintf(text, sizeof text, "%s is %g, wanted %g", name, got, want);
    if (!ok)
        CHECK_STR(text, "the wanted");
    CHECK(ok);
}

static void poster_five_are_the_papers(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_POSTER, .floor_us = 1000};
    start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    features_of(&cfg);
    CHECK_INT(table.n_cols, 5);
    check_value("pkt_up_mean", 300);
    check_value("pkt_down_mean", 2300.0 / 3);
    check_value("bytes_up", 600);
    check_value("bytes_down", 2300);
    check_value("duration_ms", 2021);
    end();
}

static void sizes_of_the_dialogue(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_SIZES};
    start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    features_of(&cfg);
    const struct {
        const char *name;
        double want;
    } T[] = {
        {"n_up", 2},
        {"n_down", 3},
        {"frac_up", 0.4},
        {"s1", 500},
        {"s2", -1400},
        {"s5", -300},
        {"s6", NAN},
        {"z1", -300},
        {"z5", 500},
        {"z6", NAN},
        {"n_up_first30", 2},
        {"order_up_1", 0},
        {"order_up_2", 3},
        {"order_up_3", NAN},
        {"order_up_mean", 1.5},
        {"order_down_sd", 1.2472191},
        {"conc_mean", 2},
        {"conc_max", 2},
        {"size_up_q50", 300},
        {"size_up_q10", 140},
        {"size_up_sd", 200},
        {"size_down_min", 300},
        {"size_down_max", 1400},
        {"size_down_unique", 1},
        {"burst_up_n", 2},
        {"burst_up_mean", 300},
        {"burst_up_max", 500},
        {"burst_down_n", 2},
        {"burst_down_mean", 1150},
        {"burst_down_max", 2000},
        {"burst_down_pkts_mean", 1.5},
        {"burst_down_pkts_max", 2},
        {"b1", 500},
        {"b2", -2000},
        {"b3", 100},
        {"b4", -300},
        {"b5", NAN},
    };
    for (size_t i = 0; i < sizeof T / sizeof *T; i++)
        check_value(T[i].name, T[i].want);
    end();
}

static void long_connections_have_ends_and_runs_of_twenty(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_SIZES};
    start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    for (unsigned i = 0; i < 50; i++) /* 10 up, 25 down, 15 up */
        wire_send(&w, &c, 100000 + i, i >= 10 && i < 35 ? TM_DOWN : TM_UP, 100 + i);
    features_of(&cfg);
    check_value("n_up_first30", 10);
    check_value("n_up_last30", 15);
    check_value("z1", 149);
    check_value("z10", 140);
    check_value("s30", -129);
    check_value("order_up_11", 35);
    check_value("conc_mean", 25.0 / 3);
    check_value("conc_min", 5);
    check_value("conc_max", 10);
    end();
}

static void times_of_the_dialogue(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_TIMES};
    start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    features_of(&cfg);
    const struct {
        const char *name;
        double want;
    } T[] = {
        {"duration_ms", 2021},
        {"gap1_ms", 21},
        {"gap2_ms", 29},
        {"gap3_ms", 1},
        {"gap4_ms", 949},
        {"gap5_ms", 40},
        {"gap6_ms", NAN},
        {"tail_ms", 981},
        {"iat_ms_mean", 1019.0 / 4},
        {"iat_ms_max", 949},
        {"iat_ms_q50", 34.5},
        {"iat_up_ms_q50", 979},
        {"iat_up_ms_sd", 0},
        {"iat_down_ms_mean", 495},
        {"at_ms_q50", 51},
        {"at_up_ms_q25", 21 + 979.0 / 4},
        {"at_down_ms_q75", (51 + 1040) / 2.0},
        {"think_ms_q50", 949},
        {"think_ms_sd", 0},
        {"serve_ms_mean", 34.5},
        {"serve_ms_max", 40},
        {"pps_mean", 5.0 / 3},
        {"pps_max", 3},
        {"pps_q50", 2},
        {"pps_sd", 1.2472191},
    };
    for (size_t i = 0; i < sizeof T / sizeof *T; i++)
        check_value(T[i].name, T[i].want);
    end();
}

static void empty_seconds_count_in_the_rate(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_TIMES};
    start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    for (int i = 0; i < 10; i++)
        wire_send(&w, &c, 3500000 + i, TM_UP, 10);
    wire_send(&w, &c, 9500000, TM_DOWN, 10);
    features_of(&cfg);
    check_value("pps_mean", 1.1);
    check_value("pps_max", 10);
    check_value("pps_q75", 0);
    check_value("pps_q90", 1.9);
    end();
}

/* The definition, followed literally on a fine grid. */
static void cumul_points_lie_on_the_curve(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_CUMUL};
    const double size[] = {500, -1400, -600, 100, -300};
    start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    features_of(&cfg);
    CHECK_INT(table.n_cols, 104);
    check_value("bytes_up", 600);
    check_value("n_down", 3);
    for (unsigned k = 1; k <= 100; k++) {
        char name[8];
        double left = 2900.0 * k / 100;
        double at = 0;
        for (size_t i = 0; i < 5 && left > 0; i++) {
            double part = fmin(left, fabs(size[i]));
            at += size[i] > 0 ? part : -part;
            left -= part;
        }
        (void)snprintf(name, sizeof name, "c%u", k);
        check_value(name, at);
    }
    end();
}

static void tam_counts_packets_in_slots(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_TAM};
    start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    wire_send(&w, &c, 200000000, TM_DOWN, 1); /* behind the matrix' end */
    features_of(&cfg);
    CHECK_INT(table.n_cols, 2 * TM_TAM_SLOTS);
    check_value("tam_up_0", 1);
    check_value("tam_up_22", 1); /* 1.000 s */
    check_value("tam_down_1", 2);
    check_value("tam_down_23", 1);
    check_value("tam_down_1799", 1);
    double sum = 0;
    for (uint32_t i = 0; i < table.n_cols; i++)
        sum += (double)tm_table_x(&table, 0)[i];
    CHECK_INT(sum, 6);
    end();
}

static void times_are_rounded_down_on_the_clock_of_the_capture(void)
{
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_TIMES, .floor_us = 1000};
    start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 700); /* 0.7 ms behind a full millisecond */
    wire_send(&w, &c, 21900, TM_UP, 10);
    wire_send(&w, &c, 22100, TM_DOWN, 10);
    features_of(&cfg);
    check_value("gap1_ms", 21);
    check_value("gap2_ms", 1);
    check_value("duration_ms", 22);
    end();
}

static void columns_are_those_of_the_groups(void)
{
    const struct tm_features_cfg all = {.groups = 0};
    const struct tm_features_cfg named = {.groups = TM_GROUP_ALL};
    const struct tm_features_cfg every = {.groups = (1U << TM_FEATURE_GROUPS) - 1};
    struct tm_table t[3];
    CHECK_INT(tm_features_columns(&t[0], &all), TM_OK);
    CHECK_INT(tm_features_columns(&t[1], &named), TM_OK);
    CHECK_INT(tm_features_columns(&t[2], &every), TM_OK);
    CHECK_INT(t[0].n_cols, ALL_COLS);
    CHECK_INT(t[1].n_cols, ALL_COLS);
    CHECK_INT(t[2].n_cols, ALL_COLS + 2 * TM_TAM_SLOTS);
    for (uint32_t i = 0; i < t[2].n_cols; i++) {
        bool is_tam = strncmp(t[2].cols[i].name, "tam_", 4) == 0;
        CHECK_INT(t[2].cols[i].groups == TM_GROUP_TAM, is_tam);
        CHECK_INT((t[2].cols[i].groups & TM_GROUP_ALL) != 0, !is_tam);
    }
    for (uint32_t i = 0; i < ALL_COLS; i++) {
        bool is_time =
            strstr(t[0].cols[i].name, "_ms") || strncmp(t[0].cols[i].name, "pps_", 4) == 0;
        CHECK_INT((t[0].cols[i].groups & TM_GROUP_TIMES) != 0, is_time);
        for (uint32_t k = 0; k < i; k++)
            CHECK(strcmp(t[0].cols[i].name, t[0].cols[k].name) != 0);
    }
    for (int i = 0; i < 3; i++)
        tm_table_deinit(&t[i]);
}

/* What is not there is NaN, and counts are 0: never a stray number. */
static void connection_without_payload_has_only_counts(void)
{
    const struct tm_features_cfg cfg = {0};
    start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    features_of(&cfg);
    CHECK_INT(table.n_rows, 1);
    check_value("n_up", 0);
    check_value("bytes_down", 0);
    check_value("burst_up_n", 0);
    check_value("pps_mean", 0);
    check_value("duration_ms", 21);
    check_value("frac_up", NAN);
    check_value("pkt_up_mean", NAN);
    check_value("c100", NAN);
    check_value("iat_ms_q50", NAN);
    check_value("tail_ms", NAN);
    check_value("conc_mean", NAN);
    for (uint32_t i = 0; i < table.n_cols; i++)
        CHECK(!isinf(tm_table_x(&table, 0)[i]));
    end();
}

static void one_and_many_rows_are_the_same(void)
{
    const struct tm_features_cfg cfg = {.floor_us = 1000};
    float x[ALL_COLS];
    start();
    for (unsigned i = 0; i < 30; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_dialogue(&w, &c, 700 * i);
        for (unsigned k = 0; k < 3 * i; k++)
            wire_send(&w, &c, 3000000 + 137000 * k * k, k % 3 ? TM_DOWN : TM_UP, 1 + 37 * k % 1400);
    }
    features_of(&cfg);
    CHECK_INT(table.n_rows, 30);
    for (uint32_t r = 0; r < table.n_rows; r++) {
        CHECK_INT(tm_features_of(x, &cfg, &set.v[r], tm_trace_packets(&set, &set.v[r])), TM_OK);
        CHECK_MEM(x, tm_table_x(&table, r), sizeof x);
        CHECK_INT(table.rows[r].start_us, set.v[r].start_us);
    }
    end();
}

static const struct check_case cases[] = {
    {"poster_five_are_the_papers", poster_five_are_the_papers},
    {"sizes_of_the_dialogue", sizes_of_the_dialogue},
    {"long_connections_have_ends_and_runs_of_twenty",
     long_connections_have_ends_and_runs_of_twenty},
    {"times_of_the_dialogue", times_of_the_dialogue},
    {"empty_seconds_count_in_the_rate", empty_seconds_count_in_the_rate},
    {"cumul_points_lie_on_the_curve", cumul_points_lie_on_the_curve},
    {"tam_counts_packets_in_slots", tam_counts_packets_in_slots},
    {"times_are_rounded_down_on_the_clock_of_the_capture",
     times_are_rounded_down_on_the_clock_of_the_capture},
    {"columns_are_those_of_the_groups", columns_are_those_of_the_groups},
    {"connection_without_payload_has_only_counts", connection_without_payload_has_only_counts},
    {"one_and_many_rows_are_the_same", one_and_many_rows_are_the_same},
};
CHECK_MAIN("audit features", cases)
