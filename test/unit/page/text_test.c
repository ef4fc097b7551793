#include "page/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void check_escaped(const char *s, const char *want)
{
    struct tm_text t = {0};
    tm_text_escape(&t, s);
    CHECK_INT(tm_text_status(&t), TM_OK);
    CHECK_STR(t.p, want);
    CHECK_INT(t.len, strlen(want));
    tm_text_deinit(&t);
}

static void markup_becomes_entities(void)
{
    check_escaped("", "");
    check_escaped("plain text, 100 %", "plain text, 100 %");
    check_escaped("<b a=\"1\" c='2'>&amp;", "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
    check_escaped("</script><svg/onload=x>", "&lt;/script&gt;&lt;svg/onload=x&gt;");
    check_escaped("]]>", "]]&gt;");
}

static void control_characters_are_replaced(void)
{
    check_escaped("a\x01"
                  "b\x1f"
                  "c\x7f",
                  "a" BAD "b" BAD "c" BAD);
    check_escaped("tab\tline\nreturn\r", "tab\tline\nreturn\r");
    check_escaped("\xc2\x85", BAD BAD); /* U+0085, a control character */
}

/* Cases of RFC 3629 sec. 3 and 10: characters of each length, and sequences that are none. */
static void broken_utf8_is_replaced(void)
{
    check_escaped("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
                  "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    check_escaped("\x80", BAD);
    check_escaped("\xc3", BAD);
    check_escaped("\xe2\x82", BAD BAD);
    check_escaped("\xc0\xaf", BAD BAD);                 /* overlong / */
    check_escaped("\xe0\x80\xaf", BAD BAD BAD);         /* overlong / */
    check_escaped("\xed\xa0\x80", BAD BAD BAD);         /* U+D800 */
    check_escaped("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* U+110000 */
    check_escaped("\xef\xbf\xbf", BAD BAD BAD);         /* U+FFFF, refused by XML */
    check_escaped("\xc3<", BAD "&lt;");
}

/* Is s made of characters that XML 1.0 allows, with no markup left?  Written apart from the code under test: table-free, by ranges of
 * code points. */
static int is_xml_text(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        uint32_t c = *p;
        unsigned n = c < 0x80 ? 0 : c < 0xc0 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf8 ? 3 : 9;
        if (n == 9 || *p == '<' || *p == '>' || *p == '"' || *p == '\'')
            return 0;
        c = n == 0 ? c : c & (0x3fU >> n);
        for (unsigned i = 1; i <= n; i++) {
            if (p[i] < 0x80 || p[i] > 0xbf)
                return 0;
            c = c << 6 | (p[i] & 0x3fU);
        }
        static const uint32_t FROM[] = {0, 0x80, 0x800, 0x10000};
        int is_allowed = c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xd7ff) ||
                         (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
        if (c < FROM[n] || !is_allowed)
            return 0;
        p += n + 1;
    }
    return 1;
}

static void every_pair_of_bytes_around_a_character_gives_valid_text(void)
{
    int n_bad = 0;
    struct tm_text t = {0};
    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 1; b < 256; b++) {
            const char s[] = {(char)a,    (char)b, (char)0xe2, (char)0x82,
                              (char)0xac, (char)b, (char)a,    '\0'};
            t.len = 0;
            tm_text_escape(&t, s);
            n_bad += tm_text_status(&t) != TM_OK || !is_xml_text(t.p);
        }
    }
    tm_text_deinit(&t);
    CHECK_INT(n_bad, 0);
}

static void long_texts_grow_and_formats_append(void)
{
    struct tm_text t = {0};
    for (int i = 0; i < 5000; i++)
        tm_text_printf(&t, "%04d,", i);
    CHECK_INT(t.len, 25000);
    CHECK_MEM(t.p + 24995, "4999,", 6);
    tm_text_escapef(&t, "%s&%d", "<", 7);
    CHECK_STR(t.p + 25000, "&lt;&amp;7");
    CHECK_INT(tm_text_status(&t), TM_OK);
    tm_text_deinit(&t);
    CHECK(t.p == NULL);
}

static const struct check_case CASES[] = {
    {"markup_becomes_entities", markup_becomes_entities},
    {"control_characters_are_replaced", control_characters_are_replaced},
    {"broken_utf8_is_replaced", broken_utf8_is_replaced},
    {"every_pair_of_bytes_around_a_character_gives_valid_text",
     every_pair_of_bytes_around_a_character_gives_valid_text},
    {"long_texts_grow_and_formats_append", long_texts_grow_and_formats_append},
};
CHECK_MAIN("report/text", CASES)
