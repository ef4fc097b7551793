/* tm/core/waits.h - since when the oldest byte of a stream waits to be sent, in bounded memory.
 *
 * Marks (end offset, time) of what was put at one time; when there are too many, the youngest takes in what comes
 * (with its own, earlier time).  So an age is never too small, and exact but for bytes put in more than
 * TM_WAITS_MAX pieces since.  Pure. */
#ifndef TM_CORE_WAITS_H
#define TM_CORE_WAITS_H

#include <stdint.h>

#define TM_WAITS_MAX 8U

struct tm_waits { /* empty: {0} */
    unsigned first, n;
    struct {
        uint64_t end;
        int64_t t_us;
    } mark[TM_WAITS_MAX];
};

/* The bytes below `end` that were not noted before have waited since t_us. */
void tm_waits_put(struct tm_waits *w, uint64_t end, int64_t t_us);
/* Since when the byte at `next` waits; TM_NEVER: it was not noted. */
int64_t tm_waits_since(const struct tm_waits *w, uint64_t next);
/* Forgets what lies below `next`. */
void tm_waits_drop(struct tm_waits *w, uint64_t next);

#endif
