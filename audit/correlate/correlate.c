#include "audit/correlate/correlate.h"

#include <math.h>
#include <stdlib.h>

#include "audit/correlate/bins.h"
#include "audit/correlate/learn.h"
#include "audit/correlate/subset.h"

static const struct {
    const char *key, *name;
} CORRELATORS[TM_CORRELATORS] = {
    {"spearman", "Spearman, cumulative bytes"}, {"pearson", "Pearson, flow records"},
    {"subset_sum", "sliding subset sum"},       {"network", "network, learned undefended"},
    {"network_fair", "network, learned here"},
};

const char *tm_correlator_key(enum tm_correlator c)
{
    return CORRELATORS[c].key;
}

const char *tm_correlator_name(enum tm_correlator c)
{
    return CORRELATORS[c].name;
}

struct tm_correlate_cfg tm_correlate_cfg_default(void)
{
    return (struct tm_correlate_cfg){
        .seed = 1, .n_false = 20, .rounds = 500, .has_net = true, .n_epochs = 15, .n_rows = 8000};
}

struct run {
    struct tm_correlate *out;
    const struct tm_correlate_cfg *cfg;
    const struct tm_correlate_scenes *sets; /* TM_CORRELATE_SETS */
    struct tm_net *net;                     /* learned from the control; NULL: none */
    unsigned n_done, n_steps;
};

/* One question being asked. */
struct ask {
    struct tm_learn_set set;
    struct tm_pairs pairs;
    float *score; /* of one attack */
    uint8_t *label;
    uint32_t *group;
    float *weight; /* each flow's others count as one */
};

static void step(struct run *r)
{
    r->n_done++;
    if (r->cfg->progress)
        r->cfg->progress(r->cfg->user, r->n_done, r->n_steps);
}

/* ---- attacks without learning ---- */

static int score_bins(const struct ask *a, enum tm_bins_measure m)
{
    struct tm_bins_cfg cfg = m == TM_BINS_SPEARMAN ? tm_bins_fine() : tm_bins_coarse();
    struct tm_bins *room = NULL;
    int rc = tm_bins_new(&room);
    if (rc != TM_OK)
        return rc;
    for (uint32_t i = 0; i < a->pairs.n; i++) {
        const struct tm_pair *p = &a->pairs.v[i];
        a->score[i] = (float)tm_bins_alike(room, m, &cfg, tm_pair_flow(a->set.scenes, p),
                                           tm_pair_carrier(a->set.scenes, a->set.q, p));
    }
    tm_bins_free(room);
    return TM_OK;
}

static int by_carrier(const void *x, const void *y, void *ctx)
{
    const struct tm_pair *pairs = ctx;
    const struct tm_pair *a = &pairs[*(const uint32_t *)x];
    const struct tm_pair *b = &pairs[*(const uint32_t *)y];
    if (a->scene != b->scene)
        return a->scene < b->scene ? -1 : 1;
    return a->carrier < b->carrier ? -1 : a->carrier > b->carrier;
}

/* The pairs order[0..n-1] of one carrier: what adds up is sought among the flows of its scene and those that it is paired with. */
static int score_carrier(const struct ask *a, const uint32_t *order, uint32_t n)
{
    const struct tm_pair *first = &a->pairs.v[order[0]];
    const struct tm_scene *s = &a->set.scenes[first->scene];
    size_t room = (size_t)s->n_flows + n;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    const struct tm_scene_line **flows = malloc(room * sizeof *flows);
    double *score = malloc(room * sizeof *score);
    uint32_t m = s->n_flows;
    int rc = TM_ERR_NOMEM;
    if (!flows || !score)
        goto out;
    for (uint32_t f = 0; f < s->n_flows; f++)
        flows[f] = &s->flows[f];
    for (uint32_t i = 0; i < n; i++) {
        const struct tm_pair *p = &a->pairs.v[order[i]];
        if (p->flow_scene != p->scene)
            flows[m++] = tm_pair_flow(a->set.scenes, p);
    }
    rc = tm_subset_scores(flows, m, tm_pair_carrier(a->set.scenes, a->set.q, first), score);
    m = s->n_flows;
    for (uint32_t i = 0; i < n && rc == TM_OK; i++) {
        const struct tm_pair *p = &a->pairs.v[order[i]];
        a->score[order[i]] = (float)score[p->flow_scene == p->scene ? p->flow : m++];
    }
out:
    free(flows);
    free(score);
    return rc;
}

static int score_subset(const struct ask *a)
{
    uint32_t n = a->pairs.n;
    uint32_t *order = malloc(((size_t)n + 1) * sizeof *order);
    int rc = TM_OK;
    if (!order)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    if (n > 1)
        qsort_r(order, n, sizeof *order, by_carrier, a->pairs.v);
    for (uint32_t i = 0, end = 0; i < n && rc == TM_OK; i = end) {
        end = i + 1;
        while (end < n && by_carrier(&order[i], &order[end], a->pairs.v) == 0)
            end++;
        rc = score_carrier(a, order + i, end - i);
    }
    free(order);
    return rc;
}

/* ---- one question ---- */

static int score_net(struct run *r, const struct ask *a, enum tm_correlate_set set,
                     enum tm_correlator c)
{
    const struct tm_learn_cfg cfg = {
        .seed = r->cfg->seed, .n_epochs = r->cfg->n_epochs, .n_rows = r->cfg->n_rows};
    bool learns_here = (c == TM_CORRELATOR_NET_FAIR) == (set == TM_SET_DEFENDED);
    if (!r->cfg->has_net)
        return TM_ERR_RANGE;
    if (learns_here)
        return tm_learn_cross(&cfg, &a->set, TM_CORRELATE_FOLDS, a->score);
    if (c == TM_CORRELATOR_NET_FAIR || !r->net)
        return TM_ERR_RANGE;
    return tm_learn_score(r->net, &a->set, a->score);
}

/* TM_ERR_RANGE: this attack does not apply. */
static int score_all(struct run *r, const struct ask *a, enum tm_correlate_set set,
                     enum tm_correlator c)
{
    switch (c) {
    case TM_CORRELATOR_SPEARMAN:
        return score_bins(a, TM_BINS_SPEARMAN);
    case TM_CORRELATOR_PEARSON:
        return score_bins(a, TM_BINS_PEARSON);
    case TM_CORRELATOR_SUBSET:
        return score_subset(a);
    case TM_CORRELATOR_NET:
    case TM_CORRELATOR_NET_FAIR:
        return score_net(r, a, set, c);
    case TM_CORRELATORS:
        break;
    }
    return TM_ERR_RANGE;
}

/* A flow's pairs stand together, its true one first. */
static void weigh(struct ask *a)
{
    for (uint32_t i = 0, end = 0; i < a->pairs.n; i = end) {
        end = i + 1;
        while (end < a->pairs.n && !a->pairs.v[end].is_true)
            end++;
        for (uint32_t k = i; k < end; k++)
            a->weight[k] = k == i ? 1 : 1 / (float)(end - i - 1);
    }
}

static int ask_init(struct ask *a, struct run *r, enum tm_correlate_set set, enum tm_question q)
{
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    const struct tm_correlate_scenes *scenes = &r->sets[set];
    const struct tm_pairs_cfg pairs = {scenes->v, scenes->n, q, r->cfg->n_false};
    *a = (struct ask){.set = {scenes->v, q, &a->pairs}};
    tm_seed_from_u64(key, r->cfg->seed);
    tm_rng_init(&rng, key);
    int rc = tm_pairs_make(&a->pairs, &pairs, &rng);
    if (rc != TM_OK)
        return rc;
    size_t n = (size_t)a->pairs.n + 1;
    a->score = malloc(n * sizeof *a->score);
    a->label = malloc(n * sizeof *a->label);
    a->group = malloc(n * sizeof *a->group);
    a->weight = malloc(n * sizeof *a->weight);
    if (!a->score || !a->label || !a->group || !a->weight)
        return TM_ERR_NOMEM;
    weigh(a);
    for (uint32_t i = 0; i < a->pairs.n; i++) {
        a->label[i] = a->pairs.v[i].is_true;
        a->group[i] = a->pairs.v[i].group;
    }
    return TM_OK;
}

static void ask_deinit(struct ask *a)
{
    tm_pairs_deinit(&a->pairs);
    free(a->score);
    free(a->label);
    free(a->group);
    free(a->weight);
}

static int ask_question(struct run *r, enum tm_correlate_set set, enum tm_question q)
{
    struct tm_correlate_found *found = &r->out->found[set][q];
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    struct ask a;
    int rc = ask_init(&a, r, set, q);
    found->n_true = a.pairs.n_true;
    found->n_false = a.pairs.n - a.pairs.n_true;
    found->n_left = a.pairs.n_left;
    const struct tm_operating_sample sample = {a.score, a.label, a.group, a.weight, a.pairs.n};
    tm_seed_from_u64(key, r->cfg->seed + 1);
    tm_rng_init(&rng, key);
    for (int c = 0; c < TM_CORRELATORS && rc == TM_OK; c++, step(r)) {
        if (a.pairs.n == 0)
            continue;
        int done = score_all(r, &a, set, (enum tm_correlator)c);
        if (done == TM_ERR_RANGE)
            continue;
        rc = done != TM_OK ? done : tm_operating_of(&found->at[c], &sample, r->cfg->rounds, &rng);
        found->has[c] = rc == TM_OK;
    }
    ask_deinit(&a);
    return rc;
}

/* The network that attacks the defended set: from the control's first question that has enough pairs. */
static int learn_control(struct run *r)
{
    const struct tm_learn_cfg cfg = {
        .seed = r->cfg->seed, .n_epochs = r->cfg->n_epochs, .n_rows = r->cfg->n_rows};
    int rc = TM_OK;
    for (int q = 0; q < TM_QUESTIONS && rc == TM_OK && !r->net && r->cfg->has_net; q++) {
        struct ask a;
        rc = ask_init(&a, r, TM_SET_CONTROL, (enum tm_question)q);
        if (rc == TM_OK && a.pairs.n > 0)
            rc = tm_learn_fit(&r->net, &cfg, &a.set, NULL, 0);
        if (rc == TM_ERR_RANGE)
            rc = TM_OK;
        ask_deinit(&a);
    }
    return rc;
}

/* ---- the whole ---- */

static void count_scenes(const struct run *r)
{
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        const struct tm_correlate_scenes *s = &r->sets[set];
        r->out->n_scenes[set] = s->n;
        for (uint32_t k = 0; k < s->n; k++) {
            r->out->n_flows[set] += s->v[k].n_flows;
            r->out->n_carriers[set] += s->v[k].n_carriers;
            r->out->n_tunnels[set] += s->v[k].n_tunnels;
        }
    }
}

/* The first question that could be asked, TM_QUESTION_TUNNEL the last of them: undefended flows may each have a tunnel of its own. */
static enum tm_question first_asked(const struct tm_correlate *o, enum tm_correlate_set set,
                                    enum tm_question last)
{
    for (int q = 0; q < (int)last; q++) {
        if (o->found[set][q].n_true > 0)
            return (enum tm_question)q;
    }
    return last;
}

static enum tm_correlate_verdict judge(struct tm_correlate *o)
{
    o->judged = first_asked(o, TM_SET_DEFENDED, TM_QUESTION_ALIKE);
    const struct tm_correlate_found *f = &o->found[TM_SET_DEFENDED][o->judged];
    const struct tm_correlate_found *control =
        &o->found[TM_SET_CONTROL][first_asked(o, TM_SET_CONTROL, TM_QUESTION_TUNNEL)];
    bool is_above = false;
    bool is_found = false;
    bool is_measured = true;
    for (int c = 0; c < TM_CORRELATORS; c++) {
        const struct tm_interval *v = &f->at[c].tpr[0];
        o->n_working += control->has[c] && control->at[c].tpr[0].value >= TM_CORRELATE_CONTROL;
        if (!f->has[c])
            continue;
        is_measured &= !isnan(v->value);
        is_above |= v->value > TM_CORRELATE_AIM;
        is_found |= v->low > TM_CORRELATE_AIM;
    }
    if (f->n_true == 0)
        return TM_CORRELATE_NOTHING;
    if (is_found)
        return TM_CORRELATE_FOUND;
    if (control->n_true == 0)
        return TM_CORRELATE_NO_CONTROL;
    if (o->n_working < TM_CORRELATE_WORKING)
        return TM_CORRELATE_TEST;
    return is_above || !is_measured || f->n_true < TM_CORRELATE_CLAIM ? TM_CORRELATE_NO_CLAIM
                                                                      : TM_CORRELATE_NOT_FOUND;
}

int tm_correlate_run(struct tm_correlate *out, const struct tm_correlate_cfg *cfg,
                     const struct tm_correlate_scenes sets[TM_CORRELATE_SETS])
{
    struct run r = {.out = out,
                    .cfg = cfg,
                    .sets = sets,
                    .n_steps = TM_CORRELATE_SETS * TM_QUESTIONS * TM_CORRELATORS};
    *out = (struct tm_correlate){.seed = cfg->seed};
    count_scenes(&r);
    int rc = learn_control(&r);
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        for (int q = 0; q < TM_QUESTIONS && rc == TM_OK; q++)
            rc = ask_question(&r, (enum tm_correlate_set)set, (enum tm_question)q);
    }
    if (rc == TM_OK)
        out->verdict = judge(out);
    tm_net_free(r.net);
    return rc;
}
