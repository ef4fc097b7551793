/* tm/app/options_config.h - options as a config file has them, and back.  Pure but for the FILE. */
#ifndef TM_APP_OPTIONS_CONFIG_H
#define TM_APP_OPTIONS_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "tm/app/options.h"
#include "tm/base/err.h"

/* Whether the option may stand in the program's config file. */
bool tm_options_in_config(enum tm_program program, enum tm_opt opt);
/* Sets what the config text says and the command line did not; the command line's LIST values add to the file's, and a
 * --model, --preset or --schedule on it puts aside all that the file says of what is played.  Lines are "name = value",
 * flags "name = yes" or "no"; "#" begins a comment line.  text is cut into strings in place and must live as
 * long as o.  Reads to the end: fault is called for every line that is wrong.  TM_ERR_FORMAT: there was one. */
typedef void (*tm_options_fault_fn)(void *user, unsigned line, const char *text);
TM_MUST_CHECK int tm_options_config(struct tm_options *o, char *text, tm_options_fault_fn fault,
                                    void *user);
/* Adds to a message of tm_options_complete where in the file at path the options stand that it names. */
void tm_options_blame(const struct tm_options *o, const char *path, struct tm_msg *msg);
/* What the command has come to, in the form of a config file, by where it comes from. */
void tm_options_print(FILE *out, const struct tm_options *o);

#endif
