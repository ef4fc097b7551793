/* tm/app/server_run.h - the server that serves, as a command of its own or in a role that somebody else gives it (server_pt.c). */
#ifndef TM_APP_SERVER_RUN_H
#define TM_APP_SERVER_RUN_H

#include <stdint.h>

#include <uv.h>

#include "tm/app/main.h"
#include "tm/app/server_state.h"
#include "tm/net/orport.h"

/* What the owner of a role hears when carriers are accepted. */
struct tm_server_ready {
    uv_loop_t *loop; /* for handles of its own, until `end` */
    const struct tm_server_state *state;
    uint16_t port; /* listened on */
    void (*stop)(
        void *user); /* ends the server; may be called until `end`, and from inside `ready` */
    void *user;
};

struct tm_server_role {
    const struct tm_orport_cfg *orport; /* where streams go */
    const char *folder;                 /* beside the state, that `ready` writes to; NULL: none */
    /* In place of the line "ready: ...".  Not TM_OK: the server ends, with msg. */
    int (*ready)(void *user, const struct tm_server_ready *ready, struct tm_msg *msg);
    void (*end)(void *user); /* the server ends: handles are to be closed; also without `ready` */
    void *user;
};

/* Serves with the options of `run`, of which --state and --listen are needed, until it is stopped.  role NULL: none. */
enum tm_exit tm_server_run(struct tm_options *o, const struct tm_server_role *role,
                           struct tm_msg *msg);

#endif
