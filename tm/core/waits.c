#include "tm/core/waits.h"

#include "tm/base/time.h"

#define MERGE_US 1000 /* put closer together than this is one mark */

void tm_waits_put(struct tm_waits *w, uint64_t end, int64_t t_us)
{
    unsigned youngest = (w->first + w->n + TM_WAITS_MAX - 1) % TM_WAITS_MAX;
    if (w->n > 0 && end <= w->mark[youngest].end)
        return;
    if (w->n == TM_WAITS_MAX || (w->n > 0 && t_us - w->mark[youngest].t_us < MERGE_US)) {
        w->mark[youngest].end = end;
        return;
    }
    unsigned at = (w->first + w->n++) % TM_WAITS_MAX;
    w->mark[at].end = end;
    w->mark[at].t_us = t_us;
}

int64_t tm_waits_since(const struct tm_waits *w, uint64_t next)
{
    for (unsigned i = 0; i < w->n; i++) {
        unsigned at = (w->first + i) % TM_WAITS_MAX;
        if (w->mark[at].end > next)
            return w->mark[at].t_us;
    }
    return TM_NEVER;
}

void tm_waits_drop(struct tm_waits *w, uint64_t next)
{
    while (w->n > 0 && w->mark[w->first].end <= next) {
        w->first = (w->first + 1) % TM_WAITS_MAX;
        w->n--;
    }
}
