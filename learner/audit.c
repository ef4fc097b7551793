/* tm-learn audit: a model, the captures that it was learned from and others -> what the model still
 * tells about the first; status 1 when it is too much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/audit_options.h"
#include "learner/audit_print.h"
#include "learner/commands.h"
#include "learner/exposure.h"
#include "learner/options.h"
#include "learner/provenance_read.h"
#include "learner/reading.h"
#include "models/store/store.h"

/* One side's captures under way. */
struct taking {
    const struct tm_fit_cfg *fit;
    struct tm_exposure_side *side;
};

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct taking *t = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    int rc = tm_fit_records(t->fit, tm_world_pairs(w), r, n, &t->side->samples, &t->side->group);
    for (size_t i = 0; i < n && rc == TM_OK; i++)
        rc = tm_near_add_record(&t->side->points, &r[i].conn, tm_world_pairs(w));
    return rc;
}

static int read_side(const struct tm_options *o, char *const *trace, size_t n,
                     struct tm_exposure_side *side, struct tm_msg *msg)
{
    struct tm_world *w;
    struct tm_reading_counts counts;
    struct taking t = {&o->fit, side};
    int rc = tm_world_new(&w, &o->world);
    if (rc == TM_OK)
        rc = tm_reading_run(
            &(struct tm_reading){
                .traces = trace, .n_traces = n, .join = o->join, .world = &w, .n_worlds = 1},
            take_capture, &t, &counts, msg);
    if (rc == TM_OK && side->points.n == 0)
        rc = tm_msg_set(msg, TM_ERR_RANGE, "%s: no connection that the model could be learned from",
                        trace[0]);
    side->n_users =
        tm_samples_total(&side->samples, TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS));
    tm_world_free(w);
    return rc;
}

/* The entry of the model asked for, among n; NULL, with the reason in msg, when it was not learned. */
static const struct tm_store_entry *
find(const struct tm_audit_options *o, const struct tm_store_entry *e, size_t n, struct tm_msg *msg)
{
    struct tm_model m;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(e[i].model.name, o->name) == 0)
            return &e[i];
    }
    if (tm_store_load_model(o->database, o->name, &m, msg) ==
        TM_OK) { /* else: the names there are */
        tm_model_deinit(&m);
        (void)tm_msg_set(msg, TM_ERR_RANGE, "%s is built in and was learned from nobody", o->name);
    }
    return NULL;
}

static int judge(const struct tm_audit_options *o, const struct tm_store_entry *e, bool *is_ok,
                 struct tm_msg *msg)
{
    struct tm_options learned;
    struct tm_exposure_side train = {0};
    struct tm_exposure_side heldout = {0};
    struct tm_exposure x;
    tm_options_init(&learned);
    int rc = tm_prov_read_options(e->prov, e->n_prov, &learned, msg);
    if (rc == TM_OK)
        rc = read_side(&learned, o->train, o->n_train, &train, msg);
    if (rc == TM_OK && o->n_heldout > 0)
        rc = read_side(&learned, o->heldout, o->n_heldout, &heldout, msg);
    if (rc == TM_OK)
        rc = tm_exposure(&e->model, &o->limits, &train, o->n_heldout > 0 ? &heldout : NULL, &x);
    if (rc == TM_OK) {
        *is_ok = tm_exposure_ok(&x);
        tm_audit_print(o, &x, &train, &heldout);
    }
    tm_exposure_side_deinit(&train);
    tm_exposure_side_deinit(&heldout);
    return rc;
}

int tm_cmd_audit(int argc, char **argv)
{
    struct tm_audit_options o;
    struct tm_msg msg = {""};
    struct tm_store_entry *e = NULL;
    const struct tm_store_entry *model = NULL;
    size_t n = 0;
    bool is_ok = false;
    tm_audit_options(&o, argc, argv);
    int rc = tm_store_load(o.database, &e, &n, &msg);
    if (rc == TM_OK)
        model = find(&o, e, n, &msg);
    if (rc == TM_OK)
        rc = model ? judge(&o, model, &is_ok, &msg) : TM_ERR_RANGE;
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_store_entries_free(e, n);
    return rc == TM_OK && is_ok && fflush(stdout) == 0 ? 0 : 1;
}
