/* What the page is made of: its address, the last minutes, the curves. */
#include "tm/app/ui.h"

#include <stdlib.h>
#include <string.h>

#include "models/mix.h"
#include "models/schedfile.h"
#include "test/support/check.h"
#include "tm/app/curves.h"
#include "tm/app/history.h"
#include "tm/base/json.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct tm_view view(const char *text)
{
    return (struct tm_view){(const uint8_t *)text, strlen(text)};
}

static void only_the_token_opens_the_page(void)
{
    static const char *const wrong[] = {"",
                                        "/",
                                        "/" TOKEN,
                                        TOKEN "/",
                                        "/0123456789abcdef0123456789abcdee/",
                                        "/" TOKEN "x/",
                                        "//" TOKEN "/",
                                        "/0123456789ABCDEF0123456789abcdef/"};
    struct tm_view name;
    CHECK(tm_ui_path(&name, view("/" TOKEN "/"), TOKEN));
    CHECK_INT(name.len, 0);
    CHECK(tm_ui_path(&name, view("/" TOKEN "/page.js"), TOKEN));
    CHECK(name.len == 7 && memcmp(name.p, "page.js", 7) == 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!tm_ui_path(&name, view(wrong[i]), TOKEN));
}

static void since_is_a_number_or_nothing(void)
{
    CHECK_INT(tm_ui_since(view("since=0")), 0);
    CHECK_INT(tm_ui_since(view("since=305")), 305);
    CHECK_INT(tm_ui_since(view("since=999999999999999999")), 999999999999999999);
    CHECK_INT(tm_ui_since(view("since=9999999999999999999")), 0);
    CHECK_INT(tm_ui_since(view("since=-1")), 0);
    CHECK_INT(tm_ui_since(view("since=1&x")), 0);
    CHECK_INT(tm_ui_since(view("")), 0);
    CHECK_INT(tm_ui_since(view("until=3")), 0);
}

static bool is_json(const char *text, size_t len)
{
    struct tm_json j;
    tm_json_init(&j, text, len, "answer", NULL);
    return tm_json_skip(&j) == TM_OK && tm_json_end(&j) == TM_OK;
}

static void the_last_minutes_are_kept_second_by_second(void)
{
    static struct tm_history h;
    static char out[65536];
    struct tm_session_stats s = {0};
    CHECK(tm_history_write(&h, 0, out, sizeof out) > 0);
    CHECK_STR(out, "{\"next\":0,\"seconds\":[]}");
    for (unsigned i = 1; i <= 2; i++) {
        s.wire_tx_bytes += 10 * i;
        s.wire_rx_bytes += 20;
        s.payload_rx_bytes += 5;
        tm_history_note(&h, &s);
    }
    CHECK(tm_history_write(&h, 0, out, sizeof out) > 0);
    CHECK_STR(out, "{\"next\":2,\"seconds\":[[10,20,0,5],[20,20,0,5]]}");
    CHECK(tm_history_write(&h, 1, out, sizeof out) > 0);
    CHECK_STR(out, "{\"next\":2,\"seconds\":[[20,20,0,5]]}");
    CHECK(tm_history_write(&h, 7, out, sizeof out) > 0);
    CHECK_STR(out, "{\"next\":2,\"seconds\":[]}");
    s.wire_tx_bytes = 3; /* fell: nothing, and from there on */
    tm_history_note(&h, &s);
    s.wire_tx_bytes = UINT64_MAX;
    tm_history_note(&h, &s);
    CHECK(tm_history_write(&h, 2, out, sizeof out) > 0);
    CHECK_STR(out, "{\"next\":4,\"seconds\":[[0,0,0,0],[18446744073709551612,0,0,0]]}");
    for (unsigned i = 0; i < 1000; i++)
        tm_history_note(&h, &s);
    size_t len = tm_history_write(&h, 0, out, sizeof out);
    CHECK_INT(len, strlen("{\"next\":1004,\"seconds\":[]}") + TM_HISTORY_SECONDS * 10 - 1);
    CHECK(is_json(out, len));
    for (size_t cap = 1; cap <= len; cap += 13)
        CHECK_INT(tm_history_write(&h, 0, out, cap), 0);
    CHECK_INT(tm_history_write(&h, 0, out, len + 1), len);
}

static const uint8_t DIGEST[TM_TOKEN_DIGEST_LEN] = {1}, OTHER[TM_TOKEN_DIGEST_LEN] = {2};

static void curves_show_model_and_played(void)
{
    static struct tm_likeness played[TM_MIX_PARTS_MAX];
    static char out[TM_CURVES_MAX];
    struct tm_curves c = {0};
    struct tm_model m;
    struct tm_session_cfg cfg = {.model = &m, .n_users = 3};
    const struct tm_curves_source src = {.cfg = &cfg, .digest = DIGEST, .played = played};
    tm_model_constant_default(&m);
    m.u.constant.size_bytes = 20;
    tm_likeness_add(&played[0], 0, TM_UP, 10, 0);
    tm_likeness_add(&played[0], 2, TM_UP, 20, 7);
    size_t len = tm_curves_write(&c, &src, out, sizeof out);
    CHECK(is_json(out, len));
    static const char begin[] = "{\"parts\":[{\"name\":\"constant\",\"users\":3,\"plots\":[{"
                                "\"what\":\"size_up\",\"model\":{\"n\":1,\"points\":[[20,10000]]},"
                                "\"played\":{\"n\":2,\"points\":[[10,5000],[20,10000]]},\"distance_"
                                "permille\":500},{\"what\":\"size_down\"";
    CHECK(strncmp(out, begin, strlen(begin)) == 0);
    CHECK(strstr(out, "\"late\":{\"n\":0,\"points\":[]}}") != NULL);
    m.u.constant.size_bytes = 30; /* the same digest: not looked at again */
    (void)tm_curves_write(&c, &src, out, sizeof out);
    CHECK(strstr(out, "[[20,10000]]") != NULL);
    const struct tm_curves_source other = {.cfg = &cfg, .digest = OTHER, .played = played};
    (void)tm_curves_write(&c, &other, out, sizeof out);
    CHECK(strstr(out, "[[30,10000]]") != NULL);
    for (size_t cap = 1; cap < 300; cap += 7)
        CHECK_INT(tm_curves_write(&c, &other, out, cap), 0);
    tm_curves_deinit(&c);
}

static void without_plans_there_are_no_parts(void)
{
    static struct tm_likeness played[TM_MIX_PARTS_MAX];
    static struct tm_tally_total total;
    char out[200];
    struct tm_curves c = {0};
    const struct tm_session_cfg cfg = {.drive = TM_DRIVE_SHUFFLE};
    const struct tm_curves_source none = {0};
    const struct tm_curves_source driven = {
        .cfg = &cfg, .digest = DIGEST, .played = played, .total = &total};
    tm_hist_add(&total.late.hist, 4);
    CHECK(tm_curves_write(&c, &none, out, sizeof out) > 0);
    CHECK_STR(out, "{\"parts\":[],\"late\":{\"n\":0,\"points\":[]}}");
    CHECK(tm_curves_write(&c, &driven, out, sizeof out) > 0);
    CHECK_STR(out, "{\"parts\":[],\"late\":{\"n\":1,\"points\":[[4,10000]]}}");
    tm_curves_deinit(&c);
}

/* As many parts as a mix has, every bin of every curve in use. */
static void the_largest_answer_fits(void)
{
    static struct tm_likeness played[TM_MIX_PARTS_MAX];
    static char out[TM_CURVES_MAX];
    static struct tm_tally_total total;
    struct tm_curves c = {0};
    struct tm_model parts[TM_MIX_PARTS_MAX], m = {.kind = TM_MODEL_MIX};
    struct tm_session_cfg cfg = {.model = &m};
    m.u.mix.n_parts = TM_MIX_PARTS_MAX;
    for (size_t i = 0; i < TM_MIX_PARTS_MAX; i++) {
        tm_model_constant_default(&parts[i]);
        memset(parts[i].name, 'n', TM_MODEL_NAME_MAX);
        parts[i].name[TM_MODEL_NAME_MAX] = '\0';
        m.u.mix.part[i].model = &parts[i];
        m.u.mix.part[i].n_users = UINT32_MAX;
    }
    for (unsigned b = 0; b < TM_HIST_BINS; b++)
        tm_hist_add(&total.late.hist, tm_hist_upper(b));
    for (size_t i = 0; i < TM_MIX_PARTS_MAX; i++)
        played[i] = (struct tm_likeness){{total.late.hist, total.late.hist},
                                         {total.late.hist, total.late.hist}};
    const struct tm_curves_source src = {
        .cfg = &cfg, .digest = DIGEST, .played = played, .total = &total};
    (void)tm_curves_write(&c, &src, out, sizeof out); /* makes room for the model's */
    for (size_t i = 0; i < TM_MIX_PARTS_MAX; i++)
        c.model[i] = played[i];
    size_t len = tm_curves_write(&c, &src, out, sizeof out);
    CHECK(len > 100000);
    CHECK(is_json(out, len));
    tm_curves_deinit(&c);
}

static const struct check_case cases[] = {
    {"only_the_token_opens_the_page", only_the_token_opens_the_page},
    {"since_is_a_number_or_nothing", since_is_a_number_or_nothing},
    {"the_last_minutes_are_kept_second_by_second", the_last_minutes_are_kept_second_by_second},
    {"curves_show_model_and_played", curves_show_model_and_played},
    {"without_plans_there_are_no_parts", without_plans_there_are_no_parts},
    {"the_largest_answer_fits", the_largest_answer_fits},
};
CHECK_MAIN("ui", cases)
