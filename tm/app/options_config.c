/* tm/app/options_config.c - a config file against the table of options, and options as a config file. */
#include "tm/app/options_config.h"

#include <assert.h>
#include <string.h>

#include "tm/app/suggest.h"

/* What is played is chosen as a whole: a choice on the command line puts aside all that the file says of it. */
static const enum tm_opt of_choice[] = {TM_OPT_PRESET,
                                        TM_OPT_MODEL,
                                        TM_OPT_SCHEDULE,
                                        TM_OPT_STRICT,
                                        TM_OPT_REPEAT,
                                        TM_OPT_USERS,
                                        TM_OPT_PACE,
                                        TM_OPT_SEED,
                                        TM_OPT_MACHINES_CLIENT,
                                        TM_OPT_MACHINES_SERVER,
                                        TM_OPT_MAX_PADDING_FRAC,
                                        TM_OPT_MAX_BLOCKING_FRAC,
                                        TM_OPT_CELL};

/* The commands of a program, as bits. */
static unsigned commands_of(enum tm_program program)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < TM_CMD_N; i++)
        if (tm_options_command((enum tm_command)i)->program == program)
            bits |= 1U << i;
    return bits;
}

static unsigned run_of(enum tm_program program)
{
    return 1U << (program == TM_PROGRAM_CLIENT ? TM_CMD_CLIENT_RUN : TM_CMD_SERVER_RUN);
}

bool tm_options_in_config(enum tm_program program, enum tm_opt opt)
{
    const struct tm_opt_info *info = tm_options_info(opt);
    bool is_run = (info->commands & run_of(program)) != 0;
    bool is_ours = (info->commands & commands_of(program)) != 0;
    return !info->line_only && (is_run || (is_ours && info->in_config));
}

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        s[--len] = '\0';
    return s;
}

static int unknown(const struct tm_options *o, const char *name, struct tm_msg *msg)
{
    enum tm_program other = o->program == TM_PROGRAM_CLIENT ? TM_PROGRAM_SERVER : TM_PROGRAM_CLIENT;
    enum tm_opt opt = tm_options_find(~0U, name, strlen(name));
    if (opt != TM_OPT_N && tm_options_in_config(other, opt))
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' is an option of %s", name,
                          tm_options_program_name(other));
    if (opt != TM_OPT_N && (tm_options_info(opt)->commands & commands_of(o->program)) != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' stands on the command line alone", name);
    struct tm_suggest s;
    char hint[TM_SUGGEST_TEXT];
    const char *bare = name + strspn(name, "-");
    tm_suggest_begin(&s, bare, strlen(bare));
    for (unsigned i = 0; i < TM_OPT_N; i++)
        if (tm_options_in_config(o->program, (enum tm_opt)i))
            tm_suggest_offer(&s, tm_options_info((enum tm_opt)i)->name);
    tm_suggest_text(hint, &s, "");
    return tm_msg_set(msg, TM_ERR_FORMAT, "unknown option '%.100s'%s", name, hint);
}

static bool is_of_choice(enum tm_opt opt)
{
    for (size_t i = 0; i < sizeof of_choice / sizeof *of_choice; i++)
        if (of_choice[i] == opt)
            return true;
    return false;
}

static bool is_on_line(const struct tm_options *o, enum tm_opt opt)
{
    return o->v[opt].given && o->v[opt].source == TM_OPT_FROM_LINE;
}

/* The command line says it, or something in its place. */
static bool is_overridden(const struct tm_options *o, enum tm_opt opt)
{
    bool has_choice = is_on_line(o, TM_OPT_PRESET) || is_on_line(o, TM_OPT_MODEL) ||
                      is_on_line(o, TM_OPT_SCHEDULE);
    bool is_list = tm_options_info(opt)->kind == TM_OPT_LIST;
    return (is_on_line(o, opt) && !is_list) ||
           (has_choice && o->program == TM_PROGRAM_CLIENT && is_of_choice(opt));
}

static int set(struct tm_options *o, enum tm_opt opt, const char *value, struct tm_msg *msg)
{
    struct tm_msg why = {""};
    int rc = TM_OK;
    if (tm_options_info(opt)->kind != TM_OPT_FLAG)
        rc = tm_options_set(o, opt, value, &why);
    else if (strcmp(value, "yes") == 0)
        rc = tm_options_set(o, opt, "yes", &why);
    else if (strcmp(value, "no") != 0)
        rc = tm_msg_set(&why, TM_ERR_FORMAT, "--%s: write yes or no", tm_options_info(opt)->name);
    const char *text = strncmp(why.text, "--", 2) == 0 ? why.text + 2 : why.text;
    return rc == TM_OK ? rc : tm_msg_set(msg, TM_ERR_FORMAT, "%s", text);
}

/* has_line: bit of what lines before have set. */
static int config_line(struct tm_options *o, uint8_t has_line[TM_OPT_N], char *line,
                       struct tm_msg *msg)
{
    struct tm_options aside = {.program = o->program, .command = o->command};
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return TM_OK;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "write 'name = value'");
    *equals = '\0';
    char *name = trim(line), *value = trim(equals + 1);
    enum tm_opt opt = tm_options_find(~0U, name, strlen(name));
    if (opt == TM_OPT_N || !tm_options_in_config(o->program, opt))
        return unknown(o, name, msg);
    if (tm_options_info(opt)->kind != TM_OPT_LIST && has_line[opt]++ != 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' is set twice", name);
    return set(is_overridden(o, opt) ? &aside : o, opt, value, msg);
}

int tm_options_config(struct tm_options *o, char *text, tm_options_fault_fn fault, void *user)
{
    uint8_t has_line[TM_OPT_N] = {0};
    int rc = TM_OK;
    o->from = TM_OPT_FROM_FILE;
    o->from_line = 1;
    for (char *line = text; line != NULL; o->from_line++) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        struct tm_msg why;
        if (config_line(o, has_line, line, &why) != TM_OK) {
            rc = TM_ERR_FORMAT;
            fault(user, o->from_line, why.text);
        }
        line = end;
    }
    return rc;
}

/* Options that the text names as "--NAME" and that the file has set: "; FILE:LINE says NAME". */
void tm_options_blame(const struct tm_options *o, const char *path, struct tm_msg *msg)
{
    struct tm_msg said = *msg;
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const char *name = tm_options_info((enum tm_opt)i)->name;
        size_t len = strlen(name);
        const char *at = said.text;
        if (!o->v[i].given || o->v[i].source != TM_OPT_FROM_FILE)
            continue;
        while ((at = strstr(at, "--")) != NULL) {
            at += 2;
            if (strncmp(at, name, len) == 0 &&
                strchr("abcdefghijklmnopqrstuvwxyz-", at[len]) == NULL) {
                struct tm_msg longer = *msg;
                (void)tm_msg_set(msg, TM_ERR_FORMAT, "%.300s (%.150s:%u: %s)", longer.text, path,
                                 o->v[i].line, name);
                break;
            }
        }
    }
}

static const char *const sources[] = {[TM_OPT_FROM_NOTHING] = "",
                                      [TM_OPT_FROM_DEFAULT] = "defaults",
                                      [TM_OPT_FROM_PRESET] = "of the preset",
                                      [TM_OPT_FROM_FILE] = "of the file",
                                      [TM_OPT_FROM_LINE] = "of the command line"};

struct printer {
    FILE *out;
    enum tm_opt_source source;
    bool has_head;
};

/* Defaults as comments: what is given counts as wanted, and may have nothing to decide. */
static void print_one(struct printer *p, enum tm_opt opt, const char *value)
{
    if (!p->has_head)
        fprintf(p->out, "# %s\n", sources[p->source]);
    p->has_head = true;
    fprintf(p->out, "%s%s = %s\n", p->source == TM_OPT_FROM_DEFAULT ? "#" : "",
            tm_options_info(opt)->name, value);
}

static void print_from(FILE *out, const struct tm_options *o, enum tm_opt_source source)
{
    struct printer p = {out, source, false};
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        const struct tm_opt_value *v = &o->v[i];
        if (info->kind != TM_OPT_LIST && v->text != NULL && v->source == source &&
            !info->line_only && (info->commands & 1U << o->command) != 0)
            print_one(&p, (enum tm_opt)i, info->kind == TM_OPT_FLAG ? "yes" : v->text);
    }
    for (size_t i = 0; i < o->n_list; i++)
        if (o->list[i].source == source)
            print_one(&p, o->list[i].opt, o->list[i].text);
}

void tm_options_print(FILE *out, const struct tm_options *o)
{
    static_assert(sizeof sources / sizeof *sources == TM_OPT_FROM_LINE + 1,
                  "a source without name");
    for (unsigned i = TM_OPT_FROM_LINE; i > TM_OPT_FROM_NOTHING; i--)
        print_from(out, o, (enum tm_opt_source)i);
}
