/* tm-learn diff: what differs between two models, to the last value. */
#include <stdio.h>
#include <string.h>

#include "learner/commands.h"
#include "learner/ops/args.h"
#include "learner/ops/compare_report.h"

enum { OPT_JSON = 0x100 };

struct options {
    char *arg[2];
    size_t n_args;
    bool is_json;
};

static const struct argp_option option_table[] = {
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    switch (key) {
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->n_args == 2)
            argp_error(st, "%s: one argument too many", arg);
        o->arg[o->n_args++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->n_args < 2)
            argp_error(st, "name two models, e.g. old.db:https new.db:https");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print(const struct options *o, const struct tm_store_entry *const e[2])
{
    char label[2][400];
    const char *const name[2] = {label[0], label[1]};
    struct tm_text t = {0};
    for (int s = 0; s < 2; s++)
        (void)snprintf(label[s], sizeof label[s], "%s:%s", o->arg[s], e[s]->model.name);
    (o->is_json ? tm_diff_json : tm_diff_text)(&t, name, e);
    if (!t.is_bad)
        (void)fwrite(t.p, 1, t.len, stdout);
    int rc = t.is_bad ? TM_ERR_NOMEM : TM_OK;
    tm_text_deinit(&t);
    return rc;
}

int tm_cmd_diff(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "A.db[:NAME] B.db[:NAME]",
        .doc = "Show what differs between two models."
               "\vThe name may be left out where a database holds one model.",
    };
    struct options o = {0};
    struct tm_msg msg = {""};
    struct tm_store_entry *e[2] = {NULL, NULL};
    tm_args_parse(&argp, argc, argv, &o);
    int rc = TM_OK;
    for (int s = 0; s < 2 && rc == TM_OK; s++) {
        const char *name = tm_args_cut_name(o.arg[s]);
        rc = tm_args_load(o.arg[s], name, &e[s], &msg);
    }
    if (rc == TM_OK)
        rc = print(&o, (const struct tm_store_entry *const[]){e[0], e[1]});
    tm_store_entries_free(e[0], 1);
    tm_store_entries_free(e[1], 1);
    return tm_args_report(rc, &msg);
}
