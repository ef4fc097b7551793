/* tm/app/history.h - what was on the wire in each of the last minutes' seconds, in bounded memory.  Pure. */
#ifndef TM_APP_HISTORY_H
#define TM_APP_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "tm/core/session.h"

#define TM_HISTORY_SECONDS 300U

struct tm_history { /* empty: {0} */
    uint64_t n;     /* seconds noted ever; the last TM_HISTORY_SECONDS are there */
    struct tm_history_totals {
        uint64_t wire_tx, wire_rx, payload_tx, payload_rx; /* bytes */
    } total;                                               /* when it was last noted */
    struct tm_history_totals second[TM_HISTORY_SECONDS];   /* i-th ever at i modulo that */
};

/* A second is over; s holds what was counted since the start.  Of a total that fell (a session that is gone is not counted any more) nothing is noted. */
void tm_history_note(struct tm_history *h, const struct tm_session_stats *s);
/* {"next":N,"seconds":[[wire_tx,wire_rx,payload_tx,payload_rx],...]}: seconds `since` to N - 1 that are there, the first ever being 0.  Returns the
 * length without the NUL; 0 when cap is too small. */
size_t tm_history_write(const struct tm_history *h, uint64_t since, char *out, size_t cap);

#endif
