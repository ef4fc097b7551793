#include "audit/active/active_report.h"

#include <inttypes.h>

static void print_side(const struct tm_active_said *s, const char *name, const struct tm_ranking *r,
                       FILE *f)
{
    (void)fprintf(f, "%s: %" PRIu32 " trials, %" PRIu32 " others; rank 1 by chance %.3f\n", name,
                  r->n_trials, r->n_others, r->chance);
    for (uint32_t i = 0; i < s->n_attacks; i++)
        (void)fprintf(f,
                      "  %-9s rank 1 %.3f [%.3f, %.3f] p %.2g  placement %.3f p %.2g  AUC %.3f "
                      "[%.3f, %.3f]  TPR %.3f at FPR 0.05  mean score %.3f, of others %.3f, of the "
                      "best other %.3f\n",
                      s->attack[i], r[i].first.value, r[i].first.low, r[i].first.high, r[i].first_p,
                      r[i].placement, r[i].placement_p, r[i].auc.value, r[i].auc.low, r[i].auc.high,
                      r[i].tpr, r[i].mean_true, r[i].mean_other, r[i].mean_best_other);
}

void tm_active_print(const struct tm_active_said *s, FILE *f)
{
    if (s->control)
        print_side(s, "control", s->control, f);
    print_side(s, "wire", s->wire, f);
    (void)fprintf(f, "verdict (%s): the %s: %s\n", tm_active_verdict_key(s->verdict), s->what,
                  tm_active_verdict_text(s->verdict));
}

static void put_interval(struct tm_json_out *j, const char *key, const struct tm_interval *v)
{
    tm_json_out_begin(j, key, '{');
    tm_json_out_number(j, "value", v->value);
    tm_json_out_number(j, "low", v->low);
    tm_json_out_number(j, "high", v->high);
    tm_json_out_end(j, '}');
}

static void put_side(const struct tm_active_said *s, struct tm_json_out *j, const char *key,
                     const struct tm_ranking *r)
{
    if (!r) {
        tm_json_out_null(j, key);
        return;
    }
    tm_json_out_begin(j, key, '{');
    tm_json_out_count(j, "trials", r->n_trials);
    tm_json_out_count(j, "others", r->n_others);
    tm_json_out_number(j, "chance", r->chance);
    tm_json_out_begin(j, "attacks", '{');
    for (uint32_t i = 0; i < s->n_attacks; i++) {
        tm_json_out_begin(j, s->attack[i], '{');
        put_interval(j, "rank1", &r[i].first);
        tm_json_out_number(j, "rank1_p", r[i].first_p);
        tm_json_out_number(j, "placement", r[i].placement);
        tm_json_out_number(j, "placement_p", r[i].placement_p);
        put_interval(j, "auc", &r[i].auc);
        tm_json_out_number(j, "tpr_at_fpr_5", r[i].tpr);
        tm_json_out_number(j, "mean_true", r[i].mean_true);
        tm_json_out_number(j, "mean_other", r[i].mean_other);
        tm_json_out_number(j, "mean_best_other", r[i].mean_best_other);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, '}');
    tm_json_out_end(j, '}');
}

void tm_active_json(const struct tm_active_said *s, struct tm_json_out *j)
{
    put_side(s, j, "wire", s->wire);
    put_side(s, j, "control", s->control);
    tm_json_out_text(j, "verdict", tm_active_verdict_key(s->verdict));
    tm_json_out_text(j, "text", tm_active_verdict_text(s->verdict));
}
