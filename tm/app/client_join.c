/* tm/app/client_join.c - tm-client join: a link becomes DIR/server.
 *
 *   JOIN session up ──> ask ──> answer ──> signature good? ──> status OK? ──> DIR/server
 *
 * On the wire a join is a session under the built-in join model (tm/net/tunnel.h), so its sizes and times do
 * not depend on what is said in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <uv.h>

#include "tm/app/address.h"
#include "tm/app/client_state.h"
#include "tm/app/enrol.h"
#include "tm/app/file.h"
#include "tm/app/main.h"
#include "tm/app/paths.h"
#include "tm/app/signals.h"
#include "tm/base/time.h"
#include "tm/core/link.h"
#include "tm/net/tunnel.h"

#define PLACE_NAME "room"
#define LIMIT_MS   30000U /* a join takes about ten round trips */

struct join {
    uv_loop_t loop;
    uv_timer_t limit;
    uv_async_t quit; /* stopping from a callback of the tunnel waits for the next turn */
    struct tm_signals signals;
    struct tm_tunnel_client *tunnel; /* owned */
    struct tm_model model;           /* of the session */
    struct tm_link link;
    char where[TM_ADDRESS_TEXT_MAX]; /* HOST:PORT as in the link */
    uint8_t request[TM_JOIN_REQUEST_LEN];
    struct tm_join_reply reply;
    uint8_t secret[TM_SECRET_LEN];
    bool asked, joined, failed;
    struct tm_msg *msg;
};

static void finish(struct join *j)
{
    uv_async_send(&j->quit);
}

/* Where the text of a failure goes: the first one is the one to tell. */
static struct tm_msg *told(struct join *j)
{
    return j->failed || j->joined ? NULL : j->msg;
}

/* Ends the program with this line (arguments of printf). */
#define FAIL(j, ...)                                                                               \
    do {                                                                                           \
        tm_msg_set(told(j), TM_ERR_CLOSED, __VA_ARGS__);                                           \
        fail(j);                                                                                   \
    } while (0)
static void fail(struct join *j)
{
    j->failed = true;
    finish(j);
}

static void take_reply(struct join *j, const struct tm_enrol *e)
{
    switch (j->reply.status) {
    case TM_JOIN_OK:
        if (tm_enrol_secret(j->secret, e) != TM_OK) {
            FAIL(j, "the TLS library failed");
            break;
        }
        j->joined = true;
        finish(j);
        break;
    case TM_JOIN_USED:
        FAIL(j, "the link has been used before; get a new one: tm-server invite");
        break;
    case TM_JOIN_EXPIRED:
        FAIL(j, "the link has expired; get a new one: tm-server invite");
        break;
    case TM_JOIN_FAILED:
        FAIL(j, "%s could not store the new client; its log says why", j->where);
        break;
    }
}

static void on_answer(void *user, const struct tm_tunnel_answer *a)
{
    struct join *j = user;
    struct tm_enrol e = {j->link.invite_id, a->exporter, {j->request, sizeof j->request}};
    int rc = a->err;
    if (rc != TM_OK) {
        FAIL(j, "%s did not answer (%s); try again, and look at the server's log", j->where,
             tm_strerror(rc));
        return;
    }
    rc = tm_enrol_check(j->link.server_pin, &e, a->reply, &j->reply);
    if (rc == TM_OK)
        take_reply(j, &e);
    else if (rc == TM_ERR_AUTH)
        FAIL(j,
             "%s knows the link's secret but is not the server that made it (wrong pin); do not "
             "use this link, get a new one in a safe way",
             j->where);
    else
        FAIL(j, "%s answered in a form that this version does not know (%s); use the same version",
             j->where, tm_strerror(rc));
}

static void ask(struct join *j)
{
    struct tm_view request = {j->request, sizeof j->request};
    j->asked = true;
    tm_join_request_encode(j->request);
    int rc = tm_tunnel_client_ask(j->tunnel, request, on_answer, j);
    if (rc != TM_OK)
        FAIL(j, "cannot ask %s: %s", j->where, tm_strerror(rc));
}

static void on_trouble(struct join *j, const struct tm_tunnel_report *r)
{
    if (r->err == TM_ERR_AUTH)
        FAIL(j,
             "%s did not take this link: another server is behind that address, the link is older "
             "than its set-up, or the clocks differ by more than two hours; check, or get a new "
             "link: tm-server invite",
             j->where);
    else
        FAIL(j, "cannot reach %s: %s; check that tm-server runs there and is reachable", j->where,
             r->text);
}

static void on_state(void *user, const struct tm_tunnel_report *r)
{
    struct join *j = user;
    switch (r->state) {
    case TM_TUNNEL_PREPARING:
    case TM_TUNNEL_CONNECTING:
        break;
    case TM_TUNNEL_UP:
        if (!j->asked)
            ask(j);
        break;
    case TM_TUNNEL_TROUBLE:
        if (!r->ever_up)
            on_trouble(j, r);
        break;
    case TM_TUNNEL_FAILED:
        FAIL(j, "the session with %s failed: %s; try again", j->where, r->text);
        break;
    case TM_TUNNEL_PLAYED: /* schedule files only */
        break;
    }
}

static void on_limit(uv_timer_t *t)
{
    struct join *j = t->data;
    FAIL(j, "no answer from %s within %u s; check that tm-server runs there and is reachable",
         j->where, LIMIT_MS / 1000);
}

static void on_interrupt(void *user)
{
    struct join *j = user;
    FAIL(j, "interrupted; the link can be used again unless the server has listed a new client");
}

static void on_stats(void *user)
{
    (void)user; /* a join has none worth printing */
}

static void on_quit(uv_async_t *async)
{
    struct join *j = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)async, NULL);
    uv_close((uv_handle_t *)&j->limit, NULL);
    tm_signals_stop(&j->signals);
    if (j->tunnel != NULL)
        tm_tunnel_client_stop(j->tunnel, NULL, NULL);
    j->tunnel = NULL;
}

static int start(struct join *j, struct tm_msg *msg)
{
    struct sockaddr_storage server;
    struct tm_address a = {.port = j->link.port};
    memcpy(a.host, j->link.host, sizeof a.host);
    int rc = tm_address_resolve(&server, &a, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_tunnel_client_cfg cfg = {
        .loop = &j->loop,
        .server = (const struct sockaddr *)&server,
        .sni = j->link.name[0] != '\0' ? j->link.name : NULL,
        .kind = TM_TOKEN_JOIN,
        .session = {.master = TM_CLIENT,
                    .plan_mode = TM_PLAN_SEEDED,
                    .model = &j->model,
                    .n_users = 1,
                    .prep_us = TM_PREP_US},
        .on_state = on_state,
        .user = j,
    };
    memcpy(cfg.client_id, j->link.invite_id, sizeof cfg.client_id);
    memcpy(cfg.secret, j->link.invite_secret, sizeof cfg.secret);
    memcpy(cfg.key.prefix, j->link.token_prefix, sizeof cfg.key.prefix);
    memcpy(cfg.key.key, j->link.token_key, sizeof cfg.key.key);
    if (RAND_bytes(cfg.session.seed, sizeof cfg.session.seed) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    rc = tm_tunnel_client_new(&j->tunnel, &cfg, msg);
    OPENSSL_cleanse(&cfg, sizeof cfg);
    return rc;
}

static void run(struct join *j)
{
    uv_loop_init(&j->loop);
    uv_async_init(&j->loop, &j->quit, on_quit);
    j->quit.data = j;
    uv_timer_init(&j->loop, &j->limit);
    j->limit.data = j;
    uv_timer_start(&j->limit, on_limit, LIMIT_MS, 0);
    static const struct tm_signals_fns fns = {on_interrupt, on_stats, NULL};
    if (tm_signals_start(&j->signals, &j->loop, &fns, j) != TM_OK)
        FAIL(j, "cannot watch signals");
    else if (start(j, j->msg) != TM_OK) {
        j->failed = true;
        finish(j);
    }
    uv_run(&j->loop, UV_RUN_DEFAULT);
    uv_loop_close(&j->loop);
}

/* A file as large as the state can be holds its place on the disk: a link that is used up cannot be used again. */
static int hold_place(const char *dir, struct tm_msg *msg)
{
    static const char filler[TM_CLIENT_STATE_TEXT_MAX];
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_path(path, dir, PLACE_NAME, NULL, msg);
    if (rc != TM_OK)
        return rc;
    (void)unlink(path); /* of a join that was killed */
    return tm_file_create(path, filler, sizeof filler, msg);
}

static void give_place_back(const char *dir)
{
    char path[TM_FILE_PATH_MAX];
    if (tm_file_path(path, dir, PLACE_NAME, NULL, NULL) == TM_OK)
        (void)unlink(path);
}

static int store(const struct join *j, const char *dir, struct tm_msg *msg)
{
    give_place_back(dir);
    struct tm_client_state s = {.port = j->link.port, .n_models = j->reply.n_models};
    memcpy(s.host, j->link.host, sizeof s.host);
    memcpy(s.name, j->link.name, sizeof s.name);
    memcpy(s.pin, j->link.server_pin, sizeof s.pin);
    memcpy(s.client_id, j->reply.client_id, sizeof s.client_id);
    memcpy(s.secret, j->secret, sizeof s.secret);
    memcpy(s.token.prefix, j->link.token_prefix, sizeof s.token.prefix);
    memcpy(s.token.key, j->link.token_key, sizeof s.token.key);
    memcpy(s.models, j->reply.models, sizeof s.models);
    int rc = tm_client_state_create(&s, dir, msg);
    OPENSSL_cleanse(&s, sizeof s);
    return rc;
}

static int make_default_parents(const char *dir, struct tm_msg *msg)
{
    const struct tm_paths_env env = tm_paths_env();
    return tm_paths_make_parents(dir, &env, msg);
}

/* Before the link is used up: can the result be stored? */
static int check_dir(const char *dir, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_make_dir(dir, msg);
    if (rc == TM_OK)
        rc = tm_file_path(path, dir, "server", NULL, msg);
    if (rc != TM_OK)
        return rc;
    if (access(path, F_OK) == 0)
        return tm_msg_set(
            msg, TM_ERR_CLOSED,
            "%s is enrolled already (%s exists); choose another --state, or move it away", dir,
            path);
    if (access(dir, W_OK) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot write into %s: %s", dir, strerror(errno));
    return TM_OK;
}

static void print_result(const struct join *j)
{
    printf("joined %s; models:", j->where);
    for (size_t i = 0; i < j->reply.n_models; i++)
        printf("%s %s", i > 0 ? "," : "", j->reply.models[i].name);
    printf("\n");
}

#define LINK_FILE_MAX (TM_LINK_TEXT_MAX + 64U) /* with blanks around it */

/* The link of --link-file, so that it need not stand on a command line, which everybody on the machine can read; "-": standard
 * input.  Into text, without the blanks around it. */
static int read_link(char text[LINK_FILE_MAX], const char *path, struct tm_msg *msg)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (f == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "--link-file: cannot read %s: %s", path, strerror(errno));
    size_t len = fread(text, 1, LINK_FILE_MAX - 1, f);
    bool is_bad = ferror(f) != 0;
    if (f != stdin)
        (void)fclose(f);
    if (is_bad)
        return tm_msg_set(msg, TM_ERR_IO, "--link-file: cannot read %s", path);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    memmove(text, text + strspn(text, " \t\r\n"), len - strspn(text, " \t\r\n") + 1);
    return TM_OK;
}

enum tm_exit tm_cmd_join(struct tm_options *o, struct tm_msg *msg)
{
    struct join j = {.msg = msg};
    const char *dir = o->v[TM_OPT_STATE].text;
    enum tm_exit status = TM_EXIT_FAILED;
    char text[LINK_FILE_MAX] = "";
    const char *link = o->operand;
    if (link == NULL) {
        if (read_link(text, o->v[TM_OPT_LINK_FILE].text, msg) != TM_OK)
            return status;
        link = text;
    }
    if (strstr(link, "tm://") == NULL) {
        tm_msg_set(msg, TM_ERR_FORMAT, "this is no link (tm://...); get one: tm-server invite");
        return TM_EXIT_USAGE;
    }
    int rc = tm_link_decode(&j.link, link, msg);
    OPENSSL_cleanse(text, sizeof text);
    if (rc == TM_OK && !o->v[TM_OPT_STATE].given)
        rc = make_default_parents(dir, msg);
    if (rc == TM_OK)
        rc = check_dir(dir, msg);
    if (rc != TM_OK || hold_place(dir, msg) != TM_OK)
        return status;
    tm_address_print(j.where, j.link.host, j.link.port);
    tm_tunnel_join_model(&j.model);
    run(&j);
    if (j.joined && store(&j, dir, msg) == TM_OK) {
        print_result(&j);
        status = TM_EXIT_DONE;
    }
    give_place_back(dir);
    tm_model_deinit(&j.model);
    OPENSSL_cleanse(&j, sizeof j);
    return status;
}
