#include "audit/features/material.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/commands.h"
#include "learner/pcap_source.h"
#include "tm/base/time.h"

#define PROGRESS_EVERY 65536U /* packets between two looks at the clock */
#define BUSIEST        5U

/* ---- options ---- */

int tm_material_ports(struct tm_material_cfg *cfg, const char *text, struct tm_msg *msg)
{
    const char *p = text;
    for (;;) {
        char *end = NULL;
        errno = 0;
        unsigned long v = strtoul(p, &end, 10);
        bool is_number = p[0] >= '0' && p[0] <= '9' && errno == 0;
        if (!is_number || v < 1 || v > 65535 || (*end != ',' && *end != '\0'))
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "\"%s\": ports from 1 to 65535 are wanted, like 22,443", text);
        if (cfg->n_ports == TM_MATERIAL_PORTS_MAX)
            return tm_msg_set(msg, TM_ERR_FORMAT, "more than %u ports", TM_MATERIAL_PORTS_MAX);
        cfg->ports[cfg->n_ports++] = (uint16_t)v;
        if (*end == '\0')
            return TM_OK;
        p = end + 1;
    }
}

int tm_material_labels(struct tm_labels *out, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_labels_add(out, text, len, path, msg);
    free(text);
    return rc;
}

/* ---- the packets of one capture ---- */

struct progress {
    const char *path;
    bool is_on, is_shown;
    int64_t next_us;
};

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * TM_US_PER_S + t.tv_nsec / 1000;
}

static struct progress progress_start(const char *path)
{
    struct progress p = {.path = path, .is_on = isatty(STDERR_FILENO) == 1};
    p.next_us = p.is_on ? now_us() + TM_US_PER_S : 0;
    return p;
}

static void progress_step(struct progress *p, const struct tm_pcap_source *src)
{
    if (!p->is_on || now_us() < p->next_us)
        return;
    p->next_us = now_us() + TM_US_PER_S;
    p->is_shown = true;
    uint64_t size = tm_pcap_size_bytes(src);
    (void)fprintf(stderr, "\r%s: %.1f M packets", p->path,
                  (double)tm_pcap_counts(src)->n_frames / 1e6);
    if (size > 0)
        (void)fprintf(stderr, ", %.0f %%", 100.0 * (double)tm_pcap_read_bytes(src) / (double)size);
    (void)fflush(stderr);
}

static void progress_end(const struct progress *p)
{
    if (p->is_shown)
        (void)fputs("\r\033[K", stderr);
}

/* All packets of the file.  One that is cut is used up to there, with a warning. */
static int read_packets(struct tm_trace_builder *b, const char *path, uint64_t *n_packets,
                        struct tm_msg *msg)
{
    struct tm_pcap_source *src = NULL;
    struct tm_packet p;
    int rc = tm_pcap_open(&src, path, msg);
    if (rc != TM_OK)
        return rc;
    struct progress progress = progress_start(path);
    int got = 0;
    while (rc == TM_OK && (got = tm_pcap_next(src, &p, msg)) == 1) {
        rc = tm_trace_builder_packet(b, &p);
        if (++*n_packets % PROGRESS_EVERY == 0)
            progress_step(&progress, src);
    }
    progress_end(&progress);
    if (rc == TM_ERR_LIMIT)
        (void)tm_msg_set(msg, rc,
                         "%s: too many connections in one capture; split it (editcap -i) and give "
                         "the parts",
                         path);
    else if (rc != TM_OK)
        (void)tm_msg_set(msg, rc, "%s: out of memory", path);
    else if (got < 0)
        (void)fprintf(stderr, "tm-audit: warning: %s; what was read before is used\n", msg->text);
    tm_pcap_close(src);
    return rc;
}

/* ---- labels and choice ---- */

struct reading {
    struct tm_trace_set *out;
    const struct tm_trace_set *found;
    const char *path;
    const struct tm_material_cfg *cfg;
    struct tm_material_counts *counts;
    char *cls; /* of connections without a label; owned */
};

static char *default_class(const char *path, const struct tm_material_cfg *cfg)
{
    if (cfg->cls)
        return strdup(cfg->cls);
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t len = strcspn(base, ".");
    return len > 0 ? strndup(base, len) : strdup(base);
}

static int name_session(const struct reading *r, struct tm_trace *t, const char *prefix,
                        const char *name)
{
    char *text = NULL;
    if (asprintf(&text, "%s%s", prefix ? prefix : "", name) < 0)
        return TM_ERR_NOMEM;
    int rc = tm_trace_set_name(r->out, text, &t->session);
    free(text);
    return rc;
}

static int name_unlabelled(const struct reading *r, struct tm_trace *t, size_t index)
{
    char *text = NULL;
    uint64_t number = index;
    if (r->cfg->block_us > 0)
        number = (uint64_t)((t->start_us - r->found->v[0].start_us) / r->cfg->block_us);
    if (asprintf(&text, "%s#%" PRIu64, r->path, number) < 0)
        return TM_ERR_NOMEM;
    int rc = name_session(r, t, NULL, text);
    free(text);
    t->load = (uint32_t)index; /* which of them belong together is not known */
    return rc == TM_OK ? tm_trace_set_name(r->out, r->cls, &t->cls) : rc;
}

static int keep(const struct reading *r, size_t index)
{
    struct tm_trace t = r->found->v[index];
    const struct tm_labels *labels = r->cfg->labels;
    const struct tm_label *l = labels ? tm_labels_find(labels, t.server.addr, t.start_us) : NULL;
    r->counts->n_unlabelled += labels && !l;
    if (r->cfg->split && !(l && strcmp(labels->names[l->split], r->cfg->split) == 0)) {
        r->counts->n_other_split++;
        return TM_OK;
    }
    if (!r->cfg->keep_incomplete && !tm_trace_is_complete(&t)) {
        r->counts->n_incomplete++;
        return TM_OK;
    }
    int rc;
    if (l) {
        t.load = l->load;
        rc = name_session(r, &t, r->cfg->session_prefix, labels->names[l->session]);
        if (rc == TM_OK)
            rc = tm_trace_set_name(r->out, labels->names[l->cls], &t.cls);
    } else {
        rc = name_unlabelled(r, &t, index);
    }
    if (rc == TM_OK)
        rc = tm_trace_set_add(r->out, &t, tm_trace_packets(r->found, &r->found->v[index]),
                              t.n_packets);
    r->counts->n_kept += rc == TM_OK;
    return rc;
}

static int complain_none(const struct tm_trace_builder *b, const char *path,
                         const struct tm_material_cfg *cfg, struct tm_msg *msg)
{
    uint16_t port[BUSIEST];
    char list[BUSIEST * 8] = "";
    size_t n = tm_trace_builder_busiest(b, port, BUSIEST);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list);
        (void)snprintf(list + len, sizeof list - len, "%s%u", i > 0 ? "," : "", port[i]);
    }
    if (n == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: holds no TCP packet", path);
    if (cfg->n_ports == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: no connection with its opening (SYN) in it; with --port even those "
                          "without are read; ports in it: %s",
                          path, list);
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "%s: no connection on the ports asked for; ports in it, the busiest first: "
                      "%s (%s)",
                      path, list, cfg->ports_by ? cfg->ports_by : "--port");
}

int tm_material_read(struct tm_trace_set *out, const char *path, const struct tm_material_cfg *cfg,
                     struct tm_material_counts *counts, struct tm_msg *msg)
{
    struct tm_trace_builder *b = NULL;
    struct tm_trace_set found = {0};
    struct reading r = {.out = out, .found = &found, .path = path, .cfg = cfg, .counts = counts};
    const struct tm_trace_cfg trace_cfg = {.ports = cfg->ports, .n_ports = cfg->n_ports};
    int rc = tm_trace_builder_new(&b, &trace_cfg);
    if (rc == TM_OK)
        rc = read_packets(b, path, &counts->n_packets, msg);
    if (rc != TM_OK)
        goto out;
    rc = tm_trace_builder_end(b, &found, (uint32_t)counts->n_captures, 0, 0);
    if (rc == TM_OK && found.n == 0) {
        rc = complain_none(b, path, cfg, msg);
        goto out;
    }
    counts->n_captures++;
    counts->n_conns += found.n;
    counts->n_side[tm_material_side_of(&found)]++;
    r.cls = default_class(path, cfg);
    if (!r.cls)
        rc = TM_ERR_NOMEM;
    for (size_t i = 0; i < found.n && rc == TM_OK; i++)
        rc = keep(&r, i);
out:
    if (rc == TM_ERR_NOMEM)
        (void)tm_msg_set(msg, rc, "%s: out of memory", path);
    free(r.cls);
    tm_trace_set_deinit(&found);
    tm_trace_builder_free(b);
    return rc;
}

/* ---- where the tap was ---- */

static int compare_us(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x;
    int64_t b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* TM_NEVER when no handshake was seen. */
static int64_t median_rtt(const struct tm_trace_set *s, unsigned dir, int64_t *work)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].rtt_us[TM_UP] != TM_NEVER && s->v[i].rtt_us[TM_DOWN] != TM_NEVER)
            work[n++] = s->v[i].rtt_us[dir];
    }
    if (n == 0)
        return TM_NEVER;
    qsort(work, n, sizeof *work, compare_us);
    return work[(n - 1) / 2];
}

enum tm_material_side tm_material_side_of(const struct tm_trace_set *s)
{
    int64_t *work = malloc((s->n + 1) * sizeof *work);
    if (!work)
        return TM_TAP_UNKNOWN;
    int64_t server = median_rtt(s, TM_UP, work);
    int64_t client = median_rtt(s, TM_DOWN, work);
    free(work);
    if (server == TM_NEVER)
        return TM_TAP_UNKNOWN;
    if (client < server / 10)
        return TM_TAP_CLIENT;
    return server < client / 10 ? TM_TAP_SERVER : TM_TAP_MIDDLE;
}

const char *tm_material_side_name(enum tm_material_side side)
{
    switch (side) {
    case TM_TAP_UNKNOWN:
        break;
    case TM_TAP_CLIENT:
        return "beside the client";
    case TM_TAP_MIDDLE:
        return "in the middle";
    case TM_TAP_SERVER:
        return "beside the server";
    }
    return "at a place unknown";
}
