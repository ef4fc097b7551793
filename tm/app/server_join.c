/* tm/app/server_join.c - see server_join.h. */
#include "tm/app/server_join.h"

#include <string.h>

#include <openssl/crypto.h>

#include "tm/app/open_invite.h"

/* Whether the invitation may be used now: TM_OK, TM_ERR_CLOSED (used), TM_ERR_RANGE (expired), or it cannot
 * be read. */
static int check_invite(const struct tm_server_state *s, const uint8_t *id, int64_t now_s,
                        int64_t *made_s, struct tm_msg *why)
{
    struct tm_invite invite;
    int rc = tm_open_invite_check(s, id, why);
    *made_s = 0; /* as old as any */
    if (rc != TM_ERR_AUTH)
        return rc;
    rc = tm_server_state_find_invite(s, id, &invite, why);
    *made_s = invite.made_s;
    if (rc == TM_OK && invite.used)
        rc = TM_ERR_CLOSED;
    else if (rc == TM_OK && now_s >= invite.expires_s)
        rc = TM_ERR_RANGE;
    OPENSSL_cleanse(&invite, sizeof invite);
    return rc;
}

/* Uses the invitation and stores the client. */
static int redeem(const struct tm_server_state *s, const uint8_t *id, int64_t now_s,
                  const uint8_t *secret, uint8_t *client_id, struct tm_msg *why)
{
    int rc = tm_open_invite_redeem(s, id, secret, now_s, client_id, why);
    return rc == TM_ERR_AUTH ? tm_server_state_redeem(s, id, secret, now_s, client_id, why) : rc;
}

static enum tm_join_status status_of(int rc)
{
    switch (rc) {
    case TM_OK:
        return TM_JOIN_OK;
    case TM_ERR_CLOSED:
        return TM_JOIN_USED;
    case TM_ERR_RANGE:
        return TM_JOIN_EXPIRED;
    default:
        return TM_JOIN_FAILED;
    }
}

int tm_server_join(struct tm_server_joined *out, const struct tm_server_state *s,
                   const struct tm_models *models, const struct tm_enrol *e, int64_t now_s)
{
    struct tm_join_reply *r = &out->said;
    uint8_t secret[TM_SECRET_LEN];
    int64_t made_s = 0;
    memset(out, 0, sizeof *out);
    int rc = tm_join_request_check(e->request.p, e->request.len);
    if (rc != TM_OK)
        return rc;
    rc = check_invite(s, e->invite_id, now_s, &made_s, &out->why);
    if (rc == TM_OK)
        rc = tm_enrol_secret(secret, e);
    if (rc == TM_OK)
        rc = redeem(s, e->invite_id, now_s, secret, r->client_id, &out->why);
    OPENSSL_cleanse(secret, sizeof secret);
    r->status = status_of(rc);
    if (r->status == TM_JOIN_OK) {
        r->n_models = models->n;
        memcpy(r->models, models->list, sizeof r->models);
    }
    rc = tm_join_reply_encode(r, out->reply);
    /* Its link has the pin of before the renewal. */
    bool is_old = s->identity_old != NULL && made_s < s->made_s;
    return rc == TM_OK ? tm_enrol_sign(is_old ? s->identity_old : s->identity, e, out->reply) : rc;
}
