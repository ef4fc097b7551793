#include "audit/detect/draw.h"

#include "test/support/check.h"

#include <stdlib.h>

static struct tm_table table_of(const struct tm_row *rows, uint32_t n)
{
    struct tm_column col = {.name = "x", .groups = TM_GROUP_ALL};
    struct tm_table t = {0};
    char name[8] = "a";
    uint32_t index = 0;
    CHECK_INT(tm_table_init(&t, &col, 1), TM_OK);
    for (int i = 0; i < 13; i++, name[0]++)
        CHECK_INT(tm_table_name(&t, name, &index), TM_OK);
    for (uint32_t i = 0; i < n; i++) {
        float *x = NULL;
        CHECK_INT(tm_table_add(&t, &rows[i], &x), TM_OK);
        *x = (float)i;
    }
    return t;
}

static const struct tm_row ROWS[] = {
    {.session = 0, .load = 1}, {.session = 1, .load = 1}, {.session = 0, .load = 1},
    {.session = 2, .load = 1}, {.session = 0, .load = 2}, {.session = 1, .load = 1},
    {.session = 2, .load = 1}, {.session = 1, .load = 3},
};
#define N (sizeof ROWS / sizeof *ROWS)

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

/* How often the session changes along the draw. */
static uint32_t runs(const struct tm_draw *d)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n; i++)
        n += i == 0 || ROWS[d->row[i]].session != ROWS[d->row[i - 1]].session;
    return n;
}

static void sessions_stay_together_and_no_row_is_lost(void)
{
    struct tm_table t = table_of(ROWS, N);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tm_rng rng = rng_of(seed);
        struct tm_draw d = {0};
        unsigned seen = 0;
        CHECK_INT(tm_draw_rows(&d, &t, false, &rng), TM_OK);
        CHECK_INT(d.n, N);
        CHECK_INT(d.n_sessions, 3);
        CHECK_INT(runs(&d), 3);
        for (uint32_t i = 0; i < d.n; i++)
            seen |= 1U << d.row[i];
        CHECK_INT(seen, (1U << N) - 1);
        tm_draw_deinit(&d);
    }
    tm_table_deinit(&t);
}

static void one_per_load_takes_each_load_once_and_any_of_its_rows(void)
{
    struct tm_table t = table_of(ROWS, N);
    unsigned ever = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct tm_rng rng = rng_of(seed);
        struct tm_draw d = {0};
        unsigned loads = 0;
        CHECK_INT(tm_draw_rows(&d, &t, true, &rng), TM_OK);
        CHECK_INT(d.n, 5);
        for (uint32_t i = 0; i < d.n; i++) {
            const struct tm_row *r = &ROWS[d.row[i]];
            loads |= 1U << (r->session * 4 + r->load);
            ever |= 1U << d.row[i];
        }
        CHECK_INT(__builtin_popcount(loads), 5);
        tm_draw_deinit(&d);
    }
    CHECK_INT(ever, (1U << N) - 1);
    tm_table_deinit(&t);
}

/* 13 sessions of 12 rows, not in order. */
static struct tm_table many_sessions(void)
{
    struct tm_row rows[156];
    for (uint32_t i = 0; i < 156; i++)
        rows[i] = (struct tm_row){.session = i % 13, .load = i};
    return table_of(rows, 156);
}

static void a_cut_takes_of_every_session_its_share(void)
{
    struct tm_table t = many_sessions();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tm_rng rng = rng_of(seed);
        struct tm_draw d = {0};
        uint32_t n[13] = {0};
        CHECK_INT(tm_draw_rows(&d, &t, false, &rng), TM_OK);
        tm_draw_cut(&d, &t, 1000);
        CHECK_INT(d.n, 156);
        tm_draw_cut(&d, &t, 58);
        CHECK_INT(d.n, 58);
        CHECK_INT(d.n_sessions, 13);
        for (uint32_t i = 0; i < d.n; i++)
            n[d.row[i] % 13]++;
        for (uint32_t s = 0; s < 13; s++)
            CHECK(n[s] == 4 || n[s] == 5);
        tm_draw_cut(&d, &t, 13);
        CHECK_INT(d.n, 13);
        tm_draw_cut(&d, &t, 0);
        CHECK_INT(d.n_sessions, 0);
        tm_draw_deinit(&d);
    }
    tm_table_deinit(&t);
}

/* 3000 cuts from 8 rows to 3: each row stays 1125 times, standard deviation 27. */
static void every_row_is_as_likely_to_survive_a_cut(void)
{
    struct tm_table t = table_of(ROWS, N);
    struct tm_rng rng = rng_of(4);
    unsigned stays[N] = {0};
    for (int k = 0; k < 3000; k++) {
        struct tm_draw d = {0};
        CHECK_INT(tm_draw_rows(&d, &t, false, &rng), TM_OK);
        tm_draw_cut(&d, &t, 3);
        CHECK_INT(d.n, 3);
        for (uint32_t i = 0; i < d.n; i++)
            stays[d.row[i]]++;
        tm_draw_deinit(&d);
    }
    for (size_t i = 0; i < N; i++)
        CHECK(stays[i] > 1125 - 110 && stays[i] < 1125 + 110);
    tm_table_deinit(&t);
}

static void a_split_never_parts_a_session(void)
{
    struct tm_table t = table_of(ROWS, N);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tm_rng rng = rng_of(seed);
        struct tm_draw d = {0}, rest = {0};
        CHECK_INT(tm_draw_rows(&d, &t, false, &rng), TM_OK);
        CHECK_INT(tm_draw_split(&d, &rest, &t), TM_OK);
        CHECK_INT(d.n + rest.n, N);
        CHECK_INT(d.n_sessions + rest.n_sessions, 3);
        CHECK(d.n > 0 && rest.n > 0);
        tm_draw_deinit(&d);
        tm_draw_deinit(&rest);
    }
    tm_table_deinit(&t);
}

static void the_same_seed_draws_the_same(void)
{
    struct tm_table t = table_of(ROWS, N);
    struct tm_rng a = rng_of(9), b = rng_of(9);
    struct tm_draw x = {0}, y = {0};
    CHECK_INT(tm_draw_rows(&x, &t, true, &a), TM_OK);
    CHECK_INT(tm_draw_rows(&y, &t, true, &b), TM_OK);
    CHECK_INT(x.n, y.n);
    CHECK_MEM(x.row, y.row, x.n * sizeof *x.row);
    tm_draw_deinit(&x);
    tm_draw_deinit(&y);
    tm_table_deinit(&t);
}

static void sessions_are_counted_once(void)
{
    struct tm_table t = table_of(ROWS, N);
    struct tm_detect_count n;
    CHECK_INT(tm_draw_count(&n, &t), TM_OK);
    CHECK_INT(n.n_conns, N);
    CHECK_INT(n.n_sessions, 3);
    tm_table_deinit(&t);
}

static const struct check_case CASES[] = {
    {"sessions_stay_together_and_no_row_is_lost", sessions_stay_together_and_no_row_is_lost},
    {"one_per_load_takes_each_load_once_and_any_of_its_rows",
     one_per_load_takes_each_load_once_and_any_of_its_rows},
    {"a_cut_takes_of_every_session_its_share", a_cut_takes_of_every_session_its_share},
    {"every_row_is_as_likely_to_survive_a_cut", every_row_is_as_likely_to_survive_a_cut},
    {"a_split_never_parts_a_session", a_split_never_parts_a_session},
    {"the_same_seed_draws_the_same", the_same_seed_draws_the_same},
    {"sessions_are_counted_once", sessions_are_counted_once},
};
CHECK_MAIN("audit/detect/draw", CASES)
