/* tm/app/client_keys.c - see client_keys.h. */
#include "tm/app/client_keys.h"

#include <stdbool.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "tm/app/keys.h"
#include "tm/base/log.h"
#include "tm/net/tunnel_keys.h"

#define LOOK_MS 1000U
#define EVERY_S 86400U

struct tm_client_keys {
    uv_timer_t timer;
    struct tm_tunnel_client *tunnel;
    struct tm_client_state *s;
    const char *dir;
    bool waits_for_streams;
    bool is_asking;
    bool is_closed;
    bool is_timer_closed;
    unsigned left_s; /* until it asks again */
};

/* An answer that is under way holds on to it. */
static void free_closed(struct tm_client_keys *k)
{
    if (k->is_timer_closed && !k->is_asking)
        free(k);
}

/* In *fresh; 1 when there are new keys, and they are stored. */
static int take_into(struct tm_client_state *fresh, const char *dir, struct tm_view answer,
                     struct tm_msg *why)
{
    int rc = tm_keys_take(fresh, answer);
    if (rc == TM_ERR_AUTH)
        return tm_msg_set(why, rc, "they are not signed by the server that this client joined");
    if (rc < 0)
        return tm_msg_set(why, rc, "%s", tm_strerror(rc));
    int stored = rc == 1 ? tm_client_state_replace(fresh, dir, why) : TM_OK;
    return stored == TM_OK ? rc : stored;
}

static void take(struct tm_client_keys *k, struct tm_view answer)
{
    struct tm_client_state fresh = *k->s;
    struct tm_msg why;
    int rc = take_into(&fresh, k->dir, answer, &why);
    if (rc < 0)
        tm_log(TM_LOG_WARN, "the server's new keys are not taken: %s", why.text);
    if (rc == 1) {
        *k->s = fresh;
        tm_tunnel_client_set_key(k->tunnel, &k->s->token);
        tm_log(TM_LOG_INFO, "the server has renewed its keys: this client has the new ones");
    }
    OPENSSL_cleanse(&fresh, sizeof fresh);
}

static void on_answer(void *user, int err, struct tm_view answer)
{
    struct tm_client_keys *k = user;
    k->is_asking = false;
    if (k->is_closed)
        free_closed(k);
    else if (err == TM_OK)
        take(k, answer);
}

static bool may_ask(const struct tm_client_keys *k)
{
    struct tm_session_stats stats;
    tm_tunnel_client_stats(k->tunnel, &stats);
    return !k->is_asking && tm_tunnel_client_state(k->tunnel) == TM_TUNNEL_UP &&
           (!k->waits_for_streams || stats.streams_live > 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct tm_client_keys *k = timer->data;
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    if (k->left_s > 0)
        k->left_s--;
    if (k->left_s > 0 || !may_ask(k))
        return;
    k->left_s = EVERY_S;
    k->is_asking = tm_keys_request(request, k->s) == TM_OK &&
                   tm_supply_ask(tm_tunnel_client_front(k->tunnel), request, TM_SUPPLY_KEYS_LEN,
                                 on_answer, k) == TM_OK;
}

struct tm_client_keys *tm_client_keys_open(uv_loop_t *loop, struct tm_tunnel_client *tunnel,
                                           struct tm_client_state *s, const struct tm_options *o)
{
    struct tm_client_keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    *k = (struct tm_client_keys){.tunnel = tunnel,
                                 .s = s,
                                 .dir = o->v[TM_OPT_STATE].text,
                                 .waits_for_streams =
                                     o->v[TM_OPT_ON_DEMAND].given || o->v[TM_OPT_IDLE_STOP].given};
    k->timer.data = k;
    (void)uv_timer_init(loop, &k->timer);
    (void)uv_timer_start(&k->timer, on_timer, LOOK_MS, LOOK_MS);
    return k;
}

static void on_closed(uv_handle_t *h)
{
    struct tm_client_keys *k = h->data;
    k->is_timer_closed = true;
    free_closed(k);
}

void tm_client_keys_close(struct tm_client_keys *k)
{
    if (k == NULL)
        return;
    k->is_closed = true;
    uv_close((uv_handle_t *)&k->timer, on_closed);
}
