/* learner/audit_options.h - what `tm-learn audit` is told on the command line. */
#ifndef TM_LEARNER_AUDIT_OPTIONS_H
#define TM_LEARNER_AUDIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "learner/exposure.h"

#define TM_AUDIT_CAPTURES_MAX 1024U

struct tm_audit_options {
    const char *database; /* borrowed from argv, as all strings here */
    const char *name;
    char *train[TM_AUDIT_CAPTURES_MAX];
    size_t n_train; /* >= 1 */
    char *heldout[TM_AUDIT_CAPTURES_MAX];
    size_t n_heldout;
    struct tm_exposure_cfg limits;
    bool is_json;
};

/* Wrong usage and --help are answered at once and end the process: status 2 and 0. */
void tm_audit_options(struct tm_audit_options *o, int argc, char **argv);

#endif
