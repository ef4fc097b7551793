/* audit/report/report_args.h - the command line of `tm-audit report`, cut into that of each attack.
 *
 *   tm-audit report -o FILE [DETECT OPTION...] [classify OPTION...] [interference OPTION...] [correlate OPTION...]
 *
 * What stands before the first word that names an attack belongs to detect; the words may come in any order, each once.  Every part
 * goes to that attack's own parser, so that all of its options are understood here. */
#ifndef TM_AUDIT_REPORT_ARGS_H
#define TM_AUDIT_REPORT_ARGS_H

#include <stdbool.h>

#include "page/text.h"
#include "tm/base/err.h"

enum tm_report_attack {
    TM_REPORT_DETECT,
    TM_REPORT_CLASSIFY,
    TM_REPORT_INTERFERENCE,
    TM_REPORT_CORRELATE,
    TM_REPORT_ATTACKS
};
/* "detect", ...: the word that begins its options. */
const char *tm_report_attack_name(enum tm_report_attack a);

struct tm_report_args {
    const char *output, *title; /* borrowed from argv; NULL: not given */
    bool wants_help;
    /* For each attack an argv of its own: a title, its words, NULL.  argc 0: not asked for. */
    struct {
        int argc;
        char **argv; /* owned; the words are borrowed */
    } part[TM_REPORT_ATTACKS];
};

/* TM_ERR_FORMAT: an option without its value, a word twice, no output, no attack (msg says which); TM_ERR_NOMEM.  What it holds is
 * freed by tm_report_args_deinit in any case. */
TM_MUST_CHECK int tm_report_args_parse(struct tm_report_args *a, int argc, char **argv,
                                       struct tm_msg *msg);
void tm_report_args_deinit(struct tm_report_args *a);
/* argv as it would be typed into a shell, quoted where needed. */
void tm_report_args_text(struct tm_text *out, int argc, char *const *argv);

#endif
