/* audit/classify/finding.h - what the numbers allow one to say, in plain words; used by classify.c alone. */
#ifndef TM_AUDIT_CLASSIFY_FINDING_H
#define TM_AUDIT_CLASSIFY_FINDING_H

#include "audit/classify/classify.h"

/* Fills is_enough and text of the result and of its covers. */
void tm_classify_find(struct tm_classify_result *r, const struct tm_classify_cfg *cfg);

#endif
