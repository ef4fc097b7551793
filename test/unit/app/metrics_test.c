/* OpenMetrics, and Prometheus's older text: names, units, exact lines. (net_29 has them read by parsers that are not ours.) */
#include "tm/app/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define CAP 262144U

static char text[CAP];

struct scene {
    struct tm_status st;
    struct tm_tally_total total;
    struct tm_vitals vitals;
    struct tm_tunnel_server_stats server;
    struct tm_metrics_source src;
};

static struct scene *scene_new(void)
{
    struct scene *s = calloc(1, sizeof *s);
    s->st.in_control = true;
    s->st.since_s = 12;
    strcpy(s->st.program, "tm-client");
    strcpy(s->st.model.name, "a\"b\\c");
    strcpy(s->st.model.kind, "swing");
    s->st.kernel.tx_bytes = 1500;
    s->st.totals = (struct tm_session_stats){.wire_tx_bytes = 1000,
                                             .handshake_tx_bytes = 1,
                                             .record_tx_bytes = 2,
                                             .plan_tx_bytes = 4,
                                             .ack_tx_bytes = 8,
                                             .control_tx_bytes = 16,
                                             .resent_tx_bytes = 32,
                                             .payload_tx_bytes = 100,
                                             .pad_tx_bytes = 837,
                                             .data_rx_bytes = 70,
                                             .control_rx_bytes = 80,
                                             .pad_rx_bytes = 90};
    tm_hist_add(&s->total.queue.hist, 63);
    tm_hist_add(&s->total.queue.hist, 64);
    tm_hist_add(&s->total.queue.hist, UINT64_C(40000000));
    s->total.queue.sum_us = 40000127;
    s->total.slips[TM_SLIP_WINDOW] = 6;
    s->vitals = (struct tm_vitals){.cpu_us = 2500000, .resident_bytes = 4096, .started_s = 99};
    s->src = (struct tm_metrics_source){.status = &s->st, .total = &s->total, .vitals = &s->vitals};
    return s;
}

static bool has(const char *line)
{
    const char *at = strstr(text, line);
    return at != NULL && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static void write_text(const struct scene *s, enum tm_metrics_form form)
{
    size_t len = tm_metrics_write(&s->src, form, text, CAP);
    CHECK(len > 0);
    CHECK_INT(len, strlen(text));
}

static void openmetrics_has_its_names_and_its_end(void)
{
    struct scene *s = scene_new();
    write_text(s, TM_METRICS_OPENMETRICS);
    CHECK(has("# TYPE trafficmimic_wire_bytes counter"));
    CHECK(has("# UNIT trafficmimic_wire_bytes bytes"));
    CHECK(has("trafficmimic_wire_bytes_total{direction=\"sent\"} 1000"));
    CHECK(has("trafficmimic_provider_bytes_total{direction=\"sent\"} 1500"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"sent\",kind=\"useful\"} 100"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"sent\",kind=\"control\"} 63"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"sent\",kind=\"padding\"} 837"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"received\",kind=\"useful\"} 70"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"received\",kind=\"control\"} 80"));
    CHECK(has("trafficmimic_content_bytes_total{direction=\"received\",kind=\"padding\"} 90"));
    CHECK(has("# TYPE trafficmimic_model info"));
    CHECK(strstr(text, "trafficmimic_model_info{name=\"a\\\"b\\\\c\",kind=\"swing\"") != NULL);
    CHECK(has("trafficmimic_slips_total{cause=\"window\"} 6"));
    CHECK(has("process_cpu_seconds_total 2.500000"));
    CHECK(has("process_start_time_seconds 99.000000"));
    CHECK(strstr(text, "client_") == NULL && strstr(text, "strangers") == NULL);
    CHECK_STR(text + strlen(text) - 6, "# EOF\n");
    free(s);
}

static void the_older_text_names_families_by_their_samples(void)
{
    struct scene *s = scene_new();
    write_text(s, TM_METRICS_PROMETHEUS);
    CHECK(has("# TYPE trafficmimic_wire_bytes_total counter"));
    CHECK(has("# TYPE trafficmimic_model_info gauge"));
    CHECK(strstr(text, "# UNIT") == NULL && strstr(text, "# EOF") == NULL);
    free(s);
}

/* A bucket holds what is below its end: 64 us are not in the first. */
static void a_histogram_is_cumulated(void)
{
    struct scene *s = scene_new();
    write_text(s, TM_METRICS_OPENMETRICS);
    CHECK(has("# TYPE trafficmimic_queue_delay_seconds histogram"));
    CHECK(has("trafficmimic_queue_delay_seconds_bucket{le=\"6.4e-05\"} 1"));
    CHECK(has("trafficmimic_queue_delay_seconds_bucket{le=\"0.000128\"} 2"));
    CHECK(has("trafficmimic_queue_delay_seconds_bucket{le=\"33.554432\"} 2"));
    CHECK(has("trafficmimic_queue_delay_seconds_bucket{le=\"+Inf\"} 3"));
    CHECK(has("trafficmimic_queue_delay_seconds_count 3"));
    CHECK(has("trafficmimic_queue_delay_seconds_sum 40.000127"));
    free(s);
}

static void a_server_tells_of_clients_by_their_ids(void)
{
    struct scene *s = scene_new();
    const struct tm_metrics_client c[] = {
        {.id = {0xab, 1}, .sessions = 2, .tx_bytes = 7},
        {.id = {0xcd}, .sessions = 1},
    };
    s->server.strangers = 5;
    s->src.server = &s->server;
    s->src.clients = c;
    s->src.n_clients = 2;
    write_text(s, TM_METRICS_OPENMETRICS);
    CHECK(has("trafficmimic_connections_strange_total 5"));
    CHECK(has("trafficmimic_client_sessions{client=\"ab01000000000000\"} 2"));
    CHECK(has("trafficmimic_client_sessions{client=\"cd00000000000000\"} 1"));
    CHECK(has("trafficmimic_client_sent_bytes{client=\"ab01000000000000\"} 7"));
    free(s);
}

static void what_does_not_fit_is_nothing(void)
{
    struct scene *s = scene_new();
    size_t len = tm_metrics_write(&s->src, TM_METRICS_OPENMETRICS, text, CAP);
    CHECK_INT(tm_metrics_write(&s->src, TM_METRICS_OPENMETRICS, text, len + 1), len);
    for (size_t cap = 1; cap <= len; cap += 97)
        CHECK_INT(tm_metrics_write(&s->src, TM_METRICS_OPENMETRICS, text, cap), 0);
    free(s);
}

/* As many clients as are told of, all numbers at their largest: an answer holds them. */
static void the_largest_answer_fits(void)
{
    static struct tm_metrics_client c[TM_METRICS_CLIENTS_MAX];
    struct scene *s = scene_new();
    memset(c, 0xff, sizeof c);
    memset(&s->total, 0xff, sizeof s->total);
    memset(&s->server, 0xff, sizeof s->server);
    memset(&s->vitals, 0xff, sizeof s->vitals);
    memset(&s->st.kernel, 0xff, sizeof s->st.kernel);
    s->src.server = &s->server;
    s->src.clients = c;
    s->src.n_clients = TM_METRICS_CLIENTS_MAX;
    write_text(s, TM_METRICS_OPENMETRICS);
    free(s);
}

static void this_process_has_vitals(void)
{
    struct tm_vitals v;
    tm_vitals_take(&v);
    CHECK(v.resident_bytes > 100000 && v.virtual_bytes > v.resident_bytes);
    CHECK(v.open_fds >= 3 && v.open_fds < 1000);
    CHECK(v.max_fds == 0 || v.max_fds >= v.open_fds);
    CHECK(v.started_s > 1500000000); /* after 2017 */
}

static const struct check_case cases[] = {
    {"openmetrics_has_its_names_and_its_end", openmetrics_has_its_names_and_its_end},
    {"the_older_text_names_families_by_their_samples",
     the_older_text_names_families_by_their_samples},
    {"a_histogram_is_cumulated", a_histogram_is_cumulated},
    {"a_server_tells_of_clients_by_their_ids", a_server_tells_of_clients_by_their_ids},
    {"what_does_not_fit_is_nothing", what_does_not_fit_is_nothing},
    {"the_largest_answer_fits", the_largest_answer_fits},
    {"this_process_has_vitals", this_process_has_vitals},
};
CHECK_MAIN("metrics", cases)
