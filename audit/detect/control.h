/* audit/detect/control.h - connections that the instrument must find: real ones taken apart and put together badly.
 *
 * If one of these passes for real, a cover that passes proves nothing. */
#ifndef TM_AUDIT_DETECT_CONTROL_H
#define TM_AUDIT_DETECT_CONTROL_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Packets of one connection at most: independent draws join the packet counts of downloads with the gaps of typing. */
#define TM_CONTROL_PACKETS_MAX 2000U
#define TM_CONTROL_PLACES      12U /* packet positions told apart in the sub-class control */
#define TM_CONTROL_CLUSTERS    8U

/* n connections, each a session of its own, appended to the empty set `out`.  The number of packets is a drawn
 * connection's; every packet has direction and size of one drawn packet and the gap of another. */
TM_MUST_CHECK int tm_control_naive(struct tm_trace_set *out, const struct tm_trace_set *set,
                                   uint32_t n, struct tm_rng *rng);
/* The same, harder: a drawn connection keeps its order of directions; each packet gets the size of one packet and the gap of
 * another, both drawn among those of the same direction and place in connections of the same cluster (cluster[i] < n_clusters for
 * connection i of set).  Sizes of segments that are not full are then moved by up to 10 % either way. */
TM_MUST_CHECK int tm_control_subclass(struct tm_trace_set *out, const struct tm_trace_set *set,
                                      const uint32_t *cluster, uint32_t n_clusters, uint32_t n,
                                      struct tm_rng *rng);

#endif
