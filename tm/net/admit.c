/* tm/net/admit.c */
#include "tm/net/admit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

#define BURST     5U
#define PERIOD_US (10 * TM_US_PER_S)

static bool may_log(struct tm_admit_log *log, int64_t now_us)
{
    if (now_us >= log->next_us) {
        log->burst = 0;
        log->next_us = now_us + PERIOD_US;
    }
    if (log->burst++ < BURST)
        return true;
    log->n_left_out++;
    return false;
}

void tm_admit_refuse(struct tm_admit *a, const struct tm_token *t, const char *text)
{
    char id[2 * TM_CLIENT_ID_LEN + 1] = "";
    a->refused++;
    if (!may_log(&a->log, tm_now_us()))
        return;
    for (size_t i = 0; t != NULL && i < TM_CLIENT_ID_LEN; i++)
        (void)snprintf(id + 2 * i, 3, "%02x", t->client_id[i]);
    tm_log(TM_LOG_WARN, "refused %s %s: %s",
           t != NULL && t->kind == TM_TOKEN_JOIN ? "invitation" : "client", t == NULL ? "?" : id,
           text);
    if (a->log.n_left_out > 0)
        tm_log(TM_LOG_WARN, "refused: %" PRIu64 " more lines like these were left out",
               a->log.n_left_out);
    a->log.n_left_out = 0;
}

static int refuse(struct tm_admit *a, const struct tm_token *t, const char *text)
{
    tm_admit_refuse(a, t, text);
    return TM_ERR_AUTH;
}

static int refuse_range(struct tm_admit *a, const struct tm_token *t, uint64_t now_ms)
{
    char text[160];
    bool is_ahead = t->time_ms > now_ms;
    uint64_t off_s = (is_ahead ? t->time_ms - now_ms : now_ms - t->time_ms) / 1000;
    (void)snprintf(text, sizeof text,
                   "its clock is %" PRIu64
                   " minutes %s ours; set the wrong one (2 hours are allowed)",
                   off_s / 60, is_ahead ? "ahead of" : "behind");
    return refuse(a, t, text);
}

static int refuse_used(struct tm_admit *a, const struct tm_token *t)
{
    char text[240];
    uint64_t floor_ms = tm_replay_floor_ms(a->replay, t->client_id);
    if (t->time_ms > floor_ms)
        return refuse(a, t, "its token was used before: a replay");
    (void)snprintf(text, sizeof text,
                   "its token is %" PRIu64
                   " minutes too old: a replay, or its clock was ahead before and was set back; it "
                   "is taken again when its clock has passed that, or after joining again",
                   (floor_ms - t->time_ms) / 60000 + 1);
    return refuse(a, t, text);
}

static int check_time(struct tm_admit *a, const struct tm_admitted *ad)
{
    const struct tm_token *t = &ad->token;
    uint64_t now_ms = a->now_ms(a->owner, t);
    int rc = tm_replay_check(a->replay, t->client_id, ad->nonce, t->time_ms, now_ms);
    if (rc == TM_OK)
        return TM_OK;
    return rc == TM_ERR_RANGE ? refuse_range(a, t, now_ms) : refuse_used(a, t);
}

int tm_admit_check(struct tm_admit *a, const struct tm_gate_guest *guest, struct tm_admitted *out)
{
    const struct tm_view identity = guest->hello->identity;
    uint8_t secret[TM_SECRET_LEN] = {0};
    struct tm_token *t = &out->token;
    int rc = tm_ticket_open(a->key, identity, t);
    if (rc == TM_ERR_AUTH && a->key_old != NULL)
        rc = tm_ticket_open(a->key_old, identity, t);
    if (rc == TM_ERR_UNSUPPORTED)
        return refuse(
            a, NULL,
            "it speaks another version of the protocol; bring both ends to the same release");
    if (rc != TM_OK)
        return TM_ERR_AUTH; /* an ordinary ticket, or none at all */
    if (t->kind == TM_TOKEN_JOIN && !a->takes_join)
        return refuse(a, t, "this server takes no invitations");
    memcpy(out->nonce, tm_ticket_nonce(identity).p, sizeof out->nonce);
    rc = a->lookup(a->user, t->kind, t->client_id, secret);
    if (rc == TM_ERR_CLOSED)
        return refuse(a, t, "it was revoked; invite it again if that was a mistake");
    if (rc != TM_OK)
        return refuse(a, t, "it is not known here; it has to join again");
    rc = guest->is_again ? TM_OK : check_time(a, out);
    if (rc == TM_OK)
        rc = tm_ticket_psk(out->psk, secret, identity);
    explicit_bzero(secret, sizeof secret);
    if (rc != TM_OK)
        return TM_ERR_AUTH;
    if (tm_ticket_check_binder(out->psk, guest->hello, guest->raw.p) != TM_OK)
        return refuse(a, t, "it does not know its secret; it has to join again");
    return TM_OK;
}

void tm_admit_use(struct tm_admit *a, const struct tm_admitted *ad)
{
    int rc = tm_replay_use(a->replay, ad->token.client_id, ad->nonce, ad->token.time_ms);
    if (rc != TM_OK && may_log(&a->log, tm_now_us()))
        tm_log(TM_LOG_ERROR, "replay guard: %s; after a restart a used token might be taken again",
               tm_strerror(rc));
}
