#include "tm/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* Exactly as much memory as text, so that a read past its end is seen. */
struct text {
    char *p;
    struct tm_json j;
    struct tm_msg msg;
};

static struct text *open_text(const char *s, size_t len)
{
    struct text *t = calloc(1, sizeof *t);
    t->p = malloc(len > 0 ? len : 1);
    memcpy(t->p, s, len);
    tm_json_init(&t->j, t->p, len, "x.json", &t->msg);
    return t;
}

static void close_text(struct text *t)
{
    free(t->p);
    free(t);
}

static void objects_and_arrays_are_walked_in_order(void)
{
    static const char s[] = " {\"a\": [1, 22,\n333], \"b\":{}, \"c\":[] ,\"d\" : \"x\"} \n";
    struct text *t = open_text(s, strlen(s));
    char key[4];
    char value[4];
    uint64_t v = 0;
    CHECK_INT(tm_json_object(&t->j), TM_OK);
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 1);
    CHECK_STR(key, "a");
    CHECK_INT(tm_json_array(&t->j), TM_OK);
    static const uint64_t wanted[] = {1, 22, 333};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(tm_json_element(&t->j), 1);
        CHECK_INT(tm_json_number(&t->j, 1000, &v), TM_OK);
        CHECK_INT(v, wanted[i]);
    }
    CHECK_INT(tm_json_element(&t->j), 0);
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 1);
    CHECK_INT(tm_json_object(&t->j), TM_OK);
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 0);
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 1);
    CHECK_STR(key, "c");
    CHECK_INT(tm_json_array(&t->j), TM_OK);
    CHECK_INT(tm_json_element(&t->j), 0);
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 1);
    CHECK_INT(tm_json_string(&t->j, value, sizeof value), TM_OK);
    CHECK_STR(value, "x");
    CHECK_INT(tm_json_member(&t->j, key, sizeof key), 0);
    CHECK_INT(tm_json_end(&t->j), TM_OK);
    close_text(t);
}

static void check_string(const char *s, const char *want)
{
    struct text *t = open_text(s, strlen(s));
    char out[16] = "";
    int rc = tm_json_string(&t->j, out, sizeof out);
    CHECK_INT(rc, want ? TM_OK : TM_ERR_FORMAT);
    if (want)
        CHECK_STR(out, want);
    else
        CHECK(t->msg.text[0] != '\0');
    close_text(t);
}

static void escapes_and_utf8_are_resolved_and_checked(void)
{
    check_string("\"\"", "");
    check_string("\"a\\n\\t\\\\\\\"\\/\\b\\f\\r\"", "a\n\t\\\"/\b\f\r");
    check_string("\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac");
    check_string("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"); /* U+1F600 */
    check_string("\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80");
    check_string("\"123456789012345\"", "123456789012345");
    check_string("\"1234567890123456\"", NULL); /* one too long */
    check_string("\"\\ud83d\"", NULL);          /* unpaired */
    check_string("\"\\ude00\"", NULL);          /* low half first */
    check_string("\"\\ud83d\\u0041\"", NULL);   /* followed by none */
    check_string("\"\\u0000\"", NULL);          /* zero */
    check_string("\"\\x41\"", NULL);            /* no such escape */
    check_string("\"\\u00g0\"", NULL);          /* no digit */
    check_string("\"\xc0\x80\"", NULL);         /* overlong */
    check_string("\"\xe0\x9f\xbf\"", NULL);     /* overlong */
    check_string("\"\xed\xa0\x80\"", NULL);     /* surrogate */
    check_string("\"\xf4\x90\x80\x80\"", NULL); /* beyond U+10FFFF */
    check_string("\"\xe2\x82\"", NULL);         /* cut short by the quote */
    check_string("\"a\nb\"", NULL);             /* control character */
    check_string("\"abc", NULL);                /* no end */
    check_string("\"abc\\", NULL);
    check_string("abc", NULL);
}

static void check_number(const char *s, int rc, uint64_t want)
{
    struct text *t = open_text(s, strlen(s));
    uint64_t v = 0;
    CHECK_INT(tm_json_number(&t->j, UINT64_MAX - 1, &v), rc);
    CHECK_INT(v, want);
    close_text(t);
}

static void numbers_are_whole_and_bounded(void)
{
    check_number("0", TM_OK, 0);
    check_number(" 18446744073709551614", TM_OK, UINT64_MAX - 1);
    check_number("18446744073709551615", TM_ERR_FORMAT, 0); /* beyond the limit */
    check_number("18446744073709551616", TM_ERR_FORMAT, 0); /* beyond 64 bits */
    check_number("99999999999999999999999", TM_ERR_FORMAT, 0);
    check_number("01", TM_ERR_FORMAT, 0);
    check_number("-1", TM_ERR_FORMAT, 0);
    check_number("1.5", TM_ERR_FORMAT, 0);
    check_number("1e3", TM_ERR_FORMAT, 0);
    check_number("true", TM_ERR_FORMAT, 0);
    check_number("", TM_ERR_FORMAT, 0);
}

/* Reads an array of numbers; how many. */
static int sum_array(const char *s)
{
    struct text *t = open_text(s, strlen(s));
    uint64_t v = 0;
    int sum = 0;
    int rc = tm_json_array(&t->j);
    while (rc == TM_OK && (rc = tm_json_element(&t->j)) == 1) {
        rc = tm_json_number(&t->j, 100, &v);
        sum += (int)v;
    }
    if (rc == TM_OK)
        rc = tm_json_end(&t->j);
    close_text(t);
    return rc == TM_OK ? sum : rc;
}

static void commas_stand_where_they_must(void)
{
    CHECK_INT(sum_array("[1,2]"), 3);
    CHECK_INT(sum_array("[]"), 0);
    CHECK_INT(sum_array("[1,]"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[,1]"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[1 2]"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[1"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[1}"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[1]]"), TM_ERR_FORMAT);
    CHECK_INT(sum_array("[1] x"), TM_ERR_FORMAT);
}

static void the_first_error_sticks_and_names_its_line(void)
{
    static const char s[] = "[\n\n x]";
    struct text *t = open_text(s, strlen(s));
    uint64_t v = 0;
    CHECK_INT(tm_json_array(&t->j), TM_OK);
    CHECK_INT(tm_json_element(&t->j), 1);
    CHECK_INT(tm_json_number(&t->j, 1, &v), TM_ERR_FORMAT);
    CHECK_STR(t->msg.text, "x.json:3: a whole number, 0 or more, is wanted, not 'x'");
    CHECK_INT(tm_json_element(&t->j), TM_ERR_FORMAT);
    CHECK_INT(tm_json_array(&t->j), TM_ERR_FORMAT);
    CHECK_INT(tm_json_end(&t->j), TM_ERR_FORMAT);
    CHECK_STR(t->msg.text, "x.json:3: a whole number, 0 or more, is wanted, not 'x'");
    close_text(t);
}

/* Passes one value and reports where it ended, or the error. */
static int skip_all(const char *s)
{
    struct text *t = open_text(s, strlen(s));
    int rc = tm_json_skip(&t->j);
    if (rc == TM_OK)
        rc = tm_json_end(&t->j);
    CHECK((rc == TM_OK) == (t->msg.text[0] == '\0'));
    close_text(t);
    return rc;
}

static void any_sound_value_can_be_passed_and_no_other(void)
{
    static const char *const sound[] = {"0",
                                        "-0",
                                        "-12.5e+3",
                                        "1E9",
                                        "true",
                                        "false",
                                        "null",
                                        "\"a\\u00e9\"",
                                        "[]",
                                        "{}",
                                        "[1, [2, {\"a\": [null]}], \"x\"]",
                                        "{\"a\":{\"b\":[]},\"c\":-1}",
                                        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"};
    static const char *const bad[] = {
        "",      "-",          "01",   "1.",      "1e",
        ".5",    "+1",         "tru",  "nul",     "\"a",
        "[",     "[1",         "[1,]", "{\"a\"}", "{\"a\":}",
        "{1:2}", "{\"a\":1,}", "[}",   "1 2",     "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"};
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        CHECK_INT(skip_all(sound[i]), TM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(skip_all(bad[i]), TM_ERR_FORMAT);
}

static int integer(const char *s, int64_t *v)
{
    struct text *t = open_text(s, strlen(s));
    int rc = tm_json_integer(&t->j, -5, 100, v);
    close_text(t);
    return rc;
}

static void integers_may_be_negative(void)
{
    int64_t v = 7;
    CHECK_INT(integer(" -5", &v), TM_OK);
    CHECK_INT(v, -5);
    CHECK_INT(integer("100", &v), TM_OK);
    CHECK_INT(v, 100);
    CHECK_INT(integer("-6", &v), TM_ERR_FORMAT);
    CHECK_INT(integer("101", &v), TM_ERR_FORMAT);
    CHECK_INT(integer("- 1", &v), TM_ERR_FORMAT);
    CHECK_INT(integer("--1", &v), TM_ERR_FORMAT);
    CHECK_INT(integer("-9223372036854775809", &v), TM_ERR_FORMAT);
    CHECK_INT(v, 100);
}

static const struct check_case CASES[] = {
    {"any_sound_value_can_be_passed_and_no_other", any_sound_value_can_be_passed_and_no_other},
    {"integers_may_be_negative", integers_may_be_negative},
    {"objects_and_arrays_are_walked_in_order", objects_and_arrays_are_walked_in_order},
    {"escapes_and_utf8_are_resolved_and_checked", escapes_and_utf8_are_resolved_and_checked},
    {"numbers_are_whole_and_bounded", numbers_are_whole_and_bounded},
    {"commas_stand_where_they_must", commas_stand_where_they_must},
    {"the_first_error_sticks_and_names_its_line", the_first_error_sticks_and_names_its_line},
};
CHECK_MAIN("json", CASES)
