/* audit/correlate/alike.h - the similarity by which MUFFLER's authors decide which carrier belongs to a flow.
 *
 * Where a flow's bytes are dealt to several carriers there is no one carrier that is the flow's; the paper (sec. IV-E) takes the one with
 * the highest "averaged flow similarity": the Euclidean distance in packet size and inter-packet delay, averaged within a time window.  Here
 * a window is a second; in each one the mean size (in units of 1,460 bytes) and the mean of ln(1 + gap in us) / 16 of flow and carrier are
 * compared, for both directions together, and the distances are averaged over the windows in which the flow sends.  The paper states neither
 * window nor units.  Pure. */
#ifndef TM_AUDIT_CORRELATE_ALIKE_H
#define TM_AUDIT_CORRELATE_ALIKE_H

#include "audit/correlate/scene.h"

#define TM_ALIKE_WINDOW_US 1000000
#define TM_ALIKE_FAR       2.0 /* of a window in which the carrier is silent */

/* The averaged distance, 0: as alike as can be. */
double tm_alike_distance(const struct tm_scene_line *flow, const struct tm_scene_line *carrier);

#endif
