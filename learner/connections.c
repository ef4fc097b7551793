/* tm-learn connections: what the learner makes of each connection, for looking into a capture and
 * for checking the learner against other tools (scripts/check/tshark.sh). */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "learner/commands.h"
#include "learner/options.h"
#include "learner/reading.h"

struct printing {
    bool is_json;
    bool has_rows;
};

static void print_row(const struct tm_record *r, size_t index)
{
    char client[TM_ADDR_TEXT_LEN];
    char server[TM_ADDR_TEXT_LEN];
    const struct tm_conn *c = &r->conn;
    tm_packet_addr_text(r->client, client);
    tm_packet_addr_text(r->server, server);
    (void)printf("%zu\t%s\t%u\t%s\t%u\t%" PRId64 "\t%" PRId64 "\t%u\t%u\t%" PRIu64 "\t%" PRIu64
                 "\t%" PRIu64 "\t%" PRIu64 "\t%d\t%d\t%d\t%" PRId64 "\t%s\t%" PRIu64 "\t%" PRIu64
                 "\t%u\n",
                 index + 1, client, r->client_port, server, r->server_port, c->start_us, c->end_us,
                 c->n_packets, c->n_pairs, c->bytes[TM_UP], c->bytes[TM_DOWN],
                 c->inferred[TM_UP] + c->inferred[TM_DOWN],
                 c->uncounted[TM_UP] + c->uncounted[TM_DOWN], c->has_syn, c->has_end, c->is_pseudo,
                 c->data_us, tm_tls_state_name((enum tm_tls_state)r->tls.state),
                 r->tls.app_bytes[TM_UP], r->tls.app_bytes[TM_DOWN], r->tls.n_pairs);
}

static void print_object(const struct tm_record *r, size_t index, bool is_first)
{
    char client[TM_ADDR_TEXT_LEN];
    char server[TM_ADDR_TEXT_LEN];
    const struct tm_conn *c = &r->conn;
    tm_packet_addr_text(r->client, client);
    tm_packet_addr_text(r->server, server);
    (void)printf(
        "%s\n  {\"capture\": %zu, \"client\": \"%s\", \"client_port\": %u, \"server\": \"%s\", "
        "\"server_port\": %u, \"start_us\": %" PRId64 ", \"end_us\": %" PRId64
        ", \"packets\": %u, \"exchanges\": %u, \"up_bytes\": %" PRIu64 ", \"down_bytes\": %" PRIu64
        ", \"inferred_bytes\": %" PRIu64 ", \"uncounted_bytes\": %" PRIu64
        ", \"opening\": %s, \"end\": %s, \"later_part\": %s, \"last_byte_us\": %" PRId64
        ", \"tls\": \"%s\", \"tls_up_bytes\": %" PRIu64 ", \"tls_down_bytes\": %" PRIu64
        ", \"tls_exchanges\": %u}",
        is_first ? "" : ",", index + 1, client, r->client_port, server, r->server_port, c->start_us,
        c->end_us, c->n_packets, c->n_pairs, c->bytes[TM_UP], c->bytes[TM_DOWN],
        c->inferred[TM_UP] + c->inferred[TM_DOWN], c->uncounted[TM_UP] + c->uncounted[TM_DOWN],
        c->has_syn ? "true" : "false", c->has_end ? "true" : "false",
        c->is_pseudo ? "true" : "false", c->data_us,
        tm_tls_state_name((enum tm_tls_state)r->tls.state), r->tls.app_bytes[TM_UP],
        r->tls.app_bytes[TM_DOWN], r->tls.n_pairs);
}

static int print_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct printing *p = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    for (size_t i = 0; i < n; i++) {
        if (p->is_json)
            print_object(&r[i], index, !p->has_rows);
        else
            print_row(&r[i], index);
        p->has_rows = true;
    }
    return TM_OK;
}

int tm_cmd_connections(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct tm_world *w = NULL;
    struct tm_reading_counts counts;
    tm_options_connections(&o, argc, argv);
    struct printing p = {.is_json = o.is_json};
    (void)fputs(
        o.is_json
            ? "{\"schema_version\": 1, \"connections\": ["
            : "#capture\tclient\tclient_port\tserver\tserver_port\tstart_us\tend_us\tpackets\t"
              "exchanges\tup_bytes\tdown_bytes\tinferred_bytes\tuncounted_bytes\topening\tend\t"
              "later_part\tlast_byte_us\ttls\ttls_up_bytes\ttls_down_bytes\ttls_exchanges\n",
        stdout);
    int rc = tm_world_new(&w, &o.world);
    if (rc == TM_OK)
        rc = tm_reading_run(&(struct tm_reading){.traces = o.traces,
                                                 .n_traces = o.n_traces,
                                                 .join = o.join,
                                                 .world = &w,
                                                 .n_worlds = 1},
                            print_capture, &p, &counts, &msg);
    if (o.is_json)
        (void)fputs("\n]}\n", stdout);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_world_free(w);
    return rc == TM_OK && fflush(stdout) == 0 ? 0 : 1;
}
