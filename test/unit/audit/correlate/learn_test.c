/* The network learns to match flows with carriers, and is never asked about what it learned. */
#include "audit/correlate/learn.h"

#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "test/support/check.h"
#include "test/support/tunnel_gen.h"

static const struct tm_learn_cfg CFG = {.seed = 1, .n_epochs = 5, .n_rows = 200};

static double auc_of(const struct tm_pairs *p, const float *score)
{
    uint8_t label[2000];
    double auc = 0;
    CHECK(p->n <= 2000);
    for (uint32_t i = 0; i < p->n; i++)
        label[i] = p->v[i].is_true;
    CHECK_INT(tm_auc(score, label, NULL, p->n, &auc), TM_OK);
    return auc;
}

static void make(struct tm_scene *s, struct tm_pairs *p, enum tunnel_gen_kind kind, uint64_t seed)
{
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    tunnel_gen_scene(s, &(struct tunnel_gen_cfg){kind, 40, 1, 4, 10000000, 2000, seed});
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    CHECK_INT(tm_pairs_make(p, &(struct tm_pairs_cfg){s, 1, TM_QUESTION_CARRIED, 4}, &rng), TM_OK);
}

static void undefended_pairs_are_learned_and_found_elsewhere(void)
{
    struct tm_scene s[2];
    struct tm_pairs p[2];
    struct tm_net *net = NULL;
    float score[2000];
    make(&s[0], &p[0], TUNNEL_ONE_TO_ONE, 1);
    make(&s[1], &p[1], TUNNEL_ONE_TO_ONE, 2);
    const struct tm_learn_set a = {&s[0], TM_QUESTION_CARRIED, &p[0]};
    const struct tm_learn_set b = {&s[1], TM_QUESTION_CARRIED, &p[1]};
    CHECK_INT(tm_learn_fit(&net, &CFG, &a, NULL, 0), TM_OK);
    if (net) {
        CHECK_INT(tm_learn_score(net, &b, score), TM_OK);
        CHECK(auc_of(&p[1], score) > 0.9);
    }
    tm_net_free(net);
    for (int k = 0; k < 2; k++) {
        tm_pairs_deinit(&p[k]);
        tm_scene_deinit(&s[k]);
    }
}

static void folds_are_ranks_among_their_other_pairs(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    float score[2000];
    float again[2000];
    double sum = 0;
    uint32_t n = 0;
    make(&s, &p, TUNNEL_SHUFFLED, 3);
    const struct tm_learn_set a = {&s, TM_QUESTION_CARRIED, &p};
    CHECK_INT(tm_learn_cross(&CFG, &a, 2, score), TM_OK);
    for (uint32_t i = 0; i < p.n; i++) {
        CHECK(score[i] >= 0 && score[i] <= 1);
        sum += p.v[i].is_true ? 0 : (double)score[i];
        n += !p.v[i].is_true;
    }
    CHECK(sum / n > 0.49 && sum / n < 0.51);
    CHECK(auc_of(&p, score) < 0.7); /* shuffled: the carriers look alike */
    CHECK_INT(tm_learn_cross(&CFG, &a, 2, again), TM_OK);
    CHECK_MEM(again, score, p.n * sizeof *score);
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static void too_few_pairs_are_refused(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    struct tm_net *net = NULL;
    float score[2000];
    make(&s, &p, TUNNEL_SHUFFLED, 3);
    const struct tm_learn_set a = {&s, TM_QUESTION_CARRIED, &p};
    p.n = 1;
    CHECK_INT(tm_learn_fit(&net, &CFG, &a, NULL, 0), TM_ERR_RANGE);
    CHECK(!net);
    CHECK_INT(tm_learn_cross(&CFG, &a, 2, score), TM_ERR_RANGE);
    p.n = 0;
    CHECK_INT(tm_learn_cross(&CFG, &a, 2, score), TM_ERR_RANGE);
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static const struct check_case CASES[] = {
    {"undefended_pairs_are_learned_and_found_elsewhere",
     undefended_pairs_are_learned_and_found_elsewhere},
    {"folds_are_ranks_among_their_other_pairs", folds_are_ranks_among_their_other_pairs},
    {"too_few_pairs_are_refused", too_few_pairs_are_refused},
};
CHECK_MAIN("audit/correlate/learn", CASES)
