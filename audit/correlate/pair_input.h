/* audit/correlate/pair_input.h - a flow and a carrier side by side, as the network of audit/ml/net.h takes them.
 *
 * DeepCorr (Nasr et al., CCS 2018) gives a network the sizes and inter-packet delays, up and down, of both flows: eight rows, the i-th
 * packet of each in column i.  A tunnel's records cut and merge what it carries, so that the i-th packets are soon no longer the same
 * data; here the same numbers are laid along one clock.  A step begins with the first packet of either that no earlier step holds,
 * and takes in all packets of both within TM_PAIR_STEP_US:
 *
 *   there is one | flow up | flow down | carrier up | carrier down | gap to the step before | how much earlier the flow's first is
 *
 * Sizes are ln(1 + bytes) / 12, the gap is ln(1 + us) / 16.  Steps begin half a second before the flow; the first TM_NET_STEPS are used, as
 * long as they are no more than half a second behind its end.  Pure. */
#ifndef TM_AUDIT_CORRELATE_PAIR_INPUT_H
#define TM_AUDIT_CORRELATE_PAIR_INPUT_H

#include "audit/correlate/scene.h"
#include "audit/ml/net.h"

#define TM_PAIR_STEP_US   20000
#define TM_PAIR_MARGIN_US 500000

/* x: TM_NET_INPUT floats, all written. */
void tm_pair_encode(float *x, const struct tm_scene_line *flow,
                    const struct tm_scene_line *carrier);

#endif
