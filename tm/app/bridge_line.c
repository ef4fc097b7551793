/* tm/app/bridge_line.c - see bridge_line.h. */
#include "tm/app/bridge_line.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "tm/app/kv.h"
#include "tm/app/pt_env.h"

#define DIGEST_LEN  8U
#define WORDS_MAX   24
#define DEFAULT_SET "default" /* the preset of a line and a command that say nothing */

/* Options that a line may have; the first four are one choice. */
static const enum tm_opt of_lines[] = {TM_OPT_PRESET, TM_OPT_MODEL, TM_OPT_USERS, TM_OPT_PACE,
                                       TM_OPT_IDLE_STOP};
#define N_CHOICE 4U
static const enum tm_opt of_command[] = {TM_OPT_MODELS, TM_OPT_GRACE, TM_OPT_CC};

static const char *of_line(const struct tm_bridge_line *b, enum tm_opt opt)
{
    return tm_ptargs_get(&b->args, tm_options_info(opt)->name);
}

static int check_keys(const struct tm_bridge_line *b, struct tm_msg *msg)
{
    for (size_t i = 0; i < b->args.n; i++) {
        bool is_known = strcmp(b->args.arg[i].key, "link") == 0;
        for (size_t k = 0; k < sizeof of_lines / sizeof *of_lines; k++)
            is_known =
                is_known || strcmp(b->args.arg[i].key, tm_options_info(of_lines[k])->name) == 0;
        if (!is_known)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "unknown argument '%.60s'; there are link, preset, model, users, "
                              "pace, idle-stop",
                              b->args.arg[i].key);
    }
    return TM_OK;
}

/* A command line that is made; what it holds is the bridge's and the command's. */
struct words {
    const char *word[WORDS_MAX];
    char name[WORDS_MAX][32];
    int n;
};

static void add(struct words *w, enum tm_opt opt, const char *value)
{
    char *name = w->name[w->n];
    TM_ASSERT_LE(w->n + 2, WORDS_MAX);
    (void)snprintf(name, sizeof w->name[0], "--%s", tm_options_info(opt)->name);
    w->word[w->n++] = name;
    w->word[w->n++] = value;
}

/* The value of an option of bridge lines; NULL: nobody gave one.  The command's preset has set its model, users and pace by now. */
static const char *value_of(const struct tm_bridge_line *b, const struct tm_options *command,
                            enum tm_opt opt, bool line_chooses)
{
    const struct tm_opt_value *v = &command->v[opt];
    bool is_command = opt == TM_OPT_IDLE_STOP || (!line_chooses && opt != TM_OPT_PRESET);
    const char *value = of_line(b, opt);
    return value == NULL && is_command && v->given ? v->text : value;
}

/* What tm-client run would be told: what the bridge line says about the model, else what the command line of pt does, else the default. */
static int make_options(struct tm_bridge_line *b, const struct tm_options *command,
                        struct tm_msg *msg)
{
    struct words w = {.word = {"tm-client", "run"}, .n = 2};
    char *argv[WORDS_MAX];
    bool line_chooses = false, is_chosen = false;
    add(&w, TM_OPT_STATE, b->dir);
    for (size_t i = 0; i < N_CHOICE; i++)
        line_chooses = line_chooses || of_line(b, of_lines[i]) != NULL;
    for (size_t i = 0; i < sizeof of_lines / sizeof *of_lines; i++) {
        const char *value = value_of(b, command, of_lines[i], line_chooses);
        if (value != NULL)
            add(&w, of_lines[i], value);
        is_chosen = is_chosen || (value != NULL &&
                                  (of_lines[i] == TM_OPT_PRESET || of_lines[i] == TM_OPT_MODEL));
    }
    for (size_t i = 0; i < sizeof of_command / sizeof *of_command; i++)
        if (command->v[of_command[i]].given)
            add(&w, of_command[i], command->v[of_command[i]].text);
    if (!is_chosen)
        add(&w, TM_OPT_PRESET, DEFAULT_SET);
    memcpy(argv, w.word, sizeof argv); /* as main has them, though nobody writes to them */
    int rc = tm_options_parse(&b->o, TM_PROGRAM_CLIENT, w.n, argv, msg);
    if (rc == TM_OK)
        rc = tm_options_complete(&b->o, msg);
    if (rc == TM_OK && tm_options_means_machines(b->o.v[TM_OPT_MODEL].text))
        rc = tm_msg_set(msg, TM_ERR_UNSUPPORTED, "model=maybenot: its machines are files");
    return rc;
}

/* The folder of these keys. */
static int make_dir(struct tm_bridge_line *b, const char *top, const char *keys, struct tm_msg *msg)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char name[2 * DIGEST_LEN + 1];
    (void)SHA256((const uint8_t *)keys, strlen(keys), digest);
    tm_hex_encode(name, digest, DIGEST_LEN);
    return tm_file_path(b->dir, top, name, NULL, msg);
}

static int set_addr(struct tm_bridge_line *b, const struct tm_dest *d, struct tm_msg *msg)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(d->port)};
    if (d->kind == TM_ADDR_NAME)
        return tm_msg_set(msg, TM_ERR_RANGE, "a bridge line has an address and no name");
    if (d->kind == TM_ADDR_IPV4) {
        memcpy(&in.sin_addr, d->addr, sizeof in.sin_addr);
        memcpy(&b->addr, &in, sizeof in);
    } else {
        memcpy(&in6.sin6_addr, d->addr, sizeof in6.sin6_addr);
        memcpy(&b->addr, &in6, sizeof in6);
    }
    return TM_OK;
}

int tm_bridge_line_read(struct tm_bridge_line *b, const struct tm_proxy *p,
                        const struct tm_options *command, const char *top, struct tm_msg *msg)
{
    memset(b, 0, sizeof *b);
    int rc = tm_ptargs_read(&b->args, p->login, p->login_len, msg);
    if (rc != TM_OK)
        return rc;
    const char *keys = tm_ptargs_get(&b->args, "link");
    if (keys == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "the bridge line has no link=...; its operator finds it in "
                          "pt_state/" TM_PT_NAME "_bridgeline.txt");
    rc = check_keys(b, msg);
    if (rc == TM_OK)
        rc = tm_link_decode_keys(&b->link, keys, msg);
    if (rc == TM_OK)
        rc = set_addr(b, &p->dest, msg);
    if (rc == TM_OK)
        rc = make_dir(b, top, keys, msg);
    return rc == TM_OK ? make_options(b, command, msg) : rc;
}
