/* tm/app/config.h - from the command line to the options of a command: the state directory is found, the config file is found
 * and read, and all is checked.
 *
 *   command line > config file > preset > default */
#ifndef TM_APP_CONFIG_H
#define TM_APP_CONFIG_H

#include <stddef.h>

#include "tm/app/file.h"
#include "tm/app/options.h"
#include "tm/base/err.h"

/* What the values of options point into, beside argv. */
struct tm_config {
    char state[TM_FILE_PATH_MAX]; /* the directory that was found; "": it was given */
    char path[TM_FILE_PATH_MAX];  /* the file that was read; "": there is none */
    char *text;                   /* owned */
    size_t len;
};

enum tm_config_fault { TM_CONFIG_GOOD, TM_CONFIG_WRONG_USAGE, TM_CONFIG_BAD_FILE };

/* Completes options that tm_options_parse has read.  When several lines of the file are wrong, each is told to stderr if
 * --check-config asks, and msg has the first.  *c must live as long as o; tm_config_free in any case. */
TM_MUST_CHECK enum tm_config_fault tm_config_read(struct tm_config *c, struct tm_options *o,
                                                  struct tm_msg *msg);
/* The same command line with the file as it is now, into *fresh.  Nothing of the old ones changes. */
TM_MUST_CHECK enum tm_config_fault tm_config_again(struct tm_config *c, struct tm_options *fresh,
                                                   const struct tm_options *old,
                                                   struct tm_msg *msg);
/* What --check-config prints when nothing is wrong. */
void tm_config_say_ok(const struct tm_options *o);
void tm_config_free(struct tm_config *c);

#endif
