/* tm/app/client_choice.c - see client_choice.h. */
#include "tm/app/client_choice.h"

#include "models/shuffle.h"
#include "tm/app/preset.h"
#include "tm/base/log.h"

void tm_client_tell_default(const struct tm_options *o)
{
    const struct tm_preset *light = tm_preset_get(0);
    if (tm_preset_is_default(o))
        tm_log(TM_LOG_WARN,
               "no --preset, --model or --schedule: preset default, about %u GB a month, busy or "
               "idle (--preset %s: %u GB)",
               tm_preset_get((unsigned)o->v[TM_OPT_PRESET].num)->month_gb, light->name,
               light->month_gb);
}

enum tm_drive tm_client_drive(const struct tm_options *o, uint32_t *fixed_m)
{
    const char *text = o->v[TM_OPT_SCHEDULE].given ? NULL : o->v[TM_OPT_MODEL].text;
    *fixed_m = 0;
    if (tm_options_means_machines(text))
        return TM_DRIVE_MAYBENOT;
    return text != NULL && tm_shuffle_is_meant(text, fixed_m) ? TM_DRIVE_SHUFFLE : TM_DRIVE_PLANS;
}
