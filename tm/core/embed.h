/* tm/core/embed.h - explicit plans inside the buffers that they plan (TrafficMimic's embedding).
 *
 * The master ships the entries of a carrier's plan to the slave: first a head (in the token when the client
 * is master, in a PLAN_HEAD message when the server is), then PLAN frames at the front of its records on
 * that carrier.  A master's write may leave only when the slave knows everything up to and including
 * the master's next write: the responses in between, and what it will see then; and behind it those entries of the slave
 * that do not wait for it (both sides at work at once) and may be due before it comes.  Whether that fits is decided
 * when the plan is made, not when it is played: writes that are too small for their plan are enlarged.
 * Both functions below and the composer use the same rule of how much goes into a record, so a projected
 * plan never has to wait.  An entry index of n_writes is the end; shipped == n_writes + 1: all shipped. */
#ifndef TM_CORE_EMBED_H
#define TM_CORE_EMBED_H

#include <stdint.h>

#include "models/plan.h"
#include "tm/core/shape.h"

/* How much of a plan goes where. */
struct tm_embed_rule {
    size_t ahead; /* so many entries further than needed does a master ship, where there is room */
    size_t spare; /* bytes of a record that a PLAN frame leaves to what the tunnel is for */
    size_t
        aside; /* so many entries behind the master's next write are looked at for what the slave does meanwhile ... */
    int64_t aside_us; /* ... and of these, what may be due up to so long after it; TM_NEVER: all */
};

/* Models: the plan never crowds out what the tunnel carries, so small writes grow by more.  Slave's writes beyond the eighth that come
 * due before the master's next write has arrived are late. */
extern const struct tm_embed_rule tm_embed_models;
/* Schedule files: as few writes as possible grow, and early large ones carry more of the plan.  On paths with a round trip of up to
 * half a second, nothing of the slave's is late because it was not told; but behind a ClientHello, whose token has little room, only
 * eight are looked at. */
extern const struct tm_embed_rule tm_embed_files;

/* Entries that the head of a projected plan holds; the first of them is entry 1 in a token (entry 0 is the
 * ClientHello that carries it) and entry 0 in a PLAN_HEAD.  Returns `shipped` after the head. */
size_t tm_embed_head(const struct tm_plan *p, const struct tm_shape *shape, enum tm_side master,
                     const struct tm_embed_rule *rule);
/* Entries for a PLAN frame at the front of a record of `room` plaintext bytes of write i; 0: none. */
size_t tm_embed_frame(const struct tm_plan *p, size_t shipped, size_t i, size_t room,
                      const struct tm_embed_rule *rule);
/* `shipped` must have reached this before write i of the master leaves. */
size_t tm_embed_needed(const struct tm_plan *p, size_t i, const struct tm_embed_rule *rule);
/* Enlarges the master's writes of a plan that tm_shape_project made, until every one can carry what it
 * must.  TM_ERR_LIMIT when that does not settle: sizes beyond their limits, or thousands of tiny writes. */
TM_MUST_CHECK int tm_embed_project(struct tm_plan *p, const struct tm_shape *shape,
                                   enum tm_side master, const struct tm_embed_rule *rule,
                                   struct tm_distortion *d);

#define TM_EMBED_FRAME_HEADER 2U   /* type and count of a PLAN frame */
#define TM_EMBED_HEAD_ROOM    224U /* bytes of entries in a PLAN_HEAD */

#endif
