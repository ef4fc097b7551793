/* audit/detect/draw.h - which connections of a table take part: by session, equally many a side. */
#ifndef TM_AUDIT_DETECT_DRAW_H
#define TM_AUDIT_DETECT_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/detect/detect.h"
#include "audit/features/table.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Numbers in 0..n-1, uniform. */
uint32_t tm_draw_below(struct tm_rng *rng, size_t n);
/* In 0..1, 53 bits. */
double tm_draw_uniform(struct tm_rng *rng);

/* Rows of a table, by sessions in random order; {0} is empty. */
struct tm_draw {
    uint32_t *row; /* owned */
    uint32_t n, n_sessions;
    uint32_t phase; /* random: where the next cut begins to count */
};
/* All rows of the table, or one at random of each (session, load).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_draw_rows(struct tm_draw *out, const struct tm_table *t, bool is_one_per_load,
                               struct tm_rng *rng);
/* Keeps `n` rows, evenly spaced along the draw: of every session its share, rounded up or down.  Each row is as likely to stay as any
 * other, so a cut changes no distribution; a session of d->n / n rows or more is never lost. */
void tm_draw_cut(struct tm_draw *d, const struct tm_table *t, uint32_t n);
/* Splits at the first session boundary behind half of the rows: *rest gets what follows, no session is in both.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_draw_split(struct tm_draw *d, struct tm_draw *rest, const struct tm_table *t);
void tm_draw_deinit(struct tm_draw *d);

/* Connections and distinct sessions of a table.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_draw_count(struct tm_detect_count *out, const struct tm_table *t);

#endif
