/* The files of a run: the rim around run.c. */
#include <stdio.h>
#include <string.h>

#include "audit/commands.h"
#include "audit/interference/run.h"
#include "learner/pcap_source.h"

static int add_servers(struct tm_run *r, const struct tm_endpoint *servers, size_t n)
{
    int rc = TM_OK;
    for (size_t i = 0; i < n && rc == TM_OK; i++)
        rc = tm_wire_view_add_server(&r->view, &servers[i]);
    for (uint32_t k = 0; k < r->schedule.n_carriers && rc == TM_OK; k++) {
        const struct tm_sched_carrier *c = &r->schedule.carriers[k];
        if (c->has_endpoints[TM_CLIENT])
            rc = tm_wire_view_add_server(&r->view, &c->server[TM_CLIENT]);
    }
    return rc;
}

static bool is_server(const struct tm_wire_view *v, const uint8_t addr[TM_ADDR_LEN], uint16_t port)
{
    struct tm_endpoint e = {.port = port};
    memcpy(e.addr, addr, sizeof e.addr);
    for (uint32_t i = 0; i < v->n_servers; i++) {
        if (tm_endpoint_is_equal(&v->servers[i], &e))
            return true;
    }
    return false;
}

static int new_builder(struct tm_trace_builder **b, const struct tm_wire_view *v)
{
    uint16_t ports[64];
    size_t n = 0;
    for (; n < v->n_servers && n < sizeof ports / sizeof ports[0]; n++)
        ports[n] = v->servers[n].port;
    return tm_trace_builder_new(
        b, &(struct tm_trace_cfg){.ports = ports, .n_ports = n, .max_flows = 1U << 22});
}

static int read_capture(struct tm_run *r, struct tm_msg *msg)
{
    struct tm_pcap_source *source = NULL;
    struct tm_trace_builder *builder = NULL;
    struct tm_msg note = {""};
    struct tm_packet p;
    int more = 0;
    int rc = tm_pcap_open(&source, r->capture, msg);
    if (rc != TM_OK)
        return rc;
    rc = new_builder(&builder, &r->view);
    while (rc == TM_OK && (more = tm_pcap_next(source, &p, &note)) > 0) {
        rc = tm_wire_view_feed(&r->view, &p);
        if (rc == TM_OK &&
            (is_server(&r->view, p.src, p.src_port) || is_server(&r->view, p.dst, p.dst_port)))
            rc = tm_trace_builder_packet(builder, &p);
    }
    r->is_cut = more < 0;
    if (rc == TM_OK)
        rc = tm_trace_builder_end(builder, &r->traces, 0, 0, 0);
    if (rc != TM_OK)
        (void)tm_msg_set(msg, rc, "%s: %s", r->capture, tm_strerror(rc));
    else if (r->view.n_fed == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: %s", r->capture,
                        note.text[0] ? note.text : "the capture holds no TCP packet");
    else if (r->is_cut)
        (void)fprintf(stderr, "tm-audit: %s; used up to there\n", note.text);
    tm_trace_builder_free(builder);
    tm_pcap_close(source);
    return rc;
}

int tm_run_read(struct tm_run *r, const struct tm_endpoint *servers, size_t n_servers,
                struct tm_msg *msg)
{
    int rc = TM_OK;
    for (size_t i = 0; i < r->n_logs && rc == TM_OK; i++)
        rc = tm_audit_load_log(&r->schedule, r->logs[i], msg);
    if (rc == TM_OK && r->n_logs > 0 && !tm_run_has_log(r))
        return tm_run_join(r, msg); /* which says what is missing */
    if (rc == TM_OK && (rc = add_servers(r, servers, n_servers)) != TM_OK)
        (void)tm_msg_set(msg, rc, "out of memory");
    if (rc == TM_OK && r->view.n_servers == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: the log names no established carrier", r->logs[0]);
    if (rc == TM_OK)
        rc = read_capture(r, msg);
    return rc == TM_OK ? tm_run_join(r, msg) : rc;
}
