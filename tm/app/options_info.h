/* tm/app/options_info.h - a row of the table of options: what is known of an option before anything was said.  Pure. */
#ifndef TM_APP_OPTIONS_INFO_H
#define TM_APP_OPTIONS_INFO_H

#include <stdbool.h>
#include <stdint.h>

enum tm_opt_kind {
    TM_OPT_FLAG,
    TM_OPT_TEXT,
    TM_OPT_ADDRESS,   /* HOST:PORT (tm/app/address.h) */
    TM_OPT_LIST,      /* text, may be repeated */
    TM_OPT_INNERDOOR, /* tm/app/innerdoor.h; a path only where `arg` begins with "unix:" */
    TM_OPT_DURATION,  /* tm/app/units.h; num is us */
    TM_OPT_COUNT,
    TM_OPT_FRACTION, /* tm/app/units.h; num is millionths */
    TM_OPT_CHOICE,   /* one of two or more words; num is which, from 0 */
    TM_OPT_DOOR      /* HOST:PORT or unix:/PATH (tm/app/forward.h) */
};

/* A file or folder that the option names: what run does with it inside its sandbox (tm/app/confine.h). */
enum tm_opt_file { TM_OPT_FILE_NONE, TM_OPT_FILE_READ, TM_OPT_FILE_WRITTEN };

struct tm_opt_info {
    const char *name; /* long name, without dashes */
    char letter;      /* 0: none */
    const char
        *arg; /* "DIR", as help writes it; for CHOICE the words, "early|exact"; NULL for FLAG */
    enum tm_opt_kind kind;
    unsigned commands;        /* bit 1 << enum tm_command: may be given */
    unsigned required;        /* must be given there */
    bool in_config;           /* may stand in the config file although `run` does not take it */
    bool line_only;           /* may not, although `run` takes it */
    bool live;                /* `run` takes a new value when it reads the config again (SIGHUP) */
    const char *def;          /* as a person would write it; NULL: none */
    const char *shown_def[2]; /* for help, by enum tm_program, when it is found out at run time */
    int64_t min, max;         /* DURATION (us), COUNT */
    enum tm_opt_file file;
    const char *help;
};

#endif
