/* tm/app/confine.c - see confine.h. */
#include "tm/app/confine.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/app/file.h"
#include "tm/app/forward.h"
#include "tm/app/shipped.h"
#include "tm/base/log.h"
#include "tm/net/privilege.h"
#include "tm/net/sandbox.h"

#define UNIX_PREFIX "unix:"
#define PATHS_MAX   (TM_OPT_N + TM_OPTIONS_LIST_MAX + 6U)

struct paths {
    struct tm_sandbox_path v[PATHS_MAX];
    char text[PATHS_MAX][TM_FILE_PATH_MAX];
    size_t n;
};

static void add(struct paths *p, const char *path, bool is_written)
{
    char *text = p->text[p->n];
    if (snprintf(text, TM_FILE_PATH_MAX, "%s", path) >= (int)TM_FILE_PATH_MAX)
        return; /* and nothing can be opened there either */
    p->v[p->n++] = (struct tm_sandbox_path){text, is_written};
}

/* The folder that a file is in: it may be made anew there, and another file may be renamed to it. */
static void add_folder(struct paths *p, const char *path, bool is_written)
{
    char copy[TM_FILE_PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return;
    memcpy(copy, path, strlen(path) + 1);
    add(p, dirname(copy), is_written);
}

static void add_option(struct paths *p, const struct tm_options *o, enum tm_opt opt)
{
    enum tm_opt_file how = tm_options_info(opt)->file;
    const char *text = o->v[opt].text;
    if (text != NULL && strncmp(text, UNIX_PREFIX, sizeof UNIX_PREFIX - 1) == 0)
        add_folder(p, text + sizeof UNIX_PREFIX - 1, true);
    else if (how != TM_OPT_FILE_NONE && o->v[opt].text != NULL)
        add_folder(p, o->v[opt].text, how == TM_OPT_FILE_WRITTEN);
}

/* The folder of a socket that is made there. */
static void add_socket(struct paths *p, const char *path)
{
    if (path[0] == '/')
        add_folder(p, path, true);
}

static void add_forward(struct paths *p, const struct tm_opt_item *item)
{
    struct tm_forward f;
    struct tm_door d;
    if (item->opt == TM_OPT_FORWARD && tm_forward_parse(&f, item->text, NULL) == TM_OK)
        add_socket(p, f.bind.path);
    if (item->opt == TM_OPT_DYNAMIC && tm_door_parse_dynamic(&d, item->text, NULL) == TM_OK)
        add_socket(p, d.path);
}

static int enter(const struct paths *paths, bool has_ebpf, struct tm_msg *msg)
{
    struct tm_sandbox s;
    const struct tm_sandbox_cfg cfg = {.path = paths->v, .n_paths = paths->n, .has_ebpf = has_ebpf};
    int rc = tm_sandbox_enter(&s, &cfg, msg);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc,
                          "the sandbox cannot be entered (%.300s); --no-sandbox runs without",
                          msg->text);
    if (s.why_not.text[0] != '\0')
        tm_log(TM_LOG_WARN, "sandbox: %s", s.why_not.text);
    tm_log(TM_LOG_INFO, "sandbox: %s, %s",
           s.has_files ? "files of the state and options only" : "all files",
           s.has_calls ? "no other program, no other system call" : "all system calls");
    return TM_OK;
}

static void add_all(struct paths *p, const struct tm_options *o, bool has_ebpf)
{
    add(p, o->v[TM_OPT_STATE].text, true);
    char shipped[TM_SHIPPED_PATH_MAX];
    const char *models = tm_shipped_or(o->v[TM_OPT_MODELS].text, shipped);
    if (models != NULL)
        add_folder(p, models, false);
    if (o->config_path != NULL)
        add_folder(p, o->config_path, false); /* SIGHUP */
    for (unsigned i = 0; i < TM_OPT_N; i++)
        add_option(p, o, (enum tm_opt)i);
    for (size_t i = 0; i < o->n_list; i++)
        add_forward(p, &o->list[i]);
    if (has_ebpf) {
        add(p, "/sys/fs/cgroup", true);
        add(p, "/sys/fs/bpf", true);
    }
}

int tm_confine(const struct tm_options *o, const char *folder, struct tm_msg *msg)
{
    bool has_ebpf = o->v[TM_OPT_EBPF].num != 0;
    if (o->v[TM_OPT_NO_SANDBOX].given) {
        tm_log(TM_LOG_WARN, "--no-sandbox: a flaw here opens every file of this user");
        return TM_OK;
    }
    struct paths *paths = calloc(1, sizeof *paths);
    if (paths == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    add_all(paths, o, has_ebpf);
    if (folder != NULL)
        add(paths, folder, true);
    int rc = tm_privilege_drop(!has_ebpf, msg); /* more went before, with ebpf */
    if (rc == TM_OK)
        rc = enter(paths, has_ebpf, msg);
    free(paths);
    return rc;
}
