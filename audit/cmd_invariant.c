/* tm-audit invariant: options and files around audit/invariant.h. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/commands.h"
#include "audit/invariant.h"
#include "tm/cli/args.h"

struct invariant_options {
    int is_compare;
    const char *logs[TM_AUDIT_LOGS_MAX];
    size_t n_logs;
};

enum { O_COMPARE = 256 };

static error_t parse_invariant(int key, char *arg, struct argp_state *state)
{
    struct invariant_options *o = state->input;
    switch (key) {
    case O_COMPARE:
        o->is_compare = 1;
        return 0;
    case ARGP_KEY_ARG:
        if (o->n_logs == TM_AUDIT_LOGS_MAX)
            argp_error(state, "%s: one log too many", arg);
        o->logs[o->n_logs++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->n_logs != (o->is_compare ? 2U : 1U))
            argp_error(state, o->is_compare ? "--compare takes two logs" : "one log is wanted");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option INVARIANT_OPTIONS[] = {
    {"compare", O_COMPARE, NULL, 0, "compare two logs as far as both came", 0}, {0}};

/* What stands on stdout is one line; identical: 0. */
static int print_comparison(const struct tm_invariant_result *r,
                            const struct tm_schedule s[TM_AUDIT_LOGS_MAX])
{
    if (r->is_different) {
        (void)printf("different: %s\n", r->text);
        if (strcmp(s[0].session[s[0].has_side[TM_CLIENT] ? TM_CLIENT : TM_SERVER].seed,
                   s[1].session[s[1].has_side[TM_CLIENT] ? TM_CLIENT : TM_SERVER].seed) != 0)
            (void)fputs("tm-audit: the seeds of the two sessions differ\n", stderr);
        return 1;
    }
    if (s[0].n_dropped > 0 || s[1].n_dropped > 0) {
        (void)fputs("tm-audit: a writer had to drop lines of its log: it proves nothing\n", stderr);
        return 1;
    }
    if (r->n_writes == 0) {
        (void)fputs("tm-audit: the logs have no write of any carrier in common\n", stderr);
        return 1;
    }
    (void)printf("identical: %" PRIu64 " writes of %" PRIu32 " carriers", r->n_writes,
                 r->n_carriers);
    if (r->n_only[0] + r->n_only[1] > 0)
        (void)printf(" (the first goes on for %" PRIu64 " writes, the second for %" PRIu64 ")",
                     r->n_only[0], r->n_only[1]);
    (void)putchar('\n');
    return 0;
}

static int invariant(const struct invariant_options *o)
{
    struct tm_schedule s[TM_AUDIT_LOGS_MAX] = {0};
    struct tm_invariant_result r;
    struct tm_msg msg = {""};
    int status = 1;
    for (size_t i = 0; i < o->n_logs; i++) {
        if (tm_audit_load_log(&s[i], o->logs[i], &msg) != TM_OK) {
            status = tm_audit_complain(&msg);
            goto out;
        }
    }
    int rc =
        o->is_compare ? tm_invariant_compare(&r, &s[0], &s[1]) : tm_invariant_print(&s[0], stdout);
    if (rc == TM_ERR_NOMEM)
        status = tm_audit_nomem();
    else if (rc != TM_OK)
        (void)fprintf(stderr, "tm-audit: standard output: %s\n", tm_strerror(rc));
    else
        status = o->is_compare ? print_comparison(&r, s) : 0;
out:
    for (size_t i = 0; i < TM_AUDIT_LOGS_MAX; i++)
        tm_schedule_deinit(&s[i]);
    return status;
}

int tm_cmd_invariant(int argc, char **argv)
{
    static const struct argp ARGP = {
        INVARIANT_OPTIONS,
        parse_invariant,
        "LOG\n--compare LOG1 LOG2",
        "Print what of a schedule neither the network nor the payload may change, "
        "or compare it between two runs.",
        NULL,
        NULL,
        NULL};
    struct invariant_options o = {0};
    tm_args_parse(&ARGP, argc, argv, &o);
    return invariant(&o);
}
