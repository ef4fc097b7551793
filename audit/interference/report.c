#include "audit/interference/interference.h"

#include <inttypes.h>

#include "audit/json.h"

static void leak_text(const struct tm_leak *leak, char out[96])
{
    if (leak->kind == TM_LEAK_RECORD)
        (void)snprintf(out, 96, "one more record of %u bytes for every second write down",
                       TM_LEAK_RECORD_BYTES);
    else
        (void)snprintf(out, 96, "every second write %" PRId64 " us later", leak->late_us);
}

/* The attack whose interval ends highest. */
static enum tm_attack_kind worst(const struct tm_study *s)
{
    int best = 0;
    for (int k = 1; k < TM_ATTACK_KINDS; k++) {
        if (s->scores.auc[k].high > s->scores.auc[best].high)
            best = k;
    }
    return (enum tm_attack_kind)best;
}

void tm_interference_verdict(const struct tm_study *s, char out[512])
{
    enum tm_attack_kind kind = worst(s);
    const struct tm_interval *auc = &s->scores.auc[kind];
    switch (s->verdict) {
    case TM_VERDICT_OFFSETS:
        (void)snprintf(out, 512, "%s",
                       s->offsets.is_different ? "the offset sequences differ"
                                               : "no payload offset could be compared");
        return;
    case TM_VERDICT_CONTROL:
        (void)snprintf(
            out, 512,
            "the test itself failed: a leak put in on purpose was not caught at AUC %.2f, so these "
            "attacks would not see one on these captures",
            TM_STUDY_CAUGHT);
        return;
    case TM_VERDICT_TOLD:
        for (int k = 0; k < TM_ATTACK_KINDS; k++) {
            if (s->scores.auc[k].low > auc->low)
                kind = (enum tm_attack_kind)k;
            auc = &s->scores.auc[kind];
        }
        (void)snprintf(out, 512,
                       "loaded connections are told from idle ones: %s, AUC %.3f [%.3f, %.3f]",
                       tm_attack_name(kind), auc->value, auc->low, auc->high);
        return;
    case TM_VERDICT_NO_CLAIM:
        if (!s->has_attacks)
            (void)snprintf(out, 512,
                           "equal offsets; too few connections for any attack: %" PRIu32
                           " pairs in %" PRIu32
                           " groups, %u groups are needed, and about %u pairs for a claim",
                           s->n_pairs, s->n_groups, 2 * TM_ATTACK_FOLDS, TM_STUDY_CLAIM);
        else
            (void)snprintf(out, 512,
                           "equal offsets; no claim about the attacks: an interval reaches from "
                           "%.3f to %.3f (%s), "
                           "around the aim of %.2f, with %" PRIu32
                           " pairs; about %u are needed for +-0.025",
                           auc->low, auc->high, tm_attack_name(kind), TM_STUDY_AIM, s->n_pairs,
                           TM_STUDY_CLAIM);
        return;
    case TM_VERDICT_NOT_TOLD:
        (void)snprintf(out, 512,
                       "equal offsets, and these attacks do not tell loaded connections from idle "
                       "ones: no interval "
                       "ends above %.2f (n = %" PRIu32 " pairs)",
                       TM_STUDY_AIM, s->n_pairs);
        return;
    }
}

static void print_scores(FILE *f, const struct tm_study_scores *s)
{
    for (int k = 0; k < TM_ATTACK_KINDS; k++) {
        if (s->has[k])
            (void)fprintf(f, "    %-22s AUC %.3f [%.3f, %.3f]\n",
                          tm_attack_name((enum tm_attack_kind)k), s->auc[k].value, s->auc[k].low,
                          s->auc[k].high);
    }
}

static void print_entry(const struct tm_interference_report *r,
                        const struct tm_interference_entry *e, FILE *f)
{
    const struct tm_study *s = &e->study;
    const struct tm_offsets *o = &s->offsets;
    char text[512];
    (void)fprintf(f,
                  "%s against %s: %" PRIu32 " pairs of runs, %" PRIu32
                  " connections in both, %" PRIu32 " of them whole\n",
                  r->idle, e->workload, s->n_runs, s->n_places, s->n_pairs);
    (void)fprintf(f,
                  "  offsets (%s): %" PRIu64 " of %" PRIu64 " equal, of %" PRIu64
                  " connections; %" PRIu64 " not seen on a wire\n",
                  r->by_log ? "ends of the writes that both logs name"
                            : "where the direction changes",
                  o->n_equal, o->n_offsets, o->n_pairs, o->n_unseen);
    if (o->is_different)
        (void)fprintf(f, "  first difference: %s\n", o->text);
    (void)fprintf(f,
                  "  segments: %" PRIu64 " of %" PRIu64 " pairs are cut alike (for information)\n",
                  o->n_segmented_alike, o->n_segmented);
    if (s->has_attacks) {
        (void)fprintf(f,
                      "  attacks on %" PRIu32 " + %" PRIu32 " connections, %u folds of %" PRIu32
                      " groups (%s), 95 %% intervals by group:\n",
                      s->n_pairs, s->n_pairs, TM_ATTACK_FOLDS, s->n_groups,
                      tm_study_by_text(s->by));
        print_scores(f, &s->scores);
    }
    for (uint32_t i = 0; s->has_attacks && i < TM_STUDY_CONTROLS; i++) {
        leak_text(&s->control[i].leak, text);
        (void)fprintf(f, "  control, %s: %s\n", text,
                      s->control[i].is_caught ? "caught" : "NOT CAUGHT");
        print_scores(f, &s->control[i].scores);
    }
    tm_interference_verdict(s, text);
    (void)fprintf(f, "verdict (%s): %s\n", tm_verdict_key(s->verdict), text);
}

int tm_interference_text(const struct tm_interference_report *r, FILE *f)
{
    for (size_t i = 0; i < r->n_entries; i++)
        print_entry(r, &r->entries[i], f);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}

/* ---- JSON ---- */

static void put_scores(FILE *f, const struct tm_study_scores *s)
{
    const char *sep = "";
    (void)fputc('{', f);
    for (int k = 0; k < TM_ATTACK_KINDS; k++) {
        if (!s->has[k])
            continue;
        (void)fprintf(f, "%s\"%s\":{\"auc\":%.6f,\"low\":%.6f,\"high\":%.6f}", sep,
                      tm_attack_key((enum tm_attack_kind)k), s->auc[k].value, s->auc[k].low,
                      s->auc[k].high);
        sep = ",";
    }
    (void)fputc('}', f);
}

static void put_entry(FILE *f, const struct tm_interference_entry *e)
{
    const struct tm_study *s = &e->study;
    const struct tm_offsets *o = &s->offsets;
    char text[512];
    (void)fputs("{\"workload\":", f);
    tm_json_out_quote(f, e->workload);
    (void)fprintf(f,
                  ",\"runs\":%" PRIu32 ",\"connections\":%" PRIu32 ",\"pairs\":%" PRIu32
                  ",\"groups\":%" PRIu32 ",\"groups_are\":\"%s\"",
                  s->n_runs, s->n_places, s->n_pairs, s->n_groups, tm_study_by_key(s->by));
    (void)fprintf(f,
                  ",\"offsets\":{\"compared\":%" PRIu64 ",\"equal\":%" PRIu64 ",\"unseen\":%" PRIu64
                  ",\"connections\":%" PRIu64 ",\"is_different\":%s,\"first\":",
                  o->n_offsets, o->n_equal, o->n_unseen, o->n_pairs,
                  o->is_different ? "true" : "false");
    tm_json_out_quote(f, o->text);
    (void)fprintf(f, "},\"segments\":{\"pairs\":%" PRIu64 ",\"alike\":%" PRIu64 "},\"attacks\":",
                  o->n_segmented, o->n_segmented_alike);
    put_scores(f, &s->scores);
    (void)fputs(",\"controls\":[", f);
    for (uint32_t i = 0; s->has_attacks && i < TM_STUDY_CONTROLS; i++) {
        const struct tm_study_control *c = &s->control[i];
        (void)fprintf(f, "%s{\"leak\":\"%s\",\"late_us\":%" PRId64 ",\"is_caught\":%s,\"attacks\":",
                      i > 0 ? "," : "", c->leak.kind == TM_LEAK_RECORD ? "record" : "late",
                      c->leak.late_us, c->is_caught ? "true" : "false");
        put_scores(f, &c->scores);
        (void)fputc('}', f);
    }
    tm_interference_verdict(s, text);
    (void)fprintf(f, "],\"verdict\":\"%s\",\"text\":", tm_verdict_key(s->verdict));
    tm_json_out_quote(f, text);
    (void)fputc('}', f);
}

int tm_interference_json(const struct tm_interference_report *r, FILE *f)
{
    (void)fputs("{\"schema_version\":1,\"idle\":", f);
    tm_json_out_quote(f, r->idle);
    (void)fprintf(f, ",\"by_log\":%s,\"seed\":%" PRIu64 ",\"aim\":%.2f,\"workloads\":[",
                  r->by_log ? "true" : "false", r->seed, TM_STUDY_AIM);
    for (size_t i = 0; i < r->n_entries; i++) {
        if (i > 0)
            (void)fputc(',', f);
        put_entry(f, &r->entries[i]);
    }
    (void)fputs("]}\n", f);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}
