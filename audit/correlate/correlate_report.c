#include "audit/correlate/correlate_report.h"

#include <inttypes.h>
#include <math.h>

#include "audit/json.h"

static const char *const SETS[TM_CORRELATE_SETS] = {"control", "defended"};

static void print_rate(FILE *f, const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)fprintf(f, "  %-22s", "too few pairs");
    else
        (void)fprintf(f, "  %.3f [%.3f, %.3f]  ", v->value, v->low, v->high);
}

static void print_found(FILE *f, const char *set, enum tm_question q,
                        const struct tm_correlate_found *found)
{
    if (found->n_true == 0)
        return;
    (void)fprintf(f,
                  "%s, %s: %" PRIu32 " true and %" PRIu32 " other pairs, %" PRIu32
                  " flows not asked about\n",
                  set, tm_question_name(q), found->n_true, found->n_false, found->n_left);
    (void)fprintf(f, "    %-28s  %-22s  %-22s  AUC\n", "", "TPR at FPR 1e-2", "TPR at FPR 1e-3");
    for (int c = 0; c < TM_CORRELATORS; c++) {
        if (!found->has[c])
            continue;
        (void)fprintf(f, "    %-28s", tm_correlator_name((enum tm_correlator)c));
        for (uint32_t k = 0; k < TM_OPERATING_POINTS; k++)
            print_rate(f, &found->at[c].tpr[k]);
        (void)fprintf(f, "  %.3f\n", found->at[c].auc);
    }
}

int tm_correlate_print(const struct tm_correlate *r, FILE *f)
{
    char text[512];
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        if (r->n_scenes[set] == 0)
            continue;
        (void)fprintf(f,
                      "%s: %" PRIu32 " scenes, %" PRIu32 " flows, %" PRIu32 " carriers of %" PRIu32
                      " tunnels\n",
                      SETS[set], r->n_scenes[set], r->n_flows[set], r->n_carriers[set],
                      r->n_tunnels[set]);
        for (int q = 0; q < TM_QUESTIONS; q++)
            print_found(f, SETS[set], (enum tm_question)q, &r->found[set][q]);
    }
    tm_correlate_text(r, text);
    (void)fprintf(f, "verdict (%s): %s\n", tm_correlate_verdict_key(r->verdict), text);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}

/* ---- JSON ---- */

static void put_rate(struct tm_json_out *j, double fpr, const struct tm_interval *v)
{
    tm_json_out_begin(j, NULL, '{');
    tm_json_out_number(j, "fpr", fpr);
    tm_json_out_number(j, "tpr", v->value);
    tm_json_out_number(j, "low", v->low);
    tm_json_out_number(j, "high", v->high);
    tm_json_out_end(j, '}');
}

static void put_attack(struct tm_json_out *j, enum tm_correlator c, const struct tm_operating *o)
{
    double fpr[TM_OPERATING_CURVE];
    for (uint32_t i = 0; i < TM_OPERATING_CURVE; i++)
        fpr[i] = tm_operating_curve_fpr(i);
    tm_json_out_begin(j, tm_correlator_key(c), '{');
    tm_json_out_begin(j, "at", '[');
    for (uint32_t k = 0; k < TM_OPERATING_POINTS; k++)
        put_rate(j, tm_operating_fpr[k], &o->tpr[k]);
    tm_json_out_end(j, ']');
    tm_json_out_number(j, "auc", o->auc);
    tm_json_out_count(j, "groups", o->n_groups);
    tm_json_out_begin(j, "roc", '{');
    tm_json_out_numbers(j, "fpr", fpr, TM_OPERATING_CURVE);
    tm_json_out_numbers(j, "tpr", o->curve, TM_OPERATING_CURVE);
    tm_json_out_end(j, '}');
    tm_json_out_end(j, '}');
}

static void put_found(struct tm_json_out *j, enum tm_question q,
                      const struct tm_correlate_found *found)
{
    tm_json_out_begin(j, tm_question_key(q), '{');
    tm_json_out_count(j, "true_pairs", found->n_true);
    tm_json_out_count(j, "other_pairs", found->n_false);
    tm_json_out_count(j, "not_asked", found->n_left);
    tm_json_out_begin(j, "attacks", '{');
    for (int c = 0; c < TM_CORRELATORS; c++) {
        if (found->has[c])
            put_attack(j, (enum tm_correlator)c, &found->at[c]);
    }
    tm_json_out_end(j, '}');
    tm_json_out_end(j, '}');
}

static void put_set(struct tm_json_out *j, const struct tm_correlate *r, int set)
{
    tm_json_out_begin(j, SETS[set], '{');
    tm_json_out_count(j, "scenes", r->n_scenes[set]);
    tm_json_out_count(j, "flows", r->n_flows[set]);
    tm_json_out_count(j, "carriers", r->n_carriers[set]);
    tm_json_out_count(j, "tunnels", r->n_tunnels[set]);
    tm_json_out_begin(j, "questions", '{');
    for (int q = 0; q < TM_QUESTIONS; q++)
        put_found(j, (enum tm_question)q, &r->found[set][q]);
    tm_json_out_end(j, '}');
    tm_json_out_end(j, '}');
}

int tm_correlate_json(const struct tm_correlate *r, FILE *f)
{
    struct tm_json_out j = {.f = f};
    char text[512];
    tm_correlate_text(r, text);
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    tm_json_out_count(&j, "seed", r->seed);
    tm_json_out_number(&j, "aim", TM_CORRELATE_AIM);
    for (int set = 0; set < TM_CORRELATE_SETS; set++)
        put_set(&j, r, set);
    tm_json_out_text(&j, "judged", tm_question_key(r->judged));
    tm_json_out_count(&j, "working_on_control", r->n_working);
    tm_json_out_text(&j, "verdict", tm_correlate_verdict_key(r->verdict));
    tm_json_out_text(&j, "text", text);
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}
