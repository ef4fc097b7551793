/* models/maybenot/machine_build.h - making a machine piece by piece, for the parser and for builders of ready machines.
 *
 * In order: new; for each state, build_state, then its edges, events from the first to the last; distributions whenever an
 * index is wanted; at last tm_mb_machine_validate.  All TM_ERR_NOMEM, or TM_ERR_LIMIT beyond 2^31 pieces. */
#ifndef TM_MODELS_MAYBENOT_MACHINE_BUILD_H
#define TM_MODELS_MAYBENOT_MACHINE_BUILD_H

#include "models/maybenot/machine.h"

/* No states, no limits. */
struct tm_mb_machine *tm_mb_machine_new(void); /* NULL: out of memory */
TM_MUST_CHECK int tm_mb_build_dist(struct tm_mb_machine *m, const struct tm_mb_dist *d,
                                   uint32_t *index);
/* A state without action, counters and edges, to be filled at *out, which is good until the next one is added. */
TM_MUST_CHECK int tm_mb_build_state(struct tm_mb_machine *m, struct tm_mb_state **out);
/* A transition of the last state for event e; no edge of a later event may be there yet (asserted). */
TM_MUST_CHECK int tm_mb_build_edge(struct tm_mb_machine *m, enum tm_mb_event_kind e, uint32_t to,
                                   float p);

#endif
