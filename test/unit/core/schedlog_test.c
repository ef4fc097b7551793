#include "tm/core/schedlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static const uint8_t DIGEST[TM_TOKEN_DIGEST_LEN] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5};
static const uint8_t SEED[TM_TOKEN_SEED_LEN] = {0x00, 0xff, 0x10, 9, 8, 7, 6, 5,
                                                4,    3,    2,    1, 0, 1, 2, 0x3f};
static const struct tm_schedlog_session SESSION = {.side = TM_SERVER,
                                                   .master = TM_CLIENT,
                                                   .plan_mode = TM_PLAN_EMBEDDED,
                                                   .model = "ht\"tps",
                                                   .digest = DIGEST,
                                                   .seed = SEED,
                                                   .n_users = 4,
                                                   .pace_ms = 7,
                                                   .prep_us = 2000,
                                                   .wall_minus_mono_us = -5};
static const struct tm_write WRITE = {
    .size = 517, .gap_us = 4000000000U, .dir = TM_DOWN, .ref_back = 1};
static const struct tm_open OPEN = {.index = UINT64_C(1) << 40, .ref = TM_OPEN_ENDED, .gap_us = 33};

/* One line of every kind. */
static void log_all(struct tm_schedlog *l)
{
    tm_schedlog_session(l, &SESSION);
    tm_schedlog_open(l, 1, 2, &OPEN, TM_SRC_MASTER, 100, 133, -9);
    tm_schedlog_up(l, 1, 20, "127.0.0.1:40000", "[::1]:443");
    tm_schedlog_up(l, 2, 21, NULL, NULL);
    tm_schedlog_write(l, 1, 3, &WRITE, 100, 5100, 5103, 5104, 17, TM_SLIP_NONE);
    tm_schedlog_recv(l, 1, 4, &(struct tm_write){.size = 1, .gap_us = 2, .dir = TM_UP}, 9000);
    tm_schedlog_close(l, 1,
                      &(struct tm_schedlog_close){.ref = TM_SLOG_REF_END,
                                                  .event_us = 9000,
                                                  .gap_us = 100,
                                                  .due_us = 9100,
                                                  .server_ref = TM_SLOG_REF_FIN});
    tm_schedlog_end(l, 1, 9105, 0, 5, "peer said \"no\"\n\\");
}

static const char ALL[] =
    "{\"t\":\"session\",\"v\":1,\"side\":\"server\",\"master\":\"client\",\"plan\":\"embedded\","
    "\"model\":\"ht\\\"tps\",\"digest\":\"deadbeef01020304\",\"seed\":"
    "\"00ff100908070605040302010001023f\","
    "\"users\":4,\"pace_ms\":7,\"prep_us\":2000,\"wall_minus_mono_us\":-5}\n"
    "{\"t\":\"open\",\"c\":1,\"user\":2,\"index\":1099511627776,\"src\":1,\"ref\":\"ended\","
    "\"gap\":33,"
    "\"event\":100,\"due\":133,\"prep\":-9}\n"
    "{\"t\":\"up\",\"c\":1,\"at\":20,\"local\":\"127.0.0.1:40000\",\"remote\":\"[::1]:443\"}\n"
    "{\"t\":\"up\",\"c\":2,\"at\":21}\n"
    "{\"t\":\"write\",\"c\":1,\"i\":3,\"dir\":\"down\",\"size\":517,\"ref\":2,\"gap\":4000000000,"
    "\"event\":100,\"due\":5100,\"first\":5103,\"last\":5104,\"unsent\":17}\n"
    "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"up\",\"size\":1,\"ref\":-1,\"gap\":2,\"at\":9000}\n"
    "{\"t\":\"close\",\"c\":1,\"event\":9000,\"gap\":100,\"due\":9100}\n"
    "{\"t\":\"end\",\"c\":1,\"at\":9105,\"how\":\"died\",\"writes\":5,"
    "\"why\":\"peer said \\\"no\\\"\\u000a\\\\\"}\n";

static struct tm_schedlog *new_log(size_t cap)
{
    struct tm_schedlog *l = NULL;
    CHECK_INT(tm_schedlog_new(&l, cap), TM_OK);
    if (!l)
        abort();
    return l;
}

static void lines_have_the_documented_form(void)
{
    struct tm_schedlog *l = new_log(4096);
    log_all(l);
    struct tm_view v = tm_schedlog_text(l);
    CHECK_INT(v.len, sizeof ALL - 1);
    CHECK_MEM(v.p, ALL, v.len < sizeof ALL - 1 ? v.len : sizeof ALL - 1);
    tm_schedlog_free(l);
    tm_schedlog_free(NULL);
}

/* Line n (0..) of ALL. */
static struct tm_view nth_line(size_t n)
{
    const char *p = ALL;
    for (; n > 0; n--)
        p = strchr(p, '\n') + 1;
    return (struct tm_view){(const uint8_t *)p, (size_t)(strchr(p, '\n') - p)};
}

static struct tm_schedlog_line parse_nth(size_t n)
{
    struct tm_schedlog_line line;
    memset(&line, 0x55, sizeof line);
    struct tm_view v = nth_line(n);
    CHECK_INT(tm_schedlog_parse(&line, (const char *)v.p, v.len), TM_OK);
    return line;
}

static void every_kind_reads_back(void)
{
    struct tm_schedlog_line line = parse_nth(0);
    CHECK_INT(line.kind, TM_SLOG_SESSION);
    CHECK_INT(line.side, TM_SERVER);
    CHECK_INT(line.master, TM_CLIENT);
    CHECK_INT(line.plan_mode, TM_PLAN_EMBEDDED);
    CHECK_STR(line.model, "ht\"tps");
    CHECK_STR(line.digest, "deadbeef01020304");
    CHECK_STR(line.seed, "00ff100908070605040302010001023f");
    CHECK_INT(line.n_users, 4);
    CHECK_INT(line.pace_ms, 7);
    CHECK_INT(line.prep_us, 2000);
    CHECK_INT(line.wall_minus_mono_us, -5);

    line = parse_nth(1);
    CHECK_INT(line.kind, TM_SLOG_OPEN);
    CHECK_INT(line.carrier, 1);
    CHECK_INT(line.user, 2);
    CHECK_INT(line.index, INT64_C(1) << 40);
    CHECK_INT(line.src, TM_SRC_MASTER);
    CHECK_INT(line.open_ref, TM_OPEN_ENDED);
    CHECK_INT(line.gap_us, 33);
    CHECK_INT(line.event_us, 100);
    CHECK_INT(line.due_us, 133);
    CHECK_INT(line.prep_us, -9);

    line = parse_nth(2);
    CHECK_INT(line.kind, TM_SLOG_UP);
    CHECK_INT(line.at_us, 20);
    CHECK_STR(line.local, "127.0.0.1:40000");
    CHECK_STR(line.remote, "[::1]:443");
    line = parse_nth(3);
    CHECK_INT(line.carrier, 2);
    CHECK_STR(line.local, "");
    CHECK_STR(line.remote, "");
}

static void writes_read_back_with_their_reference(void)
{
    struct tm_schedlog_line line = parse_nth(4);
    CHECK_INT(line.kind, TM_SLOG_WRITE);
    CHECK_INT(line.carrier, 1);
    CHECK_INT(line.i, 3);
    CHECK_INT(line.w.dir, TM_DOWN);
    CHECK_INT(line.w.size, 517);
    CHECK_INT(line.w.gap_us, 4000000000);
    CHECK_INT(line.w.ref_back, 1);
    CHECK_INT(line.event_us, 100);
    CHECK_INT(line.due_us, 5100);
    CHECK_INT(line.first_us, 5103);
    CHECK_INT(line.last_us, 5104);
    CHECK_INT(line.unsent, 17);

    line = parse_nth(5);
    CHECK_INT(line.kind, TM_SLOG_RECV);
    CHECK_INT(line.w.dir, TM_UP);
    CHECK_INT(line.w.ref_back, 0);
    CHECK_INT(line.at_us, 9000);

    line = parse_nth(6);
    CHECK_INT(line.kind, TM_SLOG_CLOSE);
    CHECK_INT(line.close.gap_us, 100);
    CHECK_INT(line.close.due_us, 9100);

    line = parse_nth(7);
    CHECK_INT(line.kind, TM_SLOG_END);
    CHECK_INT(line.at_us, 9105);
    CHECK_INT(line.planned, 0);
    CHECK_INT(line.writes, 5);
}

static void full_log_drops_whole_lines_and_says_how_many(void)
{
    const char up0[] = "{\"t\":\"up\",\"c\":0,\"at\":1}\n";
    const char want[] = "{\"t\":\"up\",\"c\":0,\"at\":1}\n{\"t\":\"up\",\"c\":0,\"at\":1}\n"
                        "{\"t\":\"dropped\",\"n\":2}\n";
    struct tm_schedlog *l = new_log(2 * (sizeof up0 - 1) + 3);
    for (int i = 0; i < 4; i++)
        tm_schedlog_up(l, 0, 1, NULL, NULL);
    struct tm_view v = tm_schedlog_text(l);
    CHECK_INT(v.len, sizeof want - 1);
    CHECK_MEM(v.p, want, v.len < sizeof want - 1 ? v.len : sizeof want - 1);
    /* Asking again says nothing twice; after draining, lines fit again. */
    CHECK_INT(tm_schedlog_text(l).len, sizeof want - 1);
    tm_schedlog_drained(l, sizeof want - 1);
    CHECK_INT(tm_schedlog_text(l).len, 0);
    tm_schedlog_up(l, 0, 1, NULL, NULL);
    CHECK_INT(tm_schedlog_text(l).len, sizeof up0 - 1);
    tm_schedlog_free(l);
}

static void dropped_count_stands_where_the_lines_are_missing(void)
{
    const char want[] = "{\"t\":\"dropped\",\"n\":1}\n{\"t\":\"up\",\"c\":7,\"at\":1}\n";
    struct tm_schedlog *l = new_log(60);
    tm_schedlog_up(l, 0, 1, NULL, NULL);
    tm_schedlog_up(l, 0, 1, NULL, NULL);
    tm_schedlog_up(l, 0, 1, NULL, NULL);
    tm_schedlog_drained(l,
                        2 * 25 - 2); /* the two that fit; the caller saw the text before the drop */
    tm_schedlog_up(l, 7, 1, NULL, NULL);
    struct tm_view v = tm_schedlog_text(l);
    CHECK_INT(v.len, sizeof want - 1);
    CHECK_MEM(v.p, want, v.len < sizeof want - 1 ? v.len : sizeof want - 1);
    tm_schedlog_free(l);
}

static void partial_drain_keeps_the_rest(void)
{
    struct tm_schedlog *l = new_log(4096);
    log_all(l);
    tm_schedlog_drained(l, 100);
    struct tm_view v = tm_schedlog_text(l);
    CHECK_INT(v.len, sizeof ALL - 1 - 100);
    CHECK_MEM(v.p, ALL + 100, v.len < sizeof ALL - 101 ? v.len : sizeof ALL - 101);
    tm_schedlog_free(l);
}

static void long_texts_are_cut_and_still_parse(void)
{
    struct tm_schedlog *l = new_log(4096);
    char nasty[200];
    memset(nasty, '\001', sizeof nasty - 1);
    nasty[sizeof nasty - 1] = '\0';
    struct tm_schedlog_session s = SESSION;
    s.model = nasty;
    tm_schedlog_session(l, &s);
    struct tm_view v = tm_schedlog_text(l);
    struct tm_schedlog_line line;
    CHECK_INT(tm_schedlog_parse(&line, (const char *)v.p, v.len - 1), TM_OK);
    CHECK(strlen(line.model) >= 60); /* where the room for escapes ends */
    char label[TM_MODEL_LABEL_MAX + 10];
    memset(label, 'm', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    tm_schedlog_drained(l, v.len);
    s.model = label;
    tm_schedlog_session(l, &s);
    v = tm_schedlog_text(l);
    CHECK_INT(tm_schedlog_parse(&line, (const char *)v.p, v.len - 1), TM_OK);
    CHECK_INT(strlen(line.model), sizeof line.model - 1);
    tm_schedlog_drained(l, v.len);
    tm_schedlog_up(l, UINT32_MAX, INT64_MIN, nasty, nasty);
    v = tm_schedlog_text(l);
    CHECK_INT(tm_schedlog_parse(&line, (const char *)v.p, v.len - 1), TM_OK);
    CHECK_INT(line.carrier, UINT32_MAX);
    CHECK(line.at_us == INT64_MIN);
    CHECK_INT(strlen(line.remote), sizeof line.remote - 1);
    tm_schedlog_free(l);
}

static int parse_text(const char *text)
{
    struct tm_schedlog_line line;
    return tm_schedlog_parse(&line, text, strlen(text));
}

static void unknown_keys_and_spaces_are_skipped(void)
{
    CHECK_INT(parse_text(" { \"t\" : \"up\" , \"x\":\"a\\u0041\\n\", \"c\":0,\"y\":-1.5e3, "
                         "\"z\":null,\"at\":1 } "),
              TM_OK);
}

static void malformed_lines_are_refused(void)
{
    static const char *const BAD[] = {
        "",
        "{}",
        "{\"t\":\"up\"}",
        "{\"t\":\"up\",\"c\":0}",
        "{\"c\":0,\"t\":\"up\",\"at\":1}",
        "{\"t\":\"what\",\"c\":0,\"at\":1}",
        "{\"t\":\"up\",\"c\":0,\"at\":1",
        "{\"t\":\"up\",\"c\":0,\"at\":1}x",
        "{\"t\":\"up\",\"c\":0,\"at\":1,}",
        "{\"t\":\"up\",\"c\":0,\"c\":0,\"at\":1}",
        "{\"t\":\"up\",\"t\":\"up\",\"c\":0,\"at\":1}",
        "{\"t\":\"up\",\"c\":-1,\"at\":1}",
        "{\"t\":\"up\",\"c\":4294967296,\"at\":1}",
        "{\"t\":\"up\",\"c\":01,\"at\":1}",
        "{\"t\":\"up\",\"c\":1.0,\"at\":1}",
        "{\"t\":\"up\",\"c\":0,\"at\":9223372036854775808}",
        "{\"t\":\"up\",\"c\":0,\"at\":-}",
        "{\"t\":\"up\",\"c\":0,\"at\":\"1\"}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"x\":[1]}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"x\":}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"local\":\"a\\q\"}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"local\":\"a\\u0000\"}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"local\":\"a\\u00g0\"}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"local\":\"a\nb\"}",
        "{\"t\":\"up\",\"c\":0,\"at\":1,\"local\":"
        "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
        /* writes: size 0, reference to itself, forwards, too far back */
        "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"up\",\"size\":0,\"ref\":-1,\"gap\":2,\"at\":9}",
        "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"up\",\"size\":1,\"ref\":4,\"gap\":2,\"at\":9}",
        "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"up\",\"size\":1,\"ref\":-2,\"gap\":2,\"at\":9}",
        "{\"t\":\"recv\",\"c\":1,\"i\":400,\"dir\":\"up\",\"size\":1,\"ref\":4,\"gap\":2,\"at\":9}",
        "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"left\",\"size\":1,\"ref\":3,\"gap\":2,\"at\":9}",
        "{\"t\":\"recv\",\"c\":1,\"i\":4,\"dir\":\"up\",\"size\":1,\"ref\":3,\"gap\":4000000001,"
        "\"at\":9}",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (parse_text(BAD[i]) == TM_OK)
            (void)fprintf(stderr, "accepted: %s\n", BAD[i]);
        CHECK_INT(parse_text(BAD[i]), TM_ERR_FORMAT);
    }
    CHECK_INT(parse_text("{\"t\":\"recv\",\"c\":1,\"i\":259,\"dir\":\"up\",\"size\":1,\"ref\":4,"
                         "\"gap\":2,\"at\":9}"),
              TM_OK);
}

/* Parses a copy that ends exactly at `len`, so that a sanitizer sees every read past the end. */
static int parse_exact(const uint8_t *p, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, p, len);
    struct tm_schedlog_line line;
    int rc = tm_schedlog_parse(&line, copy, len);
    free(copy);
    return rc;
}

static void every_truncation_is_refused(void)
{
    for (size_t n = 0; n < 8; n++) {
        struct tm_view v = nth_line(n);
        for (size_t len = 0; len < v.len; len++)
            CHECK_INT(parse_exact(v.p, len), TM_ERR_FORMAT);
    }
}

static void bit_flips_never_read_past_the_line(void)
{
    size_t refused = 0;
    size_t tried = 0;
    for (size_t n = 0; n < 8; n++) {
        struct tm_view v = nth_line(n);
        uint8_t flipped[512];
        for (size_t bit = 0; bit < 8 * v.len; bit++) {
            memcpy(flipped, v.p, v.len);
            flipped[bit / 8] ^= (uint8_t)(1U << bit % 8);
            refused += parse_exact(flipped, v.len) == TM_ERR_FORMAT;
            tried++;
        }
    }
    CHECK(refused > tried / 2); /* most of a line is structure; digits and texts may stay valid */
}

static void a_slip_has_its_cause(void)
{
    static const char WANT[] = "{\"t\":\"write\",\"c\":1,\"i\":5,\"dir\":\"down\",\"size\":517,"
                               "\"ref\":4,\"gap\":4000000000,"
                               "\"event\":100,\"due\":5100,\"first\":7103,\"last\":7104,\"unsent\":"
                               "0,\"slip\":\"network\"}\n";
    struct tm_schedlog *l = new_log(4096);
    struct tm_schedlog_line line;
    tm_schedlog_write(l, 1, 5, &WRITE, 100, 5100, 7103, 7104, 0, TM_SLIP_NETWORK);
    struct tm_view v = tm_schedlog_text(l);
    CHECK_INT(v.len, sizeof WANT - 1);
    CHECK_MEM(v.p, WANT, sizeof WANT - 1);
    CHECK_INT(tm_schedlog_parse(&line, WANT, sizeof WANT - 2), TM_OK);
    CHECK_INT(line.slip, TM_SLIP_NETWORK);
    CHECK_INT(line.last_us, 7104);
    tm_schedlog_free(l);
    line = parse_nth(4);
    CHECK_INT(line.slip, TM_SLIP_NONE); /* a line that says nothing of it */
    char text[sizeof WANT];
    memcpy(text, WANT, sizeof WANT);
    *strstr(text, "network") = 'N'; /* no cause that there is */
    CHECK_INT(tm_schedlog_parse(&line, text, sizeof WANT - 2), TM_ERR_FORMAT);
}

static void closings_read_back_and_older_lines_are_plain(void)
{
    static const struct tm_schedlog_close some[] = {
        {TM_UP, TM_CLOSE_FIN, TM_SLOG_REF_END, 1, 2, 3, TM_SLOG_REF_FIN, 0},
        {TM_UP, TM_CLOSE_FIN, 7, 1, 2, 3, TM_SLOG_REF_FIN, 0},
        {TM_UP, TM_CLOSE_FIN, TM_SLOG_REF_END, 1, 2, 3, 0, 70},
        {TM_UP, TM_CLOSE_RESET, 7, 1, 2, 3, 8, 70},
        {TM_DOWN, TM_CLOSE_FIN, TM_SLOG_REF_FIN, 1, 0, 3, TM_SLOG_REF_FIN, 0},
        {TM_DOWN, TM_CLOSE_FIN, 3, 1, 5, 6, TM_SLOG_REF_FIN, 0},
    };
    static const char *const bad[] = {
        "{\"t\":\"close\",\"c\":0,\"dir\":\"down\",\"event\":1,\"gap\":1,\"due\":2}",
        "{\"t\":\"close\",\"c\":0,\"dir\":\"down\",\"how\":\"reset\",\"ref\":1,\"event\":1,\"gap\":"
        "1,"
        "\"due\":2}",
        "{\"t\":\"close\",\"c\":0,\"ref\":-2,\"event\":1,\"gap\":1,\"due\":2}",
        "{\"t\":\"close\",\"c\":0,\"ref\":-3,\"event\":1,\"gap\":1,\"due\":2}",
        "{\"t\":\"close\",\"c\":0,\"how\":\"rst\",\"event\":1,\"gap\":1,\"due\":2}",
        "{\"t\":\"close\",\"c\":0,\"server_ref\":-1,\"event\":1,\"gap\":1,\"due\":2}",
    };
    struct tm_schedlog_line line;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        struct tm_schedlog *l = NULL;
        CHECK_INT(tm_schedlog_new(&l, 4096), TM_OK);
        tm_schedlog_close(l, 5, &some[i]);
        struct tm_view text = tm_schedlog_text(l);
        CHECK_INT(tm_schedlog_parse(&line, (const char *)text.p, text.len - 1), TM_OK);
        CHECK_INT(line.carrier, 5);
        CHECK_INT(line.close.dir, some[i].dir);
        CHECK_INT(line.close.how, some[i].how);
        CHECK_INT(line.close.ref, some[i].ref);
        CHECK_INT(line.close.event_us, some[i].event_us);
        CHECK_INT(line.close.gap_us, some[i].gap_us);
        CHECK_INT(line.close.due_us, some[i].due_us);
        CHECK_INT(line.close.server_ref, some[i].server_ref);
        CHECK_INT(line.close.server_gap_us, some[i].server_gap_us);
        bool is_short = memchr(text.p, 'f', text.len) == NULL; /* no "ref": as it always was */
        CHECK_INT(is_short, i == 0);
        tm_schedlog_free(l);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(tm_schedlog_parse(&line, bad[i], strlen(bad[i])), TM_ERR_FORMAT);
}

static const struct check_case CASES[] = {
    {"closings_read_back_and_older_lines_are_plain", closings_read_back_and_older_lines_are_plain},
    {"a_slip_has_its_cause", a_slip_has_its_cause},
    {"lines_have_the_documented_form", lines_have_the_documented_form},
    {"every_kind_reads_back", every_kind_reads_back},
    {"writes_read_back_with_their_reference", writes_read_back_with_their_reference},
    {"full_log_drops_whole_lines_and_says_how_many", full_log_drops_whole_lines_and_says_how_many},
    {"dropped_count_stands_where_the_lines_are_missing",
     dropped_count_stands_where_the_lines_are_missing},
    {"partial_drain_keeps_the_rest", partial_drain_keeps_the_rest},
    {"long_texts_are_cut_and_still_parse", long_texts_are_cut_and_still_parse},
    {"unknown_keys_and_spaces_are_skipped", unknown_keys_and_spaces_are_skipped},
    {"malformed_lines_are_refused", malformed_lines_are_refused},
    {"every_truncation_is_refused", every_truncation_is_refused},
    {"bit_flips_never_read_past_the_line", bit_flips_never_read_past_the_line},
};
CHECK_MAIN("schedlog", CASES)
