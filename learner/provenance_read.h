/* learner/provenance_read.h - a model's provenance -> the options that it was learned with. */
#ifndef TM_LEARNER_PROVENANCE_READ_H
#define TM_LEARNER_PROVENANCE_READ_H

#include <stddef.h>

#include "learner/options.h"
#include "models/store/store.h"
#include "tm/base/err.h"

/* Sets those members of *o that the lines name (tm_prov_fill wrote them); the others stay.  Lines of
 * no option are passed over.  TM_ERR_FORMAT with the line in msg when a value is not one of the
 * option's; TM_ERR_RANGE when the ports are missing. */
TM_MUST_CHECK int tm_prov_read_options(const struct tm_provenance *prov, size_t n,
                                       struct tm_options *o, struct tm_msg *msg);

#endif
