/* learner/audit_print.h - what `tm-learn audit` says on stdout. */
#ifndef TM_LEARNER_AUDIT_PRINT_H
#define TM_LEARNER_AUDIT_PRINT_H

#include "learner/audit_options.h"
#include "learner/exposure.h"

/* As text, or as one JSON object with o->is_json.  `heldout` has no users when there were none. */
void tm_audit_print(const struct tm_audit_options *o, const struct tm_exposure *x,
                    const struct tm_exposure_side *train, const struct tm_exposure_side *heldout);

#endif
