/* trial/print.h - what the trials of tm-sim run found, for people and for programs. */
#ifndef TM_TRIAL_PRINT_H
#define TM_TRIAL_PRINT_H

#include <stdio.h>

#include "trial/batch.h"

/* Of the jobs that succeeded; others are passed over. */
void tm_trial_print_table(FILE *f, const struct tm_trial_job *jobs, size_t n,
                          const struct tm_trial_cfg *cfg);
void tm_trial_print_json(FILE *f, const struct tm_trial_job *jobs, size_t n,
                         const struct tm_trial_cfg *cfg);

#endif
