/* tm/app/bridge.c - see bridge.h. */
#include "tm/app/bridge.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "models/shuffle.h"
#include "models/store/mix.h"
#include "tm/app/client_state.h"
#include "tm/app/file.h"
#include "tm/app/joining.h"
#include "tm/app/kv.h"
#include "tm/app/pt_line.h"
#include "tm/app/shipped.h"
#include "tm/app/summary.h"
#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/core/ptargs.h"
#include "tm/net/addr.h"
#include "tm/net/alarm.h"

#define REST_MS     1000U /* who waits hears of the failure meanwhile */
#define DIGEST_LEN  8U
#define WORDS_MAX   24
#define DEFAULT_SET "default" /* the preset of a line and a command that say nothing */

enum state { JOINING, STARTING, UP, STOPPING, RESTING };

struct bridge {
    struct tm_bridges *all;
    unsigned number; /* in the log, which does not name addresses */
    enum state state;
    enum tm_reply reply; /* of RESTING: why */
    uint64_t until_ms;   /* of RESTING */
    /* What it was asked for by. */
    struct sockaddr_storage addr;
    struct tm_proxy asked; /* destination and login */
    struct tm_ptargs args;
    struct tm_link link;
    char dir[TM_FILE_PATH_MAX];
    struct tm_options o; /* as of tm-client run; points into args and the command line */
    struct tm_joining *joining;
    struct tm_tunnel_client *tunnel;
    struct tm_store_mix models; /* the tunnel's */
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
    tm_addr_text((const struct sockaddr *)&b->addr, where);
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
               b->number, b->dir);
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
        tm_log(TM_LOG_WARN, "bridge %u: the session has ended: %s; tor's next connection begins "
                            "another",
               b->number, r->text);
        stop_tunnel(b, TM_REPLY_FAILURE);
        break;
    }
}

/* What drives the wire, and the models that it needs. */
static int load_model(struct bridge *b, const struct tm_client_state *cs, enum tm_drive *drive,
                      uint32_t *n_users, struct tm_msg *msg)
{
    const char *text = b->o.v[TM_OPT_MODEL].text;
    char shipped[TM_SHIPPED_PATH_MAX];
    uint8_t digest[TM_DIGEST_LEN];
    uint32_t fixed_m = 0;
    *drive = tm_shuffle_is_meant(text, &fixed_m) ? TM_DRIVE_SHUFFLE : TM_DRIVE_PLANS;
    *n_users = fixed_m;
    if (*drive == TM_DRIVE_SHUFFLE) {
        tm_log(TM_LOG_WARN, "bridge %u: shuffle has no padding and no delay; the wire follows what "
                            "is carried, and who adds up all carriers sees it",
               b->number);
        return TM_OK;
    }
    int rc = tm_store_mix_load(&b->models, tm_shipped_or(b->o.v[TM_OPT_MODELS].text, shipped), text,
                               msg);
    for (size_t i = 0; rc == TM_OK && i < b->models.n_parts; i++) {
        tm_model_digest(&b->models.part[i], digest);
        rc = tm_client_state_check_model(cs, b->models.part[i].name, digest, msg);
    }
    *n_users = tm_mix_is_counted(text) ? b->models.n_users : (uint32_t)b->o.v[TM_OPT_USERS].num;
    return rc;
}

static int open_tunnel(struct bridge *b, const struct tm_client_state *cs, struct tm_msg *msg)
{
    const struct tm_options *o = &b->o;
    struct tm_tunnel_client_cfg cfg = {
        .loop = b->all->loop,
        .server = (const struct sockaddr *)&b->addr,
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
    int rc = tm_client_state_load(&cs, b->dir, &why);
    if (rc == TM_OK)
        rc = open_tunnel(b, &cs, &why);
    OPENSSL_cleanse(&cs, sizeof cs);
    if (rc == TM_OK) {
        b->state = STARTING;
        b->begun_us = tm_now_us();
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
    if (rc == TM_OK)
        rc = tm_client_state_create(s, b->dir, &why);
    if (rc != TM_OK && rc != TM_ERR_IO && !b->all->is_over)
        tell(b, "Failed");
    if (rc != TM_OK && !b->all->is_over)
        tm_log(TM_LOG_WARN, "bridge %u: cannot join: %s", b->number, why.text);
    if (rc == TM_OK && !b->all->is_over)
        start_tunnel(b);
    else
        rest(b, TM_REPLY_REFUSED);
}

/* Joins, or starts where that was done before. */
static void begin(struct bridge *b)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_msg why;
    const struct tm_joining_cfg cfg = {.loop = b->all->loop,
                                       .link = &b->link,
                                       .server = (const struct sockaddr *)&b->addr,
                                       .done = on_joined,
                                       .user = b};
    int rc = tm_file_make_dir(b->dir, &why);
    if (rc == TM_OK)
        rc = tm_file_path(path, b->dir, "server", NULL, &why);
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

/* ---- What a bridge line says ---- */

/* Options that a line may have; the first four are one choice. */
static const enum tm_opt of_lines[] = {TM_OPT_PRESET, TM_OPT_MODEL, TM_OPT_USERS, TM_OPT_PACE,
                                       TM_OPT_IDLE_STOP};
#define N_CHOICE 4U
static const enum tm_opt of_command[] = {TM_OPT_MODELS, TM_OPT_GRACE, TM_OPT_CC};

static const char *of_line(const struct bridge *b, enum tm_opt opt)
{
    return tm_ptargs_get(&b->args, tm_options_info(opt)->name);
}

static int check_keys(const struct bridge *b, struct tm_msg *msg)
{
    for (size_t i = 0; i < b->args.n; i++) {
        bool is_known = strcmp(b->args.arg[i].key, "link") == 0;
        for (size_t k = 0; k < sizeof of_lines / sizeof *of_lines; k++)
            is_known =
                is_known || strcmp(b->args.arg[i].key, tm_options_info(of_lines[k])->name) == 0;
        if (!is_known)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "unknown argument '%.60s'; there are link, preset, model, users, "
                              "pace, idle-stop",
                              b->args.arg[i].key);
    }
    return TM_OK;
}

/* A command line that is made; what it holds is the bridge's and the command's. */
struct words {
    const char *word[WORDS_MAX];
    char name[WORDS_MAX][32];
    int n;
};

static void add(struct words *w, enum tm_opt opt, const char *value)
{
    char *name = w->name[w->n];
    TM_ASSERT_LE(w->n + 2, WORDS_MAX);
    (void)snprintf(name, sizeof w->name[0], "--%s", tm_options_info(opt)->name);
    w->word[w->n++] = name;
    w->word[w->n++] = value;
}

/* The value of an option of bridge lines; NULL: nobody gave one.  The command's preset has set its model, users and pace by now. */
static const char *value_of(const struct bridge *b, enum tm_opt opt, bool line_chooses)
{
    const struct tm_opt_value *v = &b->all->o->v[opt];
    bool is_command = opt == TM_OPT_IDLE_STOP || (!line_chooses && opt != TM_OPT_PRESET);
    const char *value = of_line(b, opt);
    return value == NULL && is_command && v->given ? v->text : value;
}

/* What tm-client run would be told: what the bridge line says about the model, else what the command line of pt does, else the default. */
static int make_options(struct bridge *b, struct tm_msg *msg)
{
    struct words w = {.word = {"tm-client", "run"}, .n = 2};
    char *argv[WORDS_MAX];
    bool line_chooses = false, is_chosen = false;
    add(&w, TM_OPT_STATE, b->dir);
    for (size_t i = 0; i < N_CHOICE; i++)
        line_chooses = line_chooses || of_line(b, of_lines[i]) != NULL;
    for (size_t i = 0; i < sizeof of_lines / sizeof *of_lines; i++) {
        const char *value = value_of(b, of_lines[i], line_chooses);
        if (value != NULL)
            add(&w, of_lines[i], value);
        is_chosen = is_chosen || (value != NULL && (of_lines[i] == TM_OPT_PRESET ||
                                                    of_lines[i] == TM_OPT_MODEL));
    }
    for (size_t i = 0; i < sizeof of_command / sizeof *of_command; i++)
        if (b->all->o->v[of_command[i]].given)
            add(&w, of_command[i], b->all->o->v[of_command[i]].text);
    if (!is_chosen)
        add(&w, TM_OPT_PRESET, DEFAULT_SET);
    for (int i = 0; i < w.n; i++)
        argv[i] = (char *)(uintptr_t)w.word[i]; /* nobody writes to them */
    int rc = tm_options_parse(&b->o, TM_PROGRAM_CLIENT, w.n, argv, msg);
    if (rc == TM_OK && tm_options_means_machines(b->o.v[TM_OPT_MODEL].text))
        rc = tm_msg_set(msg, TM_ERR_UNSUPPORTED, "model=maybenot: its machines are files");
    return rc;
}

/* The folder of these keys. */
static int make_dir(struct bridge *b, const char *keys, struct tm_msg *msg)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char name[2 * DIGEST_LEN + 1];
    (void)SHA256((const uint8_t *)keys, strlen(keys), digest);
    tm_hex_encode(name, digest, DIGEST_LEN);
    return tm_file_path(b->dir, b->all->dir, name, NULL, msg);
}

static int set_addr(struct bridge *b, const struct tm_dest *d, struct tm_msg *msg)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(d->port)};
    if (d->kind == TM_ADDR_NAME)
        return tm_msg_set(msg, TM_ERR_RANGE, "a bridge line has an address and no name");
    if (d->kind == TM_ADDR_IPV4) {
        memcpy(&in.sin_addr, d->addr, sizeof in.sin_addr);
        memcpy(&b->addr, &in, sizeof in);
    } else {
        memcpy(&in6.sin6_addr, d->addr, sizeof in6.sin6_addr);
        memcpy(&b->addr, &in6, sizeof in6);
    }
    return TM_OK;
}

static int read_line(struct bridge *b, const struct tm_proxy *p, struct tm_msg *msg)
{
    int rc = tm_ptargs_read(&b->args, p->login, p->login_len, msg);
    if (rc != TM_OK)
        return rc;
    const char *keys = tm_ptargs_get(&b->args, "link");
    if (keys == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "the bridge line has no link=...; its operator finds it in "
                          "pt_state/" TM_PT_NAME "_bridgeline.txt");
    rc = check_keys(b, msg);
    if (rc == TM_OK)
        rc = tm_link_decode_keys(&b->link, keys, msg);
    if (rc == TM_OK)
        rc = set_addr(b, &p->dest, msg);
    if (rc == TM_OK)
        rc = make_dir(b, keys, msg);
    return rc == TM_OK ? make_options(b, msg) : rc;
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
    if (read_line(b, p, &why) != TM_OK) {
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
