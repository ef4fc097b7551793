/* learner/provenance.h - what a model says about its making: tool, parameters, counts.
 *
 * Never addresses, names, dates, paths or payload: a model may be given to others. */
#ifndef TM_LEARNER_PROVENANCE_H
#define TM_LEARNER_PROVENANCE_H

#include <stddef.h>

#include "learner/group.h"
#include "learner/options.h"
#include "learner/pool.h"
#include "learner/reading.h"
#include "learner/world.h"
#include "models/store/store.h"

#define TM_PROV_LINES_MAX 64U

/* Lines sorted by key, in one block of memory; do not copy (the entries point into it). */
struct tm_prov_sheet {
    struct tm_provenance line[TM_PROV_LINES_MAX];
    size_t n_lines;
    char key[TM_PROV_LINES_MAX][40];
    char value[TM_PROV_LINES_MAX][400];
};

void tm_prov_fill(struct tm_prov_sheet *sheet, const struct tm_options *o,
                  const struct tm_reading_counts *reading, const struct tm_world_counts *world,
                  const struct tm_group_counts *group);

/* Adds how the values were pooled, and how many users stand behind them. */
void tm_prov_add_pooling(struct tm_prov_sheet *sheet, const struct tm_pool_cfg *cfg,
                         uint64_t n_users, const struct tm_pool_count count[TM_SWING_PARAMS]);

#endif
