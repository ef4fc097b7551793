/* tm/app/server_run.c - tm-server run: the tunnel server with the state directory behind it.
 *
 *   token arrives ──> lookup: clients/ID or invites/ID        (a file read for each carrier: a revoked client
 *   JOIN session ──> join: redeem, sign, reply                 is refused from its next carrier on)
 *   clients/ID removed ──> inotify ──> its sessions end */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <uv.h>

#include "tm/app/account.h"
#include "tm/app/address.h"
#include "tm/app/keys.h"
#include "tm/app/listen.h"
#include "tm/app/main.h"
#include "tm/app/models.h"
#include "tm/app/schedule.h"
#include "tm/app/server_join.h"
#include "tm/app/server_state.h"
#include "tm/app/shipped.h"
#include "tm/app/signals.h"
#include "tm/app/status.h"
#include "tm/app/summary.h"
#include "tm/app/supply.h"
#include "tm/base/log.h"
#include "tm/base/rng.h"
#include "tm/net/guard.h"
#include "tm/net/statsock.h"
#include "tm/net/streamlog.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_keys.h"

#define NO_DECOY "without --decoy a prober can tell that this is no web server"
#define TEXT_MAX 1024U /* bytes of a summary line with the numbers of a server */
static_assert(TEXT_MAX >= TM_SUMMARY_LINE_MAX + 256, "too short for the line and its numbers");

struct server {
    uv_loop_t loop;
    uv_async_t quit;
    uv_fs_event_t watch;      /* on clients/ */
    uv_fs_event_t watch_keys; /* on the state directory */
    struct tm_signals signals;
    struct tm_tunnel_server *tunnel; /* owned */
    struct tm_statsock *statsock;    /* owned */
    struct tm_account *account;      /* owned; NULL: nobody counts */
    struct tm_server_state state;
    struct tm_models models;
    struct tm_schedfile schedule; /* that clients have too; empty: none */
    uint8_t schedule_digest[TM_DIGEST_LEN];
    struct tm_guard guard;
    uint8_t seed[TM_SEED_LEN]; /* from --seed */
    char *config;              /* owned: option values point into it */
    size_t config_len;
    struct tm_options *o;
    FILE *summary_file; /* owned; NULL: not wanted */
    FILE *stream_log;   /* owned; NULL: not wanted */
    unsigned n_logs;    /* schedule logs begun */
    int listen_fd;      /* owned until the tunnel takes it; -1: none */
    uint16_t port;      /* listened on */
    uint64_t start_ns;
    bool ready, failed;
    struct tm_summary summary; /* taken when the server stops */
    struct tm_tunnel_server_stats stats;
    struct tm_msg *msg;
};

/* ---- what the tunnel asks ---- */

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

static void count_used(void *user)
{
    struct server *s = user;
    if (s->tunnel != NULL)
        tm_tunnel_server_count(s->tunnel);
}

static void open_account(struct server *s)
{
    struct tm_msg why;
    if (tm_account_open(&s->account, &s->loop, s->state.dir, count_used, s, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "what clients use is not counted: %s", why.text);
}

/* A file of clients/ came or went. */
static void on_clients_changed(uv_fs_event_t *w, const char *name, int events, int status)
{
    struct server *s = w->data;
    uint8_t id[TM_CLIENT_ID_LEN];
    struct tm_client_entry c;
    (void)events;
    if (status != 0 || name == NULL || s->tunnel == NULL || tm_server_id_parse(id, name) != TM_OK)
        return;
    if (tm_server_state_find_client(&s->state, id, &c, NULL) == TM_ERR_CLOSED) {
        tm_log(TM_LOG_INFO, "client %s was revoked", name);
        if (s->account != NULL)
            tm_account_forget(s->account, id);
        tm_tunnel_server_drop(s->tunnel, id);
    }
    OPENSSL_cleanse(&c, sizeof c);
}

static void set_keys(struct server *s)
{
    const struct tm_server_state *k = &s->state;
    tm_tunnel_server_set_keys(s->tunnel, &k->token, k->identity_old != NULL ? &k->token_old : NULL,
                              k->old_until_s * TM_US_PER_S);
}

/* `tm-server renew` writes the token last. */
static void on_state_changed(uv_fs_event_t *w, const char *name, int events, int status)
{
    struct server *s = w->data;
    struct tm_server_state fresh;
    struct tm_msg why;
    (void)events;
    if (status != 0 || name == NULL || s->tunnel == NULL || strcmp(name, "token") != 0)
        return;
    if (tm_server_state_load(&fresh, s->state.dir, &why) != TM_OK) {
        tm_log(TM_LOG_ERROR, "the renewed keys are not used: %s", why.text);
        return;
    }
    bool is_new = memcmp(&fresh.token, &s->state.token, sizeof fresh.token) != 0;
    tm_server_state_deinit(&s->state);
    s->state = fresh; /* moved */
    OPENSSL_cleanse(&fresh, sizeof fresh);
    set_keys(s);
    if (is_new)
        tm_log(TM_LOG_INFO, "the keys were renewed: clients learn the new ones in their sessions");
}

/* What `tm-server status` gets; see client_run.c. */
static size_t on_status(void *user, char *out, size_t cap)
{
    struct server *s = user;
    struct tm_tunnel_watch w;
    struct tm_status st;
    if (s->tunnel == NULL)
        return 0;
    struct tm_status_source src = tm_status_source_new(
        "tm-server", TM_SERVER, (int64_t)((uv_hrtime() - s->start_ns) / 1000), &w);
    tm_tunnel_server_watch(s->tunnel, &w, tm_status_add_session, &src);
    tm_status_fill(&st, &src);
    if (s->o->v[TM_OPT_DECOY].text == NULL)
        snprintf(st.note, sizeof st.note, "%s", NO_DECOY);
    return tm_status_write(&st, out, cap);
}

/* An answer takes a fraction of a millisecond of this thread, which composes: not when a buffer is due to be. */
static bool has_time(void *user)
{
    const struct server *s = user;
    return s->tunnel == NULL || tm_tunnel_server_has_time(s->tunnel);
}

static void open_status(struct server *s)
{
    struct tm_msg why;
    const struct tm_statsock_cfg cfg = {
        .dir = s->state.dir, .answer = on_status, .is_ready = has_time, .user = s};
    if (tm_statsock_open(&s->statsock, &s->loop, &cfg, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "no status: %s", why.text);
}

/* ---- end ---- */

static void take_summary(struct server *s)
{
    s->summary.program = "tm-server";
    s->summary.run_us = (int64_t)((uv_hrtime() - s->start_ns) / 1000);
    if (s->tunnel == NULL)
        return;
    tm_tunnel_server_stats(s->tunnel, &s->stats);
    s->summary.s = s->stats.total;
}

static void summary_text(const struct server *s, char out[TEXT_MAX])
{
    char line[TM_SUMMARY_LINE_MAX];
    tm_summary_line(line, &s->summary);
    snprintf(out, TEXT_MAX,
             "%s; sessions %u begun, %u live; connections %" PRIu64 ", strangers %" PRIu64
             ", refused %" PRIu64,
             line, s->stats.sessions_begun, s->stats.sessions_live, s->stats.accepted,
             s->stats.strangers, s->stats.refused);
}

static void print_stats(void *user)
{
    struct server *s = user;
    char text[TEXT_MAX];
    take_summary(s);
    summary_text(s, text);
    tm_log(TM_LOG_INFO, "summary: %s", text);
}

static void on_stop(void *user)
{
    struct server *s = user;
    uv_async_send(&s->quit);
}

static void on_quit(uv_async_t *async)
{
    struct server *s = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)async, NULL);
    uv_close((uv_handle_t *)&s->watch, NULL);
    uv_close((uv_handle_t *)&s->watch_keys, NULL);
    tm_signals_stop(&s->signals);
    tm_statsock_close(s->statsock);
    s->statsock = NULL;
    count_used(s);
    tm_account_close(s->account);
    s->account = NULL;
    take_summary(s);
    if (s->tunnel != NULL)
        tm_tunnel_server_stop(s->tunnel, NULL, NULL);
    s->tunnel = NULL;
}

/* take_f may be NULL. */
static void close_file(struct server *s, FILE *take_f, enum tm_opt opt)
{
    bool bad = take_f != NULL && ferror(take_f) != 0;
    if (take_f == NULL || (fclose(take_f) == 0 && !bad) || s->failed)
        return;
    tm_msg_set(s->msg, TM_ERR_IO, "could not write all of %s: %s", s->o->v[opt].text,
               strerror(errno));
    s->failed = true;
}

static void write_results(struct server *s)
{
    char text[TEXT_MAX], extra[256];
    if (s->ready) {
        summary_text(s, text);
        fprintf(stderr, "summary: %s\n", text);
    }
    close_file(s, s->stream_log, TM_OPT_LOG_STREAMS);
    if (s->summary_file == NULL)
        return;
    snprintf(extra, sizeof extra,
             ",\"sessions_begun\":%u,\"sessions_live\":%u,\"accepted\":%" PRIu64
             ",\"strangers\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"decoy_failed\":%" PRIu64,
             s->stats.sessions_begun, s->stats.sessions_live, s->stats.accepted, s->stats.strangers,
             s->stats.refused, s->stats.decoy_failed);
    if (s->ready)
        tm_summary_json(s->summary_file, &s->summary, extra);
    close_file(s, s->summary_file, TM_OPT_SUMMARY_JSON);
}

/* ---- start ---- */

static int load_guard(struct server *s, struct tm_msg *msg)
{
    for (size_t i = 0; i < s->o->n_list; i++) {
        const struct tm_opt_item *item = &s->o->list[i];
        enum tm_guard_verdict verdict = item->opt == TM_OPT_ALLOW ? TM_GUARD_ALLOW : TM_GUARD_DENY;
        struct tm_msg why = {""};
        int rc = tm_guard_add(&s->guard, verdict, item->text, &why);
        if (rc != TM_OK)
            return tm_msg_set(msg, rc, "--%s %.300s", tm_options_info(item->opt)->name, why.text);
    }
    return TM_OK;
}

static int load_schedule(struct server *s, struct tm_msg *msg)
{
    const char *path = s->o->v[TM_OPT_SCHEDULE].text;
    int rc = path != NULL ? tm_app_schedule_load(&s->schedule, path, msg) : TM_OK;
    if (rc == TM_OK && path != NULL)
        tm_schedfile_digest(&s->schedule, s->schedule_digest);
    return rc;
}

/* The file of an option, NULL when it is not given. */
static int open_file(FILE **out, const struct tm_options *o, enum tm_opt opt, struct tm_msg *msg)
{
    const char *path = o->v[opt].text;
    *out = path != NULL ? fopen(path, "we") : NULL;
    if (path == NULL || *out != NULL)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "--%s: cannot write %s: %s", tm_options_info(opt)->name, path,
                      strerror(errno));
}

/* Its owner's alone to read: it holds what the tunnel hides. */
static int begin_stream_log(FILE *f, const struct tm_options *o, struct tm_msg *msg)
{
    const char *path = o->v[TM_OPT_LOG_STREAMS].text;
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || (S_ISREG(st.st_mode) && fchmod(fileno(f), 0600) != 0))
        return tm_msg_set(msg, TM_ERR_IO, "--log-streams: %s: %s", path, strerror(errno));
    tm_log(TM_LOG_WARN, "--log-streams %s: whoever reads it knows what the tunnel hides", path);
    tm_streamlog_head(f);
    return TM_OK;
}

/* Everything from the state directory and the command line.  TM_EXIT_USAGE for options. */
static enum tm_exit load(struct server *s, struct tm_msg *msg)
{
    struct tm_options *o = s->o;
    struct tm_msg why;
    char shipped[TM_SHIPPED_PATH_MAX];
    if (tm_server_state_load(&s->state, o->v[TM_OPT_STATE].text, msg) != TM_OK ||
        tm_server_state_config(&s->state, &s->config, &s->config_len, msg) != TM_OK)
        return TM_EXIT_FAILED;
    if (tm_options_config(o, s->config, &why) != TM_OK) {
        tm_msg_set(msg, TM_ERR_FORMAT, "%.200s/config, %.280s", s->state.dir, why.text);
        return TM_EXIT_FAILED;
    }
    if (o->v[TM_OPT_LISTEN].text == NULL) {
        tm_msg_set(msg, TM_ERR_FORMAT, "--listen ADDR:PORT is required (%.200s/config has none)",
                   s->state.dir);
        return TM_EXIT_USAGE;
    }
    if (load_guard(s, msg) != TM_OK)
        return TM_EXIT_USAGE;
    if (tm_models_load(&s->models, tm_shipped_or(o->v[TM_OPT_MODELS].text, shipped), msg) != TM_OK)
        return TM_EXIT_FAILED;
    if (tm_supply_prepare(s->state.dir, &s->models, s->state.identity, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "models that clients cannot fetch: %s", why.text);
    if (load_schedule(s, msg) != TM_OK)
        return TM_EXIT_FAILED;
    const struct tm_opt_value *seed = &o->v[TM_OPT_SEED];
    tm_seed_from_u64(s->seed, (uint64_t)seed->num);
    if (seed->given)
        tm_log(TM_LOG_WARN,
               "--seed %s: whoever knows the number knows the schedules of sessions with the "
               "server as master",
               seed->text);
    int rc = open_file(&s->summary_file, o, TM_OPT_SUMMARY_JSON, msg);
    if (rc == TM_OK)
        rc = open_file(&s->stream_log, o, TM_OPT_LOG_STREAMS, msg);
    if (rc == TM_OK && s->stream_log != NULL)
        rc = begin_stream_log(s->stream_log, o, msg);
    return rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}

static int open_tunnel(struct server *s, struct tm_msg *msg)
{
    const struct tm_options *o = s->o;
    struct sockaddr_storage decoy;
    struct tm_address a;
    char replay[TM_FILE_PATH_MAX];
    const char *decoy_text = o->v[TM_OPT_DECOY].text;
    int rc = tm_file_path(replay, s->state.dir, "replay", NULL, msg);
    if (rc == TM_OK && decoy_text != NULL)
        rc = tm_address_parse(&a, decoy_text, msg);
    if (rc == TM_OK && decoy_text != NULL)
        rc = tm_address_resolve(&decoy, &a, msg);
    if (rc == TM_OK)
        rc = tm_address_parse(&a, o->v[TM_OPT_LISTEN].text, msg);
    if (rc == TM_OK)
        rc = tm_listen_open(&s->listen_fd, &s->port, &a, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_tunnel_server_cfg cfg = {
        .loop = &s->loop,
        .listen_fds = &s->listen_fd,
        .n_listen_fds = 1,
        .key = s->state.token,
        .lookup = on_lookup,
        .model = on_model,
        .schedule = on_schedule,
        .join = on_join,
        .used = on_used,
        .supply = on_supply,
        .open_log = o->v[TM_OPT_LOG_SCHEDULE].text != NULL ? on_open_log : NULL,
        .stream_log = s->stream_log,
        .user = s,
        .decoy = decoy_text != NULL ? (const struct sockaddr *)&decoy : NULL,
        .guard = s->guard.n > 0 ? &s->guard : NULL,
        .replay_path = replay,
        .cc = o->v[TM_OPT_CC].text,
        .master_seed = o->v[TM_OPT_SEED].given ? s->seed : NULL,
        .grace_us = o->v[TM_OPT_GRACE].num,
    };
    rc = tm_tunnel_server_new(&s->tunnel, &cfg, msg);
    if (rc == TM_OK)
        set_keys(s);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

static void count(void *user, const struct tm_client_entry *c)
{
    (void)c;
    (*(unsigned *)user)++;
}

static int say_ready(struct server *s, struct tm_msg *msg)
{
    struct tm_address a;
    char where[TM_ADDRESS_TEXT_MAX];
    unsigned n_clients = 0;
    const char *decoy = s->o->v[TM_OPT_DECOY].text;
    int rc = tm_address_parse(&a, s->o->v[TM_OPT_LISTEN].text, msg);
    if (rc == TM_OK)
        rc = tm_server_state_each_client(&s->state, count, &n_clients, msg);
    if (rc != TM_OK)
        return rc;
    tm_address_print(where, a.host, s->port);
    printf("ready: listening on %s, %zu models, %u clients, ", where, s->models.n, n_clients);
    printf(decoy != NULL ? "strangers go to %s\n" : "strangers are closed\n", decoy);
    fflush(stdout);
    if (decoy == NULL)
        tm_log(TM_LOG_WARN, "%s", NO_DECOY);
    s->ready = true;
    return TM_OK;
}

static void watch_clients(struct server *s)
{
    char path[TM_FILE_PATH_MAX];
    uv_fs_event_init(&s->loop, &s->watch);
    s->watch.data = s;
    if (tm_file_path(path, s->state.dir, "clients", NULL, NULL) != TM_OK ||
        uv_fs_event_start(&s->watch, on_clients_changed, path, 0) != 0)
        tm_log(TM_LOG_WARN, "cannot watch %s: a revoked client is refused at its next carrier only",
               path);
    uv_fs_event_init(&s->loop, &s->watch_keys);
    s->watch_keys.data = s;
    if (uv_fs_event_start(&s->watch_keys, on_state_changed, s->state.dir, 0) != 0)
        tm_log(TM_LOG_WARN, "cannot watch %s: renewed keys are used after a restart", s->state.dir);
}

static void run(struct server *s)
{
    uv_loop_init(&s->loop);
    uv_async_init(&s->loop, &s->quit, on_quit);
    s->quit.data = s;
    watch_clients(s);
    int rc = tm_signals_start(&s->signals, &s->loop, on_stop, print_stats, s);
    if (rc != TM_OK)
        tm_msg_set(s->msg, rc, "cannot watch signals");
    if (rc == TM_OK)
        rc = open_tunnel(s, s->msg);
    if (rc == TM_OK)
        rc = say_ready(s, s->msg);
    if (rc == TM_OK)
        open_status(s);
    if (rc == TM_OK)
        open_account(s);
    if (rc != TM_OK) {
        s->failed = true;
        on_stop(s);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
}

enum tm_exit tm_cmd_server_run(struct tm_options *o, struct tm_msg *msg)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return TM_EXIT_FAILED;
    }
    s->o = o;
    s->msg = msg;
    s->listen_fd = -1;
    s->start_ns = uv_hrtime();
    enum tm_exit status = load(s, msg);
    if (status == TM_EXIT_DONE)
        run(s);
    write_results(s);
    if (status == TM_EXIT_DONE && s->failed)
        status = TM_EXIT_FAILED;
    tm_models_deinit(&s->models);
    tm_schedfile_deinit(&s->schedule);
    tm_server_state_deinit(&s->state);
    tm_file_free(s->config, s->config_len);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
    return status;
}
