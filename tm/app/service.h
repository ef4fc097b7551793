/* tm/app/service.h - the life of a program that runs for long, the same for client and server: signals, systemd's notifications,
 * and an end that is told.
 *
 *   SIGTERM, SIGINT ──> DRAINING: nothing new is taken; --drain long, or until no stream is open
 *                   ──> TELLING: streams are reset at both ends, TM_SERVICE_TELL_MS long, or until the other end knows
 *                   ──> ENDING: end() is called
 *   another one     ──> ENDING
 *   SIGHUP          ──> reload
 *   SIGUSR1         ──> stats
 *
 * Without an open stream the end comes at once.  The schedule goes on until then. */
#ifndef TM_APP_SERVICE_H
#define TM_APP_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "tm/app/config.h"
#include "tm/app/options.h"
#include "tm/app/signals.h"
#include "tm/app/status.h"
#include "tm/base/err.h"

#define TM_SERVICE_TELL_MS 2000U

struct tm_service_ops {
    void (*end)(void *user); /* stop now; the service is stopped by tm_service_stop */
    void (*stats)(void *user);
    void (*refuse)(void *user);        /* take nothing new */
    void (*reset)(void *user);         /* give up all streams, at both ends */
    bool (*is_heard)(void *user);      /* ... of which the other end knows */
    uint64_t (*n_streams)(void *user); /* open */
    void (*watch)(void *user,
                  struct tm_status *st); /* as for `status`; program "": there is none */
    /* What fresh says and o does not, of live options: TM_OK, and all of it holds; or an error with msg, and nothing of it does. */
    int (*change)(void *user, const struct tm_options *fresh, struct tm_msg *msg);
};

enum tm_service_phase {
    TM_SERVICE_RUNNING,
    TM_SERVICE_DRAINING,
    TM_SERVICE_TELLING,
    TM_SERVICE_ENDING
};

struct tm_service {
    const struct tm_service_ops *ops;
    void *user;
    struct tm_options *o;    /* borrowed; live options change */
    struct tm_config config; /* what live values point into since the last SIGHUP; owned */
    struct tm_signals signals;
    uv_timer_t tick;     /* looks whether the end has come */
    uv_timer_t watchdog; /* and the status for systemd */
    enum tm_service_phase phase;
    uint64_t until_ms; /* of the phase, uv_now */
    bool is_ready, is_stuck;
    char told[2 * TM_CONTROL_TEXT + 120]; /* the STATUS that systemd has */
};

/* The callbacks come on the loop's thread.  TM_ERR_IO. */
TM_MUST_CHECK int tm_service_start(struct tm_service *s, uv_loop_t *loop, struct tm_options *o,
                                   const struct tm_service_ops *ops, void *user);
/* The program does what it is for from now on: told to systemd. */
void tm_service_ready(struct tm_service *s);
/* Closes the handles; *s must live until the loop has run once more. */
void tm_service_stop(struct tm_service *s);
/* After the loop. */
void tm_service_deinit(struct tm_service *s);

#endif
