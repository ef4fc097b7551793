/* tm/app/server_admin.c - the commands of tm-server that make links: setup, invite. */
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tm/app/address.h"
#include "tm/app/main.h"
#include "tm/app/models.h"
#include "tm/app/paths.h"
#include "tm/app/qr.h"
#include "tm/app/server_list.h"
#include "tm/app/server_state.h"
#include "tm/app/units.h"
#include "tm/base/time.h"
#include "tm/core/link.h"

#define CONFIG_MAX 4096U

static const char *text_of(const struct tm_options *o, enum tm_opt opt)
{
    return o->v[opt].text;
}

/* Host, port and name of links: --public, or --listen when that is an address. */
static int set_link_address(struct tm_link *l, const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_address a;
    const char *name = text_of(o, TM_OPT_NAME);
    const char *text = text_of(o, TM_OPT_PUBLIC);
    if (text == NULL)
        text = text_of(o, TM_OPT_LISTEN);
    if (text == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the link needs an address: add --public HOST:PORT");
    int rc = tm_address_parse(&a, text, msg);
    if (rc != TM_OK)
        return rc;
    if (a.host[0] == '\0' || strcmp(a.host, "0.0.0.0") == 0 || strcmp(a.host, "::") == 0 ||
        a.port == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%s' is no address that clients can dial: add --public HOST:PORT", text);
    if (name != NULL && strlen(name) >= sizeof l->name)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--name is too long");
    memcpy(l->host, a.host, sizeof a.host);
    l->port = a.port;
    snprintf(l->name, sizeof l->name, "%s", name != NULL ? name : "");
    /* A dry run: will it make a link? */
    char trial[TM_LINK_TEXT_MAX];
    if (tm_link_encode(l, trial, sizeof trial) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' or --name '%s' is no host name", text, l->name);
    return TM_OK;
}

/* The columns of a terminal that shows UTF-8; 0: standard output is none. */
static unsigned terminal_columns(void)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
        setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return 0;
    return size.ws_col;
}

/* The link as a QR code: on a terminal, or because --qr says so. */
static void print_qr(const char *text, const struct tm_options *o)
{
    struct tm_msg why;
    unsigned columns = terminal_columns();
    bool is_asked = o->v[TM_OPT_QR].given;
    if (!is_asked && (columns == 0 || !tm_qr_is_built()))
        return;
    fflush(stdout);
    if (tm_qr_print(stdout, text, columns > 0 ? TM_QR_COLOUR : TM_QR_PLAIN,
                    is_asked ? UINT_MAX : columns, &why) != TM_OK)
        fprintf(stderr, "no QR code: %s\n", why.text);
}

/* Makes an invitation and prints its link. */
static int print_link(const struct tm_server_state *s, struct tm_link *l,
                      const struct tm_options *o, struct tm_msg *msg)
{
    int64_t expires_us = o->v[TM_OPT_EXPIRES].num;
    struct tm_invite invite;
    char text[TM_LINK_TEXT_MAX], valid[TM_UNITS_TEXT_MAX];
    int rc = tm_server_state_invite(s, (int64_t)time(NULL) + expires_us / TM_US_PER_S,
                                    text_of(o, TM_OPT_LABEL), &invite, msg);
    if (rc != TM_OK)
        return rc;
    tm_identity_public(s->identity, l->server_pin);
    memcpy(l->invite_id, invite.id, sizeof l->invite_id);
    memcpy(l->invite_secret, invite.secret, sizeof l->invite_secret);
    memcpy(l->token_prefix, s->token.prefix, sizeof l->token_prefix);
    memcpy(l->token_key, s->token.key, sizeof l->token_key);
    rc = tm_link_encode(l, text, sizeof text);
    TM_ASSERT_EQ(rc, TM_OK);
    printf("%s\n", text);
    print_qr(text, o);
    tm_units_print_duration(valid, expires_us);
    fprintf(stderr,
            "the link is a password: one client can join with it, within %s\n"
            "on the client: tm-client join LINK\n",
            valid);
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(&invite, sizeof invite);
    OPENSSL_cleanse(l, sizeof *l);
    return TM_OK;
}

/* The config file of a new server: what setup was told.  models is an absolute path or NULL. */
static int write_config(char out[CONFIG_MAX], const struct tm_options *o, const char *models,
                        struct tm_msg *msg)
{
    static const enum tm_opt kept[] = {TM_OPT_LISTEN, TM_OPT_PUBLIC, TM_OPT_NAME, TM_OPT_DECOY,
                                       TM_OPT_MODELS};
    int n =
        snprintf(out, CONFIG_MAX, "# options of tm-server run; the command line overrides them\n");
    for (size_t i = 0; i < sizeof kept / sizeof kept[0] && n > 0 && (unsigned)n < CONFIG_MAX; i++) {
        const char *value = kept[i] == TM_OPT_MODELS ? models : text_of(o, kept[i]);
        if (value == NULL)
            continue;
        if (strchr(value, '\n') != NULL)
            return tm_msg_set(msg, TM_ERR_FORMAT, "--%s has a line break",
                              tm_options_info(kept[i])->name);
        n += snprintf(out + n, CONFIG_MAX - (unsigned)n, "%s = %s\n",
                      tm_options_info(kept[i])->name, value);
    }
    return n > 0 && (unsigned)n < CONFIG_MAX
               ? TM_OK
               : tm_msg_set(msg, TM_ERR_FORMAT, "an option is too long");
}

/* The database must be usable now, and found wherever the server is started from. */
static int check_models(const char *path, char **absolute, struct tm_msg *msg)
{
    struct tm_models m;
    *absolute = NULL;
    if (path == NULL)
        return TM_OK;
    int rc = tm_models_load(&m, path, msg);
    if (rc != TM_OK)
        return rc;
    tm_models_deinit(&m);
    *absolute = realpath(path, NULL);
    return *absolute != NULL ? TM_OK : tm_msg_set(msg, TM_ERR_NOMEM, "cannot find %s again", path);
}

static bool label_ok(const struct tm_options *o, struct tm_msg *msg)
{
    const char *label = text_of(o, TM_OPT_LABEL);
    if (label == NULL || tm_server_label_ok(label))
        return true;
    tm_msg_set(msg, TM_ERR_FORMAT,
               "--label takes 1 to %d letters, digits and any of . _ @ + -, and no identifier",
               TM_SERVER_LABEL_MAX);
    return false;
}

enum tm_exit tm_cmd_setup(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_link link = {0};
    struct tm_server_state s = {0};
    char config[CONFIG_MAX];
    char *models = NULL;
    enum tm_exit status = TM_EXIT_USAGE;
    if (!label_ok(o, msg) || set_link_address(&link, o, msg) != TM_OK)
        return status;
    if (check_models(text_of(o, TM_OPT_MODELS), &models, msg) != TM_OK) {
        status = TM_EXIT_FAILED;
        goto out;
    }
    if (write_config(config, o, models, msg) != TM_OK)
        goto out;
    status = TM_EXIT_FAILED;
    const struct tm_paths_env env = tm_paths_env();
    if (!o->v[TM_OPT_STATE].given &&
        tm_paths_make_parents(text_of(o, TM_OPT_STATE), &env, msg) != TM_OK)
        goto out;
    if (tm_server_state_create(&s, text_of(o, TM_OPT_STATE), config, msg) == TM_OK &&
        print_link(&s, &link, o, msg) == TM_OK)
        status = TM_EXIT_DONE;
out:
    if (status == TM_EXIT_DONE)
        fprintf(stderr, "next, here: tm-server run%s%s\n",
                o->v[TM_OPT_STATE].given ? " --state " : "", o->v[TM_OPT_STATE].given ? s.dir : "");
    tm_server_state_deinit(&s);
    free(models);
    return status;
}

enum tm_exit tm_cmd_invite(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_link link = {0};
    struct tm_server_state s = {0};
    enum tm_exit status = TM_EXIT_FAILED;
    if (o->v[TM_OPT_PENDING].given)
        return tm_server_list_invites(o, msg);
    if (!label_ok(o, msg))
        return TM_EXIT_USAGE;
    if (tm_server_state_load(&s, text_of(o, TM_OPT_STATE), msg) == TM_OK &&
        set_link_address(&link, o, msg) == TM_OK && print_link(&s, &link, o, msg) == TM_OK)
        status = TM_EXIT_DONE;
    tm_server_state_deinit(&s);
    return status;
}
