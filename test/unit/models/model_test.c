#include "models/model.h"

#include <stdio.h>
#include <string.h>

#include "models/plan.h"
#include "test/support/check.h"

static void set(struct tm_model *m, enum tm_swing_param p, uint64_t value)
{
    const struct tm_dist_point pt = {value, 1};
    tm_dist_deinit(&m->u.swing.param[p]);
    CHECK_INT(tm_dist_set(&m->u.swing.param[p], &pt, 1), TM_OK);
}

/* The least that plays. */
static struct tm_model bare(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "bare"};
    set(&m, TM_SWING_NUM_PAIRS, 1);
    set(&m, TM_SWING_REQ, 36);
    set(&m, TM_SWING_RSP, 1448);
    return m;
}

static void constant_default_is_the_papers_baseline(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    CHECK_INT(m.kind, TM_MODEL_CONSTANT);
    CHECK_STR(m.name, "constant");
    CHECK_INT(m.u.constant.size_bytes, 1448);
    CHECK_INT(m.u.constant.interval_us, 500000);
    CHECK_INT(m.u.constant.n_exchanges, 10);
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    tm_model_deinit(&m);
}

static void parameters_have_distinct_names_with_their_unit(void)
{
    CHECK_STR(tm_swing_param_name(TM_SWING_REQ), "req_bytes");
    CHECK_STR(tm_swing_param_name(TM_SWING_INTER_SESSION), "inter_session_us");
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        const char *name = tm_swing_param_name((enum tm_swing_param)p);
        const char *unit = tm_swing_param_unit((enum tm_swing_param)p);
        CHECK(strlen(tm_swing_param_help((enum tm_swing_param)p)) > 10);
        if (strcmp(unit, "count") == 0)
            CHECK(strncmp(name, "num_", 4) == 0);
        else
            CHECK_STR(strrchr(name, '_') + 1, unit);
        for (int q = 0; q < p; q++)
            CHECK(strcmp(name, tm_swing_param_name((enum tm_swing_param)q)) != 0);
    }
    CHECK_STR(tm_model_kind_name(TM_MODEL_SWING), "swing");
    CHECK_STR(tm_model_kind_name(TM_MODEL_CONSTANT), "constant");
}

static void names_are_short_plain_and_start_with_a_letter_or_digit(void)
{
    static const char *const good[] = {"a", "9", "https-browsing", "Web_2.0", "x.y"};
    static const char *const bad[] = {"",    "-a",  ".a",  "_a",       "a b",  "a/b",
                                      "a:2", "a+b", "a\n", "\xc3\xa9", "a\x80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK(tm_model_name_ok(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!tm_model_name_ok(bad[i]));
    char longest[TM_MODEL_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[TM_MODEL_NAME_MAX] = 0;
    CHECK(tm_model_name_ok(longest));
    longest[TM_MODEL_NAME_MAX] = 'n';
    longest[TM_MODEL_NAME_MAX + 1] = 0;
    CHECK(!tm_model_name_ok(longest));
}

static void optional_parameters_may_be_empty(void)
{
    struct tm_model m = bare();
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    tm_model_deinit(&m);
}

static void check_names_the_parameter_that_is_missing(void)
{
    static const enum tm_swing_param needed[] = {TM_SWING_NUM_PAIRS, TM_SWING_REQ, TM_SWING_RSP};
    for (size_t i = 0; i < 3; i++) {
        struct tm_model m = bare();
        struct tm_msg msg = {0};
        tm_dist_deinit(&m.u.swing.param[needed[i]]);
        CHECK_INT(tm_model_check(&m, &msg), TM_ERR_RANGE);
        CHECK(strstr(msg.text, tm_swing_param_name(needed[i])) != NULL);
        tm_model_deinit(&m);
    }
}

static void check_holds_every_parameter_to_its_limits(void)
{
    for (int i = 0; i < TM_SWING_PARAMS; i++) {
        enum tm_swing_param p = (enum tm_swing_param)i;
        const char *unit = tm_swing_param_unit(p);
        uint64_t least = strcmp(unit, "us") == 0 ? 0 : 1;
        uint64_t most = strcmp(unit, "us") == 0      ? TM_MODEL_TIME_MAX_US
                        : strcmp(unit, "bytes") == 0 ? TM_WRITE_SIZE_MAX
                        : p == TM_SWING_NUM_PAIRS    ? 30000
                                                     : TM_MODEL_COUNT_MAX;
        struct tm_model m = bare();
        struct tm_msg msg = {0};
        set(&m, p, least);
        CHECK_INT(tm_model_check(&m, NULL), TM_OK);
        set(&m, p, most);
        CHECK_INT(tm_model_check(&m, NULL), TM_OK);
        set(&m, p, most + 1);
        CHECK_INT(tm_model_check(&m, &msg), TM_ERR_RANGE);
        CHECK(strstr(msg.text, tm_swing_param_name(p)) != NULL);
        if (least > 0) {
            const struct tm_dist_point pt[] = {{0, 1}, {1, 5}};
            tm_dist_deinit(&m.u.swing.param[p]);
            CHECK_INT(tm_dist_set(&m.u.swing.param[p], pt, 2), TM_OK);
            CHECK_INT(tm_model_check(&m, &msg), TM_ERR_RANGE);
        }
        tm_model_deinit(&m);
    }
}

static void check_refuses_bad_constants_kinds_and_names(void)
{
    static const struct tm_constant bad[] = {{0, 1, 1},
                                             {TM_WRITE_SIZE_MAX + 1, 1, 1},
                                             {1, TM_WRITE_GAP_MAX + 1, 1},
                                             {1, 1, 0},
                                             {1, 1, 30001}};
    struct tm_model m;
    tm_model_constant_default(&m);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_msg msg = {0};
        m.u.constant = bad[i];
        CHECK_INT(tm_model_check(&m, &msg), TM_ERR_RANGE);
        CHECK(strlen(msg.text) > 0);
    }
    m.u.constant = (struct tm_constant){1, 0, 30000};
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    m.kind = (enum tm_model_kind)99;
    CHECK_INT(tm_model_check(&m, NULL), TM_ERR_RANGE);
    m.kind = TM_MODEL_CONSTANT;
    memset(m.name, 'n', sizeof m.name); /* not terminated */
    CHECK_INT(tm_model_check(&m, NULL), TM_ERR_RANGE);
}

static void digest_covers_kind_and_statistics_but_not_the_name(void)
{
    struct tm_model a = bare();
    struct tm_model b = bare();
    uint8_t da[TM_DIGEST_LEN];
    uint8_t db[TM_DIGEST_LEN];
    (void)snprintf(b.name, sizeof b.name, "other");
    tm_model_digest(&a, da);
    tm_model_digest(&b, db);
    CHECK_MEM(da, db, sizeof da);
    set(&b, TM_SWING_RSP, 1449);
    tm_model_digest(&b, db);
    CHECK(memcmp(da, db, sizeof da) != 0);
    /* the same points under another parameter are another model */
    set(&b, TM_SWING_RSP, 1448);
    set(&a, TM_SWING_REQ_THINK, 5);
    set(&b, TM_SWING_SERVER_THINK, 5);
    tm_model_digest(&a, da);
    tm_model_digest(&b, db);
    CHECK(memcmp(da, db, sizeof da) != 0);
    tm_model_deinit(&a);
    tm_model_deinit(&b);
}

static void digest_covers_what_is_measured_and_where_rules_cut(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "x"};
    struct tm_swing *s = &m.u.swing;
    struct tm_dist_point pt = {5, 1};
    uint8_t digest[TM_SWING_LISTS + 1][TM_DIGEST_LEN];
    set(&m, TM_SWING_NUM_PAIRS, 1);
    tm_model_digest(&m, digest[0]);
    int n = 1;
    for (int list = TM_SWING_PARAMS; list < TM_SWING_LISTS; list++) {
        if (list == TM_SWING_LISTS - 1)
            pt.value = 1; /* is_over knows no other */
        CHECK_INT(tm_swing_list_set(s, list, &pt, 1), TM_OK);
        CHECK_INT(tm_swing_list_set(s, list, &pt, 1), TM_ERR_RANGE); /* once */
        tm_model_digest(&m, digest[n]);
        for (int k = 0; k < n; k++)
            CHECK(memcmp(digest[k], digest[n], TM_DIGEST_LEN) != 0);
        n++;
    }
    CHECK_INT(s->bound[TM_SWING_INTER_CONN].most, 5);
    CHECK_INT(s->measured[TM_MEASURED_MSS].n_points, 1);
    tm_model_deinit(&m);
}

static void lists_have_distinct_names(void)
{
    for (int a = 0; a < TM_SWING_LISTS; a++) {
        for (int b = 0; b < a; b++)
            CHECK(strcmp(tm_swing_list_name(a), tm_swing_list_name(b)) != 0);
    }
    for (int p = 0; p < TM_MEASURED_PARAMS; p++) {
        CHECK(tm_measured_unit((enum tm_measured_param)p)[0] != '\0');
        CHECK(tm_measured_help((enum tm_measured_param)p)[0] != '\0');
    }
}

static void a_bound_is_one_point(void)
{
    struct tm_swing s = {0};
    static const struct tm_dist_point two[] = {{5, 1}, {6, 2}};
    static const struct tm_dist_point zero = {0, 1};
    static const struct tm_dist_point heavy = {5, 2};
    int list = TM_SWING_LISTS - 2;
    CHECK_INT(tm_swing_list_set(&s, list, two, 2), TM_ERR_RANGE);
    CHECK_INT(tm_swing_list_set(&s, list, &zero, 1), TM_ERR_RANGE);
    CHECK_INT(tm_swing_list_set(&s, list, &heavy, 1), TM_ERR_RANGE);
    CHECK_INT(tm_swing_list_set(&s, list, two, 1), TM_OK);
    CHECK_STR(tm_swing_list_name(list), "inter_session_us.most");
    CHECK_INT(s.bound[TM_SWING_INTER_SESSION].most, 5);
}

static void what_pauses_run_from_is_one_point(void)
{
    struct tm_swing s = {0};
    static const struct tm_dist_point wrong[] = {{0, 1}, {2, 1}, {1, 2}};
    static const struct tm_dist_point yes = {1, 1};
    struct tm_dist_point one;
    size_t n;
    int list = TM_SWING_LISTS - 1;
    CHECK_STR(tm_swing_list_name(list), "is_over");
    (void)tm_swing_list(&s, list, &one, &n);
    CHECK_INT(n, 0); /* as in models that do not say */
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(tm_swing_list_set(&s, list, &wrong[i], 1), TM_ERR_RANGE);
    CHECK(!s.is_over);
    CHECK_INT(tm_swing_list_set(&s, list, &yes, 1), TM_OK);
    CHECK(s.is_over);
    CHECK_INT(tm_swing_list_set(&s, list, &yes, 1), TM_ERR_RANGE);
}

static void deinit_leaves_an_all_zero_model(void)
{
    static const struct tm_model zero;
    struct tm_model m = bare();
    tm_model_deinit(&m);
    CHECK_MEM(&m, &zero, sizeof m);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"constant_default_is_the_papers_baseline", constant_default_is_the_papers_baseline},
    {"parameters_have_distinct_names_with_their_unit",
     parameters_have_distinct_names_with_their_unit},
    {"names_are_short_plain_and_start_with_a_letter_or_digit",
     names_are_short_plain_and_start_with_a_letter_or_digit},
    {"optional_parameters_may_be_empty", optional_parameters_may_be_empty},
    {"check_names_the_parameter_that_is_missing", check_names_the_parameter_that_is_missing},
    {"check_holds_every_parameter_to_its_limits", check_holds_every_parameter_to_its_limits},
    {"check_refuses_bad_constants_kinds_and_names", check_refuses_bad_constants_kinds_and_names},
    {"digest_covers_kind_and_statistics_but_not_the_name",
     digest_covers_kind_and_statistics_but_not_the_name},
    {"digest_covers_what_is_measured_and_where_rules_cut",
     digest_covers_what_is_measured_and_where_rules_cut},
    {"lists_have_distinct_names", lists_have_distinct_names},
    {"a_bound_is_one_point", a_bound_is_one_point},
    {"what_pauses_run_from_is_one_point", what_pauses_run_from_is_one_point},
    {"deinit_leaves_an_all_zero_model", deinit_leaves_an_all_zero_model},
};

CHECK_MAIN("model", cases)
