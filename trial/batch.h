/* trial/batch.h - many traces at a time, each by one of several threads; results in the order of the traces. */
#ifndef TM_TRIAL_BATCH_H
#define TM_TRIAL_BATCH_H

#include "trial/trial.h"

struct tm_trial_job {
    const char *path; /* of the trace; borrowed */
    char *output;     /* path for what the client sees; owned; NULL: none; "-": standard output */
    struct tm_trial result;
    int rc;
    struct tm_msg msg; /* of an error */
};

/* Runs all jobs on up to n_threads threads.  A line on stderr tells how far it is, when that is a terminal and it takes more than a
 * moment.  Each job has its rc; TM_ERR_NOMEM: no thread could be started. */
TM_MUST_CHECK int tm_trial_batch(struct tm_trial_job *jobs, size_t n,
                                 const struct tm_trial_cfg *cfg, unsigned n_threads);

#endif
