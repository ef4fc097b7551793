/* tm/app/config.c - see config.h. */
#include "tm/app/config.h"

#include <stdio.h>
#include <string.h>

#include "tm/app/options_config.h"
#include "tm/app/paths.h"

static bool takes(const struct tm_options *o, enum tm_opt opt)
{
    return o->command < TM_CMD_N && (tm_options_info(opt)->commands & 1U << o->command) != 0;
}

/* The first of the places that has one; --config must. */
static int load_file(struct tm_config *c, const struct tm_options *o,
                     const struct tm_paths_env *env, struct tm_msg *msg)
{
    const char *given = o->v[TM_OPT_CONFIG].text;
    if (given != NULL) {
        (void)snprintf(c->path, sizeof c->path, "%s", given);
        return tm_file_load_public(given, &c->text, &c->len, msg);
    }
    const char *state = takes(o, TM_OPT_STATE) ? o->v[TM_OPT_STATE].text : NULL;
    char found[TM_FILE_PATH_MAX];
    if (state == NULL && tm_paths_state(found, o->program, env, NULL) == TM_OK)
        state = found;
    int rc = TM_OK;
    for (unsigned i = 0; rc != TM_ERR_CLOSED; i++) {
        rc = tm_paths_config(c->path, i, o->program, state, env);
        if (rc != TM_OK)
            continue;
        rc = tm_file_load_public(c->path, &c->text, &c->len, msg);
        if (rc != TM_ERR_CLOSED)
            return rc;
        rc = TM_OK;
    }
    c->path[0] = '\0';
    return TM_OK;
}

struct faults {
    const struct tm_config *c;
    const struct tm_options *o;
    struct tm_msg *msg; /* of the first */
    unsigned n;
};

static void on_fault(void *user, unsigned line, const char *text)
{
    struct faults *f = user;
    if (f->n++ == 0)
        (void)tm_msg_set(f->msg, TM_ERR_FORMAT, "%s:%u: %s", f->c->path, line, text);
    else if (f->o->v[TM_OPT_CHECK_CONFIG].given)
        (void)fprintf(stderr, "%s: %s:%u: %s\n", tm_options_program_name(f->o->program), f->c->path,
                      line, text);
}

static enum tm_config_fault read_file(struct tm_config *c, struct tm_options *o,
                                      const struct tm_paths_env *env, struct tm_msg *msg)
{
    if (load_file(c, o, env, msg) != TM_OK)
        return TM_CONFIG_BAD_FILE;
    struct faults f = {c, o, msg, 0};
    if (c->text == NULL || tm_options_config(o, c->text, on_fault, &f) == TM_OK)
        return TM_CONFIG_GOOD;
    struct tm_msg first = msg != NULL ? *msg : (struct tm_msg){""};
    if (f.n > 1 && !o->v[TM_OPT_CHECK_CONFIG].given)
        (void)tm_msg_set(msg, TM_ERR_FORMAT, "%.450s (and %u more: --check-config)", first.text,
                         f.n - 1);
    return TM_CONFIG_BAD_FILE;
}

enum tm_config_fault tm_config_read(struct tm_config *c, struct tm_options *o, struct tm_msg *msg)
{
    const struct tm_paths_env env = tm_paths_env();
    enum tm_config_fault fault = TM_CONFIG_GOOD;
    memset(c, 0, sizeof *c);
    if (takes(o, TM_OPT_STATE) && !o->v[TM_OPT_STATE].given) {
        if (tm_paths_state(c->state, o->program, &env, msg) != TM_OK)
            return TM_CONFIG_WRONG_USAGE;
        o->v[TM_OPT_STATE].text = c->state;
    }
    if (takes(o, TM_OPT_CONFIG))
        fault = read_file(c, o, &env, msg);
    o->config_path = c->path[0] != '\0' ? c->path : NULL;
    if (fault == TM_CONFIG_GOOD && tm_options_complete(o, msg) != TM_OK) {
        tm_options_blame(o, c->path, msg);
        fault = TM_CONFIG_WRONG_USAGE;
    }
    return fault;
}

enum tm_config_fault tm_config_again(struct tm_config *c, struct tm_options *fresh,
                                     const struct tm_options *old, struct tm_msg *msg)
{
    memset(c, 0, sizeof *c);
    if (tm_options_parse(fresh, old->program, old->argc, old->argv, msg) != TM_OK)
        return TM_CONFIG_WRONG_USAGE;
    return tm_config_read(c, fresh, msg);
}

void tm_config_say_ok(const struct tm_options *o)
{
    printf("ok%s%s\n", o->config_path != NULL ? ": " : "",
           o->config_path != NULL ? o->config_path : "");
}

void tm_config_free(struct tm_config *c)
{
    tm_file_free(c->text, c->len);
    c->text = NULL;
}
