/* models/likeness.h - how large writes are and how long the pauses before them: what a model holds, or what was played of it.
 *
 * Both are counted alike, so that two curves can be laid over each other: sizes in bytes of TCP payload; a pause runs from what the write
 * waits for (its reference) to the write.  A connection's first write has no pause here: it follows the opening.  Of a model it is what was
 * learned, before anything is changed for TLS.  Source: TrafficMimic's and Swing's empirical distributions (models/model.h).  Pure, no allocation. */
#ifndef TM_MODELS_LIKENESS_H
#define TM_MODELS_LIKENESS_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "tm/base/hist.h"

#define TM_LIKENESS_DIRS 2
#define TM_LIKENESS_WRITES_MAX                                                                     \
    32768U /* of a deck or a schedule about so many are counted, of connections at equal distances */

struct tm_schedfile;

struct tm_likeness {                        /* empty: {0}; by enum tm_dir */
    struct tm_hist size[TM_LIKENESS_DIRS];  /* bytes */
    struct tm_hist pause[TM_LIKENESS_DIRS]; /* us */
};

/* Counts write `i` of its connection, which left pause_us after its reference (not used when i is 0; < 0 counts as 0). */
void tm_likeness_add(struct tm_likeness *l, size_t i, enum tm_dir dir, uint32_t size,
                     int64_t pause_us);
/* What the model holds, added to an empty *l; of a mix nothing, for its parts are looked at one by one. */
void tm_likeness_of_model(struct tm_likeness *l, const struct tm_model *m);
void tm_likeness_of_schedule(struct tm_likeness *l, const struct tm_schedfile *f);

/* The largest distance between two cumulated distributions (Kolmogorov and Smirnov), in thousandths, rounded to the nearest; 1000 when either is empty. */
unsigned tm_likeness_distance(const struct tm_hist *a, const struct tm_hist *b);

#endif
