#include "tm/core/embed.h"

#include "test/support/check.h"
#include "tm/base/rng.h"
#include "tm/core/entry.h"

static const struct tm_shape SHAPE = {.hello_min = 480, .flight_min = 250, .fin_min = 80};

/* A random projected plan with small writes, several in a row. */
static struct tm_plan random_plan(struct tm_rng *r)
{
    struct tm_plan p = {.close_gap_us = 100};
    size_t n = 2 + (size_t)tm_rng_below(r, 60);
    for (size_t i = 0; i < n; i++) {
        struct tm_write w = {.size = 1 + (uint32_t)tm_rng_below(r, 120),
                             .gap_us = (uint32_t)tm_rng_below(r, 2000000),
                             .dir = i == 0 ? TM_UP : (uint8_t)tm_rng_below(r, 2),
                             .ref_back = (uint8_t)(i > 0)};
        CHECK_INT(tm_plan_add(&p, w), TM_OK);
    }
    CHECK_INT(tm_shape_project(&p, &SHAPE, 2000, NULL), TM_OK);
    return p;
}

/* Ships the plan as the composer does and checks that every write of the master could leave in time. */
static void ship(const struct tm_plan *p, enum tm_side master, const struct tm_embed_rule *rule)
{
    enum tm_dir dir = master == TM_CLIENT ? TM_UP : TM_DOWN;
    size_t flight = tm_shape_flight_index(p);
    size_t fin = tm_shape_fin_index(p);
    size_t shipped = tm_embed_head(p, &SHAPE, master, rule);
    for (size_t i = 0; i < p->n_writes; i++) {
        if (p->w[i].dir != dir)
            continue;
        uint32_t hs = i == 0        ? p->w[i].size
                      : i == flight ? tm_shape_handshake_part(p->w[i].size, SHAPE.flight_min)
                      : i == fin    ? tm_shape_handshake_part(p->w[i].size, SHAPE.fin_min)
                                    : 0;
        for (uint32_t rem = p->w[i].size - hs; rem > 0;) {
            uint32_t rec = tm_shape_next_record(rem);
            shipped += tm_embed_frame(p, shipped, i, rec - TM_RECORD_OVERHEAD, rule);
            rem -= rec;
        }
        CHECK(shipped >= tm_embed_needed(p, i, rule) || shipped > p->n_writes);
    }
}

static void projected_plans_can_always_carry_themselves(void)
{
    uint8_t seed[TM_SEED_LEN] = {3};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    for (int round = 0; round < 800; round++) {
        enum tm_side master = round & 1 ? TM_SERVER : TM_CLIENT;
        struct tm_plan p = random_plan(&r);
        const struct tm_embed_rule *rule = round & 2 ? &tm_embed_files : &tm_embed_models;
        int rc = tm_embed_project(&p, &SHAPE, master, rule, NULL);
        CHECK(rc == TM_OK ||
              (rc == TM_ERR_LIMIT && master == TM_CLIENT)); /* a head may not fit a token */
        if (rc == TM_OK) {
            ship(&p, master, rule);
            CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_OK);
        }
        tm_plan_deinit(&p);
    }
}

/* The other side's writes that do not wait for the master's next one are told before it. */
static void what_the_slave_does_meanwhile_is_needed_too(void)
{
    static const struct tm_write w[] = {
        {517, 0, TM_UP, 0},      {300, 5000, TM_DOWN, 1}, {200, 2000, TM_UP, 1},
        {900, 9000, TM_DOWN, 2}, {35, 4000, TM_UP, 2},    {900, 9000, TM_DOWN, 2},
        {900, 9000, TM_DOWN, 1}, {35, 4000, TM_UP, 3},    {80, 10, TM_DOWN, 1},
        {80, 10, TM_DOWN, 1},
    };
    struct tm_plan p = {.w = NULL};
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        CHECK_INT(tm_plan_add(&p, w[i]), TM_OK);
    CHECK_INT(tm_embed_needed(&p, 0, &tm_embed_models),
              7); /* 3, 5 and 6 follow from 1, without waiting for 2 */
    CHECK_INT(tm_embed_needed(&p, 2, &tm_embed_models), 7);  /* nor for 4; 8 waits for 7 */
    CHECK_INT(tm_embed_needed(&p, 4, &tm_embed_models), 8);  /* 7 itself, to be recognised */
    CHECK_INT(tm_embed_needed(&p, 7, &tm_embed_models), 11); /* to the end */
    CHECK_INT(tm_embed_needed(&p, 1, &tm_embed_models), 8); /* of a server: 4 and 7 follow from 2 */
    tm_plan_deinit(&p);
}

/* Of a file: what can be due within half a second behind the master's next write, however many these are. */
static void what_the_slave_of_a_file_may_owe_is_needed(void)
{
    struct tm_plan p = {0};
    const struct tm_write start[] = {
        {600, 0, TM_UP, 0}, {300, 5000, TM_DOWN, 1}, {900, 2000, TM_UP, 1}, {400, 2000, TM_UP, 1}};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_plan_add(&p, start[i]), TM_OK);
    /* After write 2, at its own pace: each 30 ms after the one before. */
    for (uint8_t k = 0; k < 40; k++)
        CHECK_INT(tm_plan_add(&p, (struct tm_write){1000, 30000, TM_DOWN, k == 0 ? 2 : 1}), TM_OK);
    CHECK_INT(tm_embed_needed(&p, 2, &tm_embed_models), 3 + 1 + 8);
    CHECK_INT(tm_embed_needed(&p, 2, &tm_embed_files), 4 + 16); /* 16 of them within 502 ms */
    CHECK_INT(tm_embed_needed(&p, 3, &tm_embed_files), p.n_writes + 1);
    CHECK_INT(tm_embed_needed(&p, 0, &tm_embed_files), 3);
    tm_plan_deinit(&p);
}

static void of_a_file_small_writes_grow_only_without_room_for_their_plan(void)
{
    struct tm_plan p = {0};
    for (size_t i = 0; i < 200; i++)
        CHECK_INT(
            tm_plan_add(&p, (struct tm_write){36, 9000, i & 1 ? TM_DOWN : TM_UP, (uint8_t)(i > 0)}),
            TM_OK);
    CHECK_INT(tm_shape_project(&p, &SHAPE, 2000, NULL), TM_OK);
    CHECK_INT(tm_embed_project(&p, &SHAPE, TM_CLIENT, &tm_embed_files, NULL), TM_OK);
    for (size_t i = 3; i < 200; i++)
        CHECK_INT(p.w[i].size, 36);
    ship(&p, TM_CLIENT, &tm_embed_files);
    tm_plan_deinit(&p);
}

static void roomy_plans_are_not_changed(void)
{
    static const struct tm_write w[] = {{517, 0, TM_UP, 0},
                                        {4000, 9000, TM_DOWN, 1},
                                        {300, 3000, TM_UP, 1},
                                        {900, 4000, TM_DOWN, 1}};
    struct tm_plan p = {0};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_plan_add(&p, w[i]), TM_OK);
    struct tm_distortion d = {0};
    CHECK_INT(tm_embed_project(&p, &SHAPE, TM_CLIENT, &tm_embed_models, &d), TM_OK);
    CHECK_INT(tm_embed_project(&p, &SHAPE, TM_SERVER, &tm_embed_files, &d), TM_OK);
    CHECK_INT(d.bytes_added, 0);
    tm_plan_deinit(&p);
}

static void requests_of_36_bytes_grow_by_what_their_plan_needs(void)
{
    struct tm_plan p = {0};
    for (size_t i = 0; i < 40; i++)
        CHECK_INT(tm_plan_add(
                      &p, (struct tm_write){36, 150000, i & 1 ? TM_DOWN : TM_UP, (uint8_t)(i > 0)}),
                  TM_OK);
    CHECK_INT(tm_shape_project(&p, &SHAPE, 2000, NULL), TM_OK);
    CHECK_INT(tm_embed_project(&p, &SHAPE, TM_CLIENT, &tm_embed_models, NULL), TM_OK);
    for (size_t i = 6; i < 30; i += 2)
        CHECK(p.w[i].size > 36 && p.w[i].size <= 36 + 2 * TM_ENTRY_LEN_MAX + tm_embed_models.spare);
    CHECK_INT(p.w[7].size, 36); /* the slave's stay as they are */
    tm_plan_deinit(&p);
}

static const struct check_case cases[] = {
    {"projected_plans_can_always_carry_themselves", projected_plans_can_always_carry_themselves},
    {"what_the_slave_does_meanwhile_is_needed_too", what_the_slave_does_meanwhile_is_needed_too},
    {"what_the_slave_of_a_file_may_owe_is_needed", what_the_slave_of_a_file_may_owe_is_needed},
    {"of_a_file_small_writes_grow_only_without_room_for_their_plan",
     of_a_file_small_writes_grow_only_without_room_for_their_plan},
    {"roomy_plans_are_not_changed", roomy_plans_are_not_changed},
    {"requests_of_36_bytes_grow_by_what_their_plan_needs",
     requests_of_36_bytes_grow_by_what_their_plan_needs},
};
CHECK_MAIN("embed", cases)
