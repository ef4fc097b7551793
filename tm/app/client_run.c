/* tm/app/client_run.c - tm-client run: one session with the server, a SOCKS door and -L doors.
 *
 *   state, model, digests checked ──> doors open ──> first plans made ──> session starts ──> first carrier up: "ready"
 *
 * A schedule file in place of the model ends the run where it ends itself.
 * What can be wrong is looked for before the first byte is sent.  A server that cannot be reached at the
 * start ends the program; later the session goes on by its schedule and the log says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <uv.h>

#include "models/store/mix.h"
#include "tm/app/activation.h"
#include "tm/app/address.h"
#include "tm/app/again.h"
#include "tm/app/client_choice.h"
#include "tm/app/client_doors.h"
#include "tm/app/client_ebpf.h"
#include "tm/app/client_fetch.h"
#include "tm/app/client_keys.h"
#include "tm/app/client_state.h"
#include "tm/app/client_supply.h"
#include "tm/app/client_udp.h"
#include "tm/app/config.h"
#include "tm/app/confine.h"
#include "tm/app/limits.h"
#include "tm/app/machines.h"
#include "tm/app/main.h"
#include "tm/app/outfile.h"
#include "tm/app/panel.h"
#include "tm/app/schedule.h"
#include "tm/app/service.h"
#include "tm/app/summary.h"
#include "tm/app/udpforward.h"
#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/net/tunnel.h"

struct client {
    uv_loop_t loop;
    uv_async_t quit;     /* stopping from a callback of the tunnel waits for the next turn */
    uv_timer_t progress; /* of what is done before the schedule begins, on a terminal */
    struct tm_service service;
    struct tm_tunnel_client *tunnel; /* owned */
    struct tm_activation activation;
    struct tm_client_doors doors;
    struct tm_client_udp *udp;   /* owned */
    struct tm_client_ebpf *ebpf; /* owned; NULL: off */
    struct tm_panel *panel;      /* owned: status, metrics, page */
    struct tm_client_keys *keys; /* owned */
    struct tm_client_state state;
    struct tm_store_mix models;        /* what --model names */
    struct tm_machines machines;       /* of --model maybenot */
    struct tm_schedfile schedule;      /* in place of the model when --schedule was given */
    FILE *schedule_log, *summary_file; /* owned; NULL: not wanted */
    struct tm_options *o;
    char where[TM_ADDRESS_TEXT_MAX]; /* HOST:PORT of the server */
    uint64_t start_ns;
    uv_timer_t waiting; /* for the next session, after one that the server has forgotten */
    struct tm_again again;
    bool ready, failed, played, has_progress, is_refused;
    enum tm_tunnel_state last_state; /* that the log has told of */
    struct tm_summary summary;       /* taken when the session stops */
    struct tm_msg *msg;
};

static void finish(struct client *c)
{
    uv_async_send(&c->quit);
}

/* Where the text of a failure goes: the first one is the one to tell. */
static struct tm_msg *told(struct client *c)
{
    return c->failed ? NULL : c->msg;
}

/* Ends the program with this line (arguments of printf). */
#define FAIL(c, ...)                                                                               \
    do {                                                                                           \
        tm_msg_set(told(c), TM_ERR_CLOSED, __VA_ARGS__);                                           \
        fail(c);                                                                                   \
    } while (0)
static void fail(struct client *c)
{
    c->failed = true;
    finish(c);
}

static void take_summary(struct client *c)
{
    c->summary.program = "tm-client";
    c->summary.run_us = (int64_t)((uv_hrtime() - c->start_ns) / 1000);
    if (c->tunnel != NULL)
        tm_tunnel_client_stats(c->tunnel, &c->summary.s);
}

static void print_summary(void *user)
{
    struct client *c = user;
    char line[TM_SUMMARY_LINE_MAX];
    take_summary(c);
    tm_summary_line(line, &c->summary);
    tm_log(TM_LOG_INFO, "summary: %s", line);
}

static bool has_schedule(const struct client *c)
{
    return c->o->v[TM_OPT_SCHEDULE].given;
}

/* A mix says itself how many; of a shuffled session it is the carriers. */
static uint32_t n_users(const struct client *c)
{
    uint32_t fixed_m;
    if (tm_client_drive(c->o, &fixed_m) != TM_DRIVE_PLANS)
        return fixed_m;
    if (has_schedule(c))
        return c->schedule.n_users;
    return tm_mix_is_counted(c->o->v[TM_OPT_MODEL].text) ? c->models.n_users
                                                         : (uint32_t)c->o->v[TM_OPT_USERS].num;
}

/* A schedule file is the client's alone, unless the user says that the server has it too. */
static enum tm_plan_mode plan_mode(const struct client *c)
{
    const struct tm_opt_value *v = &c->o->v[TM_OPT_PLAN];
    bool is_seeded = v->num == 0 && (v->given || !has_schedule(c));
    return is_seeded ? TM_PLAN_SEEDED : TM_PLAN_EMBEDDED;
}

static const char *plan_text(const struct client *c)
{
    return plan_mode(c) == TM_PLAN_SEEDED ? "seeded" : "embedded";
}

static struct tm_look_at look_at(const struct client *c)
{
    return (struct tm_look_at){.client = &c->tunnel, .start_ns = c->start_ns};
}

static int open_panel(struct client *c, struct tm_msg *msg)
{
    const struct tm_panel_cfg cfg = {
        .loop = &c->loop, .o = c->o, .dir = c->o->v[TM_OPT_STATE].text, .look = look_at(c)};
    return tm_panel_open(&c->panel, &cfg, msg);
}

/* What systemd gets. */
static void watch(void *user, struct tm_status *st)
{
    const struct tm_look_at at = look_at(user);
    struct tm_look look;
    if (tm_look_take(&at, &look))
        *st = look.status;
}

static void say_ready(struct client *c)
{
    const char *socks = c->doors.where;
    uint32_t fixed_m;
    if (tm_client_drive(c->o, &fixed_m) != TM_DRIVE_PLANS)
        printf("ready: socks5 on %s, model %s, NOT payload-independent, server %s", socks,
               c->o->v[TM_OPT_MODEL].text, c->where);
    else if (has_schedule(c))
        printf("ready: socks5 on %s, schedule %s, %u users, plan %s, server %s", socks,
               c->o->v[TM_OPT_SCHEDULE].text, c->schedule.n_users, plan_text(c), c->where);
    else
        printf("ready: socks5 on %s, model %s, %u users, %s is master, plan %s, server %s", socks,
               tm_store_mix_model(&c->models)->name, n_users(c), c->o->v[TM_OPT_MASTER].text,
               plan_text(c), c->where);
    if (c->doors.n_local > c->doors.n_proxies)
        printf(", %zu forwards", c->doors.n_local - c->doors.n_proxies);
    tm_client_udp_say(c->udp, stdout);
    if (c->ebpf != NULL)
        printf(", exec at %s", c->o->v[TM_OPT_EXEC_SOCKET].text);
    if (c->o->v[TM_OPT_ON_DEMAND].given)
        printf(", cover begins with the first connection");
    printf("\n");
    fflush(stdout);
    c->ready = true;
    tm_service_ready(&c->service);
}

/* ---- Before the schedule begins ---- */

#define PROGRESS_MS 1000 /* what takes no longer is not talked about */

static void on_progress(uv_timer_t *timer)
{
    struct client *c = timer->data;
    if (c->tunnel == NULL)
        return;
    c->has_progress = true;
    (void)fprintf(stderr, "\rthe model's first connections are put together: %u to go ",
                  tm_tunnel_client_missing(c->tunnel));
}

static void start_progress(struct client *c)
{
    if (isatty(STDERR_FILENO) == 1)
        (void)uv_timer_start(&c->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
}

static void on_begun(struct client *c)
{
    (void)uv_timer_stop(&c->progress);
    if (c->has_progress)
        (void)fprintf(stderr, "\r\033[K");
    if (c->o->v[TM_OPT_ON_DEMAND].given && !c->ready)
        say_ready(c); /* nothing is sent, so nothing more can be known */
}

static void on_trouble(struct client *c, const struct tm_tunnel_report *r)
{
    bool was_refused = c->is_refused;
    c->is_refused |= r->err == TM_ERR_AUTH;
    if (r->ever_up) {
        if (r->err == TM_ERR_AUTH && !was_refused)
            tm_log(TM_LOG_WARN, "%s " TM_CLIENT_NOT_TAKEN "; the schedule goes on", c->where);
        else if (r->err != TM_ERR_AUTH && c->last_state != TM_TUNNEL_TROUBLE)
            tm_log(TM_LOG_WARN, "the server cannot be reached: %s; the schedule goes on", r->text);
    } else if (r->err == TM_ERR_AUTH) {
        FAIL(c,
             "%s " TM_CLIENT_NOT_TAKEN
             " or has other models now%s, or the clocks differ by more than two "
             "hours; check, or join again with a new link",
             c->where,
             !has_schedule(c)                 ? ""
             : plan_mode(c) == TM_PLAN_SEEDED ? ", or does not have this schedule file"
                                              : ", or is too old to play schedule files");
    } else {
        FAIL(c, "cannot reach %s: %s; check that tm-server runs there and is reachable", c->where,
             r->text);
    }
}

/* The schedule file is at its end.  What was lost of it was not played. */
static void on_played(struct client *c)
{
    take_summary(c);
    const struct tm_session_stats *s = &c->summary.s;
    c->played = true;
    if (s->carriers_died > 0)
        FAIL(c, "the schedule is at its end, but %u of its %u connections were lost before theirs",
             s->carriers_died, s->carriers_opened);
    else
        finish(c);
}

/* ---- Another session ---- */

static void on_again(uv_timer_t *timer)
{
    struct client *c = timer->data;
    uint8_t seed[TM_TOKEN_SEED_LEN];
    struct tm_msg why;
    int rc = tm_again_seed(&c->again, &c->o->v[TM_OPT_SEED], seed, &why);
    if (rc == TM_OK) {
        rc = tm_tunnel_client_renew(c->tunnel, seed);
        (void)tm_msg_set(&why, rc, "%s", tm_strerror(rc));
    }
    OPENSSL_cleanse(seed, sizeof seed);
    if (rc != TM_OK)
        FAIL(c, "no other session with %s: %s; start again", c->where, why.text);
}

/* The server was started again.  What it forgot has ended; the doors stay, and another session takes its place. */
static void on_forgotten(struct client *c)
{
    unsigned wait_ms = tm_again_wait_ms(&c->again, uv_now(&c->loop));
    tm_log(
        TM_LOG_WARN,
        "%s was restarted and does not know this session any more: connections through the tunnel "
        "have ended, another session begins in %u s%s",
        c->where, wait_ms / 1000,
        c->schedule_log != NULL && c->again.n == 1 ? "; the schedule log ends here" : "");
    (void)uv_timer_start(&c->waiting, on_again, wait_ms, 0);
}

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct client *c = user;
    switch (r->state) {
    case TM_TUNNEL_PREPARING:
        break;
    case TM_TUNNEL_CONNECTING:
        on_begun(c);
        break;
    case TM_TUNNEL_UP:
        if (!c->ready)
            say_ready(c);
        else if (c->last_state != TM_TUNNEL_UP || c->is_refused)
            tm_log(TM_LOG_INFO, "the server can be reached again");
        c->is_refused = false;
        break;
    case TM_TUNNEL_TROUBLE:
        on_trouble(c, r);
        break;
    case TM_TUNNEL_FAILED:
        if (r->is_forgotten && !has_schedule(c))
            on_forgotten(c);
        else
            FAIL(c, "the session with %s has ended: %s; start again", c->where, r->text);
        break;
    case TM_TUNNEL_PLAYED:
        on_played(c);
        break;
    }
    c->last_state = r->state;
}

static void on_quit(uv_async_t *async)
{
    struct client *c = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)async, NULL);
    uv_close((uv_handle_t *)&c->progress, NULL);
    uv_close((uv_handle_t *)&c->waiting, NULL);
    tm_service_stop(&c->service);
    tm_panel_close(c->panel);
    c->panel = NULL;
    tm_client_keys_close(c->keys);
    tm_client_doors_close(&c->doors);
    tm_client_udp_close(c->udp);
    c->udp = NULL;
    tm_client_ebpf_stop(c->ebpf);
    take_summary(c);
    if (c->tunnel != NULL)
        tm_tunnel_client_stop(c->tunnel, NULL, NULL);
    c->tunnel = NULL;
}

/* ---- what the service asks ---- */

static void on_end(void *user)
{
    finish(user);
}

static void on_refuse(void *user)
{
    struct client *c = user;
    tm_client_doors_close(&c->doors);
    tm_client_ebpf_stop(c->ebpf);
}

static void on_reset(void *user)
{
    struct client *c = user;
    tm_tunnel_client_reset_streams(c->tunnel);
}

static bool on_is_heard(void *user)
{
    const struct client *c = user;
    return c->tunnel == NULL || tm_tunnel_client_is_heard(c->tunnel);
}

static uint64_t on_n_streams(void *user)
{
    const struct client *c = user;
    struct tm_session_stats s = {0};
    if (c->tunnel != NULL)
        tm_tunnel_client_stats(c->tunnel, &s);
    return s.streams_live;
}

static int on_change(void *user, const struct tm_options *fresh, struct tm_msg *msg)
{
    struct client *c = user;
    return tm_client_doors_change(&c->doors, fresh, c->tunnel, msg);
}

static const struct tm_service_ops service_ops = {.end = on_end,
                                                  .stats = print_summary,
                                                  .refuse = on_refuse,
                                                  .reset = on_reset,
                                                  .is_heard = on_is_heard,
                                                  .n_streams = on_n_streams,
                                                  .watch = watch,
                                                  .change = on_change};

/* ---- start ---- */

static const char *sni(const struct client *c)
{
    return c->state.name[0] != '\0' ? c->state.name : NULL;
}

/* Reads the schedule file and says what TLS makes of it. */
static int load_schedule(struct client *c, struct tm_msg *msg)
{
    const char *path = c->o->v[TM_OPT_SCHEDULE].text;
    struct tm_project_cfg cfg = {.prep_us = (uint32_t)c->o->v[TM_OPT_PREP].num,
                                 .plan_mode = plan_mode(c)};
    int rc = tm_app_schedule_load(&c->schedule, path, msg);
    if (rc == TM_OK)
        rc = tm_tunnel_shape(&cfg.shape, sni(c), msg);
    return rc == TM_OK ? tm_app_schedule_project(&c->schedule, path, &cfg,
                                                 c->o->v[TM_OPT_STRICT].given, msg)
                       : rc;
}

static int load(struct client *c, struct tm_msg *msg)
{
    const struct tm_options *o = c->o;
    int rc = tm_client_state_load(&c->state, o->v[TM_OPT_STATE].text, msg);
    if (rc != TM_OK)
        return rc;
    tm_address_print(c->where, c->state.host, (uint16_t)c->state.port);
    uint32_t fixed_m;
    enum tm_drive how = tm_client_drive(c->o, &fixed_m);
    if (how == TM_DRIVE_MAYBENOT)
        rc = tm_machines_load(&c->machines, o, msg);
    else if (how == TM_DRIVE_SHUFFLE)
        tm_log(TM_LOG_WARN, "--model shuffle: no padding and no delay; the wire follows what is "
                            "carried, and who adds up all carriers sees it");
    else
        rc = has_schedule(c) ? load_schedule(c, msg)
                             : tm_client_supply_load(&c->models, &c->state, o, msg);
    if (rc == TM_OK)
        rc = tm_client_doors_remotes(&c->doors, o, msg);
    return rc;
}

static int open_files(struct client *c, struct tm_msg *msg)
{
    int rc = tm_outfile_open(&c->schedule_log, c->o, TM_OPT_LOG_SCHEDULE, msg);
    return rc == TM_OK ? tm_outfile_open(&c->summary_file, c->o, TM_OPT_SUMMARY_JSON, msg) : rc;
}

static int open_tunnel(struct client *c, struct tm_msg *msg)
{
    const struct tm_options *o = c->o;
    struct sockaddr_storage server;
    struct tm_address a = {.port = (uint16_t)c->state.port};
    memcpy(a.host, c->state.host, sizeof a.host);
    int rc = tm_address_resolve(&server, &a, msg);
    if (rc != TM_OK)
        return rc;
    uint32_t fixed_m;
    struct tm_tunnel_client_cfg cfg = {
        .loop = &c->loop,
        .server = (const struct sockaddr *)&server,
        .sni = sni(c),
        .kind = TM_TOKEN_CARRIER,
        .key = c->state.token,
        .session = {.drive = tm_client_drive(c->o, &fixed_m),
                    .cells = &c->machines.cells,
                    .master = o->v[TM_OPT_MASTER].num == 0 ? TM_CLIENT : TM_SERVER,
                    .plan_mode = plan_mode(c),
                    .model = tm_store_mix_model(&c->models),
                    .is_schedule = has_schedule(c),
                    .schedule = has_schedule(c) ? &c->schedule : NULL,
                    .at_end = o->v[TM_OPT_REPEAT].given ? TM_PLAYBACK_AGAIN : TM_PLAYBACK_ONCE,
                    .n_users = n_users(c),
                    .pace_ms =
                        (uint32_t)((o->v[TM_OPT_PACE].num + TM_US_PER_MS - 1) / TM_US_PER_MS),
                    .on_demand = o->v[TM_OPT_ON_DEMAND].given,
                    .idle_stop_us = o->v[TM_OPT_IDLE_STOP].num,
                    .prep_us = (uint32_t)o->v[TM_OPT_PREP].num,
                    .grace_us = o->v[TM_OPT_GRACE].num},
        .cc = o->v[TM_OPT_CC].text,
        .keeps_played = o->v[TM_OPT_UI].given,
        .schedule_log = c->schedule_log,
        .on_state = on_state,
        .user = c,
        .remotes = c->doors.remote,
        .n_remotes = c->doors.n_remotes,
        .on_remote = tm_client_doors_on_remote,
        .remote_user = &c->doors,
    };
    memcpy(cfg.client_id, c->state.client_id, sizeof cfg.client_id);
    memcpy(cfg.secret, c->state.secret, sizeof cfg.secret);
    if (o->v[TM_OPT_SEED].given)
        tm_log(TM_LOG_WARN, "--seed %s: whoever knows the number knows the schedule",
               o->v[TM_OPT_SEED].text);
    c->again.begun_ms = uv_now(&c->loop);
    rc = tm_again_seed(&c->again, &o->v[TM_OPT_SEED], cfg.session.seed, msg);
    if (rc == TM_OK)
        rc = tm_tunnel_client_new(&c->tunnel, &cfg, msg);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

static void run(struct client *c)
{
    uv_loop_init(&c->loop);
    uv_async_init(&c->loop, &c->quit, on_quit);
    c->quit.data = c;
    (void)uv_timer_init(&c->loop, &c->progress);
    (void)uv_timer_init(&c->loop, &c->waiting);
    c->progress.data = c->waiting.data = c;
    int rc = tm_service_start(&c->service, &c->loop, c->o, &service_ops, c);
    if (rc != TM_OK)
        tm_msg_set(c->msg, rc, "cannot watch signals");
    if (rc == TM_OK)
        rc = tm_client_ebpf_open(&c->ebpf, c->o, c->msg);
    if (rc == TM_OK)
        rc = c->ebpf != NULL ? tm_confine(c->o, NULL, c->msg) : TM_OK; /* else before all */
    if (rc == TM_OK)
        rc = open_tunnel(c, c->msg);
    if (rc == TM_OK)
        rc = tm_client_doors_open(&c->doors, c->o, &c->activation, c->tunnel, c->msg);
    if (rc == TM_OK)
        rc = tm_client_udp_open(&c->udp, c->o, c->tunnel, c->msg);
    if (rc == TM_OK)
        rc = tm_client_ebpf_start(c->ebpf, &c->loop, c->tunnel, c->msg);
    if (rc == TM_OK)
        rc = open_panel(c, c->msg);
    if (rc == TM_OK) {
        start_progress(c);
        c->keys = tm_client_keys_open(&c->loop, c->tunnel, &c->state, c->o);
    } else {
        c->failed = true;
        finish(c);
    }
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
    tm_client_ebpf_end(c->ebpf);
    tm_service_deinit(&c->service);
}

/* Of several failures the first is told. */
static void close_file(struct client *c, FILE *take_f, enum tm_opt opt)
{
    if (tm_outfile_close(take_f, c->o, opt, told(c)) != TM_OK)
        c->failed = true;
}

/* Stands before a summary. */
static const char *schedule_text(const struct client *c)
{
    return !has_schedule(c)               ? ""
           : c->o->v[TM_OPT_REPEAT].given ? "the schedule was played again and again; "
           : c->played && c->failed       ? "the schedule came to its end, but not whole; "
           : c->played                    ? "the schedule was played to its end; "
                                          : "the schedule was stopped before its end; ";
}

static void write_results(struct client *c)
{
    char line[TM_SUMMARY_LINE_MAX];
    if (c->ready) {
        tm_summary_line(line, &c->summary);
        fprintf(stderr, "summary: %s%s\n", schedule_text(c), line);
        if (c->summary_file != NULL)
            tm_summary_json(c->summary_file, &c->summary,
                            !has_schedule(c)          ? NULL
                            : c->played && !c->failed ? ",\"schedule_played\":true"
                                                      : ",\"schedule_played\":false");
    }
    close_file(c, c->summary_file, TM_OPT_SUMMARY_JSON);
    close_file(c, c->schedule_log, TM_OPT_LOG_SCHEDULE);
}

enum tm_exit tm_cmd_client_run(struct tm_options *o, struct tm_msg *msg)
{
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return TM_EXIT_FAILED;
    }
    c->o = o;
    c->msg = msg;
    c->start_ns = uv_hrtime();
    tm_client_tell_default(o);
    tm_limits_check(TM_LIMITS_CLIENT);
    bool is_confined_later = o->v[TM_OPT_EBPF].num != 0;
    if ((!is_confined_later && tm_confine(o, NULL, msg) != TM_OK) || load(c, msg) != TM_OK)
        c->failed = true;
    else if (o->v[TM_OPT_CHECK_CONFIG].given)
        tm_config_say_ok(o);
    else if (tm_activation_take(&c->activation, msg) != TM_OK || open_files(c, msg) != TM_OK)
        c->failed = true;
    else
        run(c);
    if (c->failed && c->is_refused && !c->ready && /* has it got another database meanwhile? */
        tm_client_supply_renew(&c->models, &c->state, o)) {
        c->failed = false;
        run(c);
    }
    write_results(c);
    enum tm_exit status = c->failed ? TM_EXIT_FAILED : TM_EXIT_DONE;
    tm_store_mix_deinit(&c->models);
    tm_schedfile_deinit(&c->schedule);
    tm_machines_free(&c->machines);
    OPENSSL_cleanse(c, sizeof *c);
    free(c);
    return status;
}
