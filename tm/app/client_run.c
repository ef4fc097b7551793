/* tm/app/client_run.c - tm-client run: one session with the server, a SOCKS door and -L doors.
 *
 *   state, model, digests checked ──> doors open ──> first plans made ──> session starts ──> first carrier up: "ready"
 *
 * A schedule file in place of the model ends the run where it ends itself.
 * What can be wrong is looked for before the first byte is sent.  A server that cannot be reached at the
 * start ends the program; later the session goes on by its schedule and the log says so. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <uv.h>

#include "models/shuffle.h"
#include "models/store/mix.h"
#include "tm/app/address.h"
#include "tm/app/client_ebpf.h"
#include "tm/app/client_fetch.h"
#include "tm/app/client_keys.h"
#include "tm/app/client_state.h"
#include "tm/app/client_supply.h"
#include "tm/app/machines.h"
#include "tm/app/main.h"
#include "tm/app/schedule.h"
#include "tm/app/signals.h"
#include "tm/app/status.h"
#include "tm/app/summary.h"
#include "tm/base/log.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/local.h"
#include "tm/net/statsock.h"
#include "tm/net/tunnel.h"

struct client {
    uv_loop_t loop;
    uv_async_t quit;     /* stopping from a callback of the tunnel waits for the next turn */
    uv_timer_t progress; /* of what is done before the schedule begins, on a terminal */
    struct tm_signals signals;
    struct tm_tunnel_client *tunnel;                 /* owned */
    struct tm_local *local[TM_OPTIONS_LIST_MAX + 1]; /* owned; [0] is SOCKS */
    size_t n_local;
    struct tm_client_ebpf *ebpf;  /* owned; NULL: off */
    struct tm_statsock *statsock; /* owned */
    struct tm_client_keys *keys;  /* owned */
    struct tm_client_state state;
    struct tm_store_mix models;        /* what --model names */
    struct tm_machines machines;       /* of --model maybenot */
    struct tm_schedfile schedule;      /* in place of the model when --schedule was given */
    FILE *schedule_log, *summary_file; /* owned; NULL: not wanted */
    const struct tm_options *o;
    char where[TM_ADDRESS_TEXT_MAX]; /* HOST:PORT of the server */
    uint64_t start_ns;
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

/* What drives the wire; *fixed_m as --model shuffle says, else 0. */
static enum tm_drive drive(const struct client *c, uint32_t *fixed_m)
{
    const char *text = has_schedule(c) ? NULL : c->o->v[TM_OPT_MODEL].text;
    *fixed_m = 0;
    if (tm_options_means_machines(text))
        return TM_DRIVE_MAYBENOT;
    return text != NULL && tm_shuffle_is_meant(text, fixed_m) ? TM_DRIVE_SHUFFLE : TM_DRIVE_PLANS;
}

/* A mix says itself how many; of a shuffled session it is the carriers. */
static uint32_t n_users(const struct client *c)
{
    uint32_t fixed_m;
    if (drive(c, &fixed_m) != TM_DRIVE_PLANS)
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

/* What `tm-client status` gets: only from memory of this thread and from atomic counters. */
static size_t on_status(void *user, char *out, size_t cap)
{
    struct client *c = user;
    struct tm_tunnel_watch w;
    struct tm_status st;
    if (c->tunnel == NULL)
        return 0;
    tm_tunnel_client_watch(c->tunnel, &w);
    struct tm_status_source src = tm_status_source_new(
        "tm-client", TM_CLIENT, (int64_t)((uv_hrtime() - c->start_ns) / 1000), &w);
    tm_status_add_session(&src, &w.control, 0);
    tm_status_fill(&st, &src);
    tm_control_demand_note(st.note, sizeof st.note, w.control.cfg);
    return tm_status_write(&st, out, cap);
}

/* An answer takes a fraction of a millisecond of this thread, which composes: not when a buffer is due to be. */
static bool has_time(void *user)
{
    const struct client *c = user;
    return c->tunnel == NULL || tm_tunnel_client_has_time(c->tunnel);
}

static void open_status(struct client *c)
{
    struct tm_msg why;
    const struct tm_statsock_cfg cfg = {
        .dir = c->o->v[TM_OPT_STATE].text, .answer = on_status, .is_ready = has_time, .user = c};
    if (tm_statsock_open(&c->statsock, &c->loop, &cfg, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "no status: %s", why.text);
}

static void say_ready(struct client *c)
{
    char socks[TM_ADDRESS_TEXT_MAX];
    struct tm_address a;
    if (tm_address_parse(&a, c->o->v[TM_OPT_SOCKS].text, NULL) != TM_OK)
        return;
    tm_address_print(socks, a.host, tm_local_port(c->local[0]));
    uint32_t fixed_m;
    if (drive(c, &fixed_m) != TM_DRIVE_PLANS)
        printf("ready: socks5 on %s, model %s, NOT payload-independent, server %s", socks,
               c->o->v[TM_OPT_MODEL].text, c->where);
    else if (has_schedule(c))
        printf("ready: socks5 on %s, schedule %s, %u users, plan %s, server %s", socks,
               c->o->v[TM_OPT_SCHEDULE].text, c->schedule.n_users, plan_text(c), c->where);
    else
        printf("ready: socks5 on %s, model %s, %u users, %s is master, plan %s, server %s", socks,
               tm_store_mix_model(&c->models)->name, n_users(c), c->o->v[TM_OPT_MASTER].text,
               plan_text(c), c->where);
    if (c->n_local > 1)
        printf(", %zu forwards", c->n_local - 1);
    if (c->ebpf != NULL)
        printf(", exec at %s", c->o->v[TM_OPT_EXEC_SOCKET].text);
    if (c->o->v[TM_OPT_ON_DEMAND].given)
        printf(", cover begins with the first connection");
    printf("\n");
    fflush(stdout);
    c->ready = true;
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
        else if (c->last_state == TM_TUNNEL_TROUBLE || c->is_refused)
            tm_log(TM_LOG_INFO, "the server can be reached again");
        c->is_refused = false;
        break;
    case TM_TUNNEL_TROUBLE:
        on_trouble(c, r);
        break;
    case TM_TUNNEL_FAILED:
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
    tm_signals_stop(&c->signals);
    tm_statsock_close(c->statsock);
    tm_client_keys_close(c->keys);
    c->statsock = NULL;
    for (size_t i = 0; i < c->n_local; i++)
        tm_local_close(c->local[i]);
    c->n_local = 0;
    tm_client_ebpf_stop(c->ebpf);
    take_summary(c);
    if (c->tunnel != NULL)
        tm_tunnel_client_stop(c->tunnel, NULL, NULL);
    c->tunnel = NULL;
}

static void on_stop(void *user)
{
    finish(user);
}

/* ---- start ---- */

static int open_file(FILE **out, const struct tm_options *o, enum tm_opt opt, struct tm_msg *msg)
{
    const char *path = o->v[opt].text;
    *out = NULL;
    if (path == NULL)
        return TM_OK;
    *out = fopen(path, "we");
    if (*out == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "--%s: cannot write %s: %s", tm_options_info(opt)->name,
                          path, strerror(errno));
    return TM_OK;
}

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
    struct tm_projection p = {0};
    char text[TM_SCHEDULE_TEXT_MAX];
    uint32_t line = 0;
    int rc = tm_app_schedule_load(&c->schedule, path, msg);
    if (rc == TM_OK)
        rc = tm_tunnel_shape(&cfg.shape, sni(c), msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_project_schedule(&p, &line, &c->schedule, &cfg);
    if (rc == TM_ERR_LIMIT)
        return tm_msg_set(msg, rc,
                          "%s:%u: the client's writes on this connection are too small or too many "
                          "to carry its plan; give the server the file too, and use --plan seeded",
                          path, line);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%s: %s", path, tm_strerror(rc));
    tm_app_schedule_text(text, &p);
    if (c->o->v[TM_OPT_STRICT].given && p.n_changed + p.n_added > 0)
        return tm_msg_set(msg, TM_ERR_RANGE, "--strict: %s: %.400s", path, text);
    tm_log(p.n_changed + p.n_added > 0 ? TM_LOG_WARN : TM_LOG_INFO, "%s: %s", path, text);
    return TM_OK;
}

static int load(struct client *c, struct tm_msg *msg)
{
    const struct tm_options *o = c->o;
    int rc = tm_client_state_load(&c->state, o->v[TM_OPT_STATE].text, msg);
    if (rc != TM_OK)
        return rc;
    tm_address_print(c->where, c->state.host, (uint16_t)c->state.port);
    uint32_t fixed_m;
    enum tm_drive how = drive(c, &fixed_m);
    if (how == TM_DRIVE_MAYBENOT)
        rc = tm_machines_load(&c->machines, o, msg);
    else if (how == TM_DRIVE_SHUFFLE)
        tm_log(TM_LOG_WARN, "--model shuffle: no padding and no delay; the wire follows what is "
                            "carried, and who adds up all carriers sees it");
    else
        rc = has_schedule(c) ? load_schedule(c, msg)
                             : tm_client_supply_load(&c->models, &c->state, o, msg);
    if (rc == TM_OK)
        rc = open_file(&c->schedule_log, o, TM_OPT_LOG_SCHEDULE, msg);
    if (rc == TM_OK)
        rc = open_file(&c->summary_file, o, TM_OPT_SUMMARY_JSON, msg);
    return rc;
}

/* A number gives the same schedule again; otherwise nobody can know it. */
static int choose_seed(uint8_t seed[TM_TOKEN_SEED_LEN], const struct tm_opt_value *v,
                       struct tm_msg *msg)
{
    uint8_t whole[TM_SEED_LEN];
    if (!v->given)
        return RAND_bytes(seed, TM_TOKEN_SEED_LEN) == 1
                   ? TM_OK
                   : tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    tm_log(TM_LOG_WARN, "--seed %s: whoever knows the number knows the schedule", v->text);
    tm_seed_from_u64(whole, (uint64_t)v->num);
    memcpy(seed, whole, TM_TOKEN_SEED_LEN);
    return TM_OK;
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
        .session = {.drive = drive(c, &fixed_m),
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
        .schedule_log = c->schedule_log,
        .on_state = on_state,
        .user = c,
    };
    memcpy(cfg.client_id, c->state.client_id, sizeof cfg.client_id);
    memcpy(cfg.secret, c->state.secret, sizeof cfg.secret);
    rc = choose_seed(cfg.session.seed, &o->v[TM_OPT_SEED], msg);
    if (rc == TM_OK)
        rc = tm_tunnel_client_new(&c->tunnel, &cfg, msg);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

/* base: everything but tunnel and address. */
static int open_local(struct client *c, const struct tm_local_cfg *base, const struct tm_address *a,
                      enum tm_opt opt, struct tm_msg *msg)
{
    struct sockaddr_storage sa;
    struct tm_msg why;
    int rc = tm_address_resolve(&sa, a, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_local_cfg cfg = *base;
    cfg.tunnel = c->tunnel;
    cfg.addr = (const struct sockaddr *)&sa;
    rc = tm_local_open(&c->local[c->n_local], &cfg, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%.300s; stop the program that has it, or choose another --%s",
                          why.text, tm_options_info(opt)->name);
    c->n_local++;
    return TM_OK;
}

static int open_doors(struct client *c, struct tm_msg *msg)
{
    const struct tm_options *o = c->o;
    struct tm_address a;
    struct tm_local_cfg cfg = {.kind = TM_LOCAL_SOCKS,
                               .reply = o->v[TM_OPT_SOCKS_REPLY].num == 0 ? TM_SOCKS_REPLY_EARLY
                                                                          : TM_SOCKS_REPLY_EXACT};
    int rc = tm_address_parse(&a, o->v[TM_OPT_SOCKS].text, msg);
    if (rc == TM_OK)
        rc = open_local(c, &cfg, &a, TM_OPT_SOCKS, msg);
    for (size_t i = 0; i < o->n_list && rc == TM_OK; i++) {
        struct tm_address_forward f;
        if (o->list[i].opt != TM_OPT_FORWARD)
            continue;
        cfg = (struct tm_local_cfg){.kind = TM_LOCAL_FORWARD};
        rc = tm_address_parse_forward(&f, o->list[i].text, msg);
        if (rc == TM_OK)
            rc = tm_address_dest(&cfg.dest, &f.dest);
        if (rc == TM_OK)
            rc = open_local(c, &cfg, &f.bind, TM_OPT_FORWARD, msg);
    }
    return rc;
}

static void run(struct client *c)
{
    uv_loop_init(&c->loop);
    uv_async_init(&c->loop, &c->quit, on_quit);
    c->quit.data = c;
    (void)uv_timer_init(&c->loop, &c->progress);
    c->progress.data = c;
    int rc = tm_signals_start(&c->signals, &c->loop, on_stop, print_summary, c);
    if (rc != TM_OK)
        tm_msg_set(c->msg, rc, "cannot watch signals");
    if (rc == TM_OK)
        rc = tm_client_ebpf_open(&c->ebpf, c->o, c->msg);
    if (rc == TM_OK)
        rc = open_tunnel(c, c->msg);
    if (rc == TM_OK)
        rc = open_doors(c, c->msg);
    if (rc == TM_OK)
        rc = tm_client_ebpf_start(c->ebpf, &c->loop, c->tunnel, c->msg);
    if (rc == TM_OK) {
        open_status(c);
        start_progress(c);
        c->keys = tm_client_keys_open(&c->loop, c->tunnel, &c->state, c->o);
    } else {
        c->failed = true;
        finish(c);
    }
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
    tm_client_ebpf_end(c->ebpf);
}

static void close_file(struct client *c, FILE *take_f, enum tm_opt opt)
{
    if (take_f == NULL)
        return;
    bool bad = ferror(take_f) != 0;
    if ((fclose(take_f) != 0 || bad) && !c->failed) {
        tm_msg_set(c->msg, TM_ERR_IO, "could not write all of %s: %s", c->o->v[opt].text,
                   strerror(errno));
        c->failed = true;
    }
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
    if (load(c, msg) != TM_OK)
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
