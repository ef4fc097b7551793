/* audit/detect/detect_options.h - what `tm-audit detect` is told on its command line. */
#ifndef TM_AUDIT_DETECT_OPTIONS_H
#define TM_AUDIT_DETECT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/detect/detect.h"
#include "audit/features/material.h"

#define TM_DETECT_FILES_MAX 32U

struct tm_detect_files {
    const char *path[TM_DETECT_FILES_MAX];
    size_t n;
};

struct tm_detect_options {
    struct tm_detect_files side[TM_DETECT_SIDES], cover_logs;
    const char *labels, *cover_labels; /* NULL: none */
    struct tm_material_cfg material;   /* ports, blocks, incomplete ones */
    struct tm_detect_cfg cfg;
    bool is_json, may_differ_in_side;
};

/* Defaults, then the command line; strings are borrowed from argv.  Wrong usage and --help end the process. */
void tm_detect_options_parse(struct tm_detect_options *o, int argc, char **argv);

#endif
