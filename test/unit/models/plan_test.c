#include "models/plan.h"

#include "test/support/check.h"

static const struct tm_write good[] = {
    {.size = 517, .dir = TM_UP},
    {.size = TM_WRITE_SIZE_MAX, .gap_us = TM_WRITE_GAP_MAX, .dir = TM_DOWN, .ref_back = 1},
    {.size = 1, .gap_us = 7, .dir = TM_UP, .ref_back = 2},
};

static void fill(struct tm_plan *p)
{
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(tm_plan_add(p, good[i]), TM_OK);
}

static void writes_are_kept_in_order(void)
{
    struct tm_plan p = {0};
    fill(&p);
    CHECK_INT(p.n_writes, 3);
    CHECK_MEM(p.w, good, sizeof good);
    CHECK_INT(tm_plan_check(&p), TM_OK);
    tm_plan_deinit(&p);
}

static void bytes_are_summed_by_direction(void)
{
    struct tm_plan p = {0};
    CHECK_INT(tm_plan_bytes(&p, TM_UP), 0);
    fill(&p);
    CHECK_INT(tm_plan_bytes(&p, TM_UP), 518);
    CHECK_INT(tm_plan_bytes(&p, TM_DOWN), TM_WRITE_SIZE_MAX);
    tm_plan_deinit(&p);
}

static void sums_do_not_wrap_at_32_bits(void)
{
    struct tm_plan p = {0};
    for (int i = 0; i < 32; i++)
        CHECK_INT(tm_plan_add(&p, (struct tm_write){.size = TM_WRITE_SIZE_MAX}), TM_OK);
    CHECK_INT(tm_plan_bytes(&p, TM_UP), INT64_C(32) << 28);
    tm_plan_deinit(&p);
}

static void clear_keeps_the_memory(void)
{
    struct tm_plan p = {0};
    fill(&p);
    p.close_gap_us = 9;
    const struct tm_write *w = p.w;
    tm_plan_clear(&p);
    CHECK_INT(p.n_writes, 0);
    CHECK_INT(p.close_gap_us, 0);
    CHECK(p.w == w && p.cap_writes >= 3);
    tm_plan_deinit(&p);
    CHECK(!p.w && p.cap_writes == 0);
}

static void a_plan_ends_at_65535_writes(void)
{
    struct tm_plan p = {0};
    for (unsigned i = 0; i < TM_PLAN_WRITES_MAX; i++) {
        if (tm_plan_add(&p, good[0]) != TM_OK)
            break;
    }
    CHECK_INT(p.n_writes, 65535);
    CHECK_INT(tm_plan_check(&p), TM_OK);
    CHECK_INT(tm_plan_add(&p, good[0]), TM_ERR_LIMIT);
    CHECK_INT(p.n_writes, 65535);
    tm_plan_deinit(&p);
}

static void check_refuses_each_value_outside_its_limits(void)
{
    static const struct tm_write bad[] = {
        {.size = 0},
        {.size = TM_WRITE_SIZE_MAX + 1},
        {.size = 1, .gap_us = TM_WRITE_GAP_MAX + 1},
        {.size = 1, .dir = 2},
        {.size = 1, .ref_back = 4}, /* as write 3: before the first */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_plan p = {0};
        fill(&p);
        CHECK_INT(tm_plan_add(&p, bad[i]), TM_OK);
        CHECK_INT(tm_plan_check(&p), TM_ERR_RANGE);
        p.w[3] = (struct tm_write){.size = 1, .ref_back = 3};
        CHECK_INT(tm_plan_check(&p), TM_OK);
        p.close_gap_us = -1;
        CHECK_INT(tm_plan_check(&p), TM_ERR_RANGE);
        tm_plan_deinit(&p);
    }
}

static void first_write_can_only_refer_to_the_start(void)
{
    struct tm_plan p = {0};
    CHECK_INT(tm_plan_add(&p, (struct tm_write){.size = 1, .ref_back = 1}), TM_OK);
    CHECK_INT(tm_plan_check(&p), TM_ERR_RANGE);
    tm_plan_deinit(&p);
}

static const struct check_case cases[] = {
    {"writes_are_kept_in_order", writes_are_kept_in_order},
    {"bytes_are_summed_by_direction", bytes_are_summed_by_direction},
    {"sums_do_not_wrap_at_32_bits", sums_do_not_wrap_at_32_bits},
    {"clear_keeps_the_memory", clear_keeps_the_memory},
    {"a_plan_ends_at_65535_writes", a_plan_ends_at_65535_writes},
    {"check_refuses_each_value_outside_its_limits", check_refuses_each_value_outside_its_limits},
    {"first_write_can_only_refer_to_the_start", first_write_can_only_refer_to_the_start},
};

CHECK_MAIN("plan", cases)
