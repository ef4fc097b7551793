/* tm/sim/agenda.h - what happens when in virtual time: a queue ordered by time, and at one moment by who came first. */
#ifndef TM_SIM_AGENDA_H
#define TM_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

/* Its meaning is the caller's; t_us is when. */
struct tm_agenda_item {
    int64_t t_us;
    uint64_t order; /* set by the agenda */
    int kind;
    unsigned side;
    uint32_t carrier;
    uint32_t write;
    uint64_t number;
    void *part; /* the caller's to free */
    bool last;
};

struct tm_agenda {               /* empty: {0} */
    struct tm_agenda_item *item; /* owned, a binary heap */
    size_t n, cap;
    uint64_t n_added;
};

/* TM_ERR_NOMEM: nothing was added. */
TM_MUST_CHECK int tm_agenda_add(struct tm_agenda *a, struct tm_agenda_item item);
/* When the first item is; TM_NEVER: there is none. */
int64_t tm_agenda_next_us(const struct tm_agenda *a);
/* Takes the first item out; false when there is none. */
bool tm_agenda_take(struct tm_agenda *a, struct tm_agenda_item *out);
/* Frees the queue, not what items point at. */
void tm_agenda_deinit(struct tm_agenda *a);

#endif
