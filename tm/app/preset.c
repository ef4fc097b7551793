#include "tm/app/preset.h"

#include "models/mix.h"

/* Found with scripts/measure-presets, whose table is in doc/PRESETS.md. */
static const struct tm_preset presets[TM_PRESETS] = {
    {"light", "https-chat-joint", "6", "3s", "little traffic, for typing and messages", 24},
    {"default", "https-browsing-joint:20+https-chat-joint:60", "80", "3s",
     "answers at once, pages in seconds", 773},
    {"strong", "https-browsing-joint", "80", "3s", "as fast as the models go, whatever it costs",
     2187},
};

const struct tm_preset *tm_preset_get(unsigned number)
{
    TM_ASSERT(number < TM_PRESETS);
    return &presets[number];
}

int tm_preset_apply(struct tm_options *o, struct tm_msg *msg)
{
    if (!o->v[TM_OPT_PRESET].given)
        return TM_OK;
    const struct tm_preset *p = tm_preset_get((unsigned)o->v[TM_OPT_PRESET].num);
    const struct {
        enum tm_opt opt;
        const char *value;
    } set[] = {{TM_OPT_MODEL, p->model}, {TM_OPT_USERS, p->users}, {TM_OPT_PACE, p->pace}};
    int rc = TM_OK;
    for (size_t i = 0; i < sizeof set / sizeof set[0] && rc == TM_OK; i++) {
        bool is_said = set[i].opt == TM_OPT_USERS && tm_mix_is_counted(o->v[TM_OPT_MODEL].text);
        if (!o->v[set[i].opt].given && !is_said)
            rc = tm_options_set(o, set[i].opt, set[i].value, msg);
    }
    return rc;
}

bool tm_preset_is_default(const struct tm_options *o)
{
    return o->v[TM_OPT_PRESET].given && o->v[TM_OPT_PRESET].source == TM_OPT_FROM_DEFAULT;
}
