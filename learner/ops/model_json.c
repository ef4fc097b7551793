#include "learner/ops/model_json.h"

#include <inttypes.h>

#include "learner/ops/model_json_joint.h"

/* Parameters have a unit; what was measured and bounds have those of their names. */
static void write_list(struct tm_text *t, const struct tm_dist_point *pt, size_t n, int list)
{
    tm_text_add(t, "    {\"name\": \"%s\"", tm_swing_list_name(list));
    if (list < TM_SWING_PARAMS)
        tm_text_add(t, ", \"unit\": \"%s\"", tm_swing_param_unit((enum tm_swing_param)list));
    tm_text_add(t, ", \"points\": [");
    for (size_t i = 0; i < n; i++)
        tm_text_add(t, "%s[%" PRIu64 ",%" PRIu64 "]", i > 0 ? "," : "", pt[i].value, pt[i].cum);
    tm_text_add(t, "]}");
}

static void write_swing(struct tm_text *t, const struct tm_swing *s)
{
    const char *comma = "";
    tm_text_add(t, ",\n   \"parameters\": [");
    for (int list = 0; list < TM_SWING_LISTS; list++) {
        struct tm_dist_point one;
        size_t n = 0;
        const struct tm_dist_point *pt = tm_swing_list(s, list, &one, &n);
        if (n == 0)
            continue;
        tm_text_add(t, "%s\n", comma);
        write_list(t, pt, n, list);
        comma = ",";
    }
    tm_text_add(t, "]");
}

static void write_model(struct tm_text *t, const struct tm_store_entry *e)
{
    const struct tm_constant *c = &e->model.u.constant;
    tm_text_add(t, "\n  {\"name\": ");
    tm_text_json(t, e->model.name);
    tm_text_add(t, ", \"kind\": \"%s\", \"digest\": \"", tm_model_kind_name(e->model.kind));
    tm_text_hex(t, e->digest, TM_DIGEST_LEN);
    tm_text_add(t, "\"");
    switch (e->model.kind) {
    case TM_MODEL_SWING:
        write_swing(t, &e->model.u.swing);
        break;
    case TM_MODEL_JOINT:
        write_swing(t, &e->model.u.joint.swing);
        tm_json_write_joint(t, &e->model.u.joint);
        break;
    case TM_MODEL_CONSTANT:
        tm_text_add(t,
                    ",\n   \"size_bytes\": %" PRIu32 ", \"interval_us\": %" PRIu32
                    ", \"exchanges\": %" PRIu32,
                    c->size_bytes, c->interval_us, c->n_exchanges);
        break;
    case TM_MODEL_MIX: /* in no database */
        break;
    }
    tm_text_add(t, ",\n   \"provenance\": {");
    for (size_t i = 0; i < e->n_prov; i++) {
        tm_text_add(t, "%s\n    ", i > 0 ? "," : "");
        tm_text_json(t, e->prov[i].key);
        tm_text_add(t, ": ");
        tm_text_json(t, e->prov[i].value);
    }
    tm_text_add(t, "}}");
}

void tm_model_json_write(struct tm_text *t, const struct tm_store_entry *e, size_t n)
{
    tm_text_add(t, "{\"schema_version\": %d, \"format\": \"%s\", \"models\": [",
                TM_MODEL_JSON_VERSION, TM_MODEL_JSON_FORMAT);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            tm_text_add(t, ",");
        write_model(t, &e[i]);
    }
    tm_text_add(t, "\n]}\n");
}
