/* bench/burst_late.h - how late openings, first flights and data were, by the schedule logs of a run. */
#ifndef TM_BENCH_BURST_LATE_H
#define TM_BENCH_BURST_LATE_H

#include <stdio.h>

#include "tm/base/err.h"
#include "tm/base/hist.h"

enum burst_kind {
    BURST_OPENING,  /* due to established: TCP over loopback is part of it */
    BURST_HELLO,    /* the ClientHello */
    BURST_FLIGHT,   /* the server's first write */
    BURST_FINISHED, /* the client's second write */
    BURST_DATA,     /* every other write */
    BURST_KINDS
};
extern const char *const burst_kind_name[BURST_KINDS];

struct burst_late {
    struct tm_hist kind[BURST_KINDS]; /* us from due to the first byte */
    struct tm_hist all;               /* of writes */
    uint64_t n_unfinished,
        n_dropped; /* carriers that died, or were cut at the end; log lines lost */
};

/* Adds what a schedule log (JSON lines, from its start) tells.  TM_ERR_FORMAT, NOMEM. */
TM_MUST_CHECK int burst_late_read(struct burst_late *b, FILE *log);

#endif
