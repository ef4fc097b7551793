/* tm/app/live.h - options that change while the program runs (struct tm_opt_info, live).  Pure. */
#ifndef TM_APP_LIVE_H
#define TM_APP_LIVE_H

#include <stdbool.h>

#include "tm/app/options.h"

#define TM_LIVE_TEXT 512U

/* Whether the two say the same of an option; of a LIST: the same values in the same order. */
bool tm_live_is_same(const struct tm_options *a, const struct tm_options *b, enum tm_opt opt);
/* "changed: verbose, deny; after a restart: model", "nothing has changed". */
void tm_live_text(char out[TM_LIVE_TEXT], const struct tm_options *old,
                  const struct tm_options *fresh);
/* The live options of fresh, whose strings are borrowed from now on; all others stay. */
void tm_live_take(struct tm_options *o, const struct tm_options *fresh);

#endif
