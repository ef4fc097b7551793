#include "audit/json.h"

#include <math.h>
#include <stdlib.h>

#include "test/support/check.h"

struct out {
    struct tm_json_out j;
    char *text;
    size_t len;
};

static void open_out(struct out *o)
{
    *o = (struct out){.text = NULL};
    o->j.f = open_memstream(&o->text, &o->len);
    CHECK(o->j.f != NULL);
}

static void check_out(struct out *o, const char *want)
{
    CHECK_INT(fclose(o->j.f), 0);
    CHECK_STR(o->text, want);
    free(o->text);
}

static void members_and_elements_are_parted_by_commas(void)
{
    static const double V[] = {0.25, 1e-9};
    struct out o;
    open_out(&o);
    tm_json_out_begin(&o.j, NULL, '{');
    tm_json_out_count(&o.j, "n", UINT64_MAX);
    tm_json_out_truth(&o.j, "is", true);
    tm_json_out_truth(&o.j, "is_not", false);
    tm_json_out_null(&o.j, "none");
    tm_json_out_numbers(&o.j, "v", V, 2);
    tm_json_out_begin(&o.j, "empty", '[');
    tm_json_out_end(&o.j, ']');
    tm_json_out_begin(&o.j, "list", '[');
    for (int i = 0; i < 2; i++) {
        tm_json_out_begin(&o.j, NULL, '{');
        tm_json_out_text(&o.j, "k", "x");
        tm_json_out_end(&o.j, '}');
    }
    tm_json_out_end(&o.j, ']');
    tm_json_out_end(&o.j, '}');
    check_out(&o,
              "{\"n\": 18446744073709551615, \"is\": true, \"is_not\": false, \"none\": null, "
              "\"v\": [0.25, 1e-09], \"empty\": [], \"list\": [{\"k\": \"x\"}, {\"k\": \"x\"}]}");
}

static void what_json_does_not_allow_in_a_string_is_escaped(void)
{
    struct out o;
    open_out(&o);
    tm_json_out_text(&o.j, NULL, "a\"b\\c\n\x01\x1f\x7f \xc2\xb5s");
    check_out(&o, "\"a\\\"b\\\\c\\u000a\\u0001\\u001f\x7f \xc2\xb5s\"");
}

static void what_is_no_number_is_null(void)
{
    struct out o;
    open_out(&o);
    tm_json_out_begin(&o.j, NULL, '[');
    tm_json_out_number(&o.j, NULL, (double)NAN);
    tm_json_out_number(&o.j, NULL, (double)INFINITY);
    tm_json_out_number(&o.j, NULL, -0.5);
    tm_json_out_end(&o.j, ']');
    check_out(&o, "[null, null, -0.5]");
}

static const struct check_case CASES[] = {
    {"members_and_elements_are_parted_by_commas", members_and_elements_are_parted_by_commas},
    {"what_json_does_not_allow_in_a_string_is_escaped",
     what_json_does_not_allow_in_a_string_is_escaped},
    {"what_is_no_number_is_null", what_is_no_number_is_null},
};
CHECK_MAIN("audit/json", CASES)
