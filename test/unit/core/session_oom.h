/* test/unit/core/session_oom.h - every n-th allocation of two engines fails.  For tests linked with test/support/oom.c. */
#ifndef TM_TEST_UNIT_CORE_SESSION_OOM_H
#define TM_TEST_UNIT_CORE_SESSION_OOM_H

#include "test/unit/core/session_pair.h"

/* A client of this cfg uploads n_bytes (at most 100,000), once for each allocation that fails: nobody crashes, and without a failure all arrive.
 * `settle` runs both engines for so long. */
void session_oom_each(const struct tm_session_cfg *cfg, size_t n_bytes,
                      void (*settle)(struct session_pair *p, int64_t for_us));

#endif
