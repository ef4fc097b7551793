/* tm/net/tunnel_server_source.c - what a token wants to be played. */
#include "tm/net/tunnel_server_impl.h"

#include <string.h>

#include "models/mix.h"
#include "models/shuffle.h"

static const struct tm_model *with_digest(const struct tm_model *m, const struct tm_token *tok)
{
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_digest(m, digest);
    return memcmp(digest, tok->digest, TM_TOKEN_DIGEST_LEN) == 0 ? m : NULL;
}

/* The mix that the token names, put together in *mix; NULL: a part is not here, or is another than the client's. */
static const struct tm_model *find_mix(const struct tm_tunnel_server *t, const struct tm_token *tok,
                                       struct tm_model *mix)
{
    struct tm_mix parts = {.n_parts = tok->n_parts};
    for (size_t i = 0; i < tok->n_parts; i++) {
        parts.part[i].model = t->cfg.model(t->cfg.user, tok->part[i].digest, TM_TOKEN_PART_LEN);
        parts.part[i].n_users = tok->part[i].n_users;
    }
    return tm_mix_make(mix, &parts, NULL) == TM_OK ? with_digest(mix, tok) : NULL;
}

static const struct tm_model *find_model(struct tm_tunnel_server *t, const struct tm_token *tok,
                                         struct tm_model *mix)
{
    if (tok->kind == TM_TOKEN_JOIN)
        return with_digest(&t->join_model, tok);
    return tok->n_parts > 0 ? find_mix(t, tok, mix)
                            : t->cfg.model(t->cfg.user, tok->digest, TM_TOKEN_DIGEST_LEN);
}

const char *tm_tunnel_server_source(struct tm_tunnel_server *t, const struct tm_token *tok,
                                    struct tm_model *mix, struct tm_session_cfg *cfg)
{
    if (cfg->drive != TM_DRIVE_PLANS && tok->kind == TM_TOKEN_JOIN)
        return "it joins without a schedule";
    if (cfg->drive == TM_DRIVE_SHUFFLE) {
        uint8_t digest[TM_DIGEST_LEN];
        tm_shuffle_digest(digest);
        return memcmp(digest, tok->digest, TM_TOKEN_DIGEST_LEN) == 0
                   ? NULL
                   : "it is driven by other rules; are both ends of the same release?";
    }
    if (cfg->drive == TM_DRIVE_MAYBENOT)
        return NULL; /* its machines come in the tunnel */
    if (!tok->is_schedule) {
        cfg->model = find_model(t, tok, mix);
        return cfg->model != NULL ? NULL
                                  : "it plays a model that is not here; load the same models on "
                                    "both ends and join again";
    }
    if (tok->plan_mode == TM_PLAN_SEEDED && t->cfg.schedule != NULL)
        cfg->schedule = t->cfg.schedule(t->cfg.user, tok->digest);
    return tok->plan_mode == TM_PLAN_EMBEDDED || cfg->schedule != NULL
               ? NULL
               : "it plays a schedule file that is not here; give the same file to both ends, or "
                 "let the client play it with --plan embedded";
}
