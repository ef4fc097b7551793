/* audit/features/read_options.h - how captures are to be read, told alike to every command that attacks them:
 *
 *   --labels FILE  --split NAME  -p, --port N[,N]...  --block-s N  --keep-incomplete  --floor-us N
 *
 * A command makes tm_read_argp a child of its own parser and hands it a struct tm_read_options with the defaults. */
#ifndef TM_AUDIT_READ_OPTIONS_H
#define TM_AUDIT_READ_OPTIONS_H

#include <argp.h>
#include <stdint.h>

#include "audit/features/material.h"

struct tm_read_options {
    const char *labels; /* borrowed from argv; NULL: none */
    struct tm_material_cfg
        material; /* its ports, split, block_us, keep_incomplete; the rest is the command's */
    int64_t floor_us;
};

/* Every connection a session of its own, times rounded down to milliseconds, nothing chosen. */
struct tm_read_options tm_read_options_default(void);
/* Its input (argp's child_inputs) is a struct tm_read_options.  Wrong usage ends the process. */
extern const struct argp tm_read_argp;

/* "poster,times" -> enum tm_feature_group, ored; a name that is none is wrong usage of --groups and ends the process. */
unsigned tm_read_groups(const struct argp_state *state, const char *text);

#endif
