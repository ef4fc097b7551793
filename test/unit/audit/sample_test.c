#include "audit/sample.h"

#include "audit/bare.h"
#include "test/support/check.h"

static void quantiles_are_nearest_ranks(void)
{
    struct tm_sample s = {0};
    CHECK_INT(tm_sample_quantile(&s, 500), 0);
    for (int64_t v = 1000; v > 0; v--)
        CHECK_INT(tm_sample_add(&s, v), TM_OK);
    CHECK_INT(tm_sample_quantile(&s, 0), 1);
    CHECK_INT(tm_sample_quantile(&s, 1), 1);
    CHECK_INT(tm_sample_quantile(&s, 500), 500);
    CHECK_INT(tm_sample_quantile(&s, 990), 990);
    CHECK_INT(tm_sample_quantile(&s, 1000), 1000);
    CHECK_INT(tm_sample_add(&s, -5), TM_OK); /* sorted again */
    CHECK_INT(tm_sample_quantile(&s, 0), -5);
    tm_sample_deinit(&s);
}

static void merging_keeps_all_values(void)
{
    struct tm_sample a = {0};
    struct tm_sample b = {0};
    for (int64_t v = 0; v < 300; v++)
        CHECK_INT(tm_sample_add(&b, v), TM_OK);
    CHECK_INT(tm_sample_add(&a, 1000), TM_OK);
    CHECK_INT(tm_sample_merge(&a, &b), TM_OK);
    CHECK_INT(a.n, 301);
    CHECK_INT(tm_sample_quantile(&a, 1000), 1000);
    CHECK_INT(tm_sample_quantile(&a, 0), 0);
    tm_sample_deinit(&a);
    tm_sample_deinit(&b);
}

static void bare_timer_is_read(void)
{
    struct tm_bare b = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_bare_parse(
                  &b, "{\"x\":1, \"p50_us\":36, \"p99_us\" : 591.5,\n\"max_us\":1200,\"n\":2000}\n",
                  "f", &msg),
              TM_OK);
    CHECK(b.p50_us == 36 && b.p99_us == 591.5 && b.max_us == 1200 && b.n == 2000);
}

static void other_files_are_no_bare_timer(void)
{
    static const char *const BAD[] = {"",
                                      "{}",
                                      "{\"p50_us\":36,\"p99_us\":591,\"max_us\":1200}",
                                      "{\"p50_us\":x,\"p99_us\":1,\"max_us\":1,\"n\":1}",
                                      "{\"p50_us\":-1,\"p99_us\":1,\"max_us\":1,\"n\":1}",
                                      "{\"p50_us\" 1,\"p99_us\":1,\"max_us\":1,\"n\":1}"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_bare b;
        struct tm_msg msg = {""};
        CHECK_INT(tm_bare_parse(&b, BAD[i], "f", &msg), TM_ERR_FORMAT);
        CHECK(msg.text[0] != '\0');
    }
}

static const struct check_case CASES[] = {
    {"quantiles_are_nearest_ranks", quantiles_are_nearest_ranks},
    {"merging_keeps_all_values", merging_keeps_all_values},
    {"bare_timer_is_read", bare_timer_is_read},
    {"other_files_are_no_bare_timer", other_files_are_no_bare_timer},
};
CHECK_MAIN("sample", CASES)
