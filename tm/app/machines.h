/* tm/app/machines.h - what `--model maybenot` runs at both ends: machines from files or by name, limits, the size of cells. */
#ifndef TM_APP_MACHINES_H
#define TM_APP_MACHINES_H

#include "tm/app/options.h"
#include "tm/core/cells.h"

struct tm_machines {
    char *text[2];             /* by end; owned; NULL: none */
    struct tm_cells_cfg cells; /* borrows them */
};

/* From --machines-client, --machines-server (a ready defence's name, or a file with one machine string a line), the two fractions and --cell.
 * TM_ERR_IO, FORMAT, RANGE, LIMIT, TLS with msg; NOMEM.  To be freed in any case. */
TM_MUST_CHECK int tm_machines_load(struct tm_machines *out, const struct tm_options *o,
                                   struct tm_msg *msg);
void tm_machines_free(struct tm_machines *m);

#endif
