/* models/playback.h - a schedule file as a source of openings and plans, where otherwise a model's generator is one.
 *
 * Connection `index` of a user is that user's `index`th of the file, opened and played as the file says.  Played again
 * and again, it goes on with the user's first one after the last: that one then runs from the end of all connections before
 * it, by the gap that it has after the origin in the file.  Users do not wait for each other there either.  Pure. */
#ifndef TM_MODELS_PLAYBACK_H
#define TM_MODELS_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "models/plan.h"
#include "models/schedfile.h"
#include "tm/base/err.h"

enum tm_playback_end { TM_PLAYBACK_ONCE, TM_PLAYBACK_AGAIN };

struct tm_playback; /* opaque */

/* A playback of f, which was read by tm_schedfile_read and must outlive it.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_playback_new(struct tm_playback **out, const struct tm_schedfile *f,
                                  enum tm_playback_end at_end);
void tm_playback_free(struct tm_playback *r);

/* The user's next opening; user < f->n_users.  False: it has no more, and *open is as it was. */
bool tm_playback_open(struct tm_playback *r, uint32_t user, struct tm_open *open);
/* Copies the plan of the user's connection `index` into `plan` (cleared first).  TM_ERR_RANGE: it has none of that index;
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_playback_plan(const struct tm_playback *r, uint32_t user, uint64_t index,
                                   struct tm_plan *plan);

#endif
