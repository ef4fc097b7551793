/* tm/app/models.c - see models.h. */
#include "tm/app/models.h"

#include <string.h>

#include "tm/app/supply.h"

static int add(struct tm_models *m, const struct tm_model *model)
{
    uint8_t digest[TM_DIGEST_LEN];
    if (m->n == TM_JOIN_MODELS_MAX)
        return TM_ERR_LIMIT;
    tm_model_digest(model, digest);
    memcpy(m->list[m->n].name, model->name, sizeof m->list[m->n].name);
    memcpy(m->list[m->n].digest, digest, TM_TOKEN_DIGEST_LEN);
    m->model[m->n] = model;
    m->n++;
    return TM_OK;
}

/* Whether a reply of a join can hold all of them. */
static int check_fits(const struct tm_models *m)
{
    struct tm_join_reply r = {.n_models = m->n};
    uint8_t out[TM_JOIN_REPLY_LEN];
    memcpy(r.models, m->list, sizeof r.models);
    return tm_join_reply_encode(&r, out);
}

int tm_models_load(struct tm_models *m, const char *path, struct tm_msg *msg)
{
    uint8_t digest[TM_DIGEST_LEN];
    memset(m, 0, sizeof *m);
    bool has_constant = false;
    int rc = path != NULL ? tm_store_load(path, &m->entries, &m->n_entries, msg) : TM_OK;
    if (rc != TM_OK)
        return rc;
    tm_model_constant_default(&m->constant);
    tm_supply_schedule(&m->supply);
    tm_model_digest(&m->supply, digest);
    memcpy(m->supply_digest, digest, sizeof m->supply_digest);
    for (size_t i = 0; i < m->n_entries && rc == TM_OK; i++) {
        rc = add(m, &m->entries[i].model);
        has_constant = has_constant || strcmp(m->entries[i].model.name, m->constant.name) == 0;
    }
    if (rc == TM_OK && !has_constant)
        rc = add(m, &m->constant);
    if (rc == TM_OK)
        rc = check_fits(m);
    if (rc != TM_OK) {
        tm_msg_set(msg, rc, "%s holds too many models for one server; give it a smaller database",
                   path);
        tm_models_deinit(m);
    }
    return rc;
}

void tm_models_deinit(struct tm_models *m)
{
    tm_store_entries_free(m->entries, m->n_entries);
    tm_model_deinit(&m->constant);
    tm_model_deinit(&m->supply);
    memset(m, 0, sizeof *m);
}

const struct tm_model *tm_models_find(const struct tm_models *m, const uint8_t *digest, size_t len)
{
    for (size_t i = 0; i < m->n; i++)
        if (memcmp(m->list[i].digest, digest, len) == 0)
            return m->model[i];
    return memcmp(m->supply_digest, digest, len) == 0 ? &m->supply : NULL;
}
