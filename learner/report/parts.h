/* learner/report/parts.h - the sections of a model's page; used by learner/report alone. */
#ifndef TM_LEARNER_REPORT_PARTS_H
#define TM_LEARNER_REPORT_PARTS_H

#include "learner/report/model_page.h"
#include "models/model.h"
#include "page/text.h"
#include "tm/base/err.h"

#define TM_MODEL_PAGE_HALF_PX 460.0

/* A curve of each parameter, the captures' beside the model's, and a table.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_model_page_params(struct tm_text *out, const struct tm_swing *s,
                                       struct tm_samples *capture);
/* Wavelet energies of the captures beside those of the sample, which are all there. */
void tm_model_page_energy(struct tm_text *out, const struct tm_model_page *p);
/* Connections drawn from the model, write by write.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_model_page_examples(struct tm_text *out, const struct tm_model *m);
/* What was left out and why, and what the model was learned with. */
void tm_model_page_origin(struct tm_text *out, const struct tm_store_entry *e);

#endif
