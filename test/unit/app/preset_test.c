/* test/unit/app/preset_test.c - what a preset sets, and what it leaves alone. */
#include "tm/app/preset.h"

#include <string.h>

#include "models/mix.h"
#include "test/support/check.h"

static struct tm_options o;
static struct tm_msg msg;

static int parse(int argc, char *argv[])
{
    msg.text[0] = '\0';
    int rc = tm_options_parse(&o, TM_PROGRAM_CLIENT, argc, argv, &msg);
    return rc == TM_OK ? tm_options_complete(&o, &msg) : rc;
}
#define RUN(...)                                                                                   \
    parse(sizeof((char *[]){"p", "run", "--state", "d", __VA_ARGS__}) / sizeof(char *),            \
          (char *[]){"p", "run", "--state", "d", __VA_ARGS__, NULL})

/* Every preset is named in --preset's words, in the same order, and its values are such as the options take. */
static void every_preset_can_be_chosen(void)
{
    for (unsigned i = 0; i < TM_PRESETS; i++) {
        const struct tm_preset *p = tm_preset_get(i);
        char name[32];
        (void)snprintf(name, sizeof name, "%s", p->name);
        CHECK_INT(RUN("--preset", name), TM_OK);
        CHECK_INT(o.v[TM_OPT_PRESET].num, i);
        CHECK_STR(o.v[TM_OPT_MODEL].text, p->model);
        bool is_counted = tm_mix_is_counted(p->model);
        CHECK_INT(o.v[TM_OPT_USERS].given, !is_counted);
        CHECK_STR(o.v[TM_OPT_PACE].text, p->pace);
        CHECK_INT(RUN("--preset", name, "--model", "mine"), TM_OK);
        CHECK_STR(o.v[TM_OPT_USERS].text, p->users);
        CHECK(o.v[TM_OPT_USERS].num >= 1);
        CHECK(strlen(p->help) > 0);
    }
    const char *words = tm_options_info(TM_OPT_PRESET)->arg;
    unsigned n = 1;
    for (const char *c = words; *c != '\0'; c++)
        n += *c == '|';
    CHECK_INT(n, TM_PRESETS);
}

static void what_is_given_wins(void)
{
    CHECK_INT(RUN("--preset", "light", "--users", "3"), TM_OK);
    CHECK_INT(o.v[TM_OPT_USERS].num, 3);
    CHECK_STR(o.v[TM_OPT_MODEL].text, tm_preset_get(0)->model);
    CHECK_INT(RUN("--preset", "default", "--users", "3"), TM_ERR_FORMAT); /* its mix counts them */
    CHECK_INT(RUN("--model", "mine", "--preset", "default", "--pace", "0"), TM_OK);
    CHECK_STR(o.v[TM_OPT_MODEL].text, "mine");
    CHECK_INT(o.v[TM_OPT_PACE].num, 0);
    CHECK_STR(o.v[TM_OPT_USERS].text, tm_preset_get(1)->users);
    CHECK_INT(RUN("--preset", "default", "--model", "a:5+b"), TM_OK);
    CHECK_INT(o.v[TM_OPT_USERS].given, 0);
    CHECK_STR(o.v[TM_OPT_PACE].text, tm_preset_get(1)->pace);
}

static void without_a_preset_nothing_changes(void)
{
    CHECK_INT(RUN("--model", "m"), TM_OK);
    CHECK_INT(o.v[TM_OPT_USERS].num, 4);
    CHECK_INT(o.v[TM_OPT_USERS].given, 0);
}

static void an_unknown_preset_is_refused(void)
{
    CHECK_INT(RUN("--preset", "heavy"), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--preset: 'heavy' is none of light|default|strong");
}

static const struct check_case cases[] = {
    {"every_preset_can_be_chosen", every_preset_can_be_chosen},
    {"what_is_given_wins", what_is_given_wins},
    {"without_a_preset_nothing_changes", without_a_preset_nothing_changes},
    {"an_unknown_preset_is_refused", an_unknown_preset_is_refused},
};
CHECK_MAIN("preset", cases)
