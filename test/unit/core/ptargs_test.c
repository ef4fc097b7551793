/* test/unit/core/ptargs_test.c - arguments of pluggable transports.  The texts are those of pt-spec's examples and of goptlib's rules, written by hand. */
#include "tm/core/ptargs.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static struct tm_ptargs a;

static int read_text(const char *text)
{
    return tm_ptargs_read(&a, text, strlen(text), NULL);
}

static void check_arg(size_t i, const char *key, const char *value)
{
    CHECK(i < a.n);
    CHECK_STR(a.arg[i].key, key);
    CHECK_STR(a.arg[i].value, value);
}

static void arguments_are_read_with_their_escapes(void)
{
    CHECK_INT(read_text(""), TM_OK);
    CHECK_INT(a.n, 0);
    CHECK_INT(read_text("secret=yes"), TM_OK);
    CHECK_INT(a.n, 1);
    check_arg(0, "secret", "yes");
    CHECK_INT(read_text("rocks=20;height=5.6m;empty="), TM_OK);
    CHECK_INT(a.n, 3);
    check_arg(1, "height", "5.6m");
    check_arg(2, "empty", "");
    CHECK_INT(read_text("a\\=b=c\\;d;e=f=g;back=\\\\;odd=\\x"), TM_OK);
    CHECK_INT(a.n, 4);
    check_arg(0, "a=b", "c;d");
    check_arg(1, "e", "f=g");
    check_arg(2, "back", "\\");
    check_arg(3, "odd", "x");
    CHECK_STR(tm_ptargs_get(&a, "back"), "\\");
    CHECK(tm_ptargs_get(&a, "f") == NULL);
}

static void what_is_no_argument_is_refused_without_quoting_it(void)
{
    static const char *const wrong[] = {"hidden",     "=hidden",    "a=hidden;", ";",
                                        "a=hidden;b", "a=hidden\\", "a\\",       "a=1;a=hidden",
                                        "a\\=hidden", "a=1;;b=2",   "a;b=hidden"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tm_msg msg = {""};
        CHECK_INT(tm_ptargs_read(&a, wrong[i], strlen(wrong[i]), &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "hidden") == NULL && msg.text[0] != '\0');
        CHECK_INT(a.n, 0);
    }
    CHECK_INT(tm_ptargs_read(&a, "a=\0b", 4, NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_ptargs_read(&a, "a=\\\0b", 5, NULL), TM_ERR_FORMAT);
}

static void no_more_than_fits(void)
{
    static char text[TM_PTARGS_TEXT_MAX + 2];
    memset(text, 'v', sizeof text);
    memcpy(text, "k=", 2);
    CHECK_INT(tm_ptargs_read(&a, text, TM_PTARGS_TEXT_MAX, NULL), TM_OK);
    CHECK_INT(strlen(a.arg[0].value), TM_PTARGS_TEXT_MAX - 2);
    CHECK_INT(tm_ptargs_read(&a, text, TM_PTARGS_TEXT_MAX + 1, NULL), TM_ERR_LIMIT);
    size_t len = 0;
    for (char k = 'a'; k < 'a' + (char)TM_PTARGS_MAX; k++, len += 4)
        memcpy(text + len, (char[]){k, '=', 'v', ';'}, 4);
    CHECK_INT(tm_ptargs_read(&a, text, len - 1, NULL), TM_OK);
    CHECK_INT(a.n, TM_PTARGS_MAX);
    memcpy(text + len, "z=v", 3);
    CHECK_INT(tm_ptargs_read(&a, text, len + 3, NULL), TM_ERR_LIMIT);
}

static void options_are_those_of_one_transport(void)
{
    const char *text = "scramblesuit:key=banana;automata:rule=110;automata:depth=3;x:rule=4";
    CHECK_INT(tm_ptargs_read_options(&a, text, "automata", NULL), TM_OK);
    CHECK_INT(a.n, 2);
    check_arg(0, "rule", "110");
    check_arg(1, "depth", "3");
    CHECK_INT(tm_ptargs_read_options(&a, text, "auto", NULL), TM_OK);
    CHECK_INT(a.n, 0);
    CHECK_INT(tm_ptargs_read_options(&a, "", "auto", NULL), TM_OK);
    CHECK_INT(tm_ptargs_read_options(&a, "t:decoy=127.0.0.1\\:8443;t:path=a\\;b", "t", NULL),
              TM_OK);
    check_arg(0, "decoy", "127.0.0.1:8443");
    check_arg(1, "path", "a;b");
    CHECK_INT(tm_ptargs_read_options(&a, "t:a=b:c", "t", NULL), TM_OK);
    check_arg(0, "a", "b:c");
    CHECK_INT(tm_ptargs_read_options(&a, "a=b", "t", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_ptargs_read_options(&a, "u:a=b;c=d", "t", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_ptargs_read_options(&a, "u:=b", "t", NULL), TM_ERR_FORMAT);
}

static void arguments_of_a_method_are_escaped_and_never_overrun(void)
{
    char text[24];
    size_t len = 0;
    CHECK_INT(tm_ptargs_add(text, sizeof text, &len, &(struct tm_ptarg){"a,b", "c=d"}), TM_OK);
    CHECK_STR(text, "a\\,b=c\\=d");
    CHECK_INT(tm_ptargs_add(text, sizeof text, &len, &(struct tm_ptarg){"e", "\\"}), TM_OK);
    CHECK_STR(text, "a\\,b=c\\=d,e=\\\\");
    CHECK_INT(tm_ptargs_add(text, sizeof text, &len, &(struct tm_ptarg){"long", "12345"}),
              TM_ERR_LIMIT);
    CHECK_STR(text, "a\\,b=c\\=d,e=\\\\");
    CHECK_INT(len, strlen(text));
}

/* Escapes everything, as an old writer may: reading gives the arguments again. */
static void check_round(void)
{
    static struct tm_ptargs again;
    char text[4 * TM_PTARGS_TEXT_MAX];
    size_t len = 0;
    for (size_t i = 0; i < a.n; i++) {
        if (i > 0)
            text[len++] = ';';
        for (const char *p = a.arg[i].key; *p != '\0'; p++)
            memcpy(text + len, (char[]){'\\', *p}, 2), len += 2;
        text[len++] = '=';
        for (const char *p = a.arg[i].value; *p != '\0'; p++)
            memcpy(text + len, (char[]){'\\', *p}, 2), len += 2;
    }
    CHECK_INT(tm_ptargs_read(&again, text, len, NULL), TM_OK);
    CHECK_INT(again.n, a.n);
    for (size_t i = 0; i < a.n; i++) {
        CHECK_STR(again.arg[i].key, a.arg[i].key);
        CHECK_STR(again.arg[i].value, a.arg[i].value);
    }
}

static void every_mutation_is_refused_or_sound(void)
{
    static const char valid[] = "link=AQ_-x;model=a\\;b;users=\\\\3";
    const size_t n = sizeof valid - 1;
    unsigned n_sound = 0;
    for (size_t i = 0; i < n; i++) {
        for (unsigned v = 0; v < 256; v++) {
            char *text = strdup(valid); /* on the heap, so that a byte too far is seen */
            text[i] = (char)v;
            if (tm_ptargs_read(&a, text, n, NULL) == TM_OK) {
                n_sound++;
                check_round();
            } else {
                CHECK_INT(a.n, 0);
            }
            if (tm_ptargs_read_options(&a, text, "link=", NULL) == TM_OK)
                check_round();
            free(text);
        }
    }
    CHECK(n_sound > 0 && n_sound < n * 256);
    for (size_t cut = 0; cut < n; cut++) {
        char *text = strndup(valid, cut);
        if (tm_ptargs_read(&a, text, cut, NULL) == TM_OK)
            check_round();
        free(text);
    }
}

static const struct check_case cases[] = {
    {"arguments_are_read_with_their_escapes", arguments_are_read_with_their_escapes},
    {"what_is_no_argument_is_refused_without_quoting_it",
     what_is_no_argument_is_refused_without_quoting_it},
    {"no_more_than_fits", no_more_than_fits},
    {"options_are_those_of_one_transport", options_are_those_of_one_transport},
    {"arguments_of_a_method_are_escaped_and_never_overrun",
     arguments_of_a_method_are_escaped_and_never_overrun},
    {"every_mutation_is_refused_or_sound", every_mutation_is_refused_or_sound},
};
CHECK_MAIN("ptargs", cases)
