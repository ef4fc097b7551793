/* The attacks together: a planted correlation is found, independent flows are at chance, and what is concluded. */
#include "audit/correlate/correlate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/support/tunnel_gen.h"

#define N 2U

struct world {
    struct tm_scene v[2][N];
    struct tm_correlate r;
};

static struct world *run(enum tunnel_gen_kind kind, uint32_t n_control, uint32_t n_defended)
{
    struct world *w = calloc(1, sizeof *w);
    struct tm_correlate_cfg cfg = tm_correlate_cfg_default();
    if (!w)
        abort();
    cfg.has_net = false;
    cfg.rounds = 20;
    for (uint32_t k = 0; k < N; k++) {
        tunnel_gen_scene(&w->v[0][k], &(struct tunnel_gen_cfg){TUNNEL_ONE_TO_ONE, 30, 2, 0,
                                                               10000000, 2000, 10 + k});
        tunnel_gen_scene(&w->v[1][k],
                         &(struct tunnel_gen_cfg){kind, 40, 2, 4, 10000000, 2000, 20 + k});
    }
    const struct tm_correlate_scenes sets[] = {{w->v[0], n_control}, {w->v[1], n_defended}};
    CHECK_INT(tm_correlate_run(&w->r, &cfg, sets), TM_OK);
    return w;
}

static void leave(struct world *w)
{
    for (int set = 0; set < 2; set++) {
        for (uint32_t k = 0; k < N; k++)
            tm_scene_deinit(&w->v[set][k]);
    }
    free(w);
}

static double tpr(const struct world *w, enum tm_correlate_set set, enum tm_question q,
                  enum tm_correlator c)
{
    const struct tm_correlate_found *f = &w->r.found[set][q];
    CHECK(f->has[c]);
    return f->at[c].tpr[0].value;
}

static double auc(const struct world *w, enum tm_question q, enum tm_correlator c)
{
    const struct tm_correlate_found *f = &w->r.found[TM_SET_DEFENDED][q];
    CHECK(f->has[c]);
    return f->at[c].auc;
}

static void undefended_flows_are_found(void)
{
    struct world *w = run(TUNNEL_ONE_TO_ONE, N, N);
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        enum tm_correlate_set s = (enum tm_correlate_set)set;
        CHECK(tpr(w, s, TM_QUESTION_CARRIED, TM_CORRELATOR_SPEARMAN) > 0.9);
        CHECK(tpr(w, s, TM_QUESTION_CARRIED, TM_CORRELATOR_SUBSET) > 0.9);
        CHECK(w->r.found[set][TM_QUESTION_CARRIED].at[TM_CORRELATOR_PEARSON].auc > 0.9);
    }
    CHECK(w->r.n_working >= 2);
    CHECK_INT(w->r.verdict, TM_CORRELATE_FOUND);
    CHECK_INT(w->r.n_flows[TM_SET_CONTROL], 60);
    CHECK_INT(w->r.n_carriers[TM_SET_DEFENDED], 80);
    CHECK_INT(w->r.n_tunnels[TM_SET_DEFENDED], 4);
    leave(w);
}

static void independent_carriers_are_at_chance(void)
{
    struct world *w = run(TUNNEL_SCHEDULED, N, N);
    for (int q = 0; q < TM_QUESTIONS; q++) {
        for (int c = 0; c <= TM_CORRELATOR_SUBSET; c++) {
            double v = auc(w, (enum tm_question)q, (enum tm_correlator)c);
            /* 80 true pairs: a standard error of about 0.035. */
            if (q != TM_QUESTION_ALIKE)
                CHECK(fabs(v - 0.5) < 0.14);
            CHECK(!(w->r.found[TM_SET_DEFENDED][q].at[c].tpr[0].low > 0.015));
        }
    }
    CHECK_INT(w->r.verdict, TM_CORRELATE_NO_CLAIM); /* with so few pairs */
    leave(w);
}

static void shuffling_hides_the_carrier_and_not_the_tunnel(void)
{
    struct world *w = run(TUNNEL_SHUFFLED, 0, N);
    for (int c = 0; c <= TM_CORRELATOR_SUBSET; c++)
        CHECK(auc(w, TM_QUESTION_CARRIED, (enum tm_correlator)c) < 0.65);
    CHECK(auc(w, TM_QUESTION_SUM, TM_CORRELATOR_SPEARMAN) > 0.95);
    CHECK(auc(w, TM_QUESTION_SUM, TM_CORRELATOR_SUBSET) > 0.95);
    leave(w);
}

static void same_seed_same_numbers(void)
{
    struct world *a = run(TUNNEL_SHUFFLED, 0, 1);
    struct world *b = run(TUNNEL_SHUFFLED, 0, 1);
    CHECK_MEM(&a->r.found, &b->r.found, sizeof a->r.found);
    leave(a);
    leave(b);
}

static void without_a_control_nothing_is_claimed(void)
{
    struct world *w = run(TUNNEL_SCHEDULED, 0, 1);
    char text[512];
    CHECK_INT(w->r.verdict, TM_CORRELATE_NO_CONTROL);
    CHECK_STR(tm_correlate_verdict_key(w->r.verdict), "no-control");
    tm_correlate_text(&w->r, text);
    CHECK(strstr(text, "no claim: without undefended flows") == text);
    leave(w);
}

static void a_control_that_is_not_found_fails_the_test(void)
{
    struct world *w = run(TUNNEL_SCHEDULED, 0, 1);
    struct tm_correlate_cfg cfg = tm_correlate_cfg_default();
    struct tm_correlate r;
    cfg.has_net = false;
    cfg.rounds = 20;
    const struct tm_correlate_scenes sets[] = {{w->v[1], 1}, {w->v[1] + 1, 1}};
    CHECK_INT(tm_correlate_run(&r, &cfg, sets), TM_OK);
    CHECK_INT(r.verdict, TM_CORRELATE_TEST);
    leave(w);
}

static void one_carrier_has_no_other(void)
{
    struct tm_scene s;
    struct tm_correlate r;
    struct tm_correlate_cfg cfg = tm_correlate_cfg_default();
    cfg.has_net = false;
    tunnel_gen_scene(&s, &(struct tunnel_gen_cfg){TUNNEL_SHUFFLED, 5, 1, 1, 1000000, 0, 1});
    const struct tm_correlate_scenes sets[] = {{NULL, 0}, {&s, 1}};
    CHECK_INT(tm_correlate_run(&r, &cfg, sets), TM_OK);
    CHECK_INT(r.verdict, TM_CORRELATE_NOTHING);
    tm_scene_deinit(&s);
}

static const struct check_case CASES[] = {
    {"undefended_flows_are_found", undefended_flows_are_found},
    {"independent_carriers_are_at_chance", independent_carriers_are_at_chance},
    {"shuffling_hides_the_carrier_and_not_the_tunnel",
     shuffling_hides_the_carrier_and_not_the_tunnel},
    {"same_seed_same_numbers", same_seed_same_numbers},
    {"without_a_control_nothing_is_claimed", without_a_control_nothing_is_claimed},
    {"a_control_that_is_not_found_fails_the_test", a_control_that_is_not_found_fails_the_test},
    {"one_carrier_has_no_other", one_carrier_has_no_other},
};
CHECK_MAIN("audit/correlate", CASES)
