/* tm/app/client_models.c - tm-client models: every model with its card, and the presets; or one model or mix; or those of the server.
 *
 * Cards are played on the spot, so they are those of the models as they are; a fixed seed makes them the same each time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "models/store/mix.h"
#include "tm/app/address.h"
#include "tm/app/client_state.h"
#include "tm/app/client_supply.h"
#include "tm/app/kv.h"
#include "tm/app/main.h"
#include "tm/app/models.h"
#include "tm/app/preset.h"
#include "tm/app/shipped.h"
#include "tm/app/units.h"
#include "tm/base/time.h"
#include "tm/sim/card_print.h"

#define CARD_FOR_US     (240 * TM_US_PER_S) /* of a busy model ... */
#define CARD_FOR_MAX_US (TM_US_PER_S * 16 * 3600)
#define CARD_EVENTS     50000U /* ... until so much has happened: a quiet one needs hours */
#define CARD_RTT_US     (40 * TM_US_PER_MS)
#define CARD_RATE_BPS   UINT64_C(100000000)

struct listing {
    const struct tm_options *o;
    const struct tm_models *models;
    struct tm_card *card; /* owned; used for one after the other */
    bool is_json;
    bool is_first; /* nothing was printed of this list */
    struct tm_msg *msg;
};

static uint32_t pace_ms(int64_t us)
{
    return (uint32_t)((us + TM_US_PER_MS - 1) / TM_US_PER_MS);
}

/* Plays longer and longer until enough has happened; cfg->for_us is how long it came to. */
static int play(struct listing *l, struct tm_card_cfg *cfg)
{
    int rc;
    for (cfg->for_us = CARD_FOR_US;; cfg->for_us *= 4) {
        memset(l->card, 0, sizeof *l->card);
        rc = tm_card_play(l->card, cfg);
        if (rc != TM_OK || l->card->n_events >= CARD_EVENTS || cfg->for_us >= CARD_FOR_MAX_US)
            break;
    }
    return rc == TM_OK ? rc
                       : tm_msg_set(l->msg, rc, "%s cannot be played: %s", cfg->model->name,
                                    tm_strerror(rc));
}

/* One line (or object) of a list; label: of a preset, else NULL. */
static int print_one(struct listing *l, const char *label, struct tm_card_cfg *cfg)
{
    int rc = play(l, cfg);
    if (rc != TM_OK)
        return rc;
    if (l->is_json) {
        printf("%s\n  {", l->is_first ? "" : ",");
        if (label != NULL)
            printf("\"preset\": \"%s\", ", label);
        tm_card_print_json(stdout, l->card, cfg);
        printf("}");
    } else {
        tm_card_print_row(stdout, label != NULL ? label : cfg->model->name, l->card, cfg);
    }
    l->is_first = false;
    return fflush(stdout) == 0 ? TM_OK : TM_ERR_IO;
}

static struct tm_card_cfg card_cfg(const struct tm_model *model)
{
    return (struct tm_card_cfg){
        .model = model, .rtt_us = CARD_RTT_US, .line_bps = CARD_RATE_BPS, .reply = TM_LOAD_EXACT};
}

static int print_models(struct listing *l)
{
    int rc = TM_OK;
    l->is_first = true;
    if (l->is_json)
        printf("{\"schema_version\": 1, \"models\": [");
    else
        tm_card_print_head(stdout, "MODEL");
    for (size_t i = 0; i < l->models->n && rc == TM_OK; i++) {
        struct tm_card_cfg cfg = card_cfg(l->models->model[i]);
        cfg.n_users = (uint32_t)l->o->v[TM_OPT_USERS].num;
        cfg.pace_ms = pace_ms(l->o->v[TM_OPT_PACE].num);
        rc = print_one(l, NULL, &cfg);
    }
    return rc;
}

/* What --model names, alone. */
static int print_named(struct listing *l, const struct tm_store_mix *m)
{
    bool is_counted = tm_mix_is_counted(l->o->v[TM_OPT_MODEL].text);
    struct tm_card_cfg cfg = card_cfg(tm_store_mix_model(m));
    cfg.n_users = is_counted ? m->n_users : (uint32_t)l->o->v[TM_OPT_USERS].num;
    cfg.pace_ms = pace_ms(l->o->v[TM_OPT_PACE].num);
    l->is_first = true;
    if (l->is_json)
        printf("{\"schema_version\": 1, \"models\": [");
    else
        tm_card_print_head(stdout, "MODEL");
    int rc = print_one(l, NULL, &cfg);
    if (l->is_json)
        printf("\n], \"presets\": []}\n");
    return rc;
}

static const struct tm_model *find(const struct listing *l, const char *name)
{
    for (size_t i = 0; i < l->models->n; i++) {
        if (strcmp(l->models->model[i]->name, name) == 0)
            return l->models->model[i];
    }
    return NULL;
}

/* The preset's model and users in cfg; *mix is room for one made of several, which cfg then borrows.  False: the database has not
 * all of it. */
static bool take_preset(const struct listing *l, const struct tm_preset *p, struct tm_model *mix,
                        struct tm_card_cfg *cfg)
{
    struct tm_mix_text names;
    struct tm_mix parts = {0};
    int64_t users = 0;
    if (tm_mix_parse(&names, p->model, NULL) != TM_OK)
        return false;
    for (size_t i = 0; i < names.n; i++) {
        parts.part[i].model = find(l, names.part[i].name);
        parts.part[i].n_users = names.part[i].n_users;
        if (parts.part[i].model == NULL)
            return false;
    }
    parts.n_parts = names.n;
    if (names.n > 1 && tm_mix_make(mix, &parts, NULL) != TM_OK)
        return false;
    *cfg = card_cfg(names.n > 1 ? mix : parts.part[0].model);
    cfg->n_users = tm_mix_users(&parts);
    if (!tm_mix_is_counted(p->model) && tm_units_count(p->users, &users) == TM_OK)
        cfg->n_users = (uint32_t)users;
    return true;
}

/* Of a database that has not the models of the presets, nothing is said. */
static int print_presets(struct listing *l)
{
    int rc = TM_OK;
    l->is_first = true;
    if (l->is_json)
        printf("\n], \"presets\": [");
    for (unsigned i = 0; i < TM_PRESETS && rc == TM_OK; i++) {
        const struct tm_preset *p = tm_preset_get(i);
        struct tm_model mix = {0};
        struct tm_card_cfg cfg;
        int64_t pace_us = 0;
        if (!take_preset(l, p, &mix, &cfg))
            continue;
        rc = tm_units_duration(p->pace, &pace_us);
        cfg.pace_ms = pace_ms(pace_us);
        if (l->is_first && !l->is_json) {
            printf("\n");
            tm_card_print_head(stdout, "PRESET");
        }
        if (rc == TM_OK)
            rc = print_one(l, p->name, &cfg);
    }
    if (l->is_json)
        printf("\n]}\n");
    return rc;
}

static void explain_presets(const struct listing *l)
{
    bool is_first = true;
    for (unsigned i = 0; i < TM_PRESETS && !l->is_json; i++) {
        const struct tm_preset *p = tm_preset_get(i);
        struct tm_model mix = {0};
        struct tm_card_cfg cfg;
        if (!take_preset(l, p, &mix, &cfg))
            continue;
        bool is_counted = tm_mix_is_counted(p->model);
        printf("%s--preset %-8s --model %s%s%s --pace %s: %s\n", is_first ? "\n" : "", p->name,
               p->model, is_counted ? "" : " --users ", is_counted ? "" : p->users, p->pace,
               p->help);
        is_first = false;
    }
}

static int print_all(struct listing *l)
{
    int rc = print_models(l);
    if (rc == TM_OK)
        rc = print_presets(l);
    if (rc == TM_OK)
        explain_presets(l);
    return rc == TM_ERR_IO ? tm_msg_set(l->msg, rc, "cannot write to standard output") : rc;
}

/* The server's models without cards: most are not here to be played. */
static void print_servers(const struct tm_client_state *s, const struct tm_options *o)
{
    bool is_json = o->v[TM_OPT_JSON].given;
    char where[TM_ADDRESS_TEXT_MAX], digest[2 * TM_TOKEN_DIGEST_LEN + 1];
    tm_address_print(where, s->host, (uint16_t)s->port);
    if (is_json)
        printf("{\"schema_version\": 1, \"server\": \"%s\", \"models\": [", where);
    for (size_t i = 0; i < s->n_models; i++) {
        const char *place = tm_client_supply_place(s, o, &s->models[i]);
        tm_hex_encode(digest, s->models[i].digest, TM_TOKEN_DIGEST_LEN);
        if (is_json)
            printf("%s\n  {\"name\": \"%s\", \"digest\": \"%s\", \"place\": \"%s\"}",
                   i > 0 ? "," : "", s->models[i].name, digest, place);
        else
            printf("%-28s %s %s\n", s->models[i].name, digest, place);
    }
    printf("%s", is_json ? "\n]}\n" : "");
}

/* --state: what the server has; with --model, the card of its model of that name, fetched if need be. */
static int list_servers(struct tm_store_mix *named, struct tm_options *o, struct tm_msg *msg)
{
    struct tm_client_state s;
    int rc = tm_client_state_load(&s, o->v[TM_OPT_STATE].text, msg);
    if (rc == TM_OK && o->v[TM_OPT_MODEL].given)
        rc = tm_client_supply_load(named, &s, o, msg);
    else if (rc == TM_OK)
        print_servers(&s, o);
    OPENSSL_cleanse(&s, sizeof s);
    return rc;
}

enum tm_exit tm_cmd_models(struct tm_options *o, struct tm_msg *msg)
{
    char shipped[TM_SHIPPED_PATH_MAX];
    struct tm_models models = {0};
    struct tm_store_mix named = {0};
    const char *path = tm_shipped_or(o->v[TM_OPT_MODELS].text, shipped);
    bool is_named = o->v[TM_OPT_MODEL].given;
    bool is_servers = o->v[TM_OPT_STATE].given;
    int rc = is_servers ? list_servers(&named, o, msg)
             : is_named ? tm_store_mix_load(&named, path, o->v[TM_OPT_MODEL].text, msg)
                        : tm_models_load(&models, path, msg);
    if (rc != TM_OK)
        return TM_EXIT_FAILED;
    if (is_servers && !is_named)
        return TM_EXIT_DONE;
    struct listing l = {.o = o,
                        .models = &models,
                        .card = calloc(1, sizeof *l.card),
                        .is_json = o->v[TM_OPT_JSON].given,
                        .msg = msg};
    rc = l.card == NULL ? tm_msg_set(msg, TM_ERR_NOMEM, "out of memory")
         : is_named     ? print_named(&l, &named)
                        : print_all(&l);
    free(l.card);
    tm_store_mix_deinit(&named);
    tm_models_deinit(&models);
    return rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}
