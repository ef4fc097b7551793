/* tm/app/server_asked.c - what the tunnel asks of tm-server run: who a client is, models, joins, logs, what it supplies. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "tm/app/keys.h"
#include "tm/app/open_invite.h"
#include "tm/app/server_impl.h"
#include "tm/app/server_join.h"
#include "tm/app/supply.h"
#include "tm/base/log.h"

static int on_lookup(void *user, enum tm_token_kind kind, const uint8_t id[TM_CLIENT_ID_LEN],
                     uint8_t secret[TM_SECRET_LEN])
{
    struct server *s = user;
    struct tm_msg why;
    struct tm_invite invite;
    struct tm_client_entry client;
    int rc;
    if (kind == TM_TOKEN_JOIN) {
        rc = tm_server_state_find_invite(&s->state, id, &invite, &why);
        memcpy(secret, invite.secret, TM_SECRET_LEN);
        OPENSSL_cleanse(&invite, sizeof invite);
        if (rc == TM_ERR_CLOSED)
            rc = tm_open_invite_secret(&s->state, id, secret, &why);
        if (rc == TM_ERR_AUTH)
            rc = TM_ERR_CLOSED; /* it is not that one either */
    } else {
        rc = tm_server_state_find_client(&s->state, id, &client, &why);
        memcpy(secret, client.secret, TM_SECRET_LEN);
        OPENSSL_cleanse(&client, sizeof client);
    }
    if (rc == TM_OK)
        return TM_OK;
    if (rc != TM_ERR_CLOSED)
        tm_log(TM_LOG_ERROR, "%s", why.text);
    return TM_ERR_AUTH;
}

static const struct tm_model *on_model(void *user, const uint8_t *digest, size_t len)
{
    struct server *s = user;
    return tm_models_find(&s->models, digest, len);
}

static const struct tm_schedfile *on_schedule(void *user, const uint8_t digest[TM_TOKEN_DIGEST_LEN])
{
    struct server *s = user;
    bool is_it =
        s->schedule.n_conns > 0 && memcmp(s->schedule_digest, digest, TM_TOKEN_DIGEST_LEN) == 0;
    return is_it ? &s->schedule : NULL;
}

static int on_join(void *user, const struct tm_tunnel_join *j, uint8_t *reply, size_t cap)
{
    static const char *const outcome[] = {"joined", "used link", "expired link", "failed"};
    struct server *s = user;
    struct tm_enrol e = {j->id, j->exporter, j->request};
    struct tm_server_joined joined;
    const struct tm_join_reply *said = &joined.said;
    char id[TM_SERVER_ID_TEXT];
    if (cap < TM_JOIN_REPLY_LEN)
        return TM_ERR_LIMIT;
    int rc = tm_server_join(&joined, &s->state, &s->models, &e, (int64_t)time(NULL));
    if (rc != TM_OK)
        return rc;
    memcpy(reply, joined.reply, sizeof joined.reply);
    tm_server_id_print(id, said->client_id);
    if (said->status == TM_JOIN_FAILED)
        tm_log(TM_LOG_ERROR, "join: cannot store the client: %s", joined.why.text);
    else
        tm_log(TM_LOG_INFO, "join: %s%s%s", outcome[said->status],
               said->status == TM_JOIN_OK ? " client=" : "", said->status == TM_JOIN_OK ? id : "");
    return (int)TM_JOIN_REPLY_LEN;
}

/* FILE for the first session, then FILE.2, FILE.3, ... */
static FILE *on_open_log(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                         const uint8_t session_id[TM_SESSION_ID_LEN])
{
    struct server *s = user;
    char path[TM_FILE_PATH_MAX + 16], suffix[16] = "";
    (void)client_id;
    (void)session_id;
    s->n_logs++;
    if (s->n_logs > 1)
        snprintf(suffix, sizeof suffix, ".%u", s->n_logs);
    snprintf(path, sizeof path, "%.*s%s", (int)TM_FILE_PATH_MAX, s->o->v[TM_OPT_LOG_SCHEDULE].text,
             suffix);
    FILE *f = fopen(path, "we");
    if (f == NULL)
        tm_log(TM_LOG_ERROR, "cannot write %s: %s", path, strerror(errno));
    return f;
}

static int on_supply(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_view request,
                     struct tm_supply_answer *out)
{
    struct server *s = user;
    struct tm_msg why;
    int rc = tm_keys_answer_to(out, &s->state, client_id, request);
    if (rc == TM_ERR_UNSUPPORTED)
        rc = tm_supply_answer_to(out, s->state.dir, &s->models, request, &why);
    else if (rc != TM_OK)
        tm_msg_set(&why, rc, "%s", tm_strerror(rc));
    if (rc == TM_ERR_IO || rc == TM_ERR_NOMEM)
        tm_log(TM_LOG_ERROR, "a client's request: %s", why.text);
    return rc;
}

static void on_used(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN], uint64_t bytes)
{
    struct server *s = user;
    if (s->account != NULL)
        tm_account_add(s->account, client_id, bytes);
}

void tm_server_asked_fill(struct tm_tunnel_server_cfg *cfg, struct server *s)
{
    cfg->lookup = on_lookup;
    cfg->model = on_model;
    cfg->schedule = on_schedule;
    cfg->join = on_join;
    cfg->open_log = s->o->v[TM_OPT_LOG_SCHEDULE].text != NULL ? on_open_log : NULL;
    cfg->used = on_used;
    cfg->supply = on_supply;
    cfg->user = s;
}
