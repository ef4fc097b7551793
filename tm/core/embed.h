/* tm/core/embed.h - explicit plans inside the buffers that they plan (TrafficMimic's embedding).
 *
 * The master ships the entries of a carrier's plan to the slave: first a head (in the token when the client
 * is master, in a PLAN_HEAD message when the server is), then PLAN frames at the front of its records on
 * that carrier.  A master's write may leave only when the slave knows everything up to and including
 * the master's next write: the responses in between, and what it will see then; and of the eight entries behind
 * it those of the slave that do not wait for it (both sides at work at once: these may be due before it
 * comes; more of them than that are late where the master's next write comes too late to tell).  Whether that fits is decided
 * when the plan is made, not when it is played: writes that are too small for their plan are enlarged.
 * Both functions below and the composer use the same rule of how much goes into a record, so a projected
 * plan never has to wait.  An entry index of n_writes is the end; shipped == n_writes + 1: all shipped. */
#ifndef TM_CORE_EMBED_H
#define TM_CORE_EMBED_H

#include <stdint.h>

#include "models/plan.h"
#include "tm/core/shape.h"

/* Entries that the head of a projected plan holds; the first of them is entry 1 in a token (entry 0 is the
 * ClientHello that carries it) and entry 0 in a PLAN_HEAD.  Returns `shipped` after the head. */
size_t tm_embed_head(const struct tm_plan *p, const struct tm_shape *shape, enum tm_side master);
/* Entries for a PLAN frame at the front of a record of `room` plaintext bytes of write i; 0: none. */
size_t tm_embed_frame(const struct tm_plan *p, size_t shipped, size_t i, size_t room);
/* `shipped` must have reached this before write i of the master leaves. */
size_t tm_embed_needed(const struct tm_plan *p, size_t i);
/* Enlarges the master's writes of a plan that tm_shape_project made, until every one can carry what it
 * must.  TM_ERR_LIMIT when that does not settle: sizes beyond their limits, or thousands of tiny writes. */
TM_MUST_CHECK int tm_embed_project(struct tm_plan *p, const struct tm_shape *shape,
                                   enum tm_side master, struct tm_distortion *d);

#define TM_EMBED_FRAME_HEADER 2U   /* type and count of a PLAN frame */
#define TM_EMBED_SPARE        16U  /* bytes that a PLAN frame leaves to what the tunnel is for */
#define TM_EMBED_HEAD_ROOM    224U /* bytes of entries in a PLAN_HEAD */

#endif
