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
#include "tm/app/paths.h"
#include "tm/app/signals.h"
#include "tm/core/link.h"

#define PLACE_NAME "room"

struct join {
    uv_loop_t loop;
    struct tm_signals signals;
    struct tm_joining *joining; /* NULL: over */
    const char *dir;
    int rc;
    struct tm_msg *msg;
};

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

static void print_result(const struct tm_client_state *s)
{
    char where[TM_ADDRESS_TEXT_MAX];
    tm_address_print(where, s->host, (uint16_t)s->port);
    printf("joined %s; models:", where);
    for (size_t i = 0; i < s->n_models; i++)
        printf("%s %s", i > 0 ? "," : "", s->models[i].name);
    printf("\n");
}

static int store(const struct tm_client_state *s, const char *dir, struct tm_msg *msg)
{
    give_place_back(dir);
    return tm_client_state_create(s, dir, msg);
}

static void on_done(void *user, int rc, const struct tm_client_state *s, const char *why)
{
    struct join *j = user;
    tm_signals_stop(&j->signals);
    j->joining = NULL;
    if (rc != TM_OK)
        tm_msg_set(j->msg, rc, "%s", why);
    else
        rc = store(s, j->dir, j->msg);
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
    static const struct tm_signals_fns fns = {on_interrupt, on_stats, NULL};
    if (tm_signals_start(&j->signals, &j->loop, &fns, j) != TM_OK)
        tm_msg_set(j->msg, TM_ERR_IO, "cannot watch signals");
    else if (tm_joining_start(&j->joining, &cfg, j->msg) == TM_OK)
        uv_run(&j->loop, UV_RUN_DEFAULT);
    tm_signals_stop(&j->signals);
    uv_run(&j->loop, UV_RUN_DEFAULT);
    uv_loop_close(&j->loop);
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
    struct join j = {.msg = msg, .dir = o->v[TM_OPT_STATE].text, .rc = TM_ERR_CLOSED};
    struct tm_link link;
    char text[LINK_FILE_MAX] = "";
    const char *given = o->operand;
    if (given == NULL) {
        if (read_link(text, o->v[TM_OPT_LINK_FILE].text, msg) != TM_OK)
            return TM_EXIT_FAILED;
        given = text;
    }
    if (strstr(given, "tm://") == NULL) {
        tm_msg_set(msg, TM_ERR_FORMAT, "this is no link (tm://...); get one: tm-server invite");
        return TM_EXIT_USAGE;
    }
    int rc = tm_link_decode(&link, given, msg);
    OPENSSL_cleanse(text, sizeof text);
    if (rc == TM_OK && !o->v[TM_OPT_STATE].given)
        rc = make_default_parents(j.dir, msg);
    if (rc == TM_OK)
        rc = check_dir(j.dir, msg);
    if (rc == TM_OK)
        rc = hold_place(j.dir, msg);
    if (rc == TM_OK) {
        run(&j, &link);
        give_place_back(j.dir);
    }
    OPENSSL_cleanse(&link, sizeof link);
    return rc == TM_OK && j.rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}
