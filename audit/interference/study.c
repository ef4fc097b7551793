#include "audit/interference/study.h"

#include <stdlib.h>

#include "tm/base/rng.h"

const char *tm_verdict_key(enum tm_verdict v)
{
    static const char *const KEY[] = {"offsets-differ", "test-failed", "told", "no-claim",
                                      "not-told"};
    return KEY[v];
}

const char *tm_study_by_key(enum tm_study_by by)
{
    static const char *const KEY[] = {"stretches", "sessions", "runs"};
    return KEY[by];
}

const char *tm_study_by_text(enum tm_study_by by)
{
    static const char *const TEXT[] = {
        "stretches of time in pairs of runs: what differs between two runs for the machine's "
        "reasons counts too",
        "sessions, one for each modelled user of a pair of runs: what differs between two runs for "
        "the machine's reasons counts too",
        "pairs of runs"};
    return TEXT[by];
}

/* ---- The sample ---- */

struct match {
    const struct tm_run *run[2];
    const struct tm_trace *trace[2];
    uint32_t pair; /* of runs */
    uint32_t user;
    uint32_t group;
};

struct work {
    struct tm_study *s;
    const struct tm_study_cfg *cfg;
    struct match *v; /* owned */
    uint32_t n, cap;
    unsigned n_done, n_steps;
};

static int order_of_time(const struct match *a, const struct match *b)
{
    int64_t t_a = a->trace[0]->start_us;
    int64_t t_b = b->trace[0]->start_us;
    return (t_a > t_b) - (t_a < t_b);
}

static int by_time(const void *pa, const void *pb)
{
    const struct match *a = pa;
    const struct match *b = pb;
    return a->pair != b->pair ? (a->pair < b->pair ? -1 : 1) : order_of_time(a, b);
}

static int by_session(const void *pa, const void *pb)
{
    const struct match *a = pa;
    const struct match *b = pb;
    if (a->pair != b->pair)
        return a->pair < b->pair ? -1 : 1;
    return a->user != b->user ? (a->user < b->user ? -1 : 1) : order_of_time(a, b);
}

static int reserve(struct work *w, uint32_t n)
{
    if (w->n + n <= w->cap)
        return TM_OK;
    struct match *v = realloc(w->v, ((size_t)w->n + n) * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    w->v = v;
    w->cap = w->n + n;
    return TM_OK;
}

static const struct tm_trace *whole_trace(const struct tm_run *r, uint32_t at)
{
    uint32_t k = r->conns[at].trace;
    return k != UINT32_MAX && tm_trace_is_complete(&r->traces.v[k]) ? &r->traces.v[k] : NULL;
}

/* The connections that both runs saw from opening to end. */
static int collect(struct work *w, uint32_t pair, const struct tm_run *a, const struct tm_run *b)
{
    struct tm_run_pair *pairs = NULL;
    uint32_t n = 0;
    int rc = tm_run_pairs(a, b, &pairs, &n);
    if (rc == TM_OK)
        rc = reserve(w, n);
    for (uint32_t i = 0; rc == TM_OK && i < n; i++) {
        struct match m = {
            .run = {a, b},
            .pair = pair,
            .user = a->conns[pairs[i].at[0]].user,
            .trace = {whole_trace(a, pairs[i].at[0]), whole_trace(b, pairs[i].at[1])}};
        if (m.trace[0] && m.trace[1])
            w->v[w->n++] = m;
    }
    w->s->n_places += n;
    free(pairs);
    return rc;
}

/* The end of the run of matches that begins at `from`: those of one pair of runs. */
static uint32_t end_of_pair(const struct work *w, uint32_t from)
{
    uint32_t end = from;
    while (end < w->n && w->v[end].pair == w->v[from].pair)
        end++;
    return end;
}

/* Cuts each pair of runs into n_parts groups. */
static void group_by_time(struct work *w, uint32_t n_parts)
{
    qsort(w->v, w->n, sizeof *w->v, by_time);
    for (uint32_t from = 0, end; from < w->n; from = end) {
        end = end_of_pair(w, from);
        uint32_t n = end - from;
        uint32_t n_here = n_parts < n ? n_parts : n;
        for (uint32_t i = 0; i < n; i++)
            w->v[from + i].group = w->s->n_groups + (uint32_t)((uint64_t)i * n_here / n);
        w->s->n_groups += n_here;
    }
}

/* Gives the sessions numbers as groups; how many there are. */
static uint32_t group_by_session(struct work *w)
{
    uint32_t n = 0;
    qsort(w->v, w->n, sizeof *w->v, by_session);
    for (uint32_t i = 0; i < w->n; i++) {
        n += i == 0 || w->v[i].pair != w->v[i - 1].pair || w->v[i].user != w->v[i - 1].user;
        w->v[i].group = n - 1;
    }
    return n;
}

static void make_groups(struct work *w)
{
    struct tm_study *s = w->s;
    if (!w->v || w->n == 0)
        return;
    uint32_t n_sessions = group_by_session(w); /* without logs all have one user */
    if (s->n_runs >= TM_STUDY_RUNS) {
        s->by = TM_STUDY_BY_RUN;
        group_by_time(w, 1);
    } else if (n_sessions >= TM_STUDY_GROUPS) {
        s->by = TM_STUDY_BY_SESSION;
        s->n_groups = n_sessions;
    } else {
        s->by = TM_STUDY_BY_STRETCH;
        group_by_time(w, (TM_STUDY_GROUPS + s->n_runs - 1) / s->n_runs);
    }
}

/* leak NULL: as captured. */
static int make_sample(struct tm_attack_rows *out, const struct work *w, const struct tm_leak *leak)
{
    struct tm_trace_set leaking = {0};
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    int rc = TM_OK;
    tm_seed_from_u64(key, w->cfg->seed);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; leak && rc == TM_OK && i < w->n; i++)
        rc = tm_leak_add(&leaking, leak, &w->v[i].run[1]->traces, w->v[i].trace[1], &rng);
    for (uint32_t i = 0; rc == TM_OK && i < w->n; i++) {
        const struct match *m = &w->v[i];
        rc = tm_attack_rows_add(out, &m->run[0]->traces, m->trace[0], 0, m->group);
        if (rc == TM_OK)
            rc = tm_attack_rows_add(out, leak ? &leaking : &m->run[1]->traces,
                                    leak ? &leaking.v[i] : m->trace[1], 1, m->group);
    }
    tm_trace_set_deinit(&leaking);
    return rc;
}

/* ---- Attacks ---- */

static int score(struct work *w, struct tm_study_scores *out, const struct tm_attack_rows *sample,
                 enum tm_attack_kind kind, struct tm_msg *msg)
{
    int rc = tm_attack_run(sample, kind, w->cfg->seed, &out->auc[kind], msg);
    out->has[kind] = rc == TM_OK;
    w->n_done++;
    if (w->cfg->progress)
        w->cfg->progress(w->cfg->user, w->n_done, w->n_steps);
    return rc;
}

static int run_attacks(struct work *w, struct tm_msg *msg)
{
    struct tm_attack_rows sample = {0};
    int rc = make_sample(&sample, w, NULL);
    for (int k = 0; rc == TM_OK && k < TM_ATTACK_KINDS; k++)
        rc = score(w, &w->s->scores, &sample, (enum tm_attack_kind)k, msg);
    tm_attack_rows_deinit(&sample);
    return rc;
}

static int run_control(struct work *w, struct tm_study_control *c, struct tm_msg *msg)
{
    static const enum tm_attack_kind KINDS[] = {TM_ATTACK_FOREST_ALL, TM_ATTACK_NET};
    struct tm_attack_rows sample = {0};
    int rc = make_sample(&sample, w, &c->leak);
    for (size_t k = 0; rc == TM_OK && k < sizeof KINDS / sizeof KINDS[0]; k++) {
        rc = score(w, &c->scores, &sample, KINDS[k], msg);
        c->is_caught |= rc == TM_OK && c->scores.auc[KINDS[k]].value >= TM_STUDY_CAUGHT;
    }
    tm_attack_rows_deinit(&sample);
    return rc;
}

static enum tm_verdict judge(const struct tm_study *s)
{
    bool is_above = false;
    bool is_within = true;
    if (s->offsets.is_different || s->offsets.n_offsets == 0)
        return TM_VERDICT_OFFSETS;
    if (!s->has_attacks)
        return TM_VERDICT_NO_CLAIM;
    for (uint32_t i = 0; i < TM_STUDY_CONTROLS; i++) {
        if (!s->control[i].is_caught)
            return TM_VERDICT_CONTROL;
    }
    for (int k = 0; k < TM_ATTACK_KINDS; k++) {
        is_above |= s->scores.auc[k].low > TM_STUDY_AIM;
        is_within &= s->scores.auc[k].high <= TM_STUDY_AIM;
    }
    return is_above ? TM_VERDICT_TOLD : is_within ? TM_VERDICT_NOT_TOLD : TM_VERDICT_NO_CLAIM;
}

int tm_study_run(struct tm_study *s, const struct tm_study_cfg *cfg,
                 const struct tm_run *const *idle, const struct tm_run *const *loaded, uint32_t n,
                 struct tm_msg *msg)
{
    struct work w = {.s = s, .cfg = cfg, .n_steps = TM_ATTACK_KINDS + 2 * TM_STUDY_CONTROLS};
    int rc = TM_OK;
    *s = (struct tm_study){.n_runs = n};
    s->control[0].leak = (struct tm_leak){.kind = TM_LEAK_RECORD};
    s->control[1].leak = (struct tm_leak){.kind = TM_LEAK_LATE, .late_us = cfg->late_us};
    for (uint32_t i = 0; rc == TM_OK && i < n; i++) {
        rc = tm_offsets_compare(&s->offsets, idle[i], loaded[i]);
        if (rc == TM_OK)
            rc = collect(&w, i, idle[i], loaded[i]);
    }
    make_groups(&w);
    s->n_pairs = w.n;
    s->has_attacks = s->n_groups >= 2 * TM_ATTACK_FOLDS;
    if (rc == TM_OK && s->has_attacks)
        rc = run_attacks(&w, msg);
    for (uint32_t i = 0; rc == TM_OK && s->has_attacks && i < TM_STUDY_CONTROLS; i++)
        rc = run_control(&w, &s->control[i], msg);
    s->verdict = judge(s);
    free(w.v);
    return rc;
}
