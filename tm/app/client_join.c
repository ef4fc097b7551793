/* tm/app/client_join.c - tm-client join: a link becomes DIR/server (tm/app/joining.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <uv.h>

#include "tm/app/address.h"
#include "tm/app/client_state.h"
#include "tm/app/file.h"
#include "tm/app/joining.h"
#include "tm/app/main.h"
#include "tm/app/signals.h"
#include "tm/core/link.h"

struct join {
    uv_loop_t loop;
    struct tm_signals signals;
    struct tm_joining *joining; /* NULL: over */
    const char *dir;
    int rc;
    struct tm_msg *msg;
};

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

static void print_result(const struct tm_client_state *s)
{
    char where[TM_ADDRESS_TEXT_MAX];
    tm_address_print(where, s->host, (uint16_t)s->port);
    printf("joined %s; models:", where);
    for (size_t i = 0; i < s->n_models; i++)
        printf("%s %s", i > 0 ? "," : "", s->models[i].name);
    printf("\n");
}

static void on_done(void *user, int rc, const struct tm_client_state *s, const char *why)
{
    struct join *j = user;
    tm_signals_stop(&j->signals);
    j->joining = NULL;
    if (rc != TM_OK)
        tm_msg_set(j->msg, rc, "%s", why);
    else
        rc = tm_client_state_create(s, j->dir, j->msg);
    if (rc == TM_OK)
        print_result(s);
    j->rc = rc;
}

static void on_interrupt(void *user)
{
    struct join *j = user;
    if (j->joining != NULL)
        tm_joining_cancel(j->joining, "interrupted; the link can be used again unless the server "
                                      "has listed a new client");
}

static void on_stats(void *user)
{
    (void)user; /* a join has none worth printing */
}

static void run(struct join *j, const struct tm_link *link)
{
    const struct tm_joining_cfg cfg = {.loop = &j->loop, .link = link, .done = on_done, .user = j};
    uv_loop_init(&j->loop);
    if (tm_signals_start(&j->signals, &j->loop, on_interrupt, on_stats, j) != TM_OK)
        tm_msg_set(j->msg, TM_ERR_IO, "cannot watch signals");
    else if (tm_joining_start(&j->joining, &cfg, j->msg) == TM_OK)
        uv_run(&j->loop, UV_RUN_DEFAULT);
    tm_signals_stop(&j->signals);
    uv_run(&j->loop, UV_RUN_DEFAULT);
    uv_loop_close(&j->loop);
}

enum tm_exit tm_cmd_join(struct tm_options *o, struct tm_msg *msg)
{
    struct join j = {.msg = msg, .dir = o->v[TM_OPT_STATE].text, .rc = TM_ERR_CLOSED};
    struct tm_link link;
    if (strstr(o->operand, "tm://") == NULL) {
        tm_msg_set(msg, TM_ERR_FORMAT, "this is no link (tm://...); get one: tm-server invite");
        return TM_EXIT_USAGE;
    }
    if (tm_link_decode(&link, o->operand, msg) != TM_OK || check_dir(j.dir, msg) != TM_OK)
        return TM_EXIT_FAILED;
    run(&j, &link);
    OPENSSL_cleanse(&link, sizeof link);
    return j.rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}
