/* Tables as text and back; and what is wrong with a text. */
#include "audit/features/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/features.h"
#include "test/support/check.h"
#include "test/unit/audit/features/wire.h"

#define HEAD "class,session,load,start_us"

/* What tm_csv_write writes; the caller frees. */
static char *text_of(const struct tm_table *t)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    CHECK(f != NULL);
    if (!f)
        return NULL;
    CHECK_INT(tm_csv_write(t, f), TM_OK);
    CHECK_INT(fclose(f), 0);
    return text;
}

static void make_table(struct tm_table *t)
{
    static struct wire w;
    const struct tm_features_cfg cfg = {.floor_us = 0};
    w.n = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_dialogue(&w, &c, 1000003 * i);
        for (unsigned k = 0; k < 7 * i; k++)
            wire_send(&w, &c, 3000000 + 137011 * k * k, k % 3 ? TM_DOWN : TM_UP, 1 + 37 * k % 1400);
    }
    struct tm_trace_set s = wire_traces(&w, NULL, 0);
    uint32_t odd = 0;
    CHECK_INT(tm_trace_set_name(&s, "a \"session\", and\nmore", &odd), TM_OK);
    s.v[1].session = odd;
    s.v[2].load = UINT32_MAX;
    CHECK_INT(tm_features_columns(t, &cfg), TM_OK);
    CHECK_INT(tm_features_add(t, &cfg, &s), TM_OK);
    tm_trace_set_deinit(&s);
}

static void table_comes_back_as_it_was(void)
{
    struct tm_table a = {0};
    struct tm_table b = {0};
    struct tm_msg msg = {""};
    make_table(&a);
    char *text = text_of(&a);
    CHECK(text && tm_csv_is(text, strlen(text)));
    CHECK_INT(tm_csv_parse(&b, text, strlen(text), "x", &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(b.n_rows, a.n_rows);
    CHECK_INT(b.n_cols, a.n_cols);
    CHECK_MEM(b.cols, a.cols, a.n_cols * sizeof *a.cols);
    for (uint32_t r = 0; r < a.n_rows && r < b.n_rows; r++) {
        CHECK_STR(b.names[b.rows[r].cls], a.names[a.rows[r].cls]);
        CHECK_STR(b.names[b.rows[r].session], a.names[a.rows[r].session]);
        CHECK_INT(b.rows[r].load, a.rows[r].load);
        CHECK_INT(b.rows[r].start_us, a.rows[r].start_us);
        for (uint32_t c = 0; c < a.n_cols; c++) {
            float x = tm_table_x(&a, r)[c];
            float y = tm_table_x(&b, r)[c];
            CHECK((isnan(x) && isnan(y)) || x == y);
        }
    }
    free(text);
    tm_table_deinit(&a);
    tm_table_deinit(&b);
}

static void numbers_are_written_short_and_exact(void)
{
    const struct tm_column cols[] = {{"s1", TM_GROUP_SIZES}, {"s2", TM_GROUP_SIZES}};
    const float values[][2] = {
        {0, -1}, {1460, -99999}, {0.1F, 1e30F}, {9999999, 1e7F}, {NAN, -0.5F}};
    struct tm_table t;
    CHECK_INT(tm_table_init(&t, cols, 2), TM_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct tm_row row = {.start_us = (int64_t)i};
        float *x = NULL;
        CHECK_INT(tm_table_name(&t, "n", &row.cls), TM_OK);
        CHECK_INT(tm_table_add(&t, &row, &x), TM_OK);
        memcpy(x, values[i], sizeof values[i]);
    }
    char *text = text_of(&t);
    CHECK_STR(text, HEAD ",s1,s2\nn,n,0,0,0,-1\nn,n,0,1,1460,-99999\n"
                         "n,n,0,2,0.100000001,1.00000002e+30\nn,n,0,3,9999999,10000000\n"
                         "n,n,0,4,,-0.5\n");
    free(text);
    tm_table_deinit(&t);
}

static void columns_may_be_fewer_and_in_any_order(void)
{
    struct tm_table t = {0};
    const char *text = HEAD ",duration_ms,s1\r\n\"a\",b,1,2,,7\r\nc,b,0,0,1e2,-7";
    CHECK_INT(tm_csv_parse(&t, text, strlen(text), "x", NULL), TM_OK);
    CHECK_INT(t.n_cols, 2);
    CHECK_INT(t.cols[0].groups, TM_GROUP_POSTER | TM_GROUP_TIMES | TM_GROUP_ALL);
    CHECK_INT(t.n_rows, 2);
    CHECK(isnan(tm_table_x(&t, 0)[0]));
    CHECK(tm_table_x(&t, 1)[0] == 100 && tm_table_x(&t, 1)[1] == -7);
    CHECK_STR(t.names[t.rows[0].cls], "a");
    tm_table_deinit(&t);
    const char *tam = HEAD ",s1,tam_down_7\na,b,1,2,3,4\n";
    CHECK_INT(tm_csv_parse(&t, tam, strlen(tam), "x", NULL), TM_OK);
    CHECK_INT(t.n_cols, 2);
    CHECK_INT(t.cols[1].groups, TM_GROUP_TAM);
    tm_table_deinit(&t);
    const char *bare = HEAD "\na,b,1,2\n";
    CHECK_INT(tm_csv_parse(&t, bare, strlen(bare), "x", NULL), TM_OK);
    CHECK_INT(t.n_rows, 1);
    CHECK_INT(t.n_cols, 0);
    tm_table_deinit(&t);
}

static void check_refused(const char *text, const char *want)
{
    struct tm_table t;
    struct tm_msg msg = {""};
    CHECK_INT(tm_csv_parse(&t, text, strlen(text), "x", &msg), TM_ERR_FORMAT);
    if (!strstr(msg.text, want))
        CHECK_STR(msg.text, want);
    CHECK(t.cols == NULL && t.x == NULL);
}

static void wrong_texts_are_named(void)
{
    check_refused("", "x:1: not a table of features");
    check_refused("class,session\n", "x:1: not a table of features");
    check_refused(HEAD "s\n", "x:1: not a table of features");
    check_refused(HEAD ",nonsense\n", "x:1: not a column that this version knows: \"nonsense\"");
    check_refused(HEAD ",s1,s1\n", "x:1: a second column \"s1\"");
    check_refused(HEAD ",s1\na,b,1,2\n", "x:2: not as many fields");
    check_refused(HEAD ",s1\na,b,1,2,3\na,b,1,2,3,4\n", "x:3: not as many fields");
    check_refused(HEAD ",s1\na,b\n", "x:2: fewer fields");
    check_refused(HEAD ",s1\n,b,1,2,3\n", "x:2: class or session is empty");
    check_refused(HEAD ",s1\na,b,x,2,3\n", "x:2: load: not a whole number: \"x\"");
    check_refused(HEAD ",s1\na,b,1,-2,3\n", "x:2: start_us: not a whole number: \"-2\"");
    check_refused(HEAD ",s1\na,b,1,2,3e\n", "x:2: not a number: \"3e\"");
    check_refused(HEAD ",s1\na,b,1,2,inf\n", "x:2: not a number: \"inf\"");
    check_refused(HEAD ",s1\na,b,1,2,nan\n", "x:2: not a number: \"nan\"");
    check_refused(HEAD ",s1\n\"a,b,1,2,3\n", "x:2: a quote is opened and not closed");
    check_refused(HEAD ",s1\n\"a\"b,b,1,2,3\n", "x:2: text behind a closing quote");
}

/* Every flip of one bit and every prefix: parsed or refused with a message, and nothing read past. */
static void mutations_are_parsed_or_refused(void)
{
    static const char GOOD[] =
        HEAD ",s1,c1,duration_ms\n\"a,\"\"b\",s,1,2,3,,1e3\na,t,9,8,-7,.5,6\r\n";
    size_t len = sizeof GOOD - 1;
    char *text = strdup(GOOD);
    for (size_t i = 0; text && i < len * 9; i++) {
        struct tm_table t;
        struct tm_msg msg = {""};
        bool is_cut = i >= len * 8;
        size_t at = is_cut ? 0 : i / 8;
        char bit = (char)(is_cut ? 0 : 1 << i % 8);
        text[at] = (char)(text[at] ^ bit);
        int rc = tm_csv_parse(&t, text, is_cut ? i - len * 8 : len, "x", &msg);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        CHECK((rc == TM_OK) == (msg.text[0] == '\0'));
        text[at] = (char)(text[at] ^ bit);
        tm_table_deinit(&t);
    }
    free(text);
}

static void full_device_is_an_error(void)
{
    struct tm_table t = {0};
    make_table(&t);
    FILE *f = fopen("/dev/full", "wb");
    if (f) {
        CHECK_INT(tm_csv_write(&t, f), TM_ERR_IO);
        (void)fclose(f);
    }
    tm_table_deinit(&t);
}

static const struct check_case cases[] = {
    {"table_comes_back_as_it_was", table_comes_back_as_it_was},
    {"numbers_are_written_short_and_exact", numbers_are_written_short_and_exact},
    {"columns_may_be_fewer_and_in_any_order", columns_may_be_fewer_and_in_any_order},
    {"wrong_texts_are_named", wrong_texts_are_named},
    {"mutations_are_parsed_or_refused", mutations_are_parsed_or_refused},
    {"full_device_is_an_error", full_device_is_an_error},
};
CHECK_MAIN("audit csv", cases)
