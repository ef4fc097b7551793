/* tm/app/client_choice.c - see client_choice.h. */
#include "tm/app/client_choice.h"

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
