#include "page/html.h"

#include <string.h>

#include "test/support/check.h"

#define HOSTILE "<img src=x onerror=alert(1)>\"'&"
#define ESCAPED "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"

static size_t count(const char *in, const char *what)
{
    size_t n = 0;
    for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void every_text_is_escaped(void)
{
    static const char *const HEADS[] = {HOSTILE, "#" HOSTILE};
    struct tm_text t = {0};
    tm_html_begin(&t, HOSTILE, HOSTILE); /* in <title> and <h1>, and once as lead */
    tm_html_verdict(&t, &(struct tm_html_verdict){TM_TONE_BAD, HOSTILE, HOSTILE, HOSTILE});
    tm_html_warning(&t, HOSTILE);
    tm_html_section_begin(&t, HOSTILE, HOSTILE);
    tm_html_subheading(&t, HOSTILE);
    tm_html_paragraph(&t, "%s", HOSTILE);
    tm_html_note(&t, "%s", HOSTILE);
    tm_html_code(&t, HOSTILE);
    tm_html_figure_begin(&t, HOSTILE);
    tm_html_figure_end(&t, HOSTILE);
    tm_html_table_begin(&t, HOSTILE, HEADS, 2);
    tm_html_row_begin(&t);
    tm_html_cell(&t, "%s", HOSTILE);
    tm_html_number_cell(&t, "%s", HOSTILE);
    tm_html_badge_cell(&t, TM_TONE_GOOD, HOSTILE);
    tm_html_row_end(&t);
    tm_html_table_end(&t);
    tm_html_list_begin(&t);
    tm_html_list_item(&t, HOSTILE, "%s", HOSTILE);
    tm_html_list_end(&t);
    tm_html_section_end(&t);
    tm_html_end(&t, "tm-audit");
    CHECK_INT(tm_text_status(&t), TM_OK);
    CHECK_INT(count(t.p, "<img"), 0);
    CHECK_INT(count(t.p, ESCAPED), 23);
    tm_text_deinit(&t);
}

static void the_page_forbids_scripts_and_loads(void)
{
    struct tm_text t = {0};
    tm_html_begin(&t, "T", NULL);
    tm_html_end(&t, "tm-audit");
    CHECK_INT(count(t.p, "content=\"default-src 'none'; style-src 'unsafe-inline'\""), 1);
    CHECK_INT(count(t.p, "<script") + count(t.p, "<link") + count(t.p, "src=") +
                  count(t.p, "href=") + count(t.p, "url(") + count(t.p, "@import") +
                  count(t.p, "http://") + count(t.p, "https://"),
              0);
    CHECK_INT(count(t.p, "prefers-color-scheme:dark"), 1);
    CHECK_INT(count(t.p, "@media print"), 2);
    tm_text_deinit(&t);
}

static void columns_of_numbers_are_set_to_the_right(void)
{
    static const char *const HEADS[] = {"name", "#n"};
    struct tm_text t = {0};
    tm_html_table_begin(&t, NULL, HEADS, 2);
    tm_html_table_end(&t);
    CHECK_INT(count(t.p, "<th scope=\"col\">name</th>"), 1);
    CHECK_INT(count(t.p, "<th scope=\"col\" class=\"n\">n</th>"), 1);
    tm_text_deinit(&t);
}

static void a_paragraph_longer_than_its_buffer_is_cut_cleanly(void)
{
    char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    long_text[2046] = '\xc3'; /* the cut falls into this character */
    long_text[2047] = '\xa9';
    struct tm_text t = {0};
    tm_html_paragraph(&t, "%s", long_text);
    CHECK_MEM(t.p + t.len - 9, "x\xef\xbf\xbd</p>\n", 9);
    tm_text_deinit(&t);
}

static const struct check_case CASES[] = {
    {"every_text_is_escaped", every_text_is_escaped},
    {"the_page_forbids_scripts_and_loads", the_page_forbids_scripts_and_loads},
    {"columns_of_numbers_are_set_to_the_right", columns_of_numbers_are_set_to_the_right},
    {"a_paragraph_longer_than_its_buffer_is_cut_cleanly",
     a_paragraph_longer_than_its_buffer_is_cut_cleanly},
};
CHECK_MAIN("report/html", CASES)
