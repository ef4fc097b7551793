/* audit/features/csv.h - tables as text, for people and other programs, and back.
 *
 *   class,session,load,start_us,pkt_up_mean,...
 *   https-browsing,https-browsing-17,3,1763710000000000,402.5,...
 *
 * One row for each connection; an empty field is NaN.  Names that hold a comma, a quote or a line's end stand in quotes (RFC 4180).
 * Numbers are written so that they read back as the same float. */
#ifndef TM_AUDIT_CSV_H
#define TM_AUDIT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "audit/features/table.h"
#include "tm/base/err.h"

/* Head and rows.  TM_ERR_IO (errno says why). */
TM_MUST_CHECK int tm_csv_write(const struct tm_table *t, FILE *out);

/* Does a text begin as such a table does? */
bool tm_csv_is(const char *text, size_t len);
/* A table from text that tm_csv_write wrote, maybe with fewer columns; groups of the columns come from their names.  `name` is for
 * messages, which name the line and the column.  The caller deinits *out.  TM_ERR_FORMAT, TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_csv_parse(struct tm_table *out, const char *text, size_t len, const char *name,
                               struct tm_msg *msg);

#endif
