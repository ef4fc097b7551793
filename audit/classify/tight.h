/* audit/classify/tight.h - cover at a constant rate betrays itself: its connections are closer to each other than real ones. */
#ifndef TM_AUDIT_CLASSIFY_TIGHT_H
#define TM_AUDIT_CLASSIFY_TIGHT_H

#include <stdint.h>

#include "audit/classify/classify.h"
#include "audit/classify/points.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* K-means with cfg->n_clusters; *out as classify.h says.  real_cls: the class of real rows that the cover poses as, -1: all;
 * cover_cls: the class of cover rows.  Half the real sessions (by fold) set the threshold, half are mixed with the cover.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_tight(struct tm_classify_clusters *out, const struct tm_points *real,
                           int32_t real_cls, const struct tm_points *cover, uint8_t cover_cls,
                           const struct tm_classify_cfg *cfg);

#endif
