/* tm/core/project.h - a whole schedule file against what TLS can carry, before a byte of it is played.
 *
 * The engine projects every plan when its connection opens (tm/core/shape.h, and tm/core/embed.h where plans travel in the
 * buffers that they plan).  This says beforehand how many writes of a file that changes, and whether it can be done at all, so
 * that nobody believes to have played what was not.  Pure. */
#ifndef TM_CORE_PROJECT_H
#define TM_CORE_PROJECT_H

#include <stdint.h>

#include "models/schedfile.h"
#include "tm/base/err.h"
#include "tm/core/shape.h"
#include "tm/core/token.h"

struct tm_project_cfg {
    struct tm_shape shape;
    uint32_t prep_us;
    enum tm_plan_mode plan_mode; /* the client is master */
};

struct tm_projection {
    uint64_t n_conns, n_writes; /* of the file */
    uint64_t
        n_changed; /* of its writes, not carried as they are, for one or more of these reasons: */
    uint64_t n_joined;   /* they and others are one ClientHello */
    uint64_t n_resized;  /* of a size that TLS cannot make at this place */
    uint64_t n_grown;    /* had no room for the plan of what follows */
    uint64_t n_delayed;  /* too soon after what they answer: the gap became prep_us */
    uint64_t n_moved;    /* run from another write: TLS could not send them so early */
    uint64_t n_added;    /* writes on the wire that the file does not have */
    uint64_t bytes[2];   /* of the file, and on the wire */
    uint32_t first_line; /* opening of the first connection that is not as the file says; 0: none */
};

/* TM_ERR_LIMIT: a connection cannot be played, *line is that of its opening; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_project_schedule(struct tm_projection *out, uint32_t *line,
                                      const struct tm_schedfile *f,
                                      const struct tm_project_cfg *cfg);

#endif
