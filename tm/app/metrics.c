/* tm/app/metrics.c - see metrics.h. */
#include "tm/app/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tm/app/kv.h"

#define PREFIX "trafficmimic_"

/* ---- Lines ---- */

enum type { COUNTER, GAUGE, HISTOGRAM, INFO };

struct out {
    char *p;
    size_t len, cap;
    bool is_full;
    enum tm_metrics_form form;
    const char *family; /* whose samples follow */
    enum type type;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = o->is_full ? -1 : vsnprintf(o->p + o->len, o->cap - o->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= o->cap - o->len)
        o->is_full = true;
    else
        o->len += (size_t)n;
}

static const char *suffix(enum type type)
{
    return type == COUNTER ? "_total" : type == INFO ? "_info" : "";
}

/* unit: what the name ends in, or "". */
static void family(struct out *o, enum type type, const char *name, const char *unit,
                   const char *help)
{
    static const char *const word[] = {"counter", "gauge", "histogram", "info"};
    bool is_open = o->form == TM_METRICS_OPENMETRICS;
    const char *named_so = is_open ? "" : suffix(type);
    o->family = name;
    o->type = type;
    put(o, "# HELP %s%s %s\n", name, named_so, help);
    put(o, "# TYPE %s%s %s\n", name, named_so, type == INFO && !is_open ? "gauge" : word[type]);
    if (is_open && unit[0] != '\0')
        put(o, "# UNIT %s %s\n", name, unit);
}

/* labels: "" or `a="b",c="d"`. */
static void sample(struct out *o, const char *labels)
{
    put(o, labels[0] != '\0' ? "%s%s{%s} " : "%s%s%s ", o->family, suffix(o->type), labels);
}

static void number(struct out *o, const char *labels, uint64_t v)
{
    sample(o, labels);
    put(o, "%" PRIu64 "\n", v);
}

static void seconds(struct out *o, const char *labels, uint64_t us)
{
    sample(o, labels);
    put(o, "%" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

/* A family of one sample. */
static void one(struct out *o, enum type type, const char *name, const char *unit, uint64_t v,
                const char *help)
{
    family(o, type, name, unit, help);
    number(o, "", v);
}

static void one_time(struct out *o, enum type type, const char *name, uint64_t us, const char *help)
{
    family(o, type, name, "seconds", help);
    seconds(o, "", us);
}

/* The value of a label, in quotes. */
static void put_quoted(struct out *o, const char *text)
{
    put(o, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            put(o, "\\n");
        else
            put(o, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    put(o, "\"");
}

/* Ends at powers of two of a microsecond, where the bins of a tm_hist end: so the counts are exact. */
#define LE_FIRST 6U  /* 64 us */
#define LE_LAST  25U /* 34 s */

static void histogram(struct out *o, const char *name, const struct tm_tally_times *t,
                      const char *help)
{
    uint64_t seen = 0;
    unsigned bin = 0;
    family(o, HISTOGRAM, name, "seconds", help);
    for (unsigned e = LE_FIRST; e <= LE_LAST; e++) {
        uint64_t below_us = UINT64_C(1) << e;
        for (; bin < TM_HIST_BINS && tm_hist_upper(bin) < below_us; bin++)
            seen += t->hist.bins[bin];
        put(o, "%s_bucket{le=\"%.8g\"} %" PRIu64 "\n", name, (double)below_us / 1e6, seen);
    }
    put(o, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, t->hist.n);
    put(o, "%s_count %" PRIu64 "\n", name, t->hist.n);
    put(o, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, t->sum_us / 1000000, t->sum_us % 1000000);
}

/* ---- What is told ---- */

#define SENT     "direction=\"sent\""
#define RECEIVED "direction=\"received\""

static void put_model(struct out *o, const struct tm_status *st)
{
    family(o, INFO, PREFIX "build", "", "What runs.");
    put(o, PREFIX "build_info{program=");
    put_quoted(o, st->program);
    put(o, ",version=\"" TM_VERSION "\"} 1\n");
    one(o, GAUGE, PREFIX "in_control", "", st->in_control,
        "Whether the model drives the wire; 0: no user data leaves.");
    one_time(o, GAUGE, PREFIX "in_control_since_seconds", st->since_s * 1000000,
             "For how long this has been so.");
    if (st->model.name[0] == '\0')
        return;
    one(o, GAUGE, PREFIX "payload_independent", "", st->model.payload_independent,
        "Whether sizes and times on the wire are decided without looking at what is carried.");
    family(o, INFO, PREFIX "model", "",
           "What decides sizes and times; of a server, of one session.");
    put(o, PREFIX "model_info{name=");
    put_quoted(o, st->model.name);
    put(o, ",kind=\"%s\",digest=\"%s\",master=\"%s\",plan=\"%s\"} 1\n", st->model.kind,
        st->model.digest, st->model.master, st->model.plan);
    one(o, GAUGE, PREFIX "model_users", "", st->model.users, "Modelled users at the same time.");
    one_time(o, GAUGE, PREFIX "model_pace_seconds", st->model.pace_ms * 1000,
             "Longest pause of a modelled user; 0: as learned.");
}

static void put_bytes(struct out *o, const struct tm_status *st)
{
    const struct tm_session_stats *s = &st->totals;
    family(o, COUNTER, PREFIX "provider_bytes", "bytes",
           "Bytes of carriers as a provider bills them: TCP payload, what TCP sent again included, "
           "and headers; as of each carrier's last write.");
    number(o, SENT, st->kernel.tx_bytes);
    number(o, RECEIVED, st->kernel.rx_bytes);
    family(o, COUNTER, PREFIX "provider_header_bytes", "bytes",
           "Of these, TCP and IP headers: an estimate by rule from the number of segments.");
    number(o, SENT, st->kernel.n[TM_KERNEL_HEADER_TX]);
    number(o, RECEIVED, st->kernel.n[TM_KERNEL_HEADER_RX]);
    family(o, COUNTER, PREFIX "wire_bytes", "bytes",
           "TCP payload of carriers, as the schedule counts it.");
    number(o, SENT, s->wire_tx_bytes);
    number(o, RECEIVED, s->wire_rx_bytes);
    family(o, COUNTER, PREFIX "content_bytes", "bytes",
           "What these are made of: user data, padding, and all else; received: of whole records, "
           "handshakes left out.");
    number(o, SENT ",kind=\"useful\"", s->payload_tx_bytes);
    number(o, SENT ",kind=\"control\"",
           s->handshake_tx_bytes + s->record_tx_bytes + s->plan_tx_bytes + s->ack_tx_bytes +
               s->control_tx_bytes + s->resent_tx_bytes);
    number(o, SENT ",kind=\"padding\"", s->pad_tx_bytes);
    number(o, RECEIVED ",kind=\"useful\"", s->data_rx_bytes);
    number(o, RECEIVED ",kind=\"control\"", s->control_rx_bytes);
    number(o, RECEIVED ",kind=\"padding\"", s->pad_rx_bytes);
    family(o, COUNTER, PREFIX "sent_control_bytes", "bytes", "What the control bytes sent are.");
    number(o, "kind=\"handshake\"", s->handshake_tx_bytes);
    number(o, "kind=\"record\"", s->record_tx_bytes);
    number(o, "kind=\"plan\"", s->plan_tx_bytes);
    number(o, "kind=\"ack\"", s->ack_tx_bytes);
    number(o, "kind=\"frame\"", s->control_tx_bytes);
    number(o, "kind=\"resent\"", s->resent_tx_bytes);
}

static void put_conformance(struct out *o, const struct tm_status *st,
                            const struct tm_tally_total *t)
{
    one(o, COUNTER, PREFIX "buffers_due", "", t->due,
        "Writes handed out to be sent at their time.");
    one(o, COUNTER, PREFIX "buffers_sent", "", t->sent, "Of these, writes that left.");
    one(o, COUNTER, PREFIX "buffers_exact", "", t->exact,
        "Of those that left, writes that ended at the offset that the plan says.");
    one(o, COUNTER, PREFIX "buffers_lost", "", t->lost,
        "Writes that were lost with their carrier.");
    one(o, COUNTER, PREFIX "deadlines_missed", "", t->missed,
        "Writes whose first byte left more than 1 ms late.");
    family(o, COUNTER, PREFIX "slips", "", "Writes that left late, or in part, by cause.");
    for (unsigned i = TM_SLIP_NONE + 1; i < TM_SLIP_N; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "cause=\"%s\"", TM_SLIP_NAMES[i]);
        number(o, label, t->slips[i]);
    }
    histogram(o, PREFIX "lateness_seconds", &t->late,
              "How long after its due time a write's first byte left.");
    histogram(o, PREFIX "peer_lateness_seconds", &t->peer,
              "How long after its due time a write of the other end was here, the path included.");
    histogram(o, PREFIX "queue_delay_seconds", &t->queue,
              "How long user data had waited when it was put into a write.");
    one(o, GAUGE, PREFIX "queue_bytes", "bytes", st->now.queue_bytes, "User data that waits.");
    one_time(o, GAUGE, PREFIX "queue_oldest_seconds", st->now.queue_oldest_us,
             "How long the oldest of it has waited.");
}

static void put_now(struct out *o, const struct tm_status *st)
{
    family(o, GAUGE, PREFIX "sessions", "", "Sessions, and those whose model is in control.");
    number(o, "state=\"any\"", st->now.sessions);
    number(o, "state=\"in_control\"", st->now.sessions_in_control);
    family(o, GAUGE, PREFIX "carriers", "", "TLS connections between the ends.");
    number(o, "state=\"open\"", st->now.carriers_open);
    number(o, "state=\"opening\"", st->now.carriers_opening);
    one(o, COUNTER, PREFIX "carriers_opened", "", st->totals.carriers_opened, "Carriers opened.");
    one(o, COUNTER, PREFIX "carriers_ended", "", st->totals.carriers_ended,
        "Carriers that ended as planned.");
    one(o, COUNTER, PREFIX "carriers_died", "", st->totals.carriers_died, "Carriers that did not.");
    one(o, GAUGE, PREFIX "streams", "", st->now.streams_open,
        "Connections of applications carried now.");
}

static void put_path(struct out *o, const struct tm_status *st)
{
    family(o, COUNTER, PREFIX "segments", "", "TCP segments of carriers.");
    number(o, SENT, st->kernel.n[TM_KERNEL_SEGS_TX]);
    number(o, RECEIVED, st->kernel.n[TM_KERNEL_SEGS_RX]);
    one(o, COUNTER, PREFIX "retransmitted_segments", "", st->kernel.n[TM_KERNEL_RETRANS_SEGS],
        "Segments that TCP sent again.");
    one_time(o, GAUGE, PREFIX "rtt_seconds", st->kernel.rtt_us,
             "Round trip time of the carrier that TCP was asked about last.");
    one(o, GAUGE, PREFIX "realtime", "", st->is_realtime,
        "Whether the sending thread runs with real-time priority.");
    one(o, COUNTER, PREFIX "front_pauses", "", st->front_pauses,
        "How often the sending thread had to wait for the other one to listen.");
    one(o, COUNTER, PREFIX "batches_late", "", st->batches_late,
        "How often writes waited while a joint model's batch was put together.");
    one(o, COUNTER, PREFIX "standstills", "", st->clocks.n_stood,
        "How often the program stood still.");
    one_time(o, COUNTER, PREFIX "standstill_seconds", st->clocks.stood_us, "For how long in all.");
    one(o, COUNTER, PREFIX "sleeps", "", st->clocks.n_slept, "How often the machine slept.");
    one(o, COUNTER, PREFIX "clock_sets", "", st->clocks.n_set, "How often the wall clock was set.");
}

static void put_server(struct out *o, const struct tm_tunnel_server_stats *s)
{
    one(o, COUNTER, PREFIX "sessions_begun", "", s->sessions_begun, "Sessions begun.");
    one(o, COUNTER, PREFIX "connections_accepted", "", s->accepted, "TCP connections accepted.");
    one(o, COUNTER, PREFIX "connections_strange", "", s->strangers,
        "Of these, connections without a token of ours: they went to the decoy.");
    one(o, COUNTER, PREFIX "connections_refused", "", s->refused,
        "Of these, connections whose token was not accepted: a client unknown or revoked, a time "
        "too far off, another model.");
    one(o, COUNTER, PREFIX "decoy_failures", "", s->decoy_failed,
        "Strangers that the decoy did not take.");
    one(o, GAUGE, PREFIX "strangers", "", s->strangers_live,
        "Connections that are not ours, or not yet.");
}

static void put_clients(struct out *o, const struct tm_metrics_source *src)
{
    static const struct {
        const char *name, *unit, *help;
        size_t at;
    } row[] = {
        {PREFIX "client_sessions", "", "Live sessions of a client.",
         offsetof(struct tm_metrics_client, sessions)},
        {PREFIX "client_carriers", "", "Carriers of a client.",
         offsetof(struct tm_metrics_client, carriers)},
        {PREFIX "client_streams", "", "Connections of applications of a client.",
         offsetof(struct tm_metrics_client, streams)},
        {PREFIX "client_sent_bytes", "bytes", "TCP payload sent in a client's live sessions.",
         offsetof(struct tm_metrics_client, tx_bytes)},
        {PREFIX "client_received_bytes", "bytes",
         "TCP payload received in a client's live sessions.",
         offsetof(struct tm_metrics_client, rx_bytes)},
    };
    for (size_t r = 0; src->n_clients > 0 && r < sizeof row / sizeof row[0]; r++) {
        family(o, GAUGE, row[r].name, row[r].unit, row[r].help);
        for (size_t i = 0; i < src->n_clients; i++) {
            char id[2 * TM_CLIENT_ID_LEN + 1], label[16 + sizeof id];
            uint64_t v;
            tm_hex_encode(id, src->clients[i].id, TM_CLIENT_ID_LEN);
            (void)snprintf(label, sizeof label, "client=\"%s\"", id);
            memcpy(&v, (const char *)&src->clients[i] + row[r].at, sizeof v);
            number(o, label, v);
        }
    }
}

/* The names are those of Prometheus's own client libraries. */
static void put_process(struct out *o, const struct tm_vitals *v)
{
    one_time(o, COUNTER, "process_cpu_seconds", v->cpu_us, "Time of all threads on processors.");
    one(o, GAUGE, "process_resident_memory_bytes", "bytes", v->resident_bytes,
        "Memory that is there.");
    one(o, GAUGE, "process_virtual_memory_bytes", "bytes", v->virtual_bytes,
        "Memory that is mapped.");
    one(o, GAUGE, "process_open_fds", "", v->open_fds, "Open file descriptors.");
    if (v->max_fds > 0)
        one(o, GAUGE, "process_max_fds", "", v->max_fds, "How many may be open.");
    one_time(o, GAUGE, "process_start_time_seconds", v->started_s * 1000000,
             "When the process began, since 1970.");
}

const char *tm_metrics_type(enum tm_metrics_form form)
{
    return form == TM_METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

size_t tm_metrics_write(const struct tm_metrics_source *src, enum tm_metrics_form form, char *out,
                        size_t cap)
{
    struct out o = {.cap = cap, .form = form};
    o.p = out;
    put_model(&o, src->status);
    put_bytes(&o, src->status);
    if (src->total != NULL)
        put_conformance(&o, src->status, src->total);
    put_now(&o, src->status);
    put_path(&o, src->status);
    if (src->server != NULL)
        put_server(&o, src->server);
    put_clients(&o, src);
    put_process(&o, src->vitals);
    if (form == TM_METRICS_OPENMETRICS)
        put(&o, "# EOF\n");
    return o.is_full ? 0 : o.len;
}
