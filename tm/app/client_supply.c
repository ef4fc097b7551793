/* tm/app/client_supply.c - see client_supply.h. */
#include "tm/app/client_supply.h"

#include <string.h>

#include <openssl/crypto.h>

#include "models/store/store.h"
#include "tm/app/client_fetch.h"
#include "tm/app/shipped.h"
#include "tm/app/supply.h"
#include "tm/base/log.h"

struct need {
    const struct tm_client_state *s;
    const char *dir;
    const char *db; /* NULL: built-in models alone */
    struct tm_mix_text names;
};

static const struct tm_join_model *find(const struct tm_client_state *s, const char *name)
{
    for (size_t i = 0; i < s->n_models; i++)
        if (strcmp(s->models[i].name, name) == 0)
            return &s->models[i];
    return NULL;
}

/* From the database.  TM_ERR_RANGE: it has none of that name, or another. */
static int load_here(struct tm_model *out, const struct need *n, const struct tm_join_model *m,
                     struct tm_msg *msg)
{
    uint8_t digest[TM_DIGEST_LEN];
    int rc = tm_store_load_model(n->db, m->name, out, msg);
    if (rc != TM_OK)
        return rc;
    tm_model_digest(out, digest);
    if (memcmp(digest, m->digest, sizeof m->digest) == 0)
        return TM_OK;
    tm_model_deinit(out);
    return TM_ERR_RANGE;
}

/* From here or from what was fetched.  TM_ERR_CLOSED: neither has it. */
static int load_one(struct tm_model *out, const struct need *n, const struct tm_join_model *m,
                    struct tm_msg *msg)
{
    int rc = load_here(out, n, m, msg);
    if (rc != TM_ERR_RANGE)
        return rc;
    struct tm_msg why;
    rc = tm_supply_load(out, n->dir, n->s->pin, m->digest, &why);
    if (rc == TM_OK)
        return rc;
    if (rc == TM_ERR_NOMEM)
        return tm_msg_set(msg, rc, "out of memory");
    if (rc != TM_ERR_CLOSED)
        tm_log(TM_LOG_WARN, "%s; it is fetched again", why.text);
    return TM_ERR_CLOSED;
}

/* A model that the server did not have: a database that cannot be read is worth more words than that.  TM_ERR_CLOSED: it can. */
static int check_here(const struct need *n, const char *name, struct tm_msg *msg)
{
    struct tm_model model = {0};
    int rc = tm_store_load_model(n->db, name, &model, msg);
    tm_model_deinit(&model);
    return rc == TM_OK || rc == TM_ERR_RANGE ? TM_ERR_CLOSED : rc;
}

/* Whether the server's model is named, and not to be had without it. */
static bool wants(void *user, const struct tm_join_model *m)
{
    const struct need *n = user;
    struct tm_model model = {0};
    bool is_named = false;
    for (size_t i = 0; i < n->names.n; i++)
        is_named = is_named || strcmp(n->names.part[i].name, m->name) == 0;
    if (!is_named)
        return false;
    int rc = load_one(&model, n, m, NULL);
    tm_model_deinit(&model);
    return rc == TM_ERR_CLOSED;
}

/* All of them without asking.  TM_ERR_CLOSED: one is not here, *missing says which. */
static int load_all(struct tm_store_mix *out, const struct need *n, const char **missing,
                    struct tm_msg *msg)
{
    struct tm_mix parts = {0};
    int rc = TM_OK;
    *out = (struct tm_store_mix){0};
    for (size_t i = 0; rc == TM_OK && i < n->names.n; i++) {
        const struct tm_join_model *m = find(n->s, n->names.part[i].name);
        *missing = n->names.part[i].name;
        rc = m != NULL ? load_one(&out->part[i], n, m, msg) : check_here(n, *missing, msg);
        if (rc != TM_OK)
            break;
        parts.part[i].model = &out->part[i];
        parts.part[i].n_users = n->names.part[i].n_users;
        out->n_parts = parts.n_parts = i + 1;
    }
    out->n_users = tm_mix_users(&parts);
    if (rc == TM_OK && parts.n_parts > 1)
        rc = tm_mix_make(&out->mix, &parts, msg);
    if (rc != TM_OK)
        tm_store_mix_deinit(out);
    return rc;
}

/* The names that the server has, as far as they fit. */
static int say_none(const struct tm_client_state *s, const char *name, struct tm_msg *msg)
{
    char list[300] = "";
    size_t len = 0;
    for (size_t i = 0; i < s->n_models && len + TM_MODEL_NAME_MAX + 3 < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i > 0 ? ", " : "",
                                s->models[i].name);
    return tm_msg_set(msg, TM_ERR_RANGE, "the server has no model '%s'; it has: %s", name, list);
}

static int begin(struct need *n, const struct tm_client_state *s, const struct tm_options *o,
                 char shipped[TM_SHIPPED_PATH_MAX], struct tm_msg *msg)
{
    *n = (struct need){.s = s,
                       .dir = o->v[TM_OPT_STATE].text,
                       .db = tm_shipped_or(o->v[TM_OPT_MODELS].text, shipped)};
    return tm_mix_parse(&n->names, o->v[TM_OPT_MODEL].text, msg);
}

int tm_client_supply_load(struct tm_store_mix *out, struct tm_client_state *s,
                          const struct tm_options *o, struct tm_msg *msg)
{
    char shipped[TM_SHIPPED_PATH_MAX];
    struct need n;
    const char *missing = "";
    *out = (struct tm_store_mix){0};
    int rc = begin(&n, s, o, shipped, msg);
    if (rc == TM_OK)
        rc = load_all(out, &n, &missing, msg);
    if (rc != TM_ERR_CLOSED)
        return rc;
    tm_log(TM_LOG_INFO, "model %s is not here as the server has it: it is fetched", missing);
    rc = tm_client_fetch(s, n.dir, wants, &n, msg);
    if (rc == TM_OK)
        rc = load_all(out, &n, &missing, msg);
    return rc == TM_ERR_CLOSED && find(s, missing) == NULL ? say_none(s, missing, msg) : rc;
}

/* Whether a model that is named is another than before; none of them is missing now. */
static bool has_changed(const struct need *n, const struct tm_client_state *before)
{
    bool is_new = false;
    for (size_t i = 0; i < n->names.n; i++) {
        const struct tm_join_model *was = find(before, n->names.part[i].name);
        const struct tm_join_model *is = find(n->s, n->names.part[i].name);
        if (is == NULL)
            return false;
        is_new = is_new || was == NULL || memcmp(was->digest, is->digest, sizeof is->digest) != 0;
    }
    return is_new;
}

bool tm_client_supply_renew(struct tm_store_mix *out, struct tm_client_state *s,
                            const struct tm_options *o)
{
    char shipped[TM_SHIPPED_PATH_MAX];
    struct tm_client_state before = *s;
    struct need n;
    const char *missing = "";
    struct tm_msg why;
    bool is_new = tm_store_mix_model(out) != NULL && begin(&n, s, o, shipped, &why) == TM_OK &&
                  tm_client_fetch(s, n.dir, wants, &n, &why) == TM_OK && has_changed(&n, &before);
    OPENSSL_cleanse(&before, sizeof before);
    if (!is_new)
        return false;
    tm_log(TM_LOG_INFO, "the server has other models than before: its own are played");
    tm_store_mix_deinit(out);
    return load_all(out, &n, &missing, &why) == TM_OK;
}

const char *tm_client_supply_place(const struct tm_client_state *s, const struct tm_options *o,
                                   const struct tm_join_model *m)
{
    char shipped[TM_SHIPPED_PATH_MAX];
    const struct need n = {.s = s,
                           .dir = o->v[TM_OPT_STATE].text,
                           .db = tm_shipped_or(o->v[TM_OPT_MODELS].text, shipped)};
    struct tm_model model = {0};
    const char *place = "at the server";
    if (load_here(&model, &n, m, NULL) == TM_OK)
        place = "here";
    else if (tm_supply_load(&model, n.dir, s->pin, m->digest, NULL) == TM_OK)
        place = "fetched";
    tm_model_deinit(&model);
    return place;
}
