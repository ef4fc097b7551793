/* tm/app/server_pt.c - tm-server pt: the server as a pluggable transport of a Tor bridge, which starts it and says all by the environment.
 *
 *   environment ──> STATE/trafficmimic-server, made at the first start ──> listening ──> SMETHOD ... ARGS:link=KEYS ──> SMETHODS DONE
 *
 * KEYS is the part of an enrolment link behind its address, with an invitation for many (tm/app/open_invite.h).  Every stream goes to the
 * bridge's ORPort.  Standard output holds the protocol alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tm/app/main.h"
#include "tm/app/open_invite.h"
#include "tm/app/pt_env.h"
#include "tm/app/pt_line.h"
#include "tm/app/pt_stdin.h"
#include "tm/app/server_run.h"
#include "tm/core/link.h"

#define FOLDER    TM_PT_NAME "-server"
#define LINE_FILE TM_PT_NAME "_bridgeline.txt"

static const char config_text[] =
    "# made by tm-server pt: a bridge's torrc has its options (ServerTransportPlugin, "
    "ServerTransportOptions)\n";

struct transport {
    struct tm_pt_env env;
    struct tm_orport_cfg orport;
    struct tm_pt_stdin input;
    const char *name; /* of links, for SNI; NULL: none */
    int64_t n_users;  /* of a new invitation */
    bool is_ready;
};

/* ---- Before it serves ---- */

static int read_cookie(struct transport *t, struct tm_msg *msg)
{
    uint8_t file[TM_EXTOR_COOKIE_FILE + 1];
    const size_t head = sizeof TM_EXTOR_COOKIE_HEAD - 1;
    const char *path = t->env.cookie_file;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "TOR_PT_AUTH_COOKIE_FILE: %s: %s", path, strerror(errno));
    size_t n = fread(file, 1, sizeof file, f);
    (void)fclose(f);
    bool is_one = n == TM_EXTOR_COOKIE_FILE && memcmp(file, TM_EXTOR_COOKIE_HEAD, head) == 0;
    memcpy(t->orport.cookie, file + head, sizeof t->orport.cookie);
    OPENSSL_cleanse(file, sizeof file);
    return is_one ? TM_OK
                  : tm_msg_set(msg, TM_ERR_FORMAT,
                               "TOR_PT_AUTH_COOKIE_FILE: %s is no cookie of tor's", path);
}

static int set_orport(struct transport *t, struct tm_msg *msg)
{
    t->orport.transport = TM_PT_NAME;
    t->orport.is_extended = t->env.is_extended;
    if (tm_address_dest(&t->orport.dest, &t->env.orport) != TM_OK)
        return tm_msg_set(msg, TM_ERR_RANGE, "the ORPort is no destination");
    return t->env.is_extended ? read_cookie(t, msg) : TM_OK;
}

/* What torrc's ServerTransportOptions say and the command line does not. */
static int take_options(struct tm_options *o, const struct tm_ptargs *args, struct tm_msg *msg)
{
    static const enum tm_opt taken[] = {TM_OPT_DECOY, TM_OPT_NAME, TM_OPT_MODELS,
                                        TM_OPT_BRIDGE_USERS};
    for (size_t i = 0; i < args->n; i++) {
        enum tm_opt opt = TM_OPT_N;
        for (size_t k = 0; k < sizeof taken / sizeof *taken; k++)
            if (strcmp(args->arg[i].key, tm_options_info(taken[k])->name) == 0)
                opt = taken[k];
        if (opt == TM_OPT_N)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "ServerTransportOptions: unknown option '%.100s'; there are decoy, "
                              "name, models, bridge-users",
                              args->arg[i].key);
        if (!o->v[opt].given && tm_options_set(o, opt, args->arg[i].value, msg) != TM_OK)
            return TM_ERR_FORMAT;
    }
    return TM_OK;
}

/* STATE and the server's directory in it, made when they are not there. */
static int open_dir(const struct transport *t, char dir[TM_FILE_PATH_MAX], struct tm_msg *msg)
{
    struct tm_server_state s;
    char config[TM_FILE_PATH_MAX];
    int rc = tm_file_make_dir(t->env.state, msg);
    if (rc == TM_OK)
        rc = tm_file_path(dir, t->env.state, FOLDER, NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_path(config, dir, "config", NULL, msg);
    if (rc != TM_OK || access(config, F_OK) == 0)
        return rc;
    rc = tm_server_state_create(&s, dir, config_text, msg);
    if (rc == TM_OK)
        tm_server_state_deinit(&s);
    return rc;
}

static int set_options(struct transport *t, struct tm_options *o, char dir[TM_FILE_PATH_MAX],
                       char listen[TM_ADDRESS_TEXT_MAX], struct tm_msg *msg)
{
    int rc = set_orport(t, msg);
    if (rc == TM_OK)
        rc = take_options(o, &t->env.options, msg);
    if (rc == TM_OK)
        rc = open_dir(t, dir, msg);
    if (rc != TM_OK)
        return rc;
    tm_address_print(listen, t->env.bind.host[0] != '\0' ? t->env.bind.host : "*",
                     t->env.bind.port);
    t->name = o->v[TM_OPT_NAME].text;
    t->n_users = o->v[TM_OPT_BRIDGE_USERS].num;
    rc = tm_options_set(o, TM_OPT_STATE, dir, msg);
    return rc == TM_OK ? tm_options_set(o, TM_OPT_LISTEN, listen, msg) : rc;
}

/* ---- When it serves ---- */

/* The invitation of the bridge line; a new one only where there is none. */
static int find_invite(const struct transport *t, const struct tm_server_state *s,
                       struct tm_open_invite *invite, struct tm_msg *msg)
{
    int rc = tm_open_invite_load(s, invite, msg);
    if (rc == TM_ERR_CLOSED)
        rc = tm_open_invite_make(s, t->n_users, invite, msg);
    if (rc == TM_OK && invite->left == 0)
        tm_log(TM_LOG_WARN,
               "as many clients have joined as may with this bridge line, and no more can; for a "
               "new line remove %s/bridge and restart",
               s->dir);
    return rc;
}

static int make_keys(const struct transport *t, const struct tm_server_state *s,
                     char text[TM_LINK_TEXT_MAX], struct tm_msg *msg)
{
    struct tm_open_invite invite;
    struct tm_link l = {0};
    int rc = find_invite(t, s, &invite, msg);
    if (rc != TM_OK)
        return rc;
    if (t->name != NULL && strlen(t->name) >= sizeof l.name)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "name is too long");
    (void)snprintf(l.name, sizeof l.name, "%s", t->name != NULL ? t->name : "");
    tm_identity_public(s->identity, l.server_pin);
    memcpy(l.invite_id, invite.id, sizeof l.invite_id);
    memcpy(l.invite_secret, invite.secret, sizeof l.invite_secret);
    memcpy(l.token_prefix, s->token.prefix, sizeof l.token_prefix);
    memcpy(l.token_key, s->token.key, sizeof l.token_key);
    if (rc == TM_OK && tm_link_encode_keys(&l, text, TM_LINK_TEXT_MAX) != TM_OK)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "'%.200s' is no host name", l.name);
    OPENSSL_cleanse(&invite, sizeof invite);
    OPENSSL_cleanse(&l, sizeof l);
    return rc;
}

/* For the operator: the line that users need, as far as we know it. */
static void write_line(const struct transport *t, const char *keys, uint16_t port)
{
    char path[TM_FILE_PATH_MAX], text[TM_LINK_TEXT_MAX + 256];
    struct tm_msg why;
    int n = snprintf(text, sizeof text,
                     "# What a user of this bridge writes into torrc, with its address and the "
                     "fingerprint that tor logs.\n"
                     "Bridge " TM_PT_NAME " <ADDRESS>:%u <FINGERPRINT> link=%s\n",
                     port, keys);
    int rc = tm_file_path(path, t->env.state, LINE_FILE, NULL, &why);
    if (rc == TM_OK)
        rc = tm_file_replace(path, text, (size_t)n, &why);
    if (rc != TM_OK)
        tm_log(TM_LOG_WARN, "%s", why.text);
    OPENSSL_cleanse(text, sizeof text);
}

static int on_ready(void *user, const struct tm_server_ready *ready, struct tm_msg *msg)
{
    struct transport *t = user;
    char keys[TM_LINK_TEXT_MAX], args[2 * TM_LINK_TEXT_MAX], where[TM_ADDRESS_TEXT_MAX];
    size_t len = 0;
    int rc = make_keys(t, ready->state, keys, msg);
    if (rc == TM_OK)
        rc = tm_ptargs_add(args, sizeof args, &len, &(struct tm_ptarg){"link", keys});
    if (rc != TM_OK)
        return rc;
    write_line(t, keys, ready->port);
    tm_address_print(where, t->env.bind.host[0] != '\0' ? t->env.bind.host : "0.0.0.0",
                     ready->port);
    t->is_ready = true;
    tm_pt_say("SMETHOD " TM_PT_NAME " %s ARGS:%s", where, args);
    tm_pt_say("SMETHODS DONE");
    OPENSSL_cleanse(keys, sizeof keys);
    OPENSSL_cleanse(args, sizeof args);
    if (t->env.ends_with_stdin)
        tm_pt_stdin_start(&t->input, ready->loop, ready->stop, ready->user);
    return TM_OK;
}

static void on_end(void *user)
{
    struct transport *t = user;
    tm_pt_stdin_stop(&t->input);
}

enum tm_exit tm_cmd_server_pt(struct tm_options *o, struct tm_msg *msg)
{
    struct transport t = {0};
    char dir[TM_FILE_PATH_MAX], listen[TM_ADDRESS_TEXT_MAX];
    const struct tm_server_role role = {
        .orport = &t.orport, .folder = t.env.state, .ready = on_ready, .end = on_end, .user = &t};
    enum tm_exit status = TM_EXIT_FAILED;
    enum tm_pt_verdict verdict = tm_pt_env_read(&t.env, TM_PROGRAM_SERVER, environ, msg);
    tm_pt_say_verdict(TM_PROGRAM_SERVER, verdict, msg->text);
    if (verdict != TM_PT_OK)
        return TM_EXIT_FAILED;
    tm_pt_log();
    if (t.env.has_unknown)
        tm_log(TM_LOG_WARN, "of the transports that are asked for, only " TM_PT_NAME " is known");
    if (!t.env.is_wanted) {
        tm_pt_say("SMETHODS DONE");
        return TM_EXIT_DONE;
    }
    if (set_options(&t, o, dir, listen, msg) == TM_OK)
        status = tm_server_run(o, &role, msg);
    if (status != TM_EXIT_DONE && !t.is_ready)
        tm_pt_say_no_method(TM_PROGRAM_SERVER, msg->text);
    OPENSSL_cleanse(&t.orport, sizeof t.orport);
    return status == TM_EXIT_DONE ? status : TM_EXIT_FAILED;
}
