/* tm/app/prove_load.h - the transfers of `tm-client prove`: busy and idle stretches of one tunnel, by a pattern drawn at random.
 *
 * In a busy slot a download and an upload want as much as they get (up to a rate, so that what has no model does not fill the
 * line); both begin with the slot and are given up with it.  Their far end is inside the server (tm/net/testload.h). */
#ifndef TM_APP_PROVE_LOAD_H
#define TM_APP_PROVE_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tm/base/err.h"

#define TM_PROVE_SLOTS_MAX 40U
#define TM_PROVE_SLOTS_MIN 20U

struct tm_prove_load {
    const char *phase;     /* "model", "control" */
    const char *socks;     /* ADDR:PORT of the proxy */
    const char *state_dir; /* of the program behind it, which is asked for its counters */
    uint32_t seconds;
    bool has_counts; /* ten times a second, for lack of a capture; else once a slot */
    FILE *log;       /* lines of audit/prove/trial.h; borrowed */
    int stop_fd;     /* readable: give up */
};

/* Slots of a phase of so many seconds. */
uint32_t tm_prove_slots(uint32_t seconds);
/* TM_ERR_CLOSED: told to stop; TM_ERR_IO, UNSUPPORTED (the server has no such far end) with msg. */
TM_MUST_CHECK int tm_prove_load_run(const struct tm_prove_load *load, struct tm_msg *msg);

#endif
