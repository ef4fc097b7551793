/* tm-audit report: runs the attacks that it is given options for, and writes one page.
 *
 * Each attack hands its results to a function and keeps them until that returns; so the attacks are nested, and the innermost call
 * writes the page. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/classify/classify_command.h"
#include "audit/commands.h"
#include "audit/correlate/correlate_command.h"
#include "audit/detect/detect_command.h"
#include "audit/interference/interference_command.h"
#include "audit/report/report.h"
#include "audit/report/report_args.h"

struct job {
    struct tm_report_args args;
    struct tm_report report;
    unsigned next; /* enum tm_report_attack: not run yet */
};

static int write_page(const struct job *j)
{
    struct tm_text page = {0};
    struct tm_msg msg;
    const char *path = j->args.output;
    bool is_stdout = strcmp(path, "-") == 0;
    int status = 1;
    FILE *f = NULL;
    if (tm_report_page(&page, &j->report) != TM_OK) {
        status = tm_audit_nomem();
        goto out;
    }
    f = is_stdout ? stdout : fopen(path, "w");
    bool is_written = f && fwrite(page.p, 1, page.len, f) == page.len && fflush(f) == 0;
    if (f && !is_stdout)
        is_written = fclose(f) == 0 && is_written;
    if (!is_written) {
        (void)tm_msg_set(&msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
        status = tm_audit_complain(&msg);
        goto out;
    }
    status = 0;
out:
    tm_text_deinit(&page);
    return status;
}

static int run_next(struct job *j);

static int got_detect(void *ctx, const struct tm_detect_result *r)
{
    struct job *j = ctx;
    j->report.detect = r;
    return run_next(j);
}

static int got_classify(void *ctx, const struct tm_classify_result *r)
{
    struct job *j = ctx;
    j->report.classify = r;
    return run_next(j);
}

static int got_interference(void *ctx, const struct tm_interference_report *r)
{
    struct job *j = ctx;
    j->report.interference = r;
    return run_next(j);
}

static int got_correlate(void *ctx, const struct tm_correlate *r)
{
    struct job *j = ctx;
    j->report.correlate = r;
    return run_next(j);
}

static int run_next(struct job *j)
{
    while (j->next < TM_REPORT_ATTACKS && j->args.part[j->next].argc == 0)
        j->next++;
    if (j->next == TM_REPORT_ATTACKS)
        return write_page(j);
    enum tm_report_attack attack = (enum tm_report_attack)j->next++;
    int argc = j->args.part[attack].argc;
    char **argv = j->args.part[attack].argv;
    switch (attack) {
    case TM_REPORT_DETECT:
        return tm_detect_command(argc, argv, got_detect, j);
    case TM_REPORT_CLASSIFY:
        return tm_classify_command(argc, argv, got_classify, j);
    case TM_REPORT_INTERFERENCE:
        return tm_interference_command(argc, argv, got_interference, j);
    case TM_REPORT_CORRELATE:
        return tm_correlate_command(argc, argv, got_correlate, j);
    case TM_REPORT_ATTACKS:
        break;
    }
    return 1;
}

/* Whether the page can be written, asked before minutes of work. */
static int check_output(const char *path, struct tm_msg *msg)
{
    char dir[4096] = ".";
    const char *slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0)
        return TM_OK;
    if (slash && (size_t)(slash - path) + 1 < sizeof dir) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);
        memcpy(dir, path, len);
        dir[len] = '\0';
    }
    bool is_there = access(path, F_OK) == 0;
    if (access(is_there ? path : dir, W_OK) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    return TM_OK;
}

static const struct argp_option OPTIONS[] = {
    {"output", 'o', "FILE", 0, "where the page goes; - is standard output (required)", 0},
    {"title", 'T', "TEXT", 0, "heading of the page", 0},
    {0}};

static void print_help(void)
{
    static const struct argp ARGP = {
        OPTIONS,
        NULL,
        "-o FILE [DETECT OPTION...] [classify OPTION...] [interference OPTION...] "
        "[correlate OPTION...]",
        "Run the attacks that are given options, and write one self-contained HTML page about "
        "them.\vAll options of tm-audit detect are understood; those behind the word classify, "
        "interference or correlate go to that attack.  tm-audit detect --help lists them.",
        NULL,
        NULL,
        NULL};
    static char name[] = "tm-audit report";
    argp_help(&ARGP, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, name);
}

int tm_cmd_report(int argc, char **argv)
{
    struct job j = {0};
    struct tm_text command = {0};
    struct tm_msg msg = {""};
    int status = 2;
    if (tm_report_args_parse(&j.args, argc, argv, &msg) != TM_OK) {
        (void)fprintf(stderr, "tm-audit report: %s\nTry `tm-audit report --help'.\n", msg.text);
        goto out;
    }
    if (j.args.wants_help) {
        print_help();
        status = 0;
        goto out;
    }
    if (check_output(j.args.output, &msg) != TM_OK) {
        status = tm_audit_complain(&msg);
        goto out;
    }
    tm_report_args_text(&command, argc, argv);
    if (tm_text_status(&command) != TM_OK) {
        status = tm_audit_nomem();
        goto out;
    }
    j.report.title = j.args.title;
    j.report.command = command.p;
    status = run_next(&j);
out:
    tm_text_deinit(&command);
    tm_report_args_deinit(&j.args);
    return status;
}
