/* tm/core/idmap.h - stream ids to where their streams stand: open addressing, linear probing, nothing allocated.
 *
 * Ids of a session ascend by 2, so that they lie side by side and a search is one or two looks.  A peer that skips ids as it pleases can
 * make searches long, within TM_IDMAP_CELLS. */
#ifndef TM_CORE_IDMAP_H
#define TM_CORE_IDMAP_H

#include <stdint.h>

#include "tm/core/session_cfg.h"

#define TM_IDMAP_CELLS (2U * TM_STREAMS_HELD) /* a power of two, and more than are ever in it */
#define TM_IDMAP_NONE  UINT32_MAX

struct tm_idmap { /* empty: {0} */
    struct {
        uint64_t id; /* 0: empty */
        uint32_t at;
    } cell[TM_IDMAP_CELLS];
};

/* id > 0 stands at `at`, wherever it stood before; at most TM_STREAMS_HELD ids are in a map. */
void tm_idmap_put(struct tm_idmap *m, uint64_t id, uint32_t at);
/* TM_IDMAP_NONE: it is not there. */
uint32_t tm_idmap_get(const struct tm_idmap *m, uint64_t id);
void tm_idmap_remove(struct tm_idmap *m, uint64_t id);

#endif
