/* tm/app/pt_env.h - what a parent process says to a pluggable transport, in the environment: Tor's managed mode.
 *
 * Read whole before anything is done.  What is wrong is told by the protocol (tm/app/pt_line.h): which line, and its text.  Pure.
 * Source: Tor, pt-spec version 1, sec. 3.2. */
#ifndef TM_APP_PT_ENV_H
#define TM_APP_PT_ENV_H

#include <stdbool.h>

#include "tm/app/address.h"
#include "tm/app/file.h"
#include "tm/app/options.h"
#include "tm/core/ptargs.h"

#define TM_PT_NAME "trafficmimic"

/* How the reading ended, in the order of the protocol. */
enum tm_pt_verdict {
    TM_PT_OK,
    TM_PT_NOT_MANAGED, /* no TOR_PT_MANAGED_TRANSPORT_VER: ENV-ERROR */
    TM_PT_VERSION, /* none of its versions is ours: VERSION-ERROR; all others come after VERSION 1 */
    TM_PT_ENV,     /* something is missing or cannot be read: ENV-ERROR */
    TM_PT_PROXY,   /* PROXY-ERROR */
    TM_PT_METHOD   /* what is said of our transport is wrong: SMETHOD-ERROR */
};

struct tm_pt_env {
    char state[TM_FILE_PATH_MAX]; /* an absolute path */
    bool ends_with_stdin;
    bool is_wanted;    /* our transport is among those that are asked for */
    bool has_unknown;  /* others are too */
    bool has_outbound; /* an address to come from is asked for, which we cannot choose */
    /* Server: */
    struct tm_address bind; /* port 0: any */
    struct tm_address orport;
    bool is_extended;                   /* orport is the extended one, and wants the cookie */
    char cookie_file[TM_FILE_PATH_MAX]; /* "": none */
    struct tm_ptargs options;
};

/* Reads an environment, "NAME=value" each, ended by NULL (environ).  *e is filled as far as it was read; msg has the text of a verdict. */
enum tm_pt_verdict tm_pt_env_read(struct tm_pt_env *e, enum tm_program program,
                                  char *const *environment, struct tm_msg *msg);

#endif
