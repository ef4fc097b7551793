/* The golden vectors are computed by data/golden/gen_golden.py, which shares no code with the C side. */
#include "models/gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

struct golden {
    struct tm_model model;
    uint8_t digest[TM_DIGEST_LEN];
    struct tm_gen *gen;
    struct tm_plan plan; /* of the last opening */
    size_t n_checked;    /* openings and plans compared */
};

static void append_point(struct tm_dist *d, uint64_t value, uint64_t cum)
{
    struct tm_dist_point pt[16];
    struct tm_dist longer;
    CHECK(d->n_points < 15);
    if (d->n_points > 0)
        memcpy(pt, d->pt, d->n_points * sizeof pt[0]);
    pt[d->n_points] = (struct tm_dist_point){value, cum};
    CHECK_INT(tm_dist_set(&longer, pt, d->n_points + 1), TM_OK);
    tm_dist_deinit(d);
    *d = longer;
}

static void add_param(struct tm_model *m, const char *name, uint64_t value, uint64_t cum)
{
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (strcmp(name, tm_swing_param_name((enum tm_swing_param)p)) == 0) {
            append_point(&m->u.swing.param[p], value, cum);
            return;
        }
    }
    CHECK_STR(name, "a known parameter");
}

static void check_digest(const struct golden *g, const char *hex)
{
    uint8_t got[TM_DIGEST_LEN];
    char text[2 * TM_DIGEST_LEN + 1];
    tm_model_digest(&g->model, got);
    for (size_t i = 0; i < sizeof got; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", got[i]);
    CHECK_STR(text, hex);
}

static void check_open(struct golden *g, const uint64_t v[6])
{
    struct tm_open open;
    tm_gen_open(g->gen, (uint32_t)v[0], &open);
    CHECK_INT(open.index, v[1]);
    CHECK_INT(open.session, v[2]);
    CHECK_INT(open.rre, v[3]);
    CHECK_INT(open.ref, v[4]);
    CHECK_INT(open.gap_us, v[5]);
    CHECK_INT(tm_gen_plan(g->gen, (uint32_t)v[0], open.index, &g->plan), TM_OK);
    CHECK_INT(tm_plan_check(&g->plan), TM_OK);
    g->n_checked++;
}

static void check_write(const struct golden *g, const uint64_t v[7])
{
    CHECK(v[2] < g->plan.n_writes);
    if (v[2] >= g->plan.n_writes)
        return;
    const struct tm_write *w = &g->plan.w[v[2]];
    CHECK_INT(w->size, v[3]);
    CHECK_INT(w->gap_us, v[4]);
    CHECK_INT(w->dir, v[5]);
    CHECK_INT(w->ref_back, v[6]);
}

static void start_gen(struct golden *g, const uint64_t v[3])
{
    struct tm_gen_cfg cfg = {
        .model = &g->model, .n_users = (uint32_t)v[1], .pace_us = (int64_t)v[2]};
    tm_seed_from_u64(cfg.seed, v[0]);
    CHECK_INT(tm_gen_new(&g->gen, &cfg), TM_OK);
}

static void check_line(struct golden *g, char *line)
{
    char word[80] = "";
    uint64_t v[7] = {0};
    line[strcspn(line, "\n")] = 0;
    char *rest = strchr(line, ',');
    CHECK(rest != NULL);
    if (!rest)
        return;
    *rest++ = 0;
    char *at = rest;
    if (strcmp(line, "param") == 0) {
        at = rest + strcspn(rest, ",");
        (void)snprintf(word, sizeof word, "%.*s", (int)(at - rest), rest);
    }
    for (size_t i = 0; i < 7 && *at; i++)
        v[i] = strtoull(at + (*at == ','), &at, 10);
    if (strcmp(line, "model") == 0) {
        g->model.kind = strncmp(rest, "swing", 5) == 0 ? TM_MODEL_SWING : TM_MODEL_CONSTANT;
        (void)snprintf(g->model.name, sizeof g->model.name, "%.60s", strchr(rest, ',') + 1);
    } else if (strcmp(line, "param") == 0) {
        add_param(&g->model, word, v[0], v[1]);
    } else if (strcmp(line, "constant") == 0) {
        g->model.u.constant = (struct tm_constant){(uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2]};
    } else if (strcmp(line, "digest") == 0) {
        check_digest(g, rest);
    } else if (strcmp(line, "gen") == 0) {
        start_gen(g, v);
    } else if (strcmp(line, "open") == 0) {
        check_open(g, v);
    } else if (strcmp(line, "write") == 0) {
        check_write(g, v);
    } else if (strcmp(line, "close") == 0) {
        CHECK_INT(g->plan.n_writes, v[2]);
        CHECK_INT(g->plan.close_gap_us, v[3]);
    } else {
        CHECK_STR(line, "a known line");
    }
}

static void replay(const char *name, size_t n_openings)
{
    char path[120];
    char line[256];
    struct golden g = {0};
    (void)snprintf(path, sizeof path, "data/golden/gen_%s.csv", name);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f))
        check_line(&g, line);
    if (f)
        (void)fclose(f);
    CHECK_INT(g.n_checked, n_openings);
    tm_gen_free(g.gen);
    tm_plan_deinit(&g.plan);
    tm_model_deinit(&g.model);
}

static void golden_browsing(void)
{
    replay("browsing", 42);
}

static void golden_browsing_at_a_pace(void)
{
    replay("browsing-paced", 42);
}

static void golden_36_byte_requests(void)
{
    replay("ssh36", 12);
}

static void golden_minutes_of_silence_and_a_think_beyond_the_plans_range(void)
{
    replay("silent", 16);
}

static void golden_defaults_for_empty_parameters(void)
{
    replay("bare", 6);
}

static void golden_constant(void)
{
    replay("constant", 2);
    replay("constant-users", 12);
}

static void set(struct tm_model *m, enum tm_swing_param p, const struct tm_dist_point *pt, size_t n)
{
    CHECK_INT(tm_dist_set(&m->u.swing.param[p], pt, n), TM_OK);
}

static struct tm_model browsing(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "browsing"};
    set(&m, TM_SWING_NUM_RRE, (struct tm_dist_point[]){{1, 1}, {3, 2}}, 2);
    set(&m, TM_SWING_INTER_RRE, (struct tm_dist_point[]){{3000000, 1}, {9000000, 2}}, 2);
    set(&m, TM_SWING_NUM_CONN, (struct tm_dist_point[]){{1, 1}, {2, 2}, {5, 3}}, 3);
    set(&m, TM_SWING_INTER_CONN, (struct tm_dist_point[]){{10, 1}, {400000, 2}}, 2);
    set(&m, TM_SWING_NUM_PAIRS, (struct tm_dist_point[]){{1, 3}, {4, 4}}, 2);
    set(&m, TM_SWING_REQ, (struct tm_dist_point[]){{36, 1}, {900, 4}, {1400, 5}}, 3);
    set(&m, TM_SWING_RSP, (struct tm_dist_point[]){{80, 1}, {14000, 3}, {90000, 4}}, 3);
    set(&m, TM_SWING_REQ_THINK, (struct tm_dist_point[]){{0, 1}, {77777, 2}}, 2);
    set(&m, TM_SWING_CLOSE_THINK, (struct tm_dist_point[]){{1, 1}, {5000000, 2}}, 2);
    return m;
}

static struct tm_gen *new_gen(const struct tm_model *m, uint64_t seed, uint32_t n_users,
                              int64_t pace_us)
{
    struct tm_gen *g = NULL;
    struct tm_gen_cfg cfg = {.model = m, .n_users = n_users, .pace_us = pace_us};
    tm_seed_from_u64(cfg.seed, seed);
    CHECK_INT(tm_gen_new(&g, &cfg), TM_OK);
    return g;
}

static bool same_plan(const struct tm_plan *a, const struct tm_plan *b)
{
    return a->n_writes == b->n_writes && a->close_gap_us == b->close_gap_us &&
           memcmp(a->w, b->w, a->n_writes * sizeof *a->w) == 0;
}

static void plans_are_the_same_in_any_order_and_between_any_openings(void)
{
    enum { USERS = 3, CONNS = 40, N = USERS * CONNS };
    struct tm_model m = browsing();
    struct tm_plan in_order[N] = {0};
    struct tm_plan p = {0};
    struct tm_gen *a = new_gen(&m, 11, USERS, 0);
    for (uint32_t i = 0; i < N; i++)
        CHECK_INT(tm_gen_plan(a, i / CONNS, i % CONNS, &in_order[i]), TM_OK);
    struct tm_gen *b = new_gen(&m, 11, USERS, 0);
    size_t distinct = 0;
    for (uint32_t k = 0; k < N; k++) {
        uint32_t i = (k * 77 + 5) % N; /* 77 and 120 have no common factor: each once */
        struct tm_open open;
        tm_gen_open(b, k % USERS, &open);
        CHECK_INT(tm_gen_plan(b, i / CONNS, i % CONNS, &p), TM_OK);
        CHECK(same_plan(&p, &in_order[i]));
        distinct += !same_plan(&p, &in_order[(i + 1) % N]);
    }
    CHECK(distinct > N / 2); /* else the comparison above shows nothing */
    CHECK_INT(tm_gen_plan(b, 0, UINT64_MAX, &p), TM_OK);
    for (size_t i = 0; i < N; i++)
        tm_plan_deinit(&in_order[i]);
    tm_plan_deinit(&p);
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
}

static void openings_of_a_user_do_not_depend_on_other_users_or_on_plans(void)
{
    struct tm_model m = browsing();
    struct tm_gen *alone = new_gen(&m, 12, 2, 0);
    struct tm_gen *crowd = new_gen(&m, 12, 50, 0);
    struct tm_plan p = {0};
    for (int i = 0; i < 200; i++) {
        struct tm_open want;
        struct tm_open got;
        memset(&want, 0, sizeof want);
        memset(&got, 0, sizeof got);
        tm_gen_open(alone, 1, &want);
        for (uint32_t u = 2; u < (uint32_t)(i % 5) + 2; u++)
            tm_gen_open(crowd, u, &got);
        CHECK_INT(tm_gen_plan(crowd, 1, (uint64_t)i, &p), TM_OK);
        tm_gen_open(crowd, 1, &got);
        CHECK_MEM(&got, &want, sizeof got);
    }
    tm_plan_deinit(&p);
    tm_gen_free(alone);
    tm_gen_free(crowd);
    tm_model_deinit(&m);
}

static void seeds_and_users_give_different_schedules(void)
{
    struct tm_model m = browsing();
    struct tm_gen *a = new_gen(&m, 13, 2, 0);
    struct tm_gen *b = new_gen(&m, 14, 2, 0);
    struct tm_plan x = {0};
    struct tm_plan y = {0};
    int seeds = 0;
    int users = 0;
    for (uint64_t i = 0; i < 50; i++) {
        CHECK_INT(tm_gen_plan(a, 0, i, &x), TM_OK);
        CHECK_INT(tm_gen_plan(b, 0, i, &y), TM_OK);
        seeds += !same_plan(&x, &y);
        CHECK_INT(tm_gen_plan(a, 1, i, &y), TM_OK);
        users += !same_plan(&x, &y);
    }
    CHECK(seeds > 25);
    CHECK(users > 25);
    tm_plan_deinit(&x);
    tm_plan_deinit(&y);
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
}

/* Counting connections of RREs and RREs of sessions gives back the model's counts, and each level starts
 * from its own event. */
static void openings_form_sessions_of_rres_of_connections(void)
{
    struct tm_model m = browsing();
    struct tm_gen *g = new_gen(&m, 15, 1, 0);
    struct tm_open last = {0};
    uint32_t conns = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        struct tm_open o;
        tm_gen_open(g, 0, &o);
        CHECK_INT(o.index, i);
        if (i == 0) {
            CHECK(o.ref == TM_OPEN_ORIGIN && o.gap_us == 0 && o.session == 0 && o.rre == 0);
            conns = 1;
        } else if (o.ref == TM_OPEN_PREV) {
            CHECK(o.session == last.session && o.rre == last.rre);
            CHECK(o.gap_us == 10 || o.gap_us == 400000);
            conns++;
        } else {
            CHECK_INT(o.ref, TM_OPEN_ENDED);
            CHECK(conns == 1 || conns == 2 || conns == 5);
            conns = 1;
            if (o.session == last.session) {
                CHECK_INT(o.rre, last.rre + 1);
                CHECK(o.gap_us == 3000000 || o.gap_us == 9000000);
            } else {
                CHECK_INT(o.session, last.session + 1);
                CHECK_INT(o.rre, 0);
                CHECK(last.rre == 0 || last.rre == 2);
                if (o.session == 1)
                    CHECK(o.gap_us >= 0 && o.gap_us < 300000000);
                else
                    CHECK_INT(o.gap_us, 300000000); /* the default */
            }
        }
        last = o;
    }
    CHECK(last.session > 100);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

/* Their first pages would all come at the pace's end, for there are few that read for so short a time. */
static void users_do_not_start_together_at_any_pace(void)
{
    struct tm_model m[2] = {browsing()};
    tm_model_constant_default(&m[1]);
    for (size_t k = 0; k < 2; k++) {
        struct tm_gen *g = new_gen(&m[k], 16, 64, 10000);
        bool taken[10] = {0}; /* milliseconds with a start */
        int n_taken = 0;
        for (uint32_t u = 0; u < 64; u++) {
            struct tm_open o;
            tm_gen_open(g, u, &o);
            CHECK_INT(o.ref, TM_OPEN_ORIGIN);
            CHECK(o.gap_us >= 0 && o.gap_us < 10000);
            n_taken += !taken[o.gap_us / 1000];
            taken[o.gap_us / 1000] = true;
        }
        CHECK(n_taken >= 9);
        tm_gen_free(g);
        tm_model_deinit(&m[k]);
    }
}

/* They begin within seconds, and all rest for 300 s: whenever one rests, so would all the others. */
static void users_who_began_together_do_not_rest_together(void)
{
    struct tm_model m = browsing();
    struct tm_gen *g = new_gen(&m, 17, 64, 0);
    int n_in_tenth[10] = {0}; /* of the 300 s: how many first rests end there */
    for (uint32_t u = 0; u < 64; u++) {
        struct tm_open o;
        do
            tm_gen_open(g, u, &o);
        while (o.session == 0);
        CHECK(o.gap_us >= 0 && o.gap_us < 300000000);
        n_in_tenth[o.gap_us / 30000000]++;
    }
    for (size_t i = 0; i < 10; i++)
        CHECK(n_in_tenth[i] >= 1 && n_in_tenth[i] <= 16);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void pace_caps_gaps_between_rres_sessions_and_starts_and_nothing_else(void)
{
    struct tm_model m = browsing();
    struct tm_gen *free_running = new_gen(&m, 16, 4, 0);
    struct tm_gen *paced = new_gen(&m, 16, 4, 5000);
    struct tm_plan x = {0};
    struct tm_plan y = {0};
    int capped = 0;
    for (uint32_t i = 0; i < 400; i++) {
        struct tm_open want;
        struct tm_open got;
        tm_gen_open(free_running, i % 4, &want);
        tm_gen_open(paced, i % 4, &got);
        CHECK_INT(got.index, want.index);
        CHECK_INT(got.session, want.session);
        CHECK_INT(got.rre, want.rre);
        CHECK_INT(got.ref, want.ref);
        bool caps = want.ref != TM_OPEN_PREV && want.gap_us > 5000;
        if (caps && want.ref == TM_OPEN_ORIGIN)
            CHECK(got.gap_us >= 0 && got.gap_us < 5000);
        else
            CHECK_INT(got.gap_us, caps ? 5000 : want.gap_us);
        capped += caps;
        CHECK_INT(tm_gen_plan(free_running, i % 4, want.index, &x), TM_OK);
        CHECK_INT(tm_gen_plan(paced, i % 4, want.index, &y), TM_OK);
        CHECK(same_plan(&x, &y));
    }
    CHECK(capped > 20);
    tm_plan_deinit(&x);
    tm_plan_deinit(&y);
    tm_gen_free(free_running);
    tm_gen_free(paced);
    tm_model_deinit(&m);
}

static void pauses_run_from_where_they_were_learned_from(void)
{
    for (int is_over = 0; is_over < 2; is_over++) {
        struct tm_model m = browsing();
        m.u.swing.is_over = is_over == 1;
        struct tm_gen *g = new_gen(&m, 17, 1, 0);
        unsigned n = 0;
        for (uint64_t i = 0; i < 200; i++) {
            struct tm_open open;
            tm_gen_open(g, 0, &open);
            if (i == 0 || open.ref == TM_OPEN_PREV)
                continue;
            CHECK_INT(open.ref, is_over == 1 ? TM_OPEN_OVER : TM_OPEN_ENDED);
            n++;
        }
        CHECK(n > 10);
        tm_gen_free(g);
        tm_model_deinit(&m);
    }
}

static void constant_is_1448_bytes_every_500_ms_ten_times(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_gen *g = new_gen(&m, 17, 1, 0);
    struct tm_plan p = {0};
    struct tm_open open;
    for (uint64_t i = 0; i < 3; i++) {
        tm_gen_open(g, 0, &open);
        CHECK_INT(open.index, i);
        CHECK_INT(open.ref, i == 0 ? TM_OPEN_ORIGIN : TM_OPEN_ENDED);
        CHECK_INT(open.gap_us, 0);
        CHECK_INT(tm_gen_plan(g, 0, i, &p), TM_OK);
        CHECK_INT(p.n_writes, 20);
        CHECK_INT(p.close_gap_us, 500000);
        CHECK_INT(tm_plan_bytes(&p, TM_UP), 14480);
        CHECK_INT(tm_plan_bytes(&p, TM_DOWN), 14480);
        for (size_t j = 0; j < p.n_writes; j++) {
            bool up = j % 2 == 0;
            CHECK_INT(p.w[j].size, 1448);
            CHECK_INT(p.w[j].dir, up ? TM_UP : TM_DOWN);
            CHECK_INT(p.w[j].gap_us, up && j > 0 ? 500000 : 0);
            CHECK_INT(p.w[j].ref_back, j == 0 ? 0 : up ? 2 : 1);
        }
    }
    tm_plan_deinit(&p);
    tm_gen_free(g);
}

static void constant_users_start_at_different_times_below_the_interval(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_gen *g = new_gen(&m, 18, TM_GEN_USERS_MAX, 0);
    int64_t sum_us = 0;
    for (uint32_t u = 0; u < TM_GEN_USERS_MAX; u++) {
        struct tm_open open;
        tm_gen_open(g, u, &open);
        CHECK_INT(open.ref, TM_OPEN_ORIGIN);
        CHECK(open.gap_us >= 0 && open.gap_us < 500000);
        CHECK(u > 0 || open.gap_us == 0);
        sum_us += open.gap_us;
    }
    int64_t mean_us = sum_us / TM_GEN_USERS_MAX; /* uniform: 250,000 with a deviation of 4,511 */
    CHECK(mean_us > 225000 && mean_us < 275000);
    tm_gen_free(g);
    m.u.constant.interval_us = 0; /* nothing to draw from */
    g = new_gen(&m, 18, 2, 0);
    struct tm_open open;
    tm_gen_open(g, 1, &open);
    CHECK_INT(open.gap_us, 0);
    tm_gen_free(g);
}

static void longest_connection_fits_a_plan(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "long"};
    set(&m, TM_SWING_NUM_PAIRS, (struct tm_dist_point[]){{TM_MODEL_PAIRS_MAX, 1}}, 1);
    set(&m, TM_SWING_REQ, (struct tm_dist_point[]){{36, 1}}, 1);
    set(&m, TM_SWING_RSP, (struct tm_dist_point[]){{TM_WRITE_SIZE_MAX, 1}}, 1);
    struct tm_gen *g = new_gen(&m, 19, 1, 0);
    struct tm_plan p = {0};
    CHECK_INT(tm_gen_plan(g, 0, 0, &p), TM_OK);
    CHECK_INT(p.n_writes, 2 * TM_MODEL_PAIRS_MAX);
    CHECK_INT(tm_plan_check(&p), TM_OK);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void new_refuses_bad_models_users_and_pace(void)
{
    struct tm_model m;
    struct tm_gen *g;
    tm_model_constant_default(&m);
    struct tm_gen_cfg cfg = {.model = &m, .n_users = 0};
    CHECK_INT(tm_gen_new(&g, &cfg), TM_ERR_RANGE);
    CHECK(!g);
    cfg.n_users = TM_GEN_USERS_MAX + 1;
    CHECK_INT(tm_gen_new(&g, &cfg), TM_ERR_RANGE);
    cfg.n_users = 1;
    cfg.pace_us = -1;
    CHECK_INT(tm_gen_new(&g, &cfg), TM_ERR_RANGE);
    cfg.pace_us = 0;
    m.u.constant.n_exchanges = 0;
    CHECK_INT(tm_gen_new(&g, &cfg), TM_ERR_RANGE);
    CHECK(!g);
    tm_gen_free(NULL);
}

static const struct check_case cases[] = {
    {"golden_browsing", golden_browsing},
    {"golden_browsing_at_a_pace", golden_browsing_at_a_pace},
    {"golden_36_byte_requests", golden_36_byte_requests},
    {"golden_minutes_of_silence_and_a_think_beyond_the_plans_range",
     golden_minutes_of_silence_and_a_think_beyond_the_plans_range},
    {"golden_defaults_for_empty_parameters", golden_defaults_for_empty_parameters},
    {"golden_constant", golden_constant},
    {"plans_are_the_same_in_any_order_and_between_any_openings",
     plans_are_the_same_in_any_order_and_between_any_openings},
    {"openings_of_a_user_do_not_depend_on_other_users_or_on_plans",
     openings_of_a_user_do_not_depend_on_other_users_or_on_plans},
    {"seeds_and_users_give_different_schedules", seeds_and_users_give_different_schedules},
    {"openings_form_sessions_of_rres_of_connections",
     openings_form_sessions_of_rres_of_connections},
    {"users_do_not_start_together_at_any_pace", users_do_not_start_together_at_any_pace},
    {"users_who_began_together_do_not_rest_together",
     users_who_began_together_do_not_rest_together},
    {"pace_caps_gaps_between_rres_sessions_and_starts_and_nothing_else",
     pace_caps_gaps_between_rres_sessions_and_starts_and_nothing_else},
    {"pauses_run_from_where_they_were_learned_from", pauses_run_from_where_they_were_learned_from},
    {"constant_is_1448_bytes_every_500_ms_ten_times",
     constant_is_1448_bytes_every_500_ms_ten_times},
    {"constant_users_start_at_different_times_below_the_interval",
     constant_users_start_at_different_times_below_the_interval},
    {"longest_connection_fits_a_plan", longest_connection_fits_a_plan},
    {"new_refuses_bad_models_users_and_pace", new_refuses_bad_models_users_and_pace},
};

CHECK_MAIN("gen", cases)
