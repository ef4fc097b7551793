/* tm/app/confine.c - see confine.h. */
#include "tm/app/confine.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "tm/app/file.h"
#include "tm/base/log.h"
#include "tm/net/privilege.h"
#include "tm/net/sandbox.h"

#define PATHS_MAX (TM_OPT_N + 5U)

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
    if (how != TM_OPT_FILE_NONE && o->v[opt].text != NULL)
        add_folder(p, o->v[opt].text, how == TM_OPT_FILE_WRITTEN);
}

int tm_confine(const struct tm_options *o, struct tm_msg *msg)
{
    struct paths paths = {.n = 0};
    struct tm_sandbox s;
    bool has_ebpf = o->v[TM_OPT_EBPF].num != 0;
    if (o->v[TM_OPT_NO_SANDBOX].given) {
        tm_log(TM_LOG_WARN, "--no-sandbox: a flaw here opens every file of this user");
        return TM_OK;
    }
    add(&paths, o->v[TM_OPT_STATE].text, true);
    if (o->config_path != NULL)
        add_folder(&paths, o->config_path, false); /* SIGHUP */
    for (unsigned i = 0; i < TM_OPT_N; i++)
        add_option(&paths, o, (enum tm_opt)i);
    if (has_ebpf) {
        add(&paths, "/sys/fs/cgroup", true);
        add(&paths, "/sys/fs/bpf", true);
    }
    int rc = tm_privilege_drop(!has_ebpf, msg); /* more went before, with ebpf */
    if (rc != TM_OK)
        return rc;
    rc = tm_sandbox_enter(
        &s, &(struct tm_sandbox_cfg){.path = paths.v, .n_paths = paths.n, .has_ebpf = has_ebpf},
        msg);
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
