/* models/maybenot/ready/named.h - a ready defence by its name, with the papers' numbers, as the text that a session takes. */
#ifndef TM_MODELS_MAYBENOT_READY_NAMED_H
#define TM_MODELS_MAYBENOT_READY_NAMED_H

#include "models/maybenot/ready/ready.h"

enum tm_mb_end { TM_MB_END_CLIENT, TM_MB_END_SERVER };

/* Whether it is one: "front", "tamaraw", "regulator", "interspace", "break-pad". */
bool tm_mb_ready_is_named(const char *name);
/* The machine strings of that end, one a line, in *out (free with free).  TM_ERR_RANGE: no such name; as the builders; NOMEM. */
TM_MUST_CHECK int tm_mb_ready_named_text(char **out, const char *name, enum tm_mb_end end,
                                         struct tm_mb_rng *rng, struct tm_msg *msg);

#endif
