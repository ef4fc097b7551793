/* tm/app/paths.h - where state and config are when nobody says so: the XDG base directories for people, /var/lib and /etc for
 * root and services. */
#ifndef TM_APP_PATHS_H
#define TM_APP_PATHS_H

#include <stdbool.h>

#include "tm/app/file.h"
#include "tm/app/options.h"
#include "tm/base/err.h"

/* What the answers depend on; strings are borrowed, NULL or "": not set. */
struct tm_paths_env {
    const char *home, *xdg_state, *xdg_config; /* HOME, XDG_STATE_HOME, XDG_CONFIG_HOME */
    const char *state_directory; /* STATE_DIRECTORY, of systemd: the first of several */
    bool is_root;                /* effective user */
    const char *system_state, *system_config; /* /var/lib/trafficmimic, /etc/trafficmimic */
};
/* Those of this process. */
struct tm_paths_env tm_paths_env(void);

/* The state directory: STATE_DIRECTORY; the system's (system_state/client or /server) for root and for whoever owns it;
 * otherwise $XDG_STATE_HOME/trafficmimic/client or /server, XDG_STATE_HOME being ~/.local/state unless it is an absolute
 * path.  TM_ERR_CLOSED: no home.  TM_ERR_RANGE: too long. */
TM_MUST_CHECK int tm_paths_state(char out[TM_FILE_PATH_MAX], enum tm_program program,
                                 const struct tm_paths_env *env, struct tm_msg *msg);
/* The directories above it that are missing, open to others below system_state alone.  TM_ERR_IO. */
TM_MUST_CHECK int tm_paths_make_parents(const char *state, const struct tm_paths_env *env,
                                        struct tm_msg *msg);
/* The number-th file in which a config may be, from 0: STATE/config; then for tm-client
 * $XDG_CONFIG_HOME/trafficmimic/client.conf (~/.config) and system_config/client.conf.  state may be NULL.  TM_ERR_CLOSED: there are no
 * more; TM_ERR_RANGE: not to be had, go on. */
TM_MUST_CHECK int tm_paths_config(char out[TM_FILE_PATH_MAX], unsigned number,
                                  enum tm_program program, const char *state,
                                  const struct tm_paths_env *env);

#endif
