/* tm/app/pt_env.c - see pt_env.h. */
#include "tm/app/pt_env.h"

#include <stdio.h>
#include <string.h>

#define VERSION "1"
#define BACKUP  "127.0.0.1:0" /* where a server listens that was not told */

/* The value, "" when it is not set: the protocol makes no difference. */
static const char *get(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return "";
}

/* Whether `name` is one of a list's words, up to a comma each; *has_other: so is another one. */
static bool is_listed(const char *list, const char *name, bool *has_other)
{
    bool found = false;
    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        bool is_it = n == strlen(name) && memcmp(list, name, n) == 0;
        found = found || is_it;
        *has_other = *has_other || !is_it;
        list += n + (list[n] == ',');
    }
    return found;
}

/* The address that TOR_PT_SERVER_BINDADDR has for us, "name-ADDR:PORT,name-ADDR:PORT". */
static int read_bind(struct tm_pt_env *e, const char *list, struct tm_msg *msg)
{
    char text[TM_ADDRESS_TEXT_MAX] = BACKUP;
    const size_t name = sizeof TM_PT_NAME - 1;
    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        if (n > name && memcmp(list, TM_PT_NAME "-", name + 1) == 0) {
            if (n - name > sizeof text)
                return tm_msg_set(msg, TM_ERR_FORMAT, "TOR_PT_SERVER_BINDADDR is too long");
            (void)snprintf(text, sizeof text, "%.*s", (int)(n - name - 1), list + name + 1);
        }
        list += n + (list[n] == ',');
    }
    struct tm_msg why;
    if (tm_address_parse(&e->bind, text, &why) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT, "TOR_PT_SERVER_BINDADDR: %.300s", why.text);
    return TM_OK;
}

static int copy_path(char out[TM_FILE_PATH_MAX], const char *name, const char *value,
                     struct tm_msg *msg)
{
    if (value[0] != '/')
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s is no absolute path", name);
    if (strlen(value) >= TM_FILE_PATH_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s is too long", name);
    (void)snprintf(out, TM_FILE_PATH_MAX, "%s", value);
    return TM_OK;
}

/* Where connections go: the extended ORPort with its cookie where there is one, else the ORPort. */
static int read_orport(struct tm_pt_env *e, char *const *environment, struct tm_msg *msg)
{
    static const char extended[] = "TOR_PT_EXTENDED_SERVER_PORT", plain[] = "TOR_PT_ORPORT";
    const char *value = get(environment, extended);
    const char *cookie = get(environment, "TOR_PT_AUTH_COOKIE_FILE");
    struct tm_msg why;
    e->is_extended = value[0] != '\0';
    if (e->is_extended && cookie[0] == '\0')
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s needs TOR_PT_AUTH_COOKIE_FILE", extended);
    if (e->is_extended &&
        copy_path(e->cookie_file, "TOR_PT_AUTH_COOKIE_FILE", cookie, msg) != TM_OK)
        return TM_ERR_FORMAT;
    if (!e->is_extended)
        value = get(environment, plain);
    if (value[0] == '\0')
        return tm_msg_set(msg, TM_ERR_FORMAT, "neither %s nor %s is set", plain, extended);
    if (tm_address_parse(&e->orport, value, &why) != TM_OK || e->orport.host[0] == '\0' ||
        e->orport.port == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: '%.100s' is no ADDRESS:PORT",
                          e->is_extended ? extended : plain, value);
    return TM_OK;
}

static enum tm_pt_verdict read_server(struct tm_pt_env *e, char *const *environment,
                                      struct tm_msg *msg)
{
    if (read_orport(e, environment, msg) != TM_OK)
        return TM_PT_ENV;
    if (!e->is_wanted)
        return TM_PT_OK;
    if (read_bind(e, get(environment, "TOR_PT_SERVER_BINDADDR"), msg) != TM_OK ||
        tm_ptargs_read_options(&e->options, get(environment, "TOR_PT_SERVER_TRANSPORT_OPTIONS"),
                               TM_PT_NAME, msg) != TM_OK)
        return TM_PT_METHOD;
    return TM_PT_OK;
}

enum tm_pt_verdict tm_pt_env_read(struct tm_pt_env *e, enum tm_program program,
                                  char *const *environment, struct tm_msg *msg)
{
    bool is_client = program == TM_PROGRAM_CLIENT, has_other = false;
    const char *list = is_client ? "TOR_PT_CLIENT_TRANSPORTS" : "TOR_PT_SERVER_TRANSPORTS";
    const char *versions = get(environment, "TOR_PT_MANAGED_TRANSPORT_VER");
    memset(e, 0, sizeof *e);
    if (versions[0] == '\0') {
        tm_msg_set(msg, TM_ERR_FORMAT,
                   "TOR_PT_MANAGED_TRANSPORT_VER is not set: this command is for tor to start");
        return TM_PT_NOT_MANAGED;
    }
    if (!is_listed(versions, VERSION, &has_other)) {
        tm_msg_set(msg, TM_ERR_UNSUPPORTED, "no-version");
        return TM_PT_VERSION;
    }
    e->ends_with_stdin = strcmp(get(environment, "TOR_PT_EXIT_ON_STDIN_CLOSE"), "1") == 0;
    e->has_outbound = get(environment, "TOR_PT_OUTBOUND_BIND_ADDRESS_V4")[0] != '\0' ||
                      get(environment, "TOR_PT_OUTBOUND_BIND_ADDRESS_V6")[0] != '\0';
    if (copy_path(e->state, "TOR_PT_STATE_LOCATION", get(environment, "TOR_PT_STATE_LOCATION"),
                  msg) != TM_OK)
        return TM_PT_ENV;
    if (get(environment, list)[0] == '\0') {
        tm_msg_set(msg, TM_ERR_FORMAT, "%s is not set", list);
        return TM_PT_ENV;
    }
    e->is_wanted = is_listed(get(environment, list), TM_PT_NAME, &e->has_unknown);
    if (!is_client)
        return read_server(e, environment, msg);
    if (get(environment, "TOR_PT_PROXY")[0] == '\0')
        return TM_PT_OK;
    tm_msg_set(msg, TM_ERR_UNSUPPORTED,
               "this transport cannot go through another proxy: its connections would take the "
               "proxy's sizes and times");
    return TM_PT_PROXY;
}
