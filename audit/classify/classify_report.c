#include "audit/classify/classify_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "audit/json.h"

static void print_share(FILE *out, const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)fputs("    -                 ", out);
    else
        (void)fprintf(out, "%5.1f %% [%5.1f, %5.1f] ", 100 * v->value, 100 * v->low, 100 * v->high);
}

static void print_columns(const struct tm_classify_result *r, const struct tm_classify_cfg *cfg,
                          FILE *out)
{
    (void)fputs("Features: ", out);
    for (uint32_t j = 0; j < r->n_cols; j++)
        if (r->cols[j].is_kept)
            (void)fprintf(out, "%s ", r->cols[j].name);
    (void)fprintf(out, "(%s; condition number %.1f, at most %.0f is asked for)\n",
                  cfg->scale == TM_SCALE_LOG ? "logarithms" : "as they are", r->condition_kept,
                  cfg->condition_limit);
    if (r->condition_all != r->condition_kept) {
        (void)fprintf(out, "Dropped (condition number of all: %.1f): ", r->condition_all);
        for (uint32_t j = 0; j < r->n_cols; j++)
            if (!r->cols[j].is_kept)
                (void)fprintf(out, "%s ", r->cols[j].name);
        (void)fputc('\n', out);
    }
}

static int name_width(const struct tm_classify_result *r)
{
    size_t width = 14;
    for (uint32_t c = 0; c < r->n_classes; c++)
        width = strlen(r->classes[c].name) > width ? strlen(r->classes[c].name) : width;
    for (uint32_t s = 0; s < r->n_covers; s++)
        width = strlen(r->covers[s].name) > width ? strlen(r->covers[s].name) : width;
    return (int)(width < 40 ? width : 40);
}

static void print_classes(const struct tm_classify_result *r, int width, FILE *out)
{
    (void)fprintf(out, "\n%-*s  conns  sess.  named rightly            anomalous\n", width, "real");
    for (uint32_t c = 0; c < r->n_classes; c++) {
        const struct tm_classify_class *v = &r->classes[c];
        (void)fprintf(out, "%-*s %6" PRIu32 " %6" PRIu32 "  ", width, v->name, v->n.n_conns,
                      v->n.n_sessions);
        print_share(out, &v->recall);
        (void)fputs("  ", out);
        print_share(out, &v->flagged);
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "%-*s %6" PRIu32 " %6" PRIu32 "  ", width, "all", r->n.n_conns,
                  r->n.n_sessions);
    print_share(out, &r->accuracy);
    (void)fputs("  ", out);
    print_share(out, &r->flagged);
    (void)fprintf(out, "\n%-*s               %5.1f %%\n%-*s               ", width, "largest class",
                  100 * r->majority, width, "mean of classes");
    print_share(out, &r->balanced);
    (void)fprintf(out, " guessing: %.1f %%\n", 100.0 / r->n_classes);
}

static void print_confusion(const struct tm_classify_result *r, int width, FILE *out)
{
    (void)fprintf(out, "\n%-*s  named as, in %%\n%-*s ", width, "", width, "truth");
    for (uint32_t c = 0; c < r->n_classes; c++)
        (void)fprintf(out, " %14.14s", r->classes[c].name);
    (void)fputc('\n', out);
    for (uint32_t t = 0; t < r->n_classes; t++) {
        (void)fprintf(out, "%-*s ", width, r->classes[t].name);
        for (uint32_t c = 0; c < r->n_classes; c++)
            (void)fprintf(out, " %14.1f",
                          100.0 * r->confusion[(size_t)t * r->n_classes + c] /
                              r->classes[t].n.n_conns);
        (void)fputc('\n', out);
    }
    for (uint32_t s = 0; s < r->n_covers; s++) {
        (void)fprintf(out, "%-*s ", width, r->covers[s].name);
        for (uint32_t c = 0; c < r->n_classes; c++)
            (void)fprintf(out, " %14.1f", 100 * r->covers[s].share[c]);
        (void)fputs("  (cover)\n", out);
    }
}

static void print_cover(const struct tm_classify_cover *c, int width, FILE *out)
{
    (void)fprintf(out, "%-*s %6" PRIu32 " %6" PRIu32 "  ", width, c->name, c->n.n_conns,
                  c->n.n_sessions);
    print_share(out, &c->named);
    (void)fputs("  ", out);
    print_share(out, &c->anomalous);
    (void)fputs("  ", out);
    if (c->clusters.is_done)
        print_share(out, &c->clusters.cover_flagged);
    else
        (void)fputs("    - (too few connections)", out);
    (void)fputc('\n', out);
}

void tm_classify_report_text(const struct tm_classify_result *r, const struct tm_classify_cfg *cfg,
                             FILE *out)
{
    int width = name_width(r);
    print_columns(r, cfg, out);
    (void)fprintf(out, "Weighted k-NN, k = %" PRIu32, r->k_low);
    if (r->k_high != r->k_low)
        (void)fprintf(out, " to %" PRIu32, r->k_high);
    (void)fprintf(out,
                  "; anomalous when d > t * m, t = %.4g to %.4g for %.0f %% false alarms; %" PRIu32
                  " folds by session; intervals 95 %%, by session.\n",
                  r->t_low, r->t_high, 100 * cfg->false_alarm, r->folds);
    print_classes(r, width, out);
    print_confusion(r, width, out);
    if (r->n_covers > 0)
        (void)fprintf(out,
                      "\n%-*s  conns  sess.  named as its class       anomalous                in "
                      "flagged clusters (K-means, %" PRIu32 " clusters)\n",
                      width, "cover", cfg->n_clusters);
    for (uint32_t s = 0; s < r->n_covers; s++)
        print_cover(&r->covers[s], width, out);
    (void)fprintf(out, "\n%s\n", r->text);
    for (uint32_t s = 0; s < r->n_covers; s++)
        (void)fprintf(out, "%s: %s\n", r->covers[s].name, r->covers[s].text);
}

/* ---- JSON ---- */

static void json_number(FILE *out, const char *key, double v)
{
    if (isfinite(v))
        (void)fprintf(out, "\"%s\": %.6g", key, v);
    else
        (void)fprintf(out, "\"%s\": null", key);
}

static void json_interval(FILE *out, const char *key, const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)fprintf(out, "\"%s\": null", key);
    else
        (void)fprintf(out, "\"%s\": [%.6g, %.6g, %.6g]", key, v->value, v->low, v->high);
}

static void json_count(FILE *out, const struct tm_classify_count *n)
{
    (void)fprintf(out, "\"conns\": %" PRIu32 ", \"sessions\": %" PRIu32, n->n_conns, n->n_sessions);
}

static void json_class(FILE *out, const struct tm_classify_class *c)
{
    (void)fputs("{\"name\": ", out);
    tm_json_out_quote(out, c->name);
    (void)fputs(", ", out);
    json_count(out, &c->n);
    (void)fputs(", ", out);
    json_interval(out, "recall", &c->recall);
    (void)fputs(", ", out);
    json_number(out, "precision", c->precision);
    (void)fputs(", ", out);
    json_interval(out, "anomalous", &c->flagged);
    (void)fputc('}', out);
}

static void json_clusters(FILE *out, const struct tm_classify_clusters *k)
{
    if (!k->is_done) {
        (void)fputs("\"clusters\": null", out);
        return;
    }
    (void)fputs("\"clusters\": {", out);
    json_interval(out, "cover_flagged", &k->cover_flagged);
    (void)fputs(", ", out);
    json_interval(out, "real_flagged", &k->real_flagged);
    (void)fputs(", ", out);
    json_number(out, "threshold", k->threshold);
    (void)fputs(", ", out);
    json_number(out, "tightest_cover", k->tightest_cover);
    (void)fprintf(out, ", \"real_conns\": %" PRIu32 "}", k->n_real);
}

static void json_cover(FILE *out, const struct tm_classify_result *r,
                       const struct tm_classify_cover *c)
{
    (void)fputs("{\"name\": ", out);
    tm_json_out_quote(out, c->name);
    (void)fputs(", \"poses_as\": ", out);
    if (c->poses_as >= 0)
        tm_json_out_quote(out, r->classes[c->poses_as].name);
    else
        (void)fputs("null", out);
    (void)fputs(", ", out);
    json_count(out, &c->n);
    (void)fputs(", ", out);
    json_interval(out, "named", &c->named);
    (void)fputs(", ", out);
    json_interval(out, "anomalous", &c->anomalous);
    (void)fputs(", ", out);
    json_clusters(out, &c->clusters);
    (void)fputs(", \"named_as\": {", out);
    for (uint32_t k = 0; k < r->n_classes; k++) {
        (void)fputs(k > 0 ? ", " : "", out);
        tm_json_out_quote(out, r->classes[k].name);
        (void)fprintf(out, ": %.6g", c->share[k]);
    }
    (void)fprintf(out, "}, \"is_enough\": %s, \"text\": ", c->is_enough ? "true" : "false");
    tm_json_out_quote(out, c->text);
    (void)fputc('}', out);
}

static void json_features(FILE *out, const struct tm_classify_result *r)
{
    (void)fputs("\"features\": {", out);
    json_number(out, "condition_all", r->condition_all);
    (void)fputs(", ", out);
    json_number(out, "condition_kept", r->condition_kept);
    for (int kept = 1; kept >= 0; kept--) {
        const char *sep = "";
        (void)fputs(kept ? ", \"kept\": [" : ", \"dropped\": [", out);
        for (uint32_t j = 0; j < r->n_cols; j++) {
            if (r->cols[j].is_kept != (kept == 1))
                continue;
            (void)fputs(sep, out);
            tm_json_out_quote(out, r->cols[j].name);
            sep = ", ";
        }
        (void)fputc(']', out);
    }
    (void)fputs("},\n", out);
}

static void json_confusion(FILE *out, const struct tm_classify_result *r)
{
    (void)fputs(" \"confusion\": [", out);
    for (uint32_t t = 0; t < r->n_classes; t++) {
        (void)fputs(t > 0 ? ", [" : "[", out);
        for (uint32_t c = 0; c < r->n_classes; c++)
            (void)fprintf(out, "%s%" PRIu32, c > 0 ? ", " : "",
                          r->confusion[(size_t)t * r->n_classes + c]);
        (void)fputc(']', out);
    }
    (void)fputs("],\n", out);
}

void tm_classify_report_json(const struct tm_classify_result *r, const struct tm_classify_cfg *cfg,
                             FILE *out)
{
    (void)fprintf(out, "{\"schema_version\": 1, \"command\": \"classify\", \"seed\": %" PRIu64 ", ",
                  cfg->seed);
    json_count(out, &r->n);
    (void)fprintf(out, ", \"folds\": %" PRIu32 ",\n ", r->folds);
    json_features(out, r);
    (void)fprintf(out,
                  " \"k\": [%" PRIu32 ", %" PRIu32 "], \"t\": [%.6g, %.6g], \"false_alarm\": %.6g, "
                  "\"n_clusters\": %" PRIu32 ",\n ",
                  r->k_low, r->k_high, r->t_low, r->t_high, cfg->false_alarm, cfg->n_clusters);
    json_interval(out, "accuracy", &r->accuracy);
    (void)fputs(", ", out);
    json_interval(out, "balanced", &r->balanced);
    (void)fprintf(out, ", \"majority\": %.6g, ", r->majority);
    json_interval(out, "anomalous", &r->flagged);
    (void)fputs(",\n \"classes\": [", out);
    for (uint32_t c = 0; c < r->n_classes; c++) {
        (void)fputs(c > 0 ? ",\n  " : "\n  ", out);
        json_class(out, &r->classes[c]);
    }
    (void)fputs("],\n", out);
    json_confusion(out, r);
    (void)fputs(" \"covers\": [", out);
    for (uint32_t s = 0; s < r->n_covers; s++) {
        (void)fputs(s > 0 ? ",\n  " : "\n  ", out);
        json_cover(out, r, &r->covers[s]);
    }
    (void)fprintf(out, "],\n \"is_enough\": %s, \"text\": ", r->is_enough ? "true" : "false");
    tm_json_out_quote(out, r->text);
    (void)fputs("}\n", out);
}
