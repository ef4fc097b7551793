#include "learner/ops/lines.h"

#include <string.h>

#include "learner/ops/sampling.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"

/* The head's and the first connection's lines. */
static void write_lines(struct tm_text *t,
                        void (*head)(struct tm_text *, const struct tm_sample_head *),
                        void (*conn)(struct tm_text *, const struct tm_timed_conn *))
{
    struct tm_model m;
    struct tm_timed_conn c = {0};
    struct tm_sampling s;
    fixed_model(&m);
    struct tm_sample_head h = tm_sampling_default(&m);
    h.n_conns = 1;
    h.path = fixed_path;
    CHECK_INT(tm_sampling_open(&s, &h, 443), TM_OK);
    CHECK_INT(tm_timeline_next(s.timeline, &c), 1);
    head(t, &h);
    /* The digest is the model's, whatever it is. */
    char *digest = strstr(t->p, "\"digest\":\"");
    CHECK(digest != NULL);
    if (digest)
        memset(digest + 10, 'x', 64);
    conn(t, &c);
    CHECK(!t->is_bad);
    tm_timed_conn_deinit(&c);
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void a_schedule_file_has_a_line_for_each_request(void)
{
    struct tm_text t = {0};
    write_lines(&t, tm_lines_schedule_head, tm_lines_schedule_conn);
    CHECK_STR(
        t.p,
        "{\"t\":\"schedule\",\"v\":1,\"model\":\"fixed\",\"kind\":\"swing\",\"digest\":\"" X64
        "\",\"seed\":0,\"users\":1,\"pace_us\":0,\"connections\":1,\"rtt_us\":20000,"
        "\"rate_bps\":8000000}\n"
        "{\"t\":\"open\",\"c\":0,\"user\":0,\"session\":0,\"ref\":\"origin\",\"gap\":0,\"at\":0}\n"
        "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":500,\"ref\":-1,\"gap\":"
        "0,\"at\":20001}\n"
        "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":3000,\"ref\":0,"
        "\"gap\":5000,\"at\":45001}\n"
        "{\"t\":\"data\",\"c\":0,\"i\":2,\"dir\":\"up\",\"size\":500,\"ref\":1,\"gap\":"
        "10000,\"at\":57978}\n"
        "{\"t\":\"data\",\"c\":0,\"i\":3,\"dir\":\"down\",\"size\":3000,\"ref\":2,"
        "\"gap\":5000,\"at\":82978}\n"
        "{\"t\":\"close\",\"c\":0,\"gap\":700,\"at\":86655}\n");
    tm_text_deinit(&t);
}

static void a_sample_has_a_line_for_each_connection(void)
{
    struct tm_text t = {0};
    write_lines(&t, tm_lines_sample_head, tm_lines_sample_conn);
    CHECK_STR(
        t.p,
        "{\"schema_version\":1,\"model\":\"fixed\",\"kind\":\"swing\",\"digest\":\"" X64
        "\",\"seed\":0,\"users\":1,\"pace_us\":0,\"connections\":1,\"rtt_us\":20000,\"rate_bps\":"
        "8000000,"
        "\"mss\":1448}\n"
        "{\"c\":0,\"user\":0,\"session\":0,\"rre\":0,\"index\":0,\"open_us\":0,\"close_us\":86655,"
        "\"end_us\":106656,\"up_bytes\":1000,\"down_bytes\":6000,\"writes\":["
        "{\"dir\":\"up\",\"size\":500,\"ref\":-1,\"gap_us\":0,\"first_us\":20001,\"last_us\":20001}"
        ","
        "{\"dir\":\"down\",\"size\":3000,\"ref\":0,\"gap_us\":5000,\"first_us\":45001,\"last_us\":"
        "47977},"
        "{\"dir\":\"up\",\"size\":500,\"ref\":1,\"gap_us\":10000,\"first_us\":57978,\"last_us\":"
        "57978},"
        "{\"dir\":\"down\",\"size\":3000,\"ref\":2,\"gap_us\":5000,\"first_us\":82978,\"last_us\":"
        "85954}],"
        "\"close_gap_us\":700}\n");
    tm_text_deinit(&t);
}

static const struct check_case CASES[] = {
    {"a_schedule_file_has_a_line_for_each_request", a_schedule_file_has_a_line_for_each_request},
    {"a_sample_has_a_line_for_each_connection", a_sample_has_a_line_for_each_connection},
};
CHECK_MAIN("lines", CASES)
