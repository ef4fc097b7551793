/* audit/played.h - was it this schedule file that was played?  A client's log against the file (doc/SCHEDULE.md).
 *
 * Whether the wire is as the log says is conform's to judge; this says whether the log is as the file says, so that both
 * together are wire against file.  What TLS cannot carry as it stands is projected (doc/DESIGN.md sec. 2): pieces of a ClientHello
 * become one, writes grow or wait, one is added in front or behind, and later writes give back what was added; such writes are counted.
 * What no projection does is wrong: another direction, less bytes than that, a smaller gap after the same event, another opening or closing.  Pure. */
#ifndef TM_AUDIT_PLAYED_H
#define TM_AUDIT_PLAYED_H

#include <stdint.h>

#include "audit/schedule.h"
#include "models/schedfile.h"
#include "tm/base/err.h"

struct tm_played {
    uint32_t n_conns;      /* of the file */
    uint32_t n_opened;     /* of these, opened by the run, once or again and again */
    uint32_t n_carriers;   /* that the run opened */
    uint64_t n_writes;     /* that it sent or received */
    uint64_t n_as_written; /* of these, as they stand in the file: direction, size, event and gap */
    uint64_t n_added;      /* of these, not of the file */
    uint64_t n_wrong;      /* findings that no projection explains */
    struct tm_msg first;   /* the first of these; empty: none */
};

/* Compares.  TM_ERR_FORMAT: s has no log of a client, or that of another file or of a model (msg, which names the file by
 * `name`); TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_played_compare(struct tm_played *out, const struct tm_schedule *s,
                                    const struct tm_schedfile *f, const char *name,
                                    struct tm_msg *msg);

#endif
