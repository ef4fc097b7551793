/* tm/app/options_parse.c - the command line against the table of options, and options against each other. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "models/mix.h"
#include "models/shuffle.h"
#include "tm/app/address.h"
#include "tm/app/forward.h"
#include "tm/app/innerdoor.h"
#include "tm/app/options.h"
#include "tm/app/preset.h"
#include "tm/app/suggest.h"
#include "tm/app/udpforward.h"
#include "tm/app/units.h"

/* Which of the words "a|b|c" value is; -1: none. */
static int find_choice(const char *words, const char *value)
{
    size_t len = strlen(value);
    for (int i = 0;; i++) {
        size_t n = strcspn(words, "|");
        if (n == len && memcmp(words, value, n) == 0)
            return i;
        if (words[n] == '\0')
            return -1;
        words += n + 1;
    }
}

static int check_range(const struct tm_opt_info *info, int64_t v, struct tm_msg *msg)
{
    if (v >= info->min && v <= info->max)
        return TM_OK;
    if (info->kind == TM_OPT_DURATION) {
        char lo[TM_UNITS_TEXT_MAX], hi[TM_UNITS_TEXT_MAX];
        tm_units_print_duration(lo, info->min);
        tm_units_print_duration(hi, info->max);
        return tm_msg_set(msg, TM_ERR_FORMAT, "--%s must be from %s to %s", info->name, lo, hi);
    }
    return tm_msg_set(msg, TM_ERR_FORMAT, "--%s must be from %" PRId64 " to %" PRId64, info->name,
                      info->min, info->max);
}

static int read_duration(const struct tm_opt_info *info, const char *value, int64_t *num,
                         struct tm_msg *msg)
{
    int rc = tm_units_duration(value, num);
    if (rc == TM_ERR_FORMAT)
        return tm_msg_set(
            msg, TM_ERR_FORMAT,
            "--%s: '%s' is no time; write a number and a unit, as 250ms, 10s, 5m, 24h", info->name,
            value);
    return check_range(info, rc == TM_OK ? *num : INT64_MAX, msg);
}

static int read_count(const struct tm_opt_info *info, const char *value, int64_t *num,
                      struct tm_msg *msg)
{
    int rc = tm_units_count(value, num);
    if (rc != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--%s: '%s' is no number from %" PRId64 " to %" PRId64, info->name, value,
                          info->min, info->max);
    return check_range(info, *num, msg);
}

static int add_to_list(struct tm_options *o, enum tm_opt opt, const char *value, struct tm_msg *msg)
{
    if (o->n_list == TM_OPTIONS_LIST_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "--%s: more than %u values",
                          tm_options_info(opt)->name, TM_OPTIONS_LIST_MAX);
    struct tm_forward f;
    struct tm_forward_remote r;
    struct tm_door d;
    struct tm_msg why;
    int rc = TM_OK;
    if (opt == TM_OPT_FORWARD)
        rc = tm_udpforward_is(value) ? tm_udpforward_parse(&f, value, &why)
                                     : tm_forward_parse(&f, value, &why);
    else if (opt == TM_OPT_REMOTE)
        rc = tm_forward_parse_remote(&r, value, &why);
    else if (opt == TM_OPT_DYNAMIC)
        rc = tm_door_parse_dynamic(&d, value, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "-%c %.480s", tm_options_info(opt)->letter, why.text);
    o->list[o->n_list++] = (struct tm_opt_item){opt, value, o->from};
    return TM_OK;
}

int tm_options_set(struct tm_options *o, enum tm_opt opt, const char *value, struct tm_msg *msg)
{
    const struct tm_opt_info *info = tm_options_info(opt);
    struct tm_opt_value *v = &o->v[opt];
    struct tm_address a;
    struct tm_innerdoor inner;
    struct tm_door d;
    struct tm_msg why;
    int rc = TM_OK;
    switch (info->kind) {
    case TM_OPT_FLAG:
        v->num = 1;
        break;
    case TM_OPT_TEXT:
        if (value == NULL || value[0] == '\0')
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s needs a value", info->name);
        break;
    case TM_OPT_ADDRESS:
        if (tm_address_parse(&a, value, &why) != TM_OK)
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s %.400s", info->name, why.text);
        break;
    case TM_OPT_DOOR:
        if (tm_door_parse(&d, value, &why) != TM_OK)
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s %.400s", info->name, why.text);
        break;
    case TM_OPT_LIST:
        rc = add_to_list(o, opt, value, msg);
        break;
    case TM_OPT_INNERDOOR:
        if (tm_innerdoor_parse(&inner, value, strncmp(info->arg, "unix:", 5) == 0, &why) != TM_OK)
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s: %.400s", info->name, why.text);
        break;
    case TM_OPT_DURATION:
        rc = read_duration(info, value, &v->num, msg);
        break;
    case TM_OPT_COUNT:
        rc = read_count(info, value, &v->num, msg);
        break;
    case TM_OPT_FRACTION:
        if (tm_units_fraction(value, &v->num) != TM_OK)
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s %.100s: a number from 0 to 1 is wanted",
                            info->name, value);
        break;
    case TM_OPT_CHOICE:
        v->num = find_choice(info->arg, value);
        if (v->num < 0)
            rc = tm_msg_set(msg, TM_ERR_FORMAT, "--%s: '%s' is none of %s", info->name, value,
                            info->arg);
        break;
    }
    if (rc != TM_OK)
        return rc;
    v->text = value;
    v->given = true;
    v->source = o->from;
    v->line = o->from_line;
    return TM_OK;
}

enum tm_opt tm_options_find(unsigned commands, const char *name, size_t len)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if ((info->commands & commands) != 0 && strlen(info->name) == len &&
            memcmp(info->name, name, len) == 0)
            return (enum tm_opt)i;
    }
    return TM_OPT_N;
}

static enum tm_opt find_letter(unsigned commands, char letter)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if ((info->commands & commands) != 0 && info->letter == letter)
            return (enum tm_opt)i;
    }
    return TM_OPT_N;
}

/* A letter is too little to guess from. */
static int unknown_option(unsigned commands, const char *word, bool is_long, struct tm_msg *msg)
{
    struct tm_suggest s;
    char hint[TM_SUGGEST_TEXT];
    tm_suggest_begin(&s, is_long ? word + 2 : "", is_long ? strcspn(word + 2, "=") : 0);
    for (unsigned i = 0; is_long && i < TM_OPT_N; i++)
        if ((tm_options_info((enum tm_opt)i)->commands & commands) != 0)
            tm_suggest_offer(&s, tm_options_info((enum tm_opt)i)->name);
    tm_suggest_text(hint, &s, "--");
    return tm_msg_set(msg, TM_ERR_FORMAT, "unknown option %.300s%s", word, hint);
}

/* One word that begins with '-' (and the next, when it is its value). */
static int parse_option(struct tm_options *o, int argc, char *const argv[], int *at,
                        struct tm_msg *msg)
{
    const char *word = argv[*at], *value = NULL;
    bool is_long = word[1] == '-';
    /* Before the command is known, only what all commands take. */
    unsigned commands = o->command < TM_CMD_N ? 1U << o->command : 0;
    enum tm_opt opt;
    if (is_long) {
        size_t len = strcspn(word + 2, "=");
        opt = tm_options_find(commands, word + 2, len);
        value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
    } else {
        opt = find_letter(commands, word[1]);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (opt == TM_OPT_N)
        return unknown_option(commands, word, is_long, msg);
    const struct tm_opt_info *info = tm_options_info(opt);
    if (info->kind == TM_OPT_FLAG && value != NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--%s takes no value", info->name);
    if (info->kind != TM_OPT_FLAG && value == NULL) {
        if (*at + 1 >= argc)
            return tm_msg_set(msg, TM_ERR_FORMAT, "--%s needs a value: %s", info->name, info->arg);
        value = argv[++*at];
    }
    return tm_options_set(o, opt, value, msg);
}

static enum tm_command find_command(enum tm_program program, const char *name)
{
    for (unsigned i = 0; i < TM_CMD_N; i++) {
        const struct tm_command_info *c = tm_options_command((enum tm_command)i);
        if (c->program == program && strcmp(c->name, name) == 0)
            return (enum tm_command)i;
    }
    return TM_CMD_N;
}

static int unknown_command(enum tm_program program, const char *word, struct tm_msg *msg)
{
    struct tm_suggest s;
    char hint[TM_SUGGEST_TEXT];
    tm_suggest_begin(&s, word, strlen(word));
    for (unsigned i = 0; i < TM_CMD_N; i++)
        if (tm_options_command((enum tm_command)i)->program == program)
            tm_suggest_offer(&s, tm_options_command((enum tm_command)i)->name);
    tm_suggest_text(hint, &s, "");
    return tm_msg_set(msg, TM_ERR_FORMAT, "unknown command '%.300s'%s", word, hint);
}

/* Help and version before a command; then the command itself, left in *at. */
static int parse_command(struct tm_options *o, int argc, char *const argv[], int *at,
                         struct tm_msg *msg)
{
    if (argc < 2)
        return tm_msg_set(msg, TM_ERR_FORMAT, "no command given");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        o->v[TM_OPT_HELP].given = true;
    } else if (strcmp(argv[1], "--version") == 0) {
        o->v[TM_OPT_VERSION].given = true;
    } else {
        o->command = find_command(o->program, argv[1]);
        if (o->command == TM_CMD_N)
            return unknown_command(o->program, argv[1], msg);
    }
    *at = 2;
    return TM_OK;
}

static void set_defaults(struct tm_options *o)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if (info->def != NULL) {
            int rc = tm_options_set(o, (enum tm_opt)i, info->def, NULL);
            TM_ASSERT_EQ(rc, TM_OK);
            o->v[i].given = false;
        }
    }
}

bool tm_options_means_machines(const char *model)
{
    return model != NULL && strcmp(model, "maybenot") == 0;
}

/* What only machines need. */
static int check_machines(const struct tm_options *o, bool is_meant, struct tm_msg *msg)
{
    static const enum tm_opt of_machines[] = {TM_OPT_MACHINES_CLIENT, TM_OPT_MACHINES_SERVER,
                                              TM_OPT_MAX_PADDING_FRAC, TM_OPT_MAX_BLOCKING_FRAC,
                                              TM_OPT_CELL};
    for (size_t i = 0; !is_meant && i < sizeof of_machines / sizeof *of_machines; i++) {
        if (o->v[of_machines[i]].given)
            return tm_msg_set(msg, TM_ERR_FORMAT, "--%s goes with --model maybenot",
                              tm_options_info(of_machines[i])->name);
    }
    return TM_OK;
}

/* Shuffling and machines have no schedule: what decides one has nothing to decide. */
static int check_driven(const struct tm_options *o, const char *text, struct tm_msg *msg)
{
    static const enum tm_opt of_plans[] = {TM_OPT_USERS,     TM_OPT_PACE,      TM_OPT_SEED,
                                           TM_OPT_ON_DEMAND, TM_OPT_IDLE_STOP, TM_OPT_PRESET,
                                           TM_OPT_PREP};
    uint32_t fixed_m = 0;
    bool is_maybenot = tm_options_means_machines(text);
    if (!is_maybenot && !tm_shuffle_is_meant(text, &fixed_m))
        return TM_OK;
    if (o->command == TM_CMD_CLIENT_PT && is_maybenot)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--model maybenot is not for pt: its machines are files");
    if (o->command != TM_CMD_CLIENT_RUN && o->command != TM_CMD_CLIENT_PT)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--model %s has no card: it has no schedule",
                          is_maybenot ? "maybenot" : "shuffle");
    if (fixed_m > TM_SHUFFLE_M_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--model %.100s: carriers are a number from 1 to %u",
                          text, TM_SHUFFLE_M_MAX);
    for (size_t i = 0; i < sizeof of_plans / sizeof *of_plans; i++) {
        if (o->v[of_plans[i]].given)
            return tm_msg_set(
                msg, TM_ERR_FORMAT, "--%s has nothing to decide: --model %s has no schedule",
                tm_options_info(of_plans[i])->name, is_maybenot ? "maybenot" : "shuffle");
    }
    if (o->v[TM_OPT_MASTER].num != 0 || o->v[TM_OPT_PLAN].num != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--model %s has no plans: neither --master server nor --plan embedded "
                          "goes with it",
                          is_maybenot ? "maybenot" : "shuffle");
    return TM_OK;
}

/* What --model says, and whether it or --users counts. */
static int check_model(const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_mix_text mix;
    struct tm_msg why;
    const char *text = o->v[TM_OPT_MODEL].text;
    int rc = check_machines(o, tm_options_means_machines(text), msg);
    if (rc != TM_OK || text == NULL)
        return rc;
    if (tm_mix_parse(&mix, text, &why) != TM_OK)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--model: %.480s", why.text);
    if (tm_mix_is_counted(text) && o->v[TM_OPT_USERS].given)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--users beside --model %.200s: the model says how many users there are; "
                          "write the numbers there",
                          text);
    return check_driven(o, text, msg);
}

/* A model or a schedule file; and what has something to decide beside it. */
static int check_source(const struct tm_options *o, struct tm_msg *msg)
{
    static const enum tm_opt of_models[] = {TM_OPT_MODEL, TM_OPT_USERS,     TM_OPT_PACE,
                                            TM_OPT_SEED,  TM_OPT_ON_DEMAND, TM_OPT_IDLE_STOP};
    static const enum tm_opt of_files[] = {TM_OPT_STRICT, TM_OPT_REPEAT};
    bool has_file = o->v[TM_OPT_SCHEDULE].given;
    for (size_t i = 0; has_file && i < sizeof of_models / sizeof *of_models; i++) {
        if (o->v[of_models[i]].given)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "--%s has nothing to decide: the schedule file says everything",
                              tm_options_info(of_models[i])->name);
    }
    for (size_t i = 0; !has_file && i < sizeof of_files / sizeof *of_files; i++) {
        if (o->v[of_files[i]].given)
            return tm_msg_set(msg, TM_ERR_FORMAT, "--%s goes with --schedule",
                              tm_options_info(of_files[i])->name);
    }
    if (has_file && o->v[TM_OPT_MASTER].num != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--master server: the client has the schedule file, so it is the master");
    return TM_OK;
}

/* What --ebpf needs, and what needs it. */
static int check_ebpf(const struct tm_options *o, struct tm_msg *msg)
{
    static const enum tm_opt with[] = {TM_OPT_CGROUP, TM_OPT_ON_EXIT, TM_OPT_EBPF_LET,
                                       TM_OPT_EXEC_SOCKET};
    const struct tm_opt_value *v = &o->v[TM_OPT_EBPF];
    for (size_t i = 0; v->num == 0 && i < sizeof with / sizeof *with; i++) {
        if (o->v[with[i]].given)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "--%s has nothing to decide without --ebpf connect",
                              tm_options_info(with[i])->name);
    }
    if (v->num == 0 && o->v[TM_OPT_RESOLVER].given && !o->v[TM_OPT_DNS].given)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--resolver has nothing to decide without --dns or --ebpf connect");
    return TM_OK;
}

/* The server can reach the client over carriers alone. */
static int check_remote(const struct tm_options *o, struct tm_msg *msg)
{
    const enum tm_opt with[] = {TM_OPT_ON_DEMAND, TM_OPT_IDLE_STOP};
    for (size_t i = 0; o->v[TM_OPT_REMOTE].given && i < sizeof with / sizeof *with; i++) {
        if (o->v[with[i]].given)
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "-R does not go with --%s: without cover the server cannot reach you",
                              tm_options_info(with[i])->name);
    }
    return TM_OK;
}

static int check_complete(const struct tm_options *o, struct tm_msg *msg)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if ((info->required & info->commands & 1U << o->command) != 0 && !o->v[i].given)
            return tm_msg_set(msg, TM_ERR_FORMAT, "--%s %s is required", info->name, info->arg);
    }
    const char *operand = tm_options_command(o->command)->operand;
    if (o->v[TM_OPT_LINK_FILE].given && o->operand != NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "--link-file beside a link: give one of them");
    if (operand != NULL && o->operand == NULL && !o->v[TM_OPT_LINK_FILE].given)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s is required", operand);
    int rc = check_model(o, msg);
    if (rc == TM_OK && o->command == TM_CMD_CLIENT_RUN)
        rc = check_source(o, msg);
    if (rc == TM_OK && o->command == TM_CMD_CLIENT_RUN)
        rc = check_remote(o, msg);
    return rc == TM_OK && o->command == TM_CMD_CLIENT_RUN ? check_ebpf(o, msg) : rc;
}

int tm_options_parse(struct tm_options *o, enum tm_program program, int argc, char *const argv[],
                     struct tm_msg *msg)
{
    memset(o, 0, sizeof *o);
    o->program = program;
    o->command = TM_CMD_N;
    o->argc = argc;
    o->argv = argv;
    o->from = TM_OPT_FROM_DEFAULT;
    set_defaults(o);
    o->from = TM_OPT_FROM_LINE;
    int at = 1;
    int rc = parse_command(o, argc, argv, &at, msg);
    if (rc != TM_OK || o->command == TM_CMD_N)
        return rc;
    bool only_operands = false;
    for (; at < argc; at++) {
        if (!only_operands && strcmp(argv[at], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[at][0] == '-' && argv[at][1] != '\0') {
            rc = parse_option(o, argc, argv, &at, msg);
            if (rc != TM_OK)
                return rc;
        } else if (tm_options_command(o->command)->operand == NULL || o->operand != NULL) {
            return tm_msg_set(msg, TM_ERR_FORMAT, "unexpected argument '%s'", argv[at]);
        } else {
            o->operand = argv[at];
            if (o->command == TM_CMD_EXEC) {
                o->rest = argv + at;
                break;
            }
        }
    }
    return TM_OK;
}

/* Nothing says what to play: the preset of that name.  What only goes with a model of one's own is refused before. */
static int choose_default(struct tm_options *o, struct tm_msg *msg)
{
    if (o->v[TM_OPT_MODEL].given || o->v[TM_OPT_PRESET].given || o->v[TM_OPT_SCHEDULE].given)
        return TM_OK;
    if (o->v[TM_OPT_USERS].given)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "--users needs a --model: the default preset says itself how many");
    o->from = TM_OPT_FROM_DEFAULT;
    return tm_options_set(o, TM_OPT_PRESET, "default", msg);
}

int tm_options_complete(struct tm_options *o, struct tm_msg *msg)
{
    if (o->command == TM_CMD_N || o->v[TM_OPT_HELP].given || o->v[TM_OPT_VERSION].given)
        return TM_OK;
    int rc = TM_OK;
    if (o->command == TM_CMD_CLIENT_RUN)
        rc = choose_default(o, msg);
    o->from = TM_OPT_FROM_PRESET;
    if (rc == TM_OK)
        rc = tm_preset_apply(o, msg);
    return rc == TM_OK ? check_complete(o, msg) : rc;
}
