/* test/unit/app/suggest_test.c - which word is near, and which is not. */
#include "tm/app/suggest.h"

#include <string.h>

#include "test/support/check.h"

static const char *nearest(const char *word)
{
    static const char *const known[] = {"state", "socks", "schedule", "strict", "model", "models"};
    struct tm_suggest s;
    tm_suggest_begin(&s, word, strlen(word));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        tm_suggest_offer(&s, known[i]);
    return s.best != NULL ? s.best : "";
}

static void typos_are_recognised(void)
{
    CHECK_STR(nearest("stat"), "state");
    CHECK_STR(nearest("sate"), "state");
    CHECK_STR(nearest("socsk"), "socks");
    CHECK_STR(nearest("shedule"), "schedule");
    CHECK_STR(nearest("schedlue"), "schedule");
    CHECK_STR(nearest("modell"), "model"); /* as near as models, and before it */
    CHECK_STR(nearest("modles"), "models");
}

static void what_is_far_is_not(void)
{
    static const char long_word[] = "a-word-that-is-longer-than-any-option-of-ours-is";
    CHECK_STR(nearest("speed"), "");
    CHECK_STR(nearest("x"), "");
    CHECK_STR(nearest(""), "");
    CHECK_STR(nearest(long_word), "");
}

static void one_line_says_it(void)
{
    struct tm_suggest s;
    char text[TM_SUGGEST_TEXT];
    tm_suggest_begin(&s, "modle=x", 5);
    tm_suggest_text(text, &s, "--");
    CHECK_STR(text, "");
    tm_suggest_offer(&s, "model");
    tm_suggest_text(text, &s, "--");
    CHECK_STR(text, " (did you mean '--model'?)");
}

static const struct check_case cases[] = {
    {"typos_are_recognised", typos_are_recognised},
    {"what_is_far_is_not", what_is_far_is_not},
    {"one_line_says_it", one_line_says_it},
};
CHECK_MAIN("suggest", cases)
