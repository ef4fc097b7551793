/* audit/features/features.h - connections -> rows of features (audit/features/table.h).
 *
 * The columns are fixed: their names and groups, with the source of each family, are in the table in features.c.
 * Sources: TrafficMimic (poster): packet size sent/received, bytes sent/received, duration.  CUMUL (Panchenko et al.,
 * NDSS 2016): totals and 100 interpolated points of the signed cumulative size.  k-FP (Hayes, Danezis, USENIX Security 2016): counts,
 * order, concentration, inter-arrival times, first and last packets.  TAM (RF; Shen et al., USENIX Security 2023): packets up and
 * down in 1800 slots of 44 ms. */
#ifndef TM_AUDIT_FEATURES_H
#define TM_AUDIT_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/table.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"

#define TM_TAM_SLOTS   1800U
#define TM_TAM_SLOT_US 44444 /* 80 s in all */

struct tm_features_cfg {
    unsigned groups; /* which columns; 0: all but TAM */
    int64_t
        floor_us; /* time stamps (since 1970) are rounded down to a multiple of this; 0: as captured.  1000 is what flow
                          records and most published attacks have */
};

/* An empty table gets the columns.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_features_columns(struct tm_table *out, const struct tm_features_cfg *cfg);
/* Appends a row for each of the traces.  The table must have been made with the same cfg.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_features_add(struct tm_table *out, const struct tm_features_cfg *cfg,
                                  const struct tm_trace_set *set);
/* One connection; x holds the columns of cfg.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_features_of(float *x, const struct tm_features_cfg *cfg,
                                 const struct tm_trace *t, const struct tm_trace_packet *packets);

#endif
