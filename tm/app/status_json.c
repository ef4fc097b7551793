/* tm/app/status_json.c - a status as JSON, out of one table and back into it.
 *
 * Members stand in objects one level deep ("group"); group "" is the outermost.  Those of a group follow each other
 * in the table. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "tm/app/status.h"
#include "tm/base/json.h"

#define SCHEMA_VERSION 1

enum type { T_WIDE, T_NARROW, T_BOOL, T_TEXT };
struct field {
    const char *group, *name;
    size_t at, size;
    enum type type;
};

#define FIELD(group, name, member, type)                                                           \
    {                                                                                              \
        group, name, offsetof(struct tm_status, member), sizeof(((struct tm_status *)0)->member),  \
            type                                                                                   \
    }
#define WIDE(group, name, member) FIELD(group, name, member, T_WIDE)
#define BOOL(group, name, member) FIELD(group, name, member, T_BOOL)
#define TEXT(group, name, member) FIELD(group, name, member, T_TEXT)
#define QUANTILE(group, name, of, member)                                                          \
    {                                                                                              \
        group, name, offsetof(struct tm_status, of) + offsetof(struct tm_tally_quantiles, member), \
            sizeof(uint64_t), T_WIDE                                                               \
    }
#define QUANTILES(group, of)                                                                       \
    QUANTILE(group, "n", of, n), QUANTILE(group, "p50_us", of, p50_us),                            \
        QUANTILE(group, "p90_us", of, p90_us), QUANTILE(group, "p95_us", of, p95_us),              \
        QUANTILE(group, "p99_us", of, p99_us), QUANTILE(group, "max_us", of, max_us)

static const struct field FIELDS[] = {
    TEXT("", "program", program),
    BOOL("", "in_control", in_control),
    TEXT("", "reason", reason),
    WIDE("", "since_seconds", since_s),
    TEXT("", "note", note),
    TEXT("model", "name", model.name),
    TEXT("model", "kind", model.kind),
    TEXT("model", "digest", model.digest),
    WIDE("model", "users", model.users),
    WIDE("model", "pace_ms", model.pace_ms),
    TEXT("model", "master", model.master),
    TEXT("model", "plan", model.plan),
    BOOL("model", "payload_independent", model.payload_independent),
    WIDE("machines", "cell_bytes", machines.cell_bytes),
    WIDE("machines", "started", machines.n),
    WIDE("machines", "ended", machines.n_ended),
    TEXT("machines", "refused", machines.refused),
    WIDE("machines", "cells_sent_normal", machines.sent_normal),
    WIDE("machines", "cells_sent_padding", machines.sent_padding),
    WIDE("machines", "cells_waiting_normal", machines.waiting_normal),
    WIDE("machines", "cells_waiting_padding", machines.waiting_padding),
    WIDE("machines", "padding_replaced", machines.replaced),
    WIDE("machines", "padding_dropped", machines.dropped),
    WIDE("machines", "actions_refused", machines.refused_actions),
    WIDE("events", "normal_recv", machines.event[TM_MB_NORMAL_RECV]),
    WIDE("events", "padding_recv", machines.event[TM_MB_PADDING_RECV]),
    WIDE("events", "tunnel_recv", machines.event[TM_MB_TUNNEL_RECV]),
    WIDE("events", "normal_sent", machines.event[TM_MB_NORMAL_SENT]),
    WIDE("events", "padding_sent", machines.event[TM_MB_PADDING_SENT]),
    WIDE("events", "tunnel_sent", machines.event[TM_MB_TUNNEL_SENT]),
    WIDE("events", "blocking_begin", machines.event[TM_MB_BLOCKING_BEGIN]),
    WIDE("events", "blocking_end", machines.event[TM_MB_BLOCKING_END]),
    WIDE("events", "timer_begin", machines.event[TM_MB_TIMER_BEGIN]),
    WIDE("events", "timer_end", machines.event[TM_MB_TIMER_END]),
    WIDE("conformance", "span_us", tally.span_us),
    WIDE("conformance", "due", tally.due),
    WIDE("conformance", "sent", tally.sent),
    WIDE("conformance", "offsets_exact", tally.exact),
    WIDE("conformance", "lost", tally.lost),
    WIDE("conformance", "waiting", now.buffers_waiting),
    WIDE("conformance", "missed", tally.missed),
    WIDE("conformance", "missed_from_us", missed_us),
    QUANTILES("lateness", tally.late),
    WIDE("slips", "machine", tally.slips[TM_SLIP_MACHINE]),
    WIDE("slips", "compose", tally.slips[TM_SLIP_COMPOSE]),
    WIDE("slips", "network", tally.slips[TM_SLIP_NETWORK]),
    WIDE("slips", "window", tally.slips[TM_SLIP_WINDOW]),
    WIDE("slips", "peer", tally.slips[TM_SLIP_PEER]),
    QUANTILES("peer", tally.peer),
    QUANTILES("queue", tally.queue),
    WIDE("queue", "waiting_bytes", now.queue_bytes),
    WIDE("queue", "oldest_us", now.queue_oldest_us),
    WIDE("traffic", "wire_bytes", tally.wire_bytes),
    WIDE("traffic", "payload_bytes", tally.payload_bytes),
    FIELD("traffic", "useful_permille", useful_permille, T_NARROW),
    WIDE("now", "sessions", now.sessions),
    WIDE("now", "sessions_in_control", now.sessions_in_control),
    WIDE("now", "carriers_open", now.carriers_open),
    WIDE("now", "carriers_opening", now.carriers_opening),
    WIDE("now", "streams_open", now.streams_open),
    WIDE("provider", "tx_bytes", kernel.tx_bytes),
    WIDE("provider", "rx_bytes", kernel.rx_bytes),
    WIDE("provider", "tx_header_bytes", kernel.n[TM_KERNEL_HEADER_TX]),
    WIDE("provider", "rx_header_bytes", kernel.n[TM_KERNEL_HEADER_RX]),
    WIDE("kernel", "segments_tx", kernel.n[TM_KERNEL_SEGS_TX]),
    WIDE("kernel", "segments_rx", kernel.n[TM_KERNEL_SEGS_RX]),
    WIDE("kernel", "payload_tx_bytes", kernel.n[TM_KERNEL_BYTES_TX]),
    WIDE("kernel", "payload_rx_bytes", kernel.n[TM_KERNEL_BYTES_RX]),
    WIDE("kernel", "retransmitted_segments", kernel.n[TM_KERNEL_RETRANS_SEGS]),
    WIDE("kernel", "retransmitted_bytes", kernel.n[TM_KERNEL_RETRANS_BYTES]),
    WIDE("kernel", "unsent_at_deadline_max_bytes", tally.unsent_max),
    WIDE("kernel", "rtt_us", kernel.rtt_us),
    BOOL("thread", "realtime", is_realtime),
    WIDE("thread", "front_pauses", front_pauses),
    WIDE("thread", "batches_late", batches_late),
    WIDE("clocks", "standstills", clocks.n_stood),
    WIDE("clocks", "standstill_us", clocks.stood_us),
    WIDE("clocks", "standstill_max_us", clocks.stood_max_us),
    WIDE("clocks", "standstill_ago_us", stood_ago_us),
    WIDE("clocks", "sleeps", clocks.n_slept),
    WIDE("clocks", "sleep_us", clocks.slept_us),
    WIDE("clocks", "sleep_max_us", clocks.slept_max_us),
    WIDE("clocks", "wall_clock_sets", clocks.n_set),
    WIDE("totals", "run_us", run_us),
};
#define N_FIELDS (sizeof FIELDS / sizeof FIELDS[0])

/* The group of the summary's members, at the table's end. */
static const char TOTALS[] = "totals";

/* ---- Writing ---- */

struct out {
    char *p;
    size_t len, cap;
    bool is_full;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(o->p + o->len, o->cap - o->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= o->cap - o->len)
        o->is_full = true;
    else
        o->len += (size_t)n;
}

static void put_text(struct out *o, const char *text)
{
    put(o, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            put(o, "\\u%04x", c);
        else
            put(o, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    put(o, "\"");
}

static void put_value(struct out *o, const struct tm_status *st, const struct field *f)
{
    const char *at = (const char *)st + f->at;
    uint64_t wide = 0;
    unsigned narrow = 0;
    bool yes = false;
    switch (f->type) {
    case T_WIDE:
        memcpy(&wide, at, sizeof wide);
        put(o, "%" PRIu64, wide);
        return;
    case T_NARROW:
        memcpy(&narrow, at, sizeof narrow);
        put(o, "%u", narrow);
        return;
    case T_BOOL:
        memcpy(&yes, at, sizeof yes);
        put(o, yes ? "true" : "false");
        return;
    case T_TEXT:
        put_text(o, at);
        return;
    }
}

size_t tm_status_write(const struct tm_status *st, char *out, size_t cap)
{
    struct out o = {0};
    o.p = out;
    o.cap = cap;
    const struct tm_summary_member *m;
    const char *group = "";
    put(&o, "{\"schema_version\":%d", SCHEMA_VERSION);
    for (size_t i = 0; i < N_FIELDS; i++) {
        const struct field *f = &FIELDS[i];
        bool is_new = strcmp(f->group, group) != 0;
        if (is_new && *group != '\0')
            put(&o, "}");
        if (is_new)
            put(&o, ",\"%s\":{", f->group);
        put(&o, "%s\"%s\":", is_new ? "" : ",", f->name);
        put_value(&o, st, f);
        group = f->group;
    }
    for (size_t i = 0; (m = tm_summary_member(i)) != NULL; i++)
        put(&o, ",\"%s\":%" PRIu64, m->name, tm_summary_get(&st->totals, m));
    put(&o, "}}\n");
    return o.is_full ? 0 : o.len;
}

/* ---- Reading ---- */

/* true or false: a sound value that ends so. */
static int read_bool(struct tm_json *j, bool *out)
{
    int rc = tm_json_skip(j);
    if (rc != TM_OK)
        return rc;
    *out = memcmp(j->at - 4, "true", 4) == 0; /* a member's name stands before it */
    if (!*out && memcmp(j->at - 5, "false", 5) != 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "true or false is wanted here");
    return TM_OK;
}

static int read_value(struct tm_json *j, struct tm_status *st, const struct field *f)
{
    char *at = (char *)st + f->at;
    uint64_t wide = 0;
    bool yes = false;
    int rc = TM_OK;
    switch (f->type) {
    case T_WIDE:
        rc = tm_json_number(j, UINT64_MAX, &wide);
        memcpy(at, &wide, sizeof wide);
        return rc;
    case T_NARROW:
        rc = tm_json_number(j, UINT32_MAX, &wide);
        memcpy(at, &(unsigned){(unsigned)wide}, sizeof(unsigned));
        return rc;
    case T_BOOL:
        rc = read_bool(j, &yes);
        memcpy(at, &yes, sizeof yes);
        return rc;
    case T_TEXT:
        return tm_json_string(j, at, f->size);
    }
    return rc;
}

static int read_total(struct tm_json *j, struct tm_session_stats *s,
                      const struct tm_summary_member *m)
{
    uint64_t wide = 0;
    int rc = tm_json_number(j, m->is_wide ? UINT64_MAX : UINT32_MAX, &wide);
    if (m->is_wide)
        memcpy((char *)s + m->at, &wide, sizeof wide);
    else
        memcpy((char *)s + m->at, &(uint32_t){(uint32_t)wide}, sizeof(uint32_t));
    return rc;
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(FIELDS[i].group, name) == 0)
            return true;
    }
    return false;
}

static int read_member(struct tm_json *j, struct tm_status *st, const char *group, const char *name)
{
    const struct tm_summary_member *m;
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(FIELDS[i].group, group) == 0 && strcmp(FIELDS[i].name, name) == 0)
            return read_value(j, st, &FIELDS[i]);
    }
    for (size_t i = 0; strcmp(group, TOTALS) == 0 && (m = tm_summary_member(i)) != NULL; i++) {
        if (strcmp(m->name, name) == 0)
            return read_total(j, &st->totals, m);
    }
    return tm_json_skip(j);
}

static int read_group(struct tm_json *j, struct tm_status *st, const char *group)
{
    char name[64];
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, name, sizeof name)) == 1)
        rc = read_member(j, st, group, name);
    return rc;
}

static int read_version(struct tm_json *j)
{
    uint64_t version = 0;
    int rc = tm_json_number(j, UINT64_MAX, &version);
    if (rc == TM_OK && version != SCHEMA_VERSION)
        rc = tm_json_fail(j, TM_ERR_UNSUPPORTED, "schema_version %" PRIu64 ": another release runs",
                          version);
    return rc;
}

int tm_status_read(struct tm_status *st, const char *text, size_t len, struct tm_msg *msg)
{
    struct tm_json j;
    char name[64];
    bool has_version = false;
    *st = (struct tm_status){0};
    tm_json_init(&j, text, len, "status", msg);
    int rc = tm_json_object(&j);
    while (rc == TM_OK && (rc = tm_json_member(&j, name, sizeof name)) == 1) {
        if (strcmp(name, "schema_version") == 0) {
            has_version = true;
            rc = read_version(&j);
        } else {
            rc = name[0] != '\0' && is_group(name) ? read_group(&j, st, name)
                                                   : read_member(&j, st, "", name);
        }
    }
    if (rc == TM_OK)
        rc = tm_json_end(&j);
    if (rc == TM_OK && !has_version)
        rc = tm_json_fail(&j, TM_ERR_FORMAT, "no schema_version");
    return rc;
}
