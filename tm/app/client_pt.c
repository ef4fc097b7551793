/* tm/app/client_pt.c - tm-client pt: the client as a pluggable transport of tor, which starts it and says all by the environment.
 *
 *   environment ──> a SOCKS 5 door on loopback ──> CMETHOD ──> tor connects, and names a bridge ──> its tunnel (tm/app/bridge.h)
 *
 * Standard output holds the protocol alone. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "tm/app/bridge.h"
#include "tm/app/file.h"
#include "tm/app/main.h"
#include "tm/app/pt_env.h"
#include "tm/app/pt_line.h"
#include "tm/app/pt_stdin.h"
#include "tm/app/signals.h"
#include "tm/net/local.h"

#define FOLDER  TM_PT_NAME "-client"
#define WAIT_MS 60000U /* for a join and a joint model's first batches, on a slow machine */

struct transport {
    uv_loop_t loop;
    struct tm_signals signals;
    struct tm_pt_stdin input;
    uv_async_t quit;            /* stopping from a callback waits for the next turn */
    struct tm_bridges *bridges; /* owned */
    struct tm_local *door;      /* owned */
    struct tm_pt_env env;
    char dir[TM_FILE_PATH_MAX];
};

static void on_stop(void *user)
{
    struct transport *t = user;
    if (!uv_is_closing((uv_handle_t *)&t->quit))
        uv_async_send(&t->quit);
}

static void on_stats(void *user)
{
    struct transport *t = user;
    if (t->bridges != NULL)
        tm_bridges_log(t->bridges);
}

static void on_quit(uv_async_t *async)
{
    struct transport *t = async->data;
    if (uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)async, NULL);
    tm_signals_stop(&t->signals);
    tm_pt_stdin_stop(&t->input);
    if (t->door != NULL)
        tm_local_close(t->door);
    t->door = NULL;
    if (t->bridges != NULL)
        tm_bridges_stop(t->bridges);
}

static int open_dir(struct transport *t, struct tm_msg *msg)
{
    int rc = tm_file_make_dir(t->env.state, msg);
    if (rc == TM_OK)
        rc = tm_file_path(t->dir, t->env.state, FOLDER, NULL, msg);
    return rc == TM_OK ? tm_file_make_dir(t->dir, msg) : rc;
}

static int open_door(struct transport *t, const struct tm_options *o, struct tm_msg *msg)
{
    const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    t->bridges = tm_bridges_new(&t->loop, t->dir, o);
    if (t->bridges == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    const struct tm_local_cfg cfg = {.kind = TM_LOCAL_SOCKS,
                                     .addr = (const struct sockaddr *)&loopback,
                                     .reply = TM_SOCKS_REPLY_EXACT,
                                     .loop = &t->loop,
                                     .route = tm_bridges_route,
                                     .user = t->bridges,
                                     .wait_ms = WAIT_MS};
    return tm_local_open(&t->door, &cfg, msg);
}

static enum tm_exit run(struct transport *t, const struct tm_options *o, struct tm_msg *msg)
{
    uv_loop_init(&t->loop);
    uv_async_init(&t->loop, &t->quit, on_quit);
    t->quit.data = t;
    static const struct tm_signals_fns fns = {on_stop, on_stats, NULL};
    int rc = tm_signals_start(&t->signals, &t->loop, &fns, t);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "cannot watch signals");
    if (rc == TM_OK)
        rc = open_dir(t, msg);
    if (rc == TM_OK)
        rc = open_door(t, o, msg);
    if (rc == TM_OK) {
        tm_pt_say("CMETHOD " TM_PT_NAME " socks5 127.0.0.1:%u", tm_local_port(t->door));
        tm_pt_say("CMETHODS DONE");
        if (t->env.ends_with_stdin)
            tm_pt_stdin_start(&t->input, &t->loop, on_stop, t);
    } else {
        tm_pt_say_no_method(TM_PROGRAM_CLIENT, msg->text);
        on_stop(t);
    }
    uv_run(&t->loop, UV_RUN_DEFAULT);
    uv_loop_close(&t->loop);
    tm_bridges_free(t->bridges);
    return rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}

enum tm_exit tm_cmd_client_pt(struct tm_options *o, struct tm_msg *msg)
{
    struct transport *t = calloc(1, sizeof *t);
    enum tm_exit status = TM_EXIT_FAILED;
    if (t == NULL) {
        tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return status;
    }
    enum tm_pt_verdict verdict = tm_pt_env_read(&t->env, TM_PROGRAM_CLIENT, environ, msg);
    tm_pt_say_verdict(TM_PROGRAM_CLIENT, verdict, msg->text);
    if (verdict != TM_PT_OK)
        goto out;
    tm_pt_log();
    if (t->env.has_unknown)
        tm_log(TM_LOG_WARN, "of the transports that are asked for, only " TM_PT_NAME " is known");
    if (t->env.has_outbound)
        tm_log(TM_LOG_WARN, "OutboundBindAddress is not kept: the system chooses where connections "
                            "come from");
    if (t->env.is_wanted) {
        status = run(t, o, msg);
    } else {
        tm_pt_say("CMETHODS DONE");
        status = TM_EXIT_DONE;
    }
out:
    free(t);
    return status;
}
