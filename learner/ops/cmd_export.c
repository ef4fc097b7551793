/* tm-learn export and import: models as JSON and back (doc/MODEL_JSON.md). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learner/commands.h"
#include "learner/ops/args.h"
#include "learner/ops/model_json.h"

#define IMPORT_LEN_MAX ((size_t)1 << 30)

struct export_options {
    const char *database;
    char **names; /* all models when none is given */
    size_t n_names;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_export(int key, char *arg, struct argp_state *st)
{
    struct export_options *o = st->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_ARGS:
        o->database = st->argv[st->next];
        o->names = st->argv + st->next + 1;
        o->n_names = (size_t)(st->argc - st->next - 1);
        return 0;
    case ARGP_KEY_END:
        if (!o->database)
            argp_error(st, "no database; name one, e.g. models.db");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print_models(const struct tm_store_entry *e, size_t n)
{
    struct tm_text t = {0};
    tm_model_json_write(&t, e, n);
    if (!t.is_bad)
        (void)fwrite(t.p, 1, t.len, stdout);
    int rc = t.is_bad ? TM_ERR_NOMEM : TM_OK;
    tm_text_deinit(&t);
    return rc;
}

/* The models of these names, in this order. */
static int export_named(const struct export_options *o, struct tm_msg *msg)
{
    int rc = TM_OK;
    size_t n = 0;
    struct tm_store_entry *all = calloc(o->n_names, sizeof *all);
    if (!all)
        return TM_ERR_NOMEM;
    for (; n < o->n_names && rc == TM_OK; n++) {
        struct tm_store_entry *one = NULL;
        rc = tm_args_load(o->database, o->names[n], &one, msg);
        if (rc != TM_OK)
            break;
        all[n] = *one;
        free(one);
        for (size_t i = 0; i < n; i++) {
            if (strcmp(all[i].model.name, all[n].model.name) == 0)
                rc = tm_msg_set(msg, TM_ERR_RANGE, "%s is named twice", all[n].model.name);
        }
    }
    if (rc == TM_OK)
        rc = print_models(all, n);
    tm_store_entries_free(all, n);
    return rc;
}

static int export_all(const struct export_options *o, struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    int rc = tm_store_load(o->database, &e, &n, msg);
    if (rc == TM_OK)
        rc = print_models(e, n);
    tm_store_entries_free(e, n);
    return rc;
}

int tm_cmd_export(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_export,
        .args_doc = "models.db [NAME...]",
        .doc = "Print models as JSON: all of a database, or those named.",
    };
    struct export_options o = {0};
    struct tm_msg msg = {""};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = o.n_names > 0 ? export_named(&o, &msg) : export_all(&o, &msg);
    return tm_args_report(rc, &msg);
}

enum { OPT_REPLACE = 0x100 };

struct import_options {
    const char *input;
    const char *output;
    bool is_replacing;
    bool is_quiet;
};

static const struct argp_option import_table[] = {
    {"output", 'o', "FILE", 0, "the model database; made when missing", 1},
    {"replace", OPT_REPLACE, NULL, 0, "replace models of the same names", 1},
    {"quiet", 'q', NULL, 0, "no report when all went well", 1},
    {0},
};

static error_t parse_import(int key, char *arg, struct argp_state *st)
{
    struct import_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case OPT_REPLACE:
        o->is_replacing = true;
        return 0;
    case 'q':
        o->is_quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->input)
            argp_error(st, "%s: one argument too many", arg);
        o->input = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->input)
            argp_error(st, "no file; name one that tm-learn export wrote, or - for standard input");
        if (!o->output)
            argp_error(st, "no database; say where the models go, e.g. -o models.db");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A model that is there already is an error, before anything is written; the same model is none. */
static int check_clash(const struct import_options *o, const struct tm_store_entry *e, size_t n,
                       struct tm_msg *msg)
{
    struct tm_store_entry *old = NULL;
    size_t n_old = 0;
    if (access(o->output, F_OK) != 0)
        return TM_OK;
    int rc = tm_store_load(o->output, &old, &n_old, msg);
    for (size_t i = 0; i < n && rc == TM_OK && !o->is_replacing; i++) {
        for (size_t k = 0; k < n_old && rc == TM_OK; k++) {
            if (strcmp(e[i].model.name, old[k].model.name) == 0 &&
                memcmp(e[i].digest, old[k].digest, TM_DIGEST_LEN) != 0)
                rc = tm_msg_set(msg, TM_ERR_RANGE,
                                "%s: has another model %s already: give --replace, or change the "
                                "name in %s",
                                o->output, e[i].model.name, o->input);
        }
    }
    tm_store_entries_free(old, n_old);
    return rc;
}

static int save_all(const struct import_options *o, const struct tm_store_entry *e, size_t n,
                    struct tm_msg *msg)
{
    struct tm_store_item *items = calloc(n + 1, sizeof *items);
    if (!items)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        items[i] = (struct tm_store_item){&e[i].model, e[i].prov, e[i].n_prov};
    int rc = tm_store_save_all(o->output, items, n, msg);
    free(items);
    return rc;
}

int tm_cmd_import(int argc, char **argv)
{
    static const struct argp argp = {
        .options = import_table,
        .parser = parse_import,
        .args_doc = "FILE",
        .doc = "Put models from JSON, as tm-learn export writes it, into a database."
               "\vFILE may be - for standard input.",
    };
    struct import_options o = {0};
    struct tm_msg msg = {""};
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    char *text = NULL;
    size_t len = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = tm_args_slurp(o.input, IMPORT_LEN_MAX, &text, &len, &msg);
    if (rc == TM_OK)
        rc = tm_model_json_read(text, len, o.input, &e, &n, &msg);
    free(text);
    if (rc == TM_OK)
        rc = check_clash(&o, e, n, &msg);
    if (rc == TM_OK)
        rc = save_all(&o, e, n, &msg);
    if (rc == TM_OK && !o.is_quiet)
        (void)fprintf(stderr, "tm-learn: %zu model%s written to %s\n", n, n == 1 ? "" : "s",
                      o.output);
    tm_store_entries_free(e, n);
    return tm_args_report(rc, &msg);
}
