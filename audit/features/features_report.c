#include "audit/features/features_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "audit/json.h"

/* Rows and sessions by class. */
struct tally {
    uint32_t *order;               /* owned: classes in the order of their first rows */
    uint32_t *n_rows, *n_sessions; /* owned, by name */
    uint32_t *seen; /* owned, by name: the last class counted in which this session occurred, + 1 */
    uint32_t n_classes, n_all_sessions;
};

static void tally_deinit(struct tally *t)
{
    free(t->order);
    free(t->n_rows);
    free(t->n_sessions);
    free(t->seen);
}

static int tally_init(struct tally *t, const struct tm_features_report *r)
{
    size_t n = (size_t)r->n_names + 1;
    *t = (struct tally){.order = calloc(n, sizeof *t->order),
                        .n_rows = calloc(n, sizeof *t->n_rows),
                        .n_sessions = calloc(n, sizeof *t->n_sessions),
                        .seen = calloc(n, sizeof *t->seen)};
    if (!t->order || !t->n_rows || !t->n_sessions || !t->seen) {
        tally_deinit(t);
        return TM_ERR_NOMEM;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (t->n_rows[r->v[i].cls]++ == 0)
            t->order[t->n_classes++] = r->v[i].cls;
    }
    for (uint32_t k = 0; k < t->n_classes; k++) {
        uint32_t cls = t->order[k];
        for (size_t i = 0; i < r->n; i++) {
            uint32_t *seen = &t->seen[r->v[i].session];
            if (r->v[i].cls != cls || *seen == cls + 1)
                continue;
            t->n_all_sessions += *seen == 0;
            t->n_sessions[cls]++;
            *seen = cls + 1;
        }
    }
    return TM_OK;
}

int tm_features_report_text(const struct tm_features_report *r, FILE *f)
{
    const struct tm_material_counts *n = r->counts;
    struct tally t;
    int rc = tally_init(&t, r);
    if (rc != TM_OK)
        return rc;
    (void)fprintf(f,
                  "tm-audit: features: %" PRIu64 " connections of %" PRIu32 " sessions in %" PRIu32
                  " classes from %" PRIu64 " files; left out: %" PRIu64 " incomplete, %" PRIu64
                  " of another split",
                  n->n_kept, t.n_all_sessions, t.n_classes, n->n_captures, n->n_incomplete,
                  n->n_other_split);
    if (n->n_unlabelled > 0)
        (void)fprintf(f, "; %" PRIu64 " without a label", n->n_unlabelled);
    for (unsigned side = TM_TAP_CLIENT; side < TM_MATERIAL_SIDES; side++) {
        if (n->n_side[side] > 0)
            (void)fprintf(f, "; %" PRIu64 " captured %s", n->n_side[side],
                          tm_material_side_name((enum tm_material_side)side));
    }
    (void)fputc('\n', f);
    tally_deinit(&t);
    return TM_OK;
}

static void put_classes(struct tm_json_out *j, const struct tm_features_report *r,
                        const struct tally *t)
{
    tm_json_out_begin(j, "classes", '[');
    for (uint32_t k = 0; k < t->n_classes; k++) {
        uint32_t cls = t->order[k];
        tm_json_out_begin(j, NULL, '{');
        tm_json_out_text(j, "name", r->names[cls]);
        tm_json_out_count(j, "connections", t->n_rows[cls]);
        tm_json_out_count(j, "sessions", t->n_sessions[cls]);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, ']');
}

static void put_files(struct tm_json_out *j, const struct tm_material_counts *n)
{
    static const char *const SIDE[TM_MATERIAL_SIDES] = {"unknown", "client", "middle", "server"};
    tm_json_out_count(j, "files", n->n_captures);
    tm_json_out_begin(j, "captured_at", '{');
    for (unsigned side = 0; side < TM_MATERIAL_SIDES; side++)
        tm_json_out_count(j, SIDE[side], n->n_side[side]);
    tm_json_out_end(j, '}');
    tm_json_out_begin(j, "left_out", '{');
    tm_json_out_count(j, "incomplete", n->n_incomplete);
    tm_json_out_count(j, "other_split", n->n_other_split);
    tm_json_out_end(j, '}');
    tm_json_out_count(j, "unlabelled", n->n_unlabelled);
}

int tm_features_report_json(const struct tm_features_report *r, FILE *f)
{
    struct tm_json_out j = {.f = f};
    struct tally t;
    int rc = tally_init(&t, r);
    if (rc != TM_OK)
        return rc;
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    if (r->output)
        tm_json_out_text(&j, "output", r->output);
    else
        tm_json_out_null(&j, "output");
    tm_json_out_text(&j, "format", r->format);
    tm_json_out_count(&j, "columns", r->n_cols);
    tm_json_out_count(&j, "floor_us", (uint64_t)r->floor_us);
    tm_json_out_count(&j, "connections", r->n);
    tm_json_out_count(&j, "sessions", t.n_all_sessions);
    put_classes(&j, r, &t);
    put_files(&j, r->counts);
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
    tally_deinit(&t);
    return TM_OK;
}
