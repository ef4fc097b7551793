/* learner/provenance.h - what a model says about its making: tool, parameters, counts.
 *
 * Never addresses, names, dates, paths or payload: a model may be given to others. */
#ifndef TM_LEARNER_PROVENANCE_H
#define TM_LEARNER_PROVENANCE_H

#include <stddef.h>

#include "learner/finish.h"
#include "models/store/store.h"

#define TM_PROV_LINES_MAX 96U

/* Lines sorted by key, in one block of memory; do not copy (the entries point into it). */
struct tm_prov_sheet {
    struct tm_provenance line[TM_PROV_LINES_MAX];
    size_t n_lines;
    char key[TM_PROV_LINES_MAX][40];
    char value[TM_PROV_LINES_MAX][400];
};

void tm_prov_fill(struct tm_prov_sheet *sheet, const struct tm_finish *f);

#endif
