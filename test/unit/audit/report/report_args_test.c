#include "audit/report/report_args.h"

#include <string.h>

#include "test/support/check.h"

#define WORDS_MAX 16

/* argv from words parted by one space each. */
struct line {
    char text[256];
    char *argv[WORDS_MAX + 1];
    int argc;
};

static void split(struct line *l, const char *text)
{
    char *at = l->text;
    (void)strncpy(l->text, text, sizeof l->text - 1);
    l->text[sizeof l->text - 1] = '\0';
    l->argc = 0;
    while (at && l->argc < WORDS_MAX)
        l->argv[l->argc++] = strsep(&at, " ");
    l->argv[l->argc] = NULL;
}

static void check_part(const struct tm_report_args *a, enum tm_report_attack k, const char *want)
{
    char got[256] = "";
    for (int i = 0; i < a->part[k].argc; i++) {
        (void)strncat(got, i > 0 ? "|" : "", sizeof got - strlen(got) - 1);
        (void)strncat(got, a->part[k].argv[i], sizeof got - strlen(got) - 1);
    }
    CHECK_STR(got, want);
    CHECK(a->part[k].argc == 0 || a->part[k].argv[a->part[k].argc] == NULL);
}

static void options_before_a_word_are_detects(void)
{
    struct line l;
    struct tm_report_args a;
    split(&l, "report --real a.pcap -o page.html --cover b.pcap --seed=3");
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, NULL), TM_OK);
    CHECK_STR(a.output, "page.html");
    check_part(&a, TM_REPORT_DETECT, "tm-audit report|--real|a.pcap|--cover|b.pcap|--seed=3");
    check_part(&a, TM_REPORT_CLASSIFY, "");
    check_part(&a, TM_REPORT_INTERFERENCE, "");
    tm_report_args_deinit(&a);
}

static void words_begin_the_options_of_an_attack(void)
{
    struct line l;
    struct tm_report_args a;
    split(&l, "report --output=p interference --run idle=a --run web=b classify --k 3 --title=T "
              "correlate --entry c");
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, NULL), TM_OK);
    CHECK_STR(a.output, "p");
    CHECK_STR(a.title, "T");
    check_part(&a, TM_REPORT_DETECT, "");
    check_part(&a, TM_REPORT_CLASSIFY, "tm-audit report classify|--k|3");
    check_part(&a, TM_REPORT_INTERFERENCE, "tm-audit report interference|--run|idle=a|--run|web=b");
    check_part(&a, TM_REPORT_CORRELATE, "tm-audit report correlate|--entry|c");
    tm_report_args_deinit(&a);
    split(&l, "report -op detect --real a");
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, NULL), TM_OK);
    CHECK_STR(a.output, "p");
    check_part(&a, TM_REPORT_DETECT, "tm-audit report|--real|a");
    tm_report_args_deinit(&a);
}

static void check_refused(const char *line, const char *why)
{
    struct line l;
    struct tm_report_args a;
    struct tm_msg msg = {""};
    split(&l, line);
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, why) != NULL);
    tm_report_args_deinit(&a);
}

static void wrong_usage_is_named(void)
{
    check_refused("report --real a --cover b", "-o FILE is needed");
    check_refused("report -o", "-o: a value is wanted");
    check_refused("report --real a --output", "--output: a value is wanted");
    check_refused("report -o p", "nothing to report on");
    check_refused("report -o p classify --k 3 classify", "classify: its options stand together");
    check_refused("report -o p --real a detect --cover b", "detect: its options stand together");
}

static void help_needs_nothing_else(void)
{
    struct line l;
    struct tm_report_args a;
    split(&l, "report --help");
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, NULL), TM_OK);
    CHECK(a.wants_help);
    tm_report_args_deinit(&a);
    split(&l, "report -o p classify --help"); /* that attack's */
    CHECK_INT(tm_report_args_parse(&a, l.argc, l.argv, NULL), TM_OK);
    CHECK(!a.wants_help);
    check_part(&a, TM_REPORT_CLASSIFY, "tm-audit report classify|--help");
    tm_report_args_deinit(&a);
}

static void a_command_line_can_be_typed_again(void)
{
    char *const argv[] = {(char[]){"tm-audit report"},
                          (char[]){"--real"},
                          (char[]){"my file.pcap"},
                          (char[]){"it's"},
                          (char[]){""},
                          (char[]){"$(x)"}};
    struct tm_text t = {0};
    tm_report_args_text(&t, 6, argv);
    CHECK_STR(t.p, "tm-audit report --real 'my file.pcap' 'it'\\''s' '' '$(x)'");
    tm_text_deinit(&t);
}

static const struct check_case CASES[] = {
    {"options_before_a_word_are_detects", options_before_a_word_are_detects},
    {"words_begin_the_options_of_an_attack", words_begin_the_options_of_an_attack},
    {"wrong_usage_is_named", wrong_usage_is_named},
    {"help_needs_nothing_else", help_needs_nothing_else},
    {"a_command_line_can_be_typed_again", a_command_line_can_be_typed_again},
};
CHECK_MAIN("report/args", CASES)
