/* Rows and columns: names, choice, joining. */
#include "audit/features/table.h"

#include <math.h>
#include <string.h>

#include "test/support/check.h"

static const struct tm_column COLS[] = {
    {"a", TM_GROUP_SIZES | TM_GROUP_ALL},
    {"b", TM_GROUP_TIMES | TM_GROUP_ALL},
    {"c", TM_GROUP_SIZES | TM_GROUP_POSTER | TM_GROUP_ALL},
};

/* Three rows of sessions s0, s1, s0; x = 10 * row + column. */
static void fill(struct tm_table *t)
{
    CHECK_INT(tm_table_init(t, COLS, 3), TM_OK);
    for (uint32_t r = 0; r < 3; r++) {
        struct tm_row row = {.load = r, .start_us = 100 + r};
        float *x = NULL;
        CHECK_INT(tm_table_name(t, "class", &row.cls), TM_OK);
        CHECK_INT(tm_table_name(t, r == 1 ? "s1" : "s0", &row.session), TM_OK);
        CHECK_INT(tm_table_add(t, &row, &x), TM_OK);
        for (uint32_t c = 0; c < 3; c++) {
            CHECK(isnan(x[c]));
            x[c] = (float)(10 * r + c);
        }
    }
}

static void groups_have_names(void)
{
    for (unsigned i = 0; i < TM_FEATURE_GROUPS; i++)
        CHECK_INT(tm_feature_group_of(tm_feature_group_name(i)), 1U << i);
    CHECK_INT(tm_feature_group_of("tam"), TM_GROUP_TAM);
    CHECK_INT(tm_feature_group_of("size"), 0);
    CHECK_INT(tm_feature_group_of(""), 0);
}

static void rows_and_columns_are_picked_in_order(void)
{
    struct tm_table t;
    struct tm_table s;
    fill(&t);
    const uint32_t pick[] = {2, 0, 2};
    CHECK_INT(tm_table_select(&s, &t, pick, 3, TM_GROUP_SIZES), TM_OK);
    const float want[] = {20, 22, 0, 2, 20, 22};
    CHECK_INT(s.n_rows, 3);
    CHECK_INT(s.n_cols, 2);
    CHECK_STR(s.cols[1].name, "c");
    CHECK_MEM(s.x, want, sizeof want);
    CHECK_INT(s.rows[0].start_us, 102);
    CHECK_STR(s.names[s.rows[1].session], "s0");
    tm_table_deinit(&s);
    CHECK_INT(tm_table_select(&s, &t, pick, 0, TM_GROUP_TAM), TM_OK);
    CHECK_INT(s.n_rows, 0);
    CHECK_INT(s.n_cols, 0);
    tm_table_deinit(&s);
    tm_table_deinit(&t);
}

static void tables_join_by_the_text_of_names(void)
{
    struct tm_table a;
    struct tm_table b;
    uint32_t other = 0;
    fill(&a);
    CHECK_INT(tm_table_init(&b, COLS, 3), TM_OK);
    CHECK_INT(tm_table_name(&b, "s1", &other), TM_OK);
    struct tm_row row = {.session = other};
    float *x = NULL;
    CHECK_INT(tm_table_name(&b, "other", &row.cls), TM_OK);
    CHECK_INT(tm_table_add(&b, &row, &x), TM_OK);
    CHECK_INT(tm_table_append(&a, &b), TM_OK);
    CHECK_INT(a.n_rows, 4);
    CHECK_INT(a.rows[3].session, a.rows[1].session);
    CHECK_STR(a.names[a.rows[3].cls], "other");
    CHECK(isnan(tm_table_x(&a, 3)[0]));
    tm_table_deinit(&b);
    CHECK_INT(tm_table_init(&b, COLS, 2), TM_OK);
    CHECK_INT(tm_table_append(&a, &b), TM_ERR_FORMAT);
    tm_table_deinit(&b);
    CHECK_INT(tm_table_init(&b, COLS, 3), TM_OK);
    (void)strcpy(b.cols[1].name, "d");
    CHECK_INT(tm_table_append(&a, &b), TM_ERR_FORMAT);
    tm_table_deinit(&b);
    tm_table_deinit(&a);
}

static const struct check_case cases[] = {
    {"groups_have_names", groups_have_names},
    {"rows_and_columns_are_picked_in_order", rows_and_columns_are_picked_in_order},
    {"tables_join_by_the_text_of_names", tables_join_by_the_text_of_names},
};
CHECK_MAIN("audit table", cases)
