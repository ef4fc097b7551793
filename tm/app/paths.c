/* tm/app/paths.c - see paths.h. */
#include "tm/app/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "trafficmimic"

static const char *short_name(enum tm_program program)
{
    return program == TM_PROGRAM_CLIENT ? "client" : "server";
}

struct tm_paths_env tm_paths_env(void)
{
    return (struct tm_paths_env){.home = getenv("HOME"),
                                 .xdg_state = getenv("XDG_STATE_HOME"),
                                 .xdg_config = getenv("XDG_CONFIG_HOME"),
                                 .state_directory = getenv("STATE_DIRECTORY"),
                                 .is_root = geteuid() == 0,
                                 .system_state = "/var/lib/" NAME,
                                 .system_config = "/etc/" NAME};
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int check(int n)
{
    return n >= 0 && (size_t)n < TM_FILE_PATH_MAX ? TM_OK : TM_ERR_RANGE;
}

/* XDG, or what stands for it below the home; relative paths are to be ignored (XDG base directory specification). */
static int xdg(char out[TM_FILE_PATH_MAX], const char *dir, const char *home, const char *below)
{
    if (is_set(dir) && dir[0] == '/')
        return check(snprintf(out, TM_FILE_PATH_MAX, "%s/" NAME, dir));
    if (!is_set(home) || home[0] != '/')
        return TM_ERR_CLOSED;
    return check(snprintf(out, TM_FILE_PATH_MAX, "%s/%s/" NAME, home, below));
}

static int join(char out[TM_FILE_PATH_MAX], const char *dir, const char *name)
{
    char copy[TM_FILE_PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", dir);
    return check(snprintf(out, TM_FILE_PATH_MAX, "%s/%s", copy, name));
}

static bool is_ours(const char *dir)
{
    struct stat st;
    return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int tm_paths_state(char out[TM_FILE_PATH_MAX], enum tm_program program,
                   const struct tm_paths_env *env, struct tm_msg *msg)
{
    int rc = TM_OK;
    if (is_set(env->state_directory)) {
        int len = (int)strcspn(env->state_directory, ":");
        rc = check(snprintf(out, TM_FILE_PATH_MAX, "%.*s", len, env->state_directory));
    } else {
        rc = join(out, env->system_state, short_name(program));
        if (rc == TM_OK && !env->is_root && !is_ours(out)) {
            rc = xdg(out, env->xdg_state, env->home, ".local/state");
            if (rc == TM_OK)
                rc = join(out, out, short_name(program));
        }
    }
    if (rc == TM_ERR_CLOSED)
        return tm_msg_set(msg, rc, "--state DIR is required: there is no HOME to find it in");
    return rc == TM_OK ? rc : tm_msg_set(msg, rc, "the path of the state directory is too long");
}

int tm_paths_make_parents(const char *state, const struct tm_paths_env *env, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    size_t system_len = strlen(env->system_state);
    bool is_system = strncmp(state, env->system_state, system_len) == 0;
    (void)snprintf(path, sizeof path, "%s", state);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_made = mkdir(path, 0700) == 0;
        if (!is_made && errno != EEXIST)
            return tm_msg_set(msg, TM_ERR_IO, "cannot make the directory %s: %s", path,
                              strerror(errno));
        /* Services have directories of their own in it. */
        if (is_made && is_system && chmod(path, 0755) != 0)
            return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
        *slash = '/';
    }
    return TM_OK;
}

int tm_paths_config(char out[TM_FILE_PATH_MAX], unsigned number, enum tm_program program,
                    const char *state, const struct tm_paths_env *env)
{
    if (number == 0)
        return state != NULL ? join(out, state, "config") : TM_ERR_RANGE;
    /* A server has its config since its setup. */
    if (number > 2 || program == TM_PROGRAM_SERVER)
        return TM_ERR_CLOSED;
    if (number == 2)
        return join(out, env->system_config, "client.conf");
    int rc = xdg(out, env->xdg_config, env->home, ".config");
    return rc == TM_OK ? join(out, out, "client.conf") : TM_ERR_RANGE;
}
