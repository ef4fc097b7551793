/* tm/app/signals.h - SIGINT and SIGTERM end the program, SIGUSR1 asks for its statistics, SIGHUP for its config to be read again. */
#ifndef TM_APP_SIGNALS_H
#define TM_APP_SIGNALS_H

#include <uv.h>

#include "tm/base/err.h"

typedef void (*tm_signals_fn)(void *user);

struct tm_signals_fns {
    tm_signals_fn stop, stats;
    tm_signals_fn hangup; /* NULL: SIGHUP ends the program, as the system has it */
};

#define TM_SIGNALS_N 4
struct tm_signals {
    uv_signal_t handle[TM_SIGNALS_N];
    struct tm_signals_fns fns;
    void *user;
};

/* The callbacks come on the loop's thread.  TM_ERR_IO. */
TM_MUST_CHECK int tm_signals_start(struct tm_signals *s, uv_loop_t *loop,
                                   const struct tm_signals_fns *fns, void *user);
/* Closes the handles; *s must live until the loop has run once more. */
void tm_signals_stop(struct tm_signals *s);

#endif
