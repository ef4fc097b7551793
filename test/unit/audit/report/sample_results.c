#include "test/unit/audit/report/sample_results.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE  "</p><script>alert(1)</script> \xff\x01 & \"'"
#define N_GROUPS 5U

static const char *const GROUPS[] = {"poster", "sizes", "times", "cumul", "all"};
static const char *const FEATURES[] = {
    "s1",      "duration_ms",    "bytes_down", "pkt_up_mean", "iat_ms_q50",      "think_ms_mean",
    "gap1_ms", "burst_down_max", "conc_sd",    "frac_up",     "order_down_mean", "n_up_first30"};

/* The number that belongs there, or one that hurts. */
static double number(enum sample_kind kind, double v, unsigned salt)
{
    static const double HARD[] = {NAN, INFINITY, -INFINITY, 0, DBL_MAX, -DBL_MAX, 5e-324};
    return kind == SAMPLE_EXTREME ? HARD[salt % 7] : v;
}

static const char *text(enum sample_kind kind, const char *s)
{
    return kind == SAMPLE_HOSTILE ? HOSTILE : s;
}

static struct tm_detect_test test_of(enum sample_kind kind, double auc, unsigned salt)
{
    return (struct tm_detect_test){.is_done = true,
                                   .auc = {number(kind, auc, salt),
                                           number(kind, auc - 0.02, salt + 1),
                                           number(kind, fmin(auc + 0.02, 1), salt + 2)},
                                   .n = {{2100, 205}, {2100, 210}}};
}

static void fill_feature(struct tm_detect_feature *f, enum sample_kind kind, unsigned i)
{
    (void)snprintf(f->name, sizeof f->name, "%.*s", (int)sizeof f->name - 1,
                   text(kind, FEATURES[i % 12]));
    f->gain = number(kind, 0.4 * pow(0.6, i), i);
    f->ks = number(kind, 0.6 / (i + 1), i + 1);
    f->p = number(kind, 0.001 * i * i, i + 2);
    f->p_holm = number(kind, fmin(0.012 * i * i, 1), i + 3);
}

static void fill_group(struct tm_detect_group *g, enum sample_kind kind, unsigned i)
{
    static const double AUC[] = {0.553, 0.671, 0.912, 0.700, 0.943};
    g->name = text(kind, GROUPS[i]);
    g->group = 1U << i;
    g->n_cols = 5 + 37 * i;
    g->cover = test_of(kind, AUC[i], i);
    g->null = (struct tm_detect_null){.n = 20,
                                      .mean = number(kind, 0.501, i),
                                      .sd = number(kind, 0.012, i),
                                      .low = number(kind, 0.478, i),
                                      .high = number(kind, 0.527, i + 1),
                                      .p = number(kind, 1.0 / 21, i)};
    g->floor_r = test_of(kind, 0.51 + 0.01 * i, i + 3);
    g->floor_rb = test_of(kind, 0.63 + 0.02 * i, i + 4);
    for (unsigned k = 0; k < TM_DETECT_QUANTILES; k++)
        g->tpr[k] = number(kind, 1 - pow(1 - k / 100.0, AUC[i] / (1 - AUC[i])), k);
    g->n_top = TM_DETECT_TOP;
    for (unsigned k = 0; k < TM_DETECT_TOP; k++)
        fill_feature(&g->top[k], kind, k);
    g->verdict = (enum tm_detect_verdict)(i % (TM_DETECT_FAILED + 1));
    (void)snprintf(
        g->text, sizeof g->text, "%s",
        text(kind, "AUC with n = 2,100 connections of 205 sessions against 2,100 of 210."));
}

static void fill_shown(struct tm_detect_shown *s, enum sample_kind kind, unsigned i)
{
    (void)snprintf(s->name, sizeof s->name, "%.*s", (int)sizeof s->name - 1,
                   text(kind, FEATURES[i]));
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned q = 0; q < TM_DETECT_QUANTILES; q++) {
            double atoms = q < 40 ? -120.0 : q < 80 ? 517 + 40.0 * side : 1448;
            s->q[side][q] =
                number(kind, i == 0 ? atoms : exp(4 + 0.05 * q * i + 0.3 * side), q + side);
        }
    }
}

static void fill_inputs(struct tm_detect_result *r, enum sample_kind kind)
{
    static const char *const NAMES[] = {"rec/https.heldout.pcap", "out/https.pcap",
                                        "rec/https.train.pcap"};
    for (unsigned i = 0; i < TM_DETECT_SIDES; i++) {
        (void)snprintf(r->name[i], sizeof r->name[i], "%s", text(kind, NAMES[i]));
        (void)snprintf(r->sessions[i], sizeof r->sessions[i], "%s", text(kind, "labels"));
        r->given[i] = (struct tm_detect_count){2310, 214};
        r->used[i] = (struct tm_detect_count){2100, 205};
    }
    r->folds = 5;
    r->seed = 1;
    (void)snprintf(
        r->text, sizeof r->text, "%s",
        text(kind,
             "2,100 cover connections are told from 2,100 real ones: AUC 0.943 [0.923, 0.963]."));
    (void)snprintf(r->warning[0], sizeof r->warning[0], "%s",
                   text(kind, "13 connections carried no label."));
    r->n_warnings = 1;
}

static void fill_controls(struct tm_detect_result *r, enum sample_kind kind)
{
    static const double AUC[] = {1, 0.93, 0.503};
    r->has_controls = true;
    for (unsigned k = 0; k < TM_CONTROLS; k++) {
        r->control[k].test = test_of(kind, AUC[k], k);
        r->control[k].is_passed = k != 1 || kind == SAMPLE_ORDINARY;
        (void)snprintf(r->control[k].text, sizeof r->control[k].text, "%s",
                       text(kind, "As it must be."));
    }
}

static struct tm_study_scores scores_of(enum sample_kind kind, double auc)
{
    struct tm_study_scores s = {.has = {true, true, true, kind != SAMPLE_EXTREME}};
    for (unsigned k = 0; k < TM_ATTACK_KINDS; k++)
        s.auc[k] = (struct tm_interval){number(kind, auc, k), number(kind, auc - 0.02, k + 1),
                                        number(kind, fmin(auc + 0.02, 1), k + 2)};
    return s;
}

struct tm_interference_report sample_interference(enum sample_kind kind,
                                                  struct tm_interference_entry *entries)
{
    for (unsigned i = 0; i < SAMPLE_WORKLOADS; i++) {
        struct tm_study *s = &entries[i].study;
        entries[i].workload = text(kind, i == 0 ? "bulk" : "web");
        *s = (struct tm_study){.n_runs = 12,
                               .n_pairs = 1200,
                               .n_places = 1234,
                               .n_groups = 12,
                               .by = TM_STUDY_BY_RUN,
                               .has_attacks = kind != SAMPLE_EMPTY,
                               .scores = scores_of(kind, 0.508),
                               .verdict = i == 0 ? TM_VERDICT_NOT_TOLD : TM_VERDICT_OFFSETS};
        s->offsets = (struct tm_offsets){
            .n_pairs = 1234, .n_offsets = 45678, .n_equal = 45678 - i, .is_different = i > 0};
        (void)snprintf(s->offsets.text, sizeof s->offsets.text, "%s",
                       text(kind, "carrier 7 up: 597 against 598"));
        s->control[0] = (struct tm_study_control){{TM_LEAK_RECORD, 0}, scores_of(kind, 0.97), true};
        s->control[1] =
            (struct tm_study_control){{TM_LEAK_LATE, 3000}, scores_of(kind, 0.91), i == 0};
    }
    return (struct tm_interference_report){.idle = text(kind, "idle"),
                                           .by_log = true,
                                           .seed = 1,
                                           .entries = entries,
                                           .n_entries = SAMPLE_WORKLOADS};
}

void sample_correlate(struct tm_correlate *r, enum sample_kind kind)
{
    *r = (struct tm_correlate){.seed = 1,
                               .n_scenes = {20, 24},
                               .n_flows = {1000, 2400},
                               .n_carriers = {1000, 192},
                               .n_tunnels = {20, 24},
                               .n_working = 3,
                               .verdict = kind == SAMPLE_EMPTY ? TM_CORRELATE_NOTHING
                                                               : TM_CORRELATE_NOT_FOUND};
    for (unsigned i = 0; kind != SAMPLE_EMPTY && i < TM_CORRELATE_SETS * TM_QUESTIONS; i++) {
        struct tm_correlate_found *f = &r->found[i / TM_QUESTIONS][i % TM_QUESTIONS];
        double tpr = i < TM_QUESTIONS ? 0.97 : i % TM_QUESTIONS == TM_QUESTION_SUM ? 0.91 : 0.011;
        *f = (struct tm_correlate_found){.n_true = 2345, .n_false = 16415, .n_left = 55};
        for (unsigned c = 0; c < TM_CORRELATORS; c++) {
            struct tm_operating *o = &f->at[c];
            f->has[c] = i >= TM_QUESTIONS || c != TM_CORRELATOR_NET_FAIR;
            o->auc = number(kind, tpr, c);
            for (unsigned k = 0; k < TM_OPERATING_POINTS; k++)
                o->tpr[k] = (struct tm_interval){number(kind, tpr, c), number(kind, tpr / 2, c + 1),
                                                 number(kind, fmin(tpr * 2, 1), c + 2)};
            for (unsigned k = 0; k < TM_OPERATING_CURVE; k++)
                o->curve[k] = number(kind, fmax(tpr, (double)k / TM_OPERATING_CURVE), c + k);
        }
    }
}

static struct tm_interval share_of(enum sample_kind kind, double v, unsigned salt)
{
    return (struct tm_interval){number(kind, v, salt), number(kind, v - 0.01, salt + 1),
                                number(kind, fmin(v + 0.01, 1), salt + 2)};
}

static void fill_cover(struct sample_classify *s, enum sample_kind kind, unsigned i)
{
    static const double SHARE[2][SAMPLE_CLASSES] = {{0.95, 0.04, 0.01}, {0.25, 0.25, 0.5}};
    for (unsigned k = 0; k < SAMPLE_CLASSES; k++)
        s->share[i][k] = number(kind, SHARE[i][k], k);
    s->covers[i] =
        (struct tm_classify_cover){.name = s->names[3 + i],
                                   .poses_as = i == 0 ? 0 : -1,
                                   .n = {2000, 200},
                                   .named = share_of(kind, i == 0 ? 0.95 : NAN, 0),
                                   .share = s->share[i],
                                   .anomalous = share_of(kind, 0.051, 3),
                                   .clusters = {.is_done = i == 0,
                                                .n_real = 1000,
                                                .threshold = number(kind, 0.021, 1),
                                                .tightest_cover = number(kind, 0.002, 2),
                                                .cover_flagged = share_of(kind, 0.97, 4),
                                                .real_flagged = share_of(kind, 0.048, 5)},
                                   .is_enough = i == 0};
    (void)snprintf(s->covers[i].text, sizeof s->covers[i].text, "%s",
                   text(kind, "Cover is named https."));
}

void sample_classify(struct sample_classify *s, enum sample_kind kind)
{
    static const char *const NAMES[] = {"https-browsing", "ssh", "smtp", "https-browsing:swing",
                                        "constant"};
    static const uint32_t CONFUSION[] = {1900, 80, 20, 5, 1990, 5, 0, 0, 2000};
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < 5; i++)
        (void)snprintf(s->names[i], sizeof s->names[i], "%s", text(kind, NAMES[i]));
    s->result = (struct tm_classify_result){.condition_all = number(kind, 1234, 1),
                                            .condition_kept = number(kind, 17, 2),
                                            .classes = s->classes,
                                            .confusion = s->confusion,
                                            .covers = s->covers};
    if (kind == SAMPLE_EMPTY)
        return;
    memcpy(s->confusion, CONFUSION, sizeof CONFUSION);
    for (unsigned i = 0; i < SAMPLE_CLASSES; i++)
        s->classes[i] = (struct tm_classify_class){s->names[i],
                                                   {2000, 200},
                                                   share_of(kind, 0.95 + 0.02 * i, i),
                                                   share_of(kind, 0.05, i),
                                                   number(kind, 0.97, i)};
    for (unsigned i = 0; i < 2; i++)
        fill_cover(s, kind, i);
    s->result.n_cols = 5;
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(s->result.cols[i].name, sizeof s->result.cols[i].name, "%.*s",
                       (int)sizeof s->result.cols[i].name - 1, text(kind, FEATURES[i]));
        s->result.cols[i].is_kept = i != 3;
    }
    s->result.n_classes = SAMPLE_CLASSES;
    s->result.n_covers = 2;
    s->result.n = (struct tm_classify_count){6000, 600};
    s->result.folds = 5;
    s->result.accuracy = share_of(kind, 0.982, 0);
    s->result.balanced = share_of(kind, 0.981, 1);
    s->result.majority = number(kind, 1.0 / 3, 2);
    s->result.flagged = share_of(kind, 0.049, 3);
    s->result.k_low = 3;
    s->result.k_high = 5;
    s->result.t_low = number(kind, 0.4, 4);
    s->result.t_high = number(kind, 0.6, 5);
    s->result.is_enough = true;
    (void)snprintf(s->result.text, sizeof s->result.text, "%s",
                   text(kind, "98.2 % of 6,000 connections are named rightly."));
}

struct tm_detect_result *sample_detect(enum sample_kind kind)
{
    struct tm_detect_result *r = calloc(1, sizeof *r);
    if (!r || kind == SAMPLE_EMPTY)
        return r;
    r->groups = calloc(N_GROUPS, sizeof *r->groups);
    r->features = calloc(12, sizeof *r->features);
    if (!r->groups || !r->features) {
        sample_detect_free(r);
        return NULL;
    }
    fill_inputs(r, kind);
    r->n_groups = N_GROUPS;
    for (unsigned i = 0; i < N_GROUPS; i++)
        fill_group(&r->groups[i], kind, i);
    r->n_features = 12;
    r->n_told = 3;
    for (unsigned i = 0; i < 12; i++)
        fill_feature(&r->features[i], kind, i);
    r->memory =
        (struct tm_detect_memory){.is_done = true,
                                  .n_train = 2100,
                                  .n_real = 2100,
                                  .n_cover = 2100,
                                  .median = {number(kind, 3.2, 0), number(kind, 2.9, 1)},
                                  .q05 = {number(kind, 1.1, 2), number(kind, 0.12, 3)},
                                  .median_ratio = number(kind, 0.906, 4),
                                  .q05_ratio = number(kind, 0.109, 0),
                                  .exact_share = {number(kind, 0.08, 1), number(kind, 0.31, 2)},
                                  .run_share = {0.22, 0.65}};
    r->n_shown = 6;
    for (unsigned i = 0; i < r->n_shown; i++)
        fill_shown(&r->shown[i], kind, i);
    fill_controls(r, kind);
    r->verdict = TM_DETECT_TOLD;
    return r;
}

void sample_detect_free(struct tm_detect_result *r)
{
    if (!r)
        return;
    free(r->groups);
    free(r->features);
    free(r);
}
