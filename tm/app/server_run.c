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

#include "tm/app/address.h"
#include "tm/app/config.h"
#include "tm/app/confine.h"
#include "tm/app/limits.h"
#include "tm/app/listen.h"
#include "tm/app/live.h"
#include "tm/app/main.h"
#include "tm/app/open_invite.h"
#include "tm/app/outfile.h"
#include "tm/app/schedule.h"
#include "tm/app/server_impl.h"
#include "tm/app/shipped.h"
#include "tm/app/supply.h"
#include "tm/base/log.h"
#include "tm/base/rng.h"
#include "tm/net/streamlog.h"
#include "tm/net/tunnel_keys.h"

#define NO_DECOY "without --decoy a prober can tell that this is no web server"
#define TEXT_MAX 1024U /* bytes of a summary line with the numbers of a server */
static_assert(TEXT_MAX >= TM_SUMMARY_LINE_MAX + 256, "too short for the line and its numbers");

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

static struct tm_look_at look_at(const struct server *s)
{
    return (struct tm_look_at){.server = &s->tunnel,
                               .start_ns = s->start_ns,
                               .note = s->o->v[TM_OPT_DECOY].text == NULL ? NO_DECOY : NULL};
}

static int open_panel(struct server *s, struct tm_msg *msg)
{
    const struct tm_panel_cfg cfg = {
        .loop = &s->loop, .o = s->o, .dir = s->state.dir, .look = look_at(s)};
    return tm_panel_open(&s->panel, &cfg, msg);
}

/* What systemd gets. */
static void watch(void *user, struct tm_status *st)
{
    const struct tm_look_at at = look_at(user);
    struct tm_look look;
    if (tm_look_take(&at, &look))
        *st = look.status;
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
    if (s->role != NULL)
        s->role->end(s->role->user);
    uv_close((uv_handle_t *)async, NULL);
    uv_close((uv_handle_t *)&s->watch, NULL);
    uv_close((uv_handle_t *)&s->watch_keys, NULL);
    tm_service_stop(&s->service);
    tm_panel_close(s->panel);
    s->panel = NULL;
    count_used(s);
    tm_account_close(s->account);
    s->account = NULL;
    take_summary(s);
    if (s->tunnel != NULL)
        tm_tunnel_server_stop(s->tunnel, NULL, NULL);
    s->tunnel = NULL;
}

/* ---- what the service asks ---- */

static void on_refuse(void *user)
{
    struct server *s = user;
    tm_tunnel_server_refuse_streams(s->tunnel);
}

static void on_reset(void *user)
{
    struct server *s = user;
    tm_tunnel_server_reset_streams(s->tunnel);
}

static bool on_is_heard(void *user)
{
    const struct server *s = user;
    return s->tunnel == NULL || tm_tunnel_server_is_heard(s->tunnel);
}

static uint64_t on_n_streams(void *user)
{
    const struct server *s = user;
    struct tm_tunnel_server_stats stats = {0};
    if (s->tunnel != NULL)
        tm_tunnel_server_stats(s->tunnel, &stats);
    return stats.total.streams_live;
}

/* A name would have to be looked up, which this thread has no time for. */
static int change_decoy(struct server *s, const char *text, struct tm_msg *msg)
{
    struct sockaddr_storage decoy;
    struct tm_address a;
    struct tm_dest d;
    if (text == NULL) {
        tm_tunnel_server_set_decoy(s->tunnel, NULL);
        return TM_OK;
    }
    int rc = tm_address_parse(&a, text, msg);
    if (rc == TM_OK)
        rc = tm_address_dest(&d, &a);
    if (rc == TM_OK && d.kind == TM_ADDR_NAME)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "decoy %s: while the server runs, write its address, not a name", text);
    if (rc == TM_OK)
        rc = tm_address_resolve(&decoy, &a, msg);
    if (rc == TM_OK)
        tm_tunnel_server_set_decoy(s->tunnel, (const struct sockaddr *)&decoy);
    return rc;
}

static int on_change(void *user, const struct tm_options *fresh, struct tm_msg *msg)
{
    struct server *s = user;
    struct tm_server_rules rules = {.guard = {0}};
    int rc = tm_server_rules_load(&rules, fresh, msg);
    if (rc == TM_OK && !tm_live_is_same(s->o, fresh, TM_OPT_DECOY))
        rc = change_decoy(s, fresh->v[TM_OPT_DECOY].text, msg);
    if (rc == TM_OK)
        s->rules = rules;
    return rc;
}

static const struct tm_service_ops service_ops = {.end = on_stop,
                                                  .stats = print_stats,
                                                  .refuse = on_refuse,
                                                  .reset = on_reset,
                                                  .is_heard = on_is_heard,
                                                  .n_streams = on_n_streams,
                                                  .watch = watch,
                                                  .change = on_change};

/* Of several failures the first is told. */
static void close_file(struct server *s, FILE *take_f, enum tm_opt opt)
{
    if (tm_outfile_close(take_f, s->o, opt, s->failed ? NULL : s->msg) != TM_OK)
        s->failed = true;
}

static void write_results(struct server *s)
{
    char text[TEXT_MAX], extra[256];
    if (s->ready && s->role == NULL) {
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

static int load_schedule(struct server *s, struct tm_msg *msg)
{
    const char *path = s->o->v[TM_OPT_SCHEDULE].text;
    int rc = path != NULL ? tm_app_schedule_load(&s->schedule, path, msg) : TM_OK;
    if (rc == TM_OK && path != NULL)
        tm_schedfile_digest(&s->schedule, s->schedule_digest);
    return rc;
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
    if (tm_server_state_load(&s->state, o->v[TM_OPT_STATE].text, msg) != TM_OK)
        return TM_EXIT_FAILED;
    if (o->v[TM_OPT_LISTEN].text == NULL && !s->is_activated) {
        tm_msg_set(msg, TM_ERR_FORMAT, "--listen ADDR:PORT is required (%.200s has none)",
                   o->config_path != NULL ? o->config_path : s->state.dir);
        return TM_EXIT_USAGE;
    }
    if (tm_server_rules_load(&s->rules, o, msg) != TM_OK)
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
    return TM_EXIT_DONE;
}

static int open_files(struct server *s, struct tm_msg *msg)
{
    const struct tm_options *o = s->o;
    int rc = tm_outfile_open(&s->summary_file, o, TM_OPT_SUMMARY_JSON, msg);
    if (rc == TM_OK)
        rc = tm_outfile_open(&s->stream_log, o, TM_OPT_LOG_STREAMS, msg);
    if (rc == TM_OK && s->stream_log != NULL)
        rc = begin_stream_log(s->stream_log, o, msg);
    return rc;
}

/* The sockets that systemd has, or one of our own. */
static int open_listeners(struct server *s, struct tm_msg *msg)
{
    struct tm_address a;
    if (s->is_activated)
        return tm_listen_port(s->listeners.fd[0], &s->port) == TM_OK
                   ? TM_OK
                   : tm_msg_set(msg, TM_ERR_IO, "the socket that was handed over has no port");
    int rc = tm_address_parse(&a, s->o->v[TM_OPT_LISTEN].text, msg);
    if (rc == TM_OK)
        rc = tm_listen_open(&s->listeners.fd[0], &s->port, &a, msg);
    s->listeners.n = rc == TM_OK;
    return rc;
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
        rc = open_listeners(s, msg);
    if (rc == TM_OK)
        rc = tm_confine(o, s->role != NULL ? s->role->folder : NULL, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_tunnel_server_cfg cfg = {
        .loop = &s->loop,
        .listen_fds = s->listeners.fd,
        .n_listen_fds = s->listeners.n,
        .key = s->state.token,
        .stream_log = s->stream_log,
        .decoy = decoy_text != NULL ? (const struct sockaddr *)&decoy : NULL,
        .guard = &s->rules.guard,
        .orport = s->role != NULL ? s->role->orport : NULL,
        .permit = &s->rules.permit,
        .replay_path = replay,
        .cc = o->v[TM_OPT_CC].text,
        .keeps_played = o->v[TM_OPT_UI].given,
        .master_seed = o->v[TM_OPT_SEED].given ? s->seed : NULL,
        .grace_us = o->v[TM_OPT_GRACE].num,
    };
    tm_server_asked_fill(&cfg, s);
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
    int rc = s->is_activated ? TM_OK : tm_address_parse(&a, s->o->v[TM_OPT_LISTEN].text, msg);
    if (rc == TM_OK)
        rc = tm_server_state_each_client(&s->state, count, &n_clients, msg);
    if (rc != TM_OK)
        return rc;
    if (s->is_activated)
        (void)snprintf(where, sizeof where, "%zu %s of systemd, port %u", s->listeners.n,
                       s->listeners.n == 1 ? "socket" : "sockets", s->port);
    else
        tm_address_print(where, a.host, s->port);
    printf("ready: listening on %s, %zu models, %u clients, ", where, s->models.n, n_clients);
    printf(decoy != NULL ? "strangers go to %s\n" : "strangers are closed\n", decoy);
    fflush(stdout);
    if (decoy == NULL)
        tm_log(TM_LOG_WARN, "%s", NO_DECOY);
    s->ready = true;
    tm_service_ready(&s->service);
    return TM_OK;
}

/* The owner of the role says that it is ready, in its own way. */
static int take_role(struct server *s, struct tm_msg *msg)
{
    const struct tm_server_role *role = s->role;
    const struct tm_server_ready ready = {
        .loop = &s->loop, .state = &s->state, .port = s->port, .stop = on_stop, .user = s};
    int rc = role->ready(role->user, &ready, msg);
    s->ready = rc == TM_OK;
    if (s->o->v[TM_OPT_DECOY].text == NULL)
        tm_log(TM_LOG_WARN, "%s", NO_DECOY);
    return rc;
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
    int rc = tm_service_start(&s->service, &s->loop, s->o, &service_ops, s);
    if (rc != TM_OK)
        tm_msg_set(s->msg, rc, "cannot watch signals");
    if (rc == TM_OK)
        rc = open_tunnel(s, s->msg);
    if (rc == TM_OK)
        rc = open_panel(s, s->msg);
    if (rc == TM_OK)
        rc = s->role != NULL ? take_role(s, s->msg) : say_ready(s, s->msg);
    if (rc == TM_OK)
        open_account(s);
    if (rc != TM_OK) {
        s->failed = true;
        on_stop(s);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    tm_service_deinit(&s->service);
}

enum tm_exit tm_server_run(struct tm_options *o, const struct tm_server_role *role,
                           struct tm_msg *msg)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return TM_EXIT_FAILED;
    }
    s->o = o;
    s->role = role;
    s->msg = msg;
    s->start_ns = uv_hrtime();
    tm_limits_check(TM_LIMITS_SERVER);
    enum tm_exit status = TM_EXIT_FAILED;
    if (tm_activation_take(&s->listeners, msg) == TM_OK) {
        s->is_activated = s->listeners.n > 0;
        status = load(s, msg);
    }
    if (status == TM_EXIT_DONE && o->v[TM_OPT_CHECK_CONFIG].given)
        tm_config_say_ok(o);
    else if (status == TM_EXIT_DONE && open_files(s, msg) != TM_OK)
        status = TM_EXIT_FAILED;
    else if (status == TM_EXIT_DONE)
        run(s);
    write_results(s);
    if (status == TM_EXIT_DONE && s->failed)
        status = TM_EXIT_FAILED;
    tm_models_deinit(&s->models);
    tm_schedfile_deinit(&s->schedule);
    tm_server_state_deinit(&s->state);
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
    return status;
}

enum tm_exit tm_cmd_server_run(struct tm_options *o, struct tm_msg *msg)
{
    return tm_server_run(o, NULL, msg);
}
