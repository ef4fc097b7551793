/* learner/ops/relearn.h - reads captures as those were read that a model was learned from. */
#ifndef TM_LEARNER_OPS_RELEARN_H
#define TM_LEARNER_OPS_RELEARN_H

#include <stddef.h>

#include "learner/ops/dependence.h"
#include "learner/ops/wavelet.h"
#include "learner/options.h"
#include "learner/samples.h"
#include "models/store/store.h"
#include "tm/base/err.h"

/* What stands before the model's own options. */
struct tm_relearn_cfg {
    const struct tm_store_entry *like; /* its provenance says how it was learned */
    const char *port, *key;            /* instead of the model's; NULL: the model's */
    char **traces;
    size_t n_traces; /* 0: options only, for traffic that is in no file */
};

/* Options as `tm-learn learn` would have them.  Wrong ones end the process with status 2, as argp does; options of the model that this
 * program does not know are named on stderr.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_relearn_options(struct tm_options *o, const struct tm_relearn_cfg *cfg);

/* What captures say. */
struct tm_relearned {
    struct tm_samples samples;
    struct tm_dependence dependence;
    struct tm_wavelet wavelet; /* of the ports' packets */
    uint64_t n_conns;
};
/* Learns the captures; *out is freed with tm_relearned_deinit in every case.  Errors as tm_reading_run; TM_ERR_RANGE when there was no
 * connection on the ports. */
TM_MUST_CHECK int tm_relearn(const struct tm_options *o, struct tm_relearned *out,
                             struct tm_msg *msg);
void tm_relearned_deinit(struct tm_relearned *r);

#endif
