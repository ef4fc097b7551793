#include "tm/mbsim/event.h"

#include <stdlib.h>

#include "tm/base/grow.h"

int tm_mbsim_log_add(struct tm_mbsim_log *l, const struct tm_mbsim_event *e)
{
    if (l->n == l->cap) {
        int rc = tm_grow(&l->events, &l->cap, l->n, sizeof *l->events);
        if (rc != TM_OK)
            return rc;
    }
    l->events[l->n++] = *e;
    return TM_OK;
}

void tm_mbsim_log_deinit(struct tm_mbsim_log *l)
{
    free(l->events);
    *l = (struct tm_mbsim_log){0};
}
