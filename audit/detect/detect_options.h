/* audit/detect/detect_options.h - what `tm-audit detect` is told on its command line. */
#ifndef TM_AUDIT_DETECT_OPTIONS_H
#define TM_AUDIT_DETECT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/detect/detect.h"
#include "audit/features/read_options.h"

#define TM_DETECT_FILES_MAX 32U

struct tm_detect_files {
    const char *path[TM_DETECT_FILES_MAX];
    size_t n;
};

struct tm_detect_options {
    struct tm_detect_files side[TM_DETECT_SIDES], cover_logs;
    struct tm_read_options read; /* labels: of --real and --train; split: of --real */
    const char *cover_labels;    /* NULL: none */
    struct tm_detect_cfg cfg;
    bool is_json, may_differ_in_side;
};

/* Defaults, then the command line; strings are borrowed from argv.  Wrong usage and --help end the process. */
void tm_detect_options_parse(struct tm_detect_options *o, int argc, char **argv);

#endif
