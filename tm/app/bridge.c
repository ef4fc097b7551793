/* tm/app/bridge.c - see bridge.h. */
#include "tm/app/bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "models/shuffle.h"
#include "models/store/mix.h"
#include "tm/app/bridge_line.h"
#include "tm/app/client_state.h"
#include "tm/app/file.h"
#include "tm/app/joining.h"
#include "tm/app/pt_line.h"
#include "tm/app/shipped.h"
#include "tm/app/status.h"
#include "tm/app/summary.h"
#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/net/addr.h"
#include "tm/net/alarm.h"
#include "tm/net/statsock.h"

#define REST_MS 1000U /* who waits hears of the failure meanwhile */

enum state { JOINING, STARTING, UP, STOPPING, RESTING };

struct bridge {
    struct tm_bridges *all;
    unsigned number; /* in the log, which does not name addresses */
    enum state state;
    enum tm_reply reply; /* of RESTING: why */
    uint64_t until_ms;   /* of RESTING */
    /* What it was asked for by. */
    struct tm_proxy asked; /* destination and login */
    struct tm_bridge_line line;
    struct tm_joining *joining;
    struct tm_tunnel_client *tunnel;
    struct tm_statsock *statsock; /* owned; the tunnel's */
    struct tm_store_mix models;   /* the tunnel's */
    int64_t begun_us;
};

struct tm_bridges {
    uv_loop_t *loop;
    const char *dir;
    const struct tm_options *o;
    struct bridge *bridge[TM_BRIDGES_MAX];
    unsigned n_made;
    bool is_over;
};

static void tell(const struct bridge *b, const char *outcome)
{
    char where[TM_ADDR_TEXT_MAX];
    tm_addr_text((const struct sockaddr *)&b->line.addr, where);
    tm_pt_say("STATUS TRANSPORT=" TM_PT_NAME " ADDRESS=%s CONNECT=%s", where, outcome);
}

static void bridge_free(struct bridge *b)
{
    tm_store_mix_deinit(&b->models);
    OPENSSL_cleanse(b, sizeof *b);
    free(b);
}

static void rest(struct bridge *b, enum tm_reply reply)
{
    b->state = RESTING;
    b->reply = reply;
    b->until_ms = uv_now(b->all->loop) + REST_MS;
}

static void log_summary(const struct bridge *b)
{
    char line[TM_SUMMARY_LINE_MAX];
    struct tm_summary sum = {.program = "tm-client", .run_us = tm_now_us() - b->begun_us};
    if (b->tunnel == NULL || (b->state != UP && b->state != STARTING))
        return;
    tm_tunnel_client_stats(b->tunnel, &sum.s);
    tm_summary_line(line, &sum);
    tm_log(TM_LOG_INFO, "bridge %u: %s", b->number, line);
}

/* The tunnel has let go of what it borrowed. */
static void on_stopped(void *user)
{
    struct bridge *b = user;
    tm_store_mix_deinit(&b->models);
    b->models = (struct tm_store_mix){0};
    rest(b, b->reply);
}

static void stop_tunnel(struct bridge *b, enum tm_reply reply)
{
    struct tm_tunnel_client *t = b->tunnel;
    b->tunnel = NULL;
    tm_statsock_close(b->statsock);
    b->statsock = NULL;
    b->state = STOPPING;
    b->reply = reply;
    tm_tunnel_client_stop(t, on_stopped, b);
}

/* ---- The tunnel ---- */

static void on_trouble(struct bridge *b, const struct tm_tunnel_report *r)
{
    if (r->ever_up) {
        tm_log(TM_LOG_WARN, "bridge %u cannot be reached: %s; the schedule goes on", b->number,
               r->text);
        return;
    }
    if (r->err == TM_ERR_AUTH)
        tm_log(TM_LOG_WARN,
               "bridge %u answers but not as the one that we joined: another server is behind its "
               "address, it has revoked this client or has other models now, or the clocks differ "
               "by more than two hours; to join it anew remove %s",
               b->number, b->line.dir);
    else
        tm_log(TM_LOG_WARN, "bridge %u cannot be reached: %s", b->number, r->text);
    tell(b, "Failed");
    stop_tunnel(b, r->err == TM_ERR_AUTH ? TM_REPLY_FAILURE : TM_REPLY_REFUSED);
}

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct bridge *b = user;
    switch (r->state) {
    case TM_TUNNEL_PREPARING:
    case TM_TUNNEL_CONNECTING:
    case TM_TUNNEL_PLAYED: /* schedule files only */
        break;
    case TM_TUNNEL_UP:
        if (b->state == STARTING)
            tell(b, "Success");
        b->state = UP;
        break;
    case TM_TUNNEL_TROUBLE:
        on_trouble(b, r);
        break;
    case TM_TUNNEL_FAILED:
        tm_log(TM_LOG_WARN,
               "bridge %u: the session has ended: %s; tor's next connection begins "
               "another",
               b->number, r->text);
        stop_tunnel(b, TM_REPLY_FAILURE);
        break;
    }
}

/* What `tm-client status --state` of the bridge's folder gets; see client_run.c. */
static size_t on_status(void *user, char *out, size_t cap)
{
    struct bridge *b = user;
    struct tm_tunnel_watch w;
    struct tm_status st;
    tm_tunnel_client_watch(b->tunnel, &w);
    struct tm_status_source src =
        tm_status_source_new("tm-client", TM_CLIENT, tm_now_us() - b->begun_us, &w);
    tm_status_add_session(&src, &w.control, 0);
    tm_status_fill(&st, &src);
    tm_control_demand_note(st.note, sizeof st.note, w.control.cfg);
    return tm_status_write(&st, out, cap);
}

static bool has_time(void *user)
{
    const struct bridge *b = user;
    return tm_tunnel_client_has_time(b->tunnel);
}

/* Of two lines with the same keys the first one answers. */
static void open_status(struct bridge *b)
{
    struct tm_msg why;
    const struct tm_statsock_cfg cfg = {
        .dir = b->line.dir, .answer = on_status, .is_ready = has_time, .user = b};
    if (tm_statsock_open(&b->statsock, b->all->loop, &cfg, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "bridge %u: no status: %s", b->number, why.text);
}

/* Whether the server has this model, by digest.  TM_ERR_RANGE with msg: it has another of that name, or none. */
static int check_model(const struct tm_client_state *s, const char *name,
                       const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    bool is_named = false;
    for (size_t i = 0; i < s->n_models; i++) {
        if (memcmp(s->models[i].digest, digest, TM_TOKEN_DIGEST_LEN) == 0)
            return TM_OK;
        is_named = is_named || strcmp(s->models[i].name, name) == 0;
    }
    return tm_msg_set(msg, TM_ERR_RANGE,
                      is_named
                          ? "model '%s' differs from the bridge's; give both ends the same database"
                          : "the bridge has no model '%s'",
                      name);
}

/* What drives the wire, and the models that it needs. */
static int load_model(struct bridge *b, const struct tm_client_state *cs, enum tm_drive *drive,
                      uint32_t *n_users, struct tm_msg *msg)
{
    const char *text = b->line.o.v[TM_OPT_MODEL].text;
    char shipped[TM_SHIPPED_PATH_MAX];
    uint8_t digest[TM_DIGEST_LEN];
    uint32_t fixed_m = 0;
    *drive = tm_shuffle_is_meant(text, &fixed_m) ? TM_DRIVE_SHUFFLE : TM_DRIVE_PLANS;
    *n_users = fixed_m;
    if (*drive == TM_DRIVE_SHUFFLE) {
        tm_log(TM_LOG_WARN,
               "bridge %u: shuffle has no padding and no delay; the wire follows what "
               "is carried, and who adds up all carriers sees it",
               b->number);
        return TM_OK;
    }
    int rc = tm_store_mix_load(&b->models, tm_shipped_or(b->line.o.v[TM_OPT_MODELS].text, shipped),
                               text, msg);
    for (size_t i = 0; rc == TM_OK && i < b->models.n_parts; i++) {
        tm_model_digest(&b->models.part[i], digest);
        rc = check_model(cs, b->models.part[i].name, digest, msg);
    }
    *n_users =
        tm_mix_is_counted(text) ? b->models.n_users : (uint32_t)b->line.o.v[TM_OPT_USERS].num;
    return rc;
}

static int open_tunnel(struct bridge *b, const struct tm_client_state *cs, struct tm_msg *msg)
{
    const struct tm_options *o = &b->line.o;
    struct tm_tunnel_client_cfg cfg = {
        .loop = b->all->loop,
        .server = (const struct sockaddr *)&b->line.addr,
        .sni = cs->name[0] != '\0' ? cs->name : NULL,
        .kind = TM_TOKEN_CARRIER,
        .key = cs->token,
        .session = {.master = TM_CLIENT,
                    .plan_mode = TM_PLAN_SEEDED,
                    .pace_ms =
                        (uint32_t)((o->v[TM_OPT_PACE].num + TM_US_PER_MS - 1) / TM_US_PER_MS),
                    .idle_stop_us = o->v[TM_OPT_IDLE_STOP].num,
                    .prep_us = (uint32_t)o->v[TM_OPT_PREP].num,
                    .grace_us = o->v[TM_OPT_GRACE].num},
        .cc = o->v[TM_OPT_CC].text,
        .on_state = on_state,
        .user = b,
    };
    int rc = load_model(b, cs, &cfg.session.drive, &cfg.session.n_users, msg);
    if (rc == TM_OK && cfg.session.drive == TM_DRIVE_PLANS)
        cfg.session.model = tm_store_mix_model(&b->models);
    memcpy(cfg.client_id, cs->client_id, sizeof cfg.client_id);
    memcpy(cfg.secret, cs->secret, sizeof cfg.secret);
    if (rc == TM_OK && RAND_bytes(cfg.session.seed, sizeof cfg.session.seed) != 1)
        rc = tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    if (rc == TM_OK)
        rc = tm_tunnel_client_new(&b->tunnel, &cfg, msg);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

static void start_tunnel(struct bridge *b)
{
    struct tm_client_state cs;
    struct tm_msg why;
    int rc = tm_client_state_load(&cs, b->line.dir, &why);
    if (rc == TM_OK)
        rc = open_tunnel(b, &cs, &why);
    OPENSSL_cleanse(&cs, sizeof cs);
    if (rc == TM_OK) {
        b->state = STARTING;
        b->begun_us = tm_now_us();
        open_status(b);
        return;
    }
    tm_log(TM_LOG_ERROR, "bridge %u: %s", b->number, why.text);
    tm_store_mix_deinit(&b->models);
    b->models = (struct tm_store_mix){0};
    rest(b, TM_REPLY_FAILURE);
}

/* ---- The join ---- */

static void on_joined(void *user, int rc, const struct tm_client_state *s, const char *text)
{
    struct bridge *b = user;
    struct tm_msg why;
    b->joining = NULL;
    (void)snprintf(why.text, sizeof why.text, "%s", text);
    if (rc == TM_OK) {
        rc = tm_client_state_create(s, b->line.dir, &why);
        if (rc == TM_ERR_CLOSED)
            rc = TM_OK; /* another line with the same keys has joined meanwhile, and will do */
    }
    if (rc == TM_OK && !b->all->is_over) {
        start_tunnel(b);
        return;
    }
    rest(b, TM_REPLY_REFUSED);
    if (b->all->is_over)
        return;
    tell(b, "Failed");
    tm_log(TM_LOG_WARN, "bridge %u: cannot join: %s", b->number, why.text);
}

/* Joins, or starts where that was done before. */
static void begin(struct bridge *b)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_msg why;
    const struct tm_joining_cfg cfg = {.loop = b->all->loop,
                                       .link = &b->line.link,
                                       .server = (const struct sockaddr *)&b->line.addr,
                                       .done = on_joined,
                                       .user = b};
    int rc = tm_file_make_dir(b->line.dir, &why);
    if (rc == TM_OK)
        rc = tm_file_path(path, b->line.dir, "server", NULL, &why);
    if (rc == TM_OK && access(path, F_OK) == 0) {
        start_tunnel(b);
        return;
    }
    if (rc == TM_OK)
        rc = tm_joining_start(&b->joining, &cfg, &why);
    if (rc == TM_OK) {
        b->state = JOINING;
        tm_log(TM_LOG_INFO, "bridge %u: joining it", b->number);
        return;
    }
    tm_log(TM_LOG_ERROR, "bridge %u: %s", b->number, why.text);
    rest(b, TM_REPLY_FAILURE);
}

/* ---- All of them ---- */

static bool is_same(const struct tm_proxy *a, const struct tm_proxy *b)
{
    return a->login_len == b->login_len && a->dest.kind == b->dest.kind &&
           a->dest.port == b->dest.port && a->dest.len == b->dest.len &&
           memcmp(a->dest.addr, b->dest.addr, a->dest.len) == 0 &&
           memcmp(a->login, b->login, a->login_len) == 0;
}

/* A place for one more, perhaps that of one that rests; NULL: none. */
static struct bridge **find_room(struct tm_bridges *all)
{
    struct bridge **resting = NULL;
    for (size_t i = 0; i < TM_BRIDGES_MAX; i++) {
        if (all->bridge[i] == NULL)
            return &all->bridge[i];
        if (all->bridge[i]->state == RESTING)
            resting = &all->bridge[i];
    }
    if (resting != NULL) {
        bridge_free(*resting);
        *resting = NULL;
    }
    return resting;
}

static struct bridge *new_bridge(struct tm_bridges *all, const struct tm_proxy *p)
{
    struct tm_msg why;
    struct bridge **room = find_room(all);
    struct bridge *b = room != NULL ? calloc(1, sizeof *b) : NULL;
    if (b == NULL) {
        tm_log(TM_LOG_WARN, "no more than %u bridges at the same time", TM_BRIDGES_MAX);
        return NULL;
    }
    b->all = all;
    b->asked = *p;
    if (tm_bridge_line_read(&b->line, p, all->o, all->dir, &why) != TM_OK) {
        tm_log(TM_LOG_WARN, "a bridge line cannot be used: %s", why.text);
        bridge_free(b);
        return NULL;
    }
    b->number = ++all->n_made;
    *room = b;
    begin(b);
    return b;
}

int tm_bridges_route(void *user, const struct tm_proxy *p, struct tm_tunnel_client **tunnel,
                     struct tm_dest *dest, enum tm_reply *reply)
{
    struct tm_bridges *all = user;
    struct bridge *b = NULL;
    for (size_t i = 0; i < TM_BRIDGES_MAX && b == NULL; i++)
        if (all->bridge[i] != NULL && is_same(&all->bridge[i]->asked, p))
            b = all->bridge[i];
    if (b == NULL)
        b = all->is_over ? NULL : new_bridge(all, p);
    else if (b->state == RESTING && uv_now(all->loop) >= b->until_ms && !all->is_over)
        begin(b);
    *reply = b != NULL ? b->reply : TM_REPLY_FAILURE;
    if (b == NULL)
        return TM_ERR_CLOSED;
    if (b->state == STOPPING || b->state == RESTING)
        return TM_ERR_IO;
    if (b->state != UP)
        return TM_ERR_LIMIT;
    *tunnel = b->tunnel;
    *dest = (struct tm_dest){.kind = TM_ADDR_NAME,
                             .len = sizeof TM_DEST_ORPORT - 1,
                             .addr = TM_DEST_ORPORT,
                             .port = TM_DEST_ORPORT_PORT};
    return TM_OK;
}

struct tm_bridges *tm_bridges_new(uv_loop_t *loop, const char *dir, const struct tm_options *o)
{
    struct tm_bridges *all = calloc(1, sizeof *all);
    if (all != NULL)
        *all = (struct tm_bridges){.loop = loop, .dir = dir, .o = o};
    return all;
}

void tm_bridges_log(struct tm_bridges *all)
{
    for (size_t i = 0; i < TM_BRIDGES_MAX; i++)
        if (all->bridge[i] != NULL)
            log_summary(all->bridge[i]);
}

void tm_bridges_stop(struct tm_bridges *all)
{
    all->is_over = true;
    tm_bridges_log(all);
    for (size_t i = 0; i < TM_BRIDGES_MAX; i++) {
        struct bridge *b = all->bridge[i];
        if (b != NULL && b->joining != NULL)
            tm_joining_cancel(b->joining, "stopped");
        else if (b != NULL && b->tunnel != NULL)
            stop_tunnel(b, TM_REPLY_FAILURE);
    }
}

void tm_bridges_free(struct tm_bridges *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < TM_BRIDGES_MAX; i++)
        if (all->bridge[i] != NULL)
            bridge_free(all->bridge[i]);
    free(all);
}
