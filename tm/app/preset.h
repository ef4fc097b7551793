/* tm/app/preset.h - the choices that a person makes: a model, users and a pace, by one name (doc/PRESETS.md).  Pure. */
#ifndef TM_APP_PRESET_H
#define TM_APP_PRESET_H

#include "tm/app/options.h"
#include "tm/base/err.h"

#define TM_PRESETS 3U

struct tm_preset {
    const char *name;
    const char *model, *users,
        *pace; /* as --model, --users and --pace take them; a model that counts its users goes without `users`, which
                                         are then for another one that is given beside the preset */
    const char *help; /* what it is for */
    unsigned
        month_gb; /* what a provider counts in 30 days, both directions, busy or idle; with the models that ship */
};

/* number < TM_PRESETS: the word's place in the choice of --preset. */
const struct tm_preset *tm_preset_get(unsigned number);

/* When --preset was given: sets --model, --users and --pace, but for those that were given too, and for --users beside a model that
 * counts its users itself.  Errors as of tm_options_set. */
TM_MUST_CHECK int tm_preset_apply(struct tm_options *o, struct tm_msg *msg);

/* Whether `run` was given no model, preset or schedule, and so took the preset called default. */
bool tm_preset_is_default(const struct tm_options *o);

#endif
