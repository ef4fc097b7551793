/* tm/core/lookout.h - internal to the engine: the carriers of a session by number, and what is due on them next.
 *
 * Numbers in a row beside s->carriers, in its order: a thousand of them are looked through faster than a heap is kept.  They are worked out
 * anew only for carriers that something happened to (tm_session_touch), the next time that somebody asks. */
#ifndef TM_CORE_LOOKOUT_H
#define TM_CORE_LOOKOUT_H

#include "tm/core/session_int.h"

#define TM_LOOKOUT_BUCKETS 1024U /* a power of two */

struct tm_lookout {
    uint32_t n_open;                      /* carriers that have not ended */
    int64_t due_us[TM_CARRIERS_KEPT];     /* next own write, or closing; TM_NEVER */
    int64_t opening_us[TM_CARRIERS_KEPT]; /* when one that is being opened opens; TM_NEVER */
    int64_t dead_us[TM_CARRIERS_KEPT];    /* when silence becomes death; INT64_MIN: killed */
    uint32_t n_stale;
    struct tm_carrier *stale[TM_CARRIERS_KEPT]; /* to be worked out anew */
    struct tm_carrier *bucket[TM_LOOKOUT_BUCKETS];
};

/* What is due on the carriers of s now. */
const struct tm_lookout *tm_session_lookout(const struct tm_session *s);
/* The carrier with this number, or NULL.  Who is going to change it asks tm_session_find. */
struct tm_carrier *tm_lookout_find(const struct tm_lookout *a, uint32_t k);
/* Appends c to s->carriers, which has room.  Removes it; the last one takes its place. */
void tm_session_enlist(struct tm_session *s, struct tm_carrier *c);
void tm_session_delist(struct tm_session *s, struct tm_carrier *c);

#endif
