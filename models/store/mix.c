#include "models/store/mix.h"

#include "models/store/store.h"

int tm_store_mix_load(struct tm_store_mix *out, const char *path, const char *text,
                      struct tm_msg *msg)
{
    struct tm_mix_text names;
    struct tm_mix parts = {0};
    *out = (struct tm_store_mix){0};
    int rc = tm_mix_parse(&names, text, msg);
    for (size_t i = 0; rc == TM_OK && i < names.n; i++) {
        rc = tm_store_load_model(path, names.part[i].name, &out->part[i], msg);
        parts.part[i].model = &out->part[i];
        parts.part[i].n_users = names.part[i].n_users;
        out->n_parts = parts.n_parts = i + 1;
    }
    out->n_users = tm_mix_users(&parts);
    if (rc == TM_OK && parts.n_parts > 1)
        rc = tm_mix_make(&out->mix, &parts, msg);
    if (rc != TM_OK)
        tm_store_mix_deinit(out);
    return rc;
}

const struct tm_model *tm_store_mix_model(const struct tm_store_mix *m)
{
    return m->n_parts > 1 ? &m->mix : m->n_parts == 1 ? &m->part[0] : NULL;
}

void tm_store_mix_deinit(struct tm_store_mix *m)
{
    for (size_t i = 0; i < m->n_parts; i++)
        tm_model_deinit(&m->part[i]);
    *m = (struct tm_store_mix){0};
}
