/* tm-learn sample: a model played in virtual time, as connections, as a schedule or as a capture. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "learner/commands.h"
#include "learner/ops/args.h"
#include "learner/ops/lines.h"
#include "learner/ops/pcap_bytes.h"
#include "learner/ops/sample_args.h"
#include "learner/ops/sampling.h"
#include "learner/ops/tap.h"
#include "models/schedfile.h"
#include "tm/base/time.h"

#define SCHEDULE_LEN_MAX ((size_t)1 << 30)
#define CONNS_DEFAULT    1000U
#define PORT_ELSE        443U /* for a model that does not say which port it was learned from */
#define FILE_BUFFER      ((size_t)1 << 18)

enum {
    OPT_PACE = 0x100,
    OPT_PORT,
    OPT_JSON,
    OPT_SCHEDULE,
    OPT_PCAP,
    OPT_LABELS,
    OPT_FROM,
    OPT_MEASURED_RTT
};

struct options {
    char *database;
    const char *name;
    const char *pcap, *labels, *from; /* files; NULL: not wanted */
    bool is_json, is_schedule, is_measured_rtt;
    uint16_t port; /* 0: the model's */
    struct tm_sample_head head;
};

static const struct argp_option option_table[] = {
    {"json", OPT_JSON, NULL, 0, "print a line of JSON for each connection", 1},
    {"schedule", OPT_SCHEDULE, NULL, 0, "print a schedule file, a line for each request", 1},
    {"pcap", OPT_PCAP, "FILE", 0, "write the packets as a capture (-: standard output)", 1},
    {"from", OPT_FROM, "FILE", 0, "play this schedule file instead of a model", 1},
    {"labels", OPT_LABELS, "FILE", 0, "with --pcap: write which session each server is", 1},
    {"measured-rtt", OPT_MEASURED_RTT, NULL, 0,
     "each session has a round trip of those that the model measured, instead of --rtt", 2},
    {"pace", OPT_PACE, "TIME", 0, "cap of the gaps between RREs and sessions (0: none)", 2},
    {"port", OPT_PORT, "PORT", 0, "the servers' port (that of the model, or 443)", 2},
    {0},
};

static void check_usage(const struct options *o, const struct argp_state *st)
{
    if (o->from && o->database)
        argp_error(st, "--from plays a schedule file and no model: give one of them");
    if (!o->from && (!o->database || !o->name))
        argp_error(st, "name a database and a model in it, e.g. models.db https");
    int n_outputs = o->is_json + o->is_schedule + (o->pcap != NULL);
    if (n_outputs != 1)
        argp_error(st, "say what to make, one of --json, --schedule and --pcap FILE");
    if (o->from && o->is_measured_rtt)
        argp_error(st, "--measured-rtt is the model's, and --from plays none");
    if (o->labels && !o->pcap)
        argp_error(st, "--labels goes with --pcap");
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = &o->head;
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case OPT_SCHEDULE:
        o->is_schedule = true;
        return 0;
    case OPT_PCAP:
        o->pcap = arg;
        return 0;
    case OPT_LABELS:
        o->labels = arg;
        return 0;
    case OPT_FROM:
        o->from = arg;
        return 0;
    case OPT_MEASURED_RTT:
        o->is_measured_rtt = true;
        return 0;
    case OPT_PACE:
        o->head.pace_us = tm_args_duration(arg, "pace", 0, (int64_t)TM_MODEL_TIME_MAX_US, st);
        return 0;
    case OPT_PORT:
        o->port = (uint16_t)tm_args_number(arg, "port", 1, UINT16_MAX, st);
        return 0;
    case ARGP_KEY_ARG:
        if (!o->database)
            o->database = arg;
        else if (!o->name)
            o->name = arg;
        else
            argp_error(st, "%s: one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        check_usage(o, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The first port that the model was learned from. */
static uint16_t port_of(const struct tm_store_entry *e)
{
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, "option.port") == 0) {
            unsigned long v = strtoul(e->prov[i].value, NULL, 10);
            return v >= 1 && v <= UINT16_MAX ? (uint16_t)v : PORT_ELSE;
        }
    }
    return PORT_ELSE;
}

/* Shown on a terminal when a sample takes longer than a moment. */
struct progress {
    bool is_on, is_shown;
    time_t next_s;
    uint64_t n_packets;
};

static void progress_step(struct progress *p, const struct options *o, uint64_t n_conns)
{
    struct timespec now;
    if (!p->is_on || ++p->n_packets % 65536 != 0)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (p->next_s != 0 && now.tv_sec >= p->next_s) {
        (void)fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " connections", n_conns, o->head.n_conns);
        p->is_shown = true;
    }
    if (p->next_s == 0 || now.tv_sec >= p->next_s)
        p->next_s = now.tv_sec + 1;
}

static int io_error(const char *path, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static FILE *open_output(const char *path)
{
    return strcmp(path, "-") == 0 ? stdout : fopen(path, "wbe");
}

/* Closes what open_output gave; an incomplete file is removed. */
static int close_output(FILE *f, const char *path, int rc, struct tm_msg *msg)
{
    if (!f)
        return rc;
    if (rc == TM_OK && (fflush(f) != 0 || ferror(f)))
        rc = io_error(path, msg);
    if (f == stdout)
        return rc;
    if (fclose(f) != 0 && rc == TM_OK)
        rc = io_error(path, msg);
    if (rc != TM_OK)
        (void)unlink(path);
    return rc;
}

/* Which RRE of which session a user was in. */
struct place {
    bool is_known;
    uint32_t session, rre;
    uint32_t server_ip;
};

/* One line for each RRE: the server's address says which session, the time says which RRE. */
static void add_label(FILE *f, const struct options *o, struct place *at,
                      const struct tm_tap_packet *p)
{
    const struct tm_timed_conn *c = p->conn;
    uint32_t ip = p->id.server_ip;
    if (at->is_known && at->server_ip == ip && at->session == c->open.session &&
        at->rre == c->open.rre)
        return;
    *at = (struct place){true, c->open.session, c->open.rre, ip};
    (void)fprintf(f,
                  "%" PRId64 ",%u.%u.%u.%u/32,%s,sample,%" PRId64 "us,%s-%" PRIu32 "-%" PRIu32
                  ",%" PRIu32 "\n",
                  TM_PCAP_BASE_US + p->t_us, ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255,
                  o->name, c->path.rtt_us, o->name, c->user, c->open.session, c->open.rre);
}

static int write_packets(const struct options *o, struct tm_tap *tap, FILE *f, FILE *labels,
                         struct tm_msg *msg)
{
    uint8_t bytes[TM_PCAP_PACKET_LEN_MAX];
    struct tm_tap_packet p;
    struct progress progress = {.is_on = isatty(STDERR_FILENO) == 1};
    struct place *at = calloc(o->head.n_users, sizeof *at);
    int rc = at ? TM_OK : TM_ERR_NOMEM;
    tm_pcap_bytes_header(bytes);
    (void)fwrite(bytes, 1, TM_PCAP_FILE_HEADER_LEN, f);
    for (uint64_t id = 0; rc == TM_OK && (rc = tm_tap_next(tap, &p)) == 1; id++) {
        size_t len = tm_pcap_bytes_packet(bytes, &p, id, o->head.path.mss);
        rc = TM_OK;
        if (len == 0)
            rc = tm_msg_set(msg, TM_ERR_RANGE,
                            "the sample goes beyond the year 2106, the last that a capture can "
                            "say; ask for fewer connections, more --users, or a --pace");
        else if (fwrite(bytes, 1, len, f) != len)
            rc = io_error(o->pcap, msg);
        if (labels && p.flags == TM_TCP_SYN)
            add_label(labels, o, &at[p.conn->user], &p);
        progress_step(&progress, o, p.conn->number + 1);
    }
    if (progress.is_shown)
        (void)fprintf(stderr, "\r\033[K");
    free(at);
    return rc;
}

static int make_pcap(const struct options *o, struct tm_msg *msg)
{
    struct tm_sampling s = {0};
    FILE *labels = NULL;
    FILE *f = open_output(o->pcap);
    int rc = f ? TM_OK : io_error(o->pcap, msg);
    if (rc == TM_OK && o->labels) {
        labels = open_output(o->labels);
        rc = labels ? TM_OK : io_error(o->labels, msg);
    }
    if (rc == TM_OK)
        rc = tm_sampling_open(&s, &o->head, o->port);
    if (labels)
        (void)fputs("from_us,prefix,class,split,path,session,load\n", labels);
    if (f)
        (void)setvbuf(f, NULL, _IOFBF, FILE_BUFFER);
    if (rc == TM_OK)
        rc = write_packets(o, s.tap, f, labels, msg);
    tm_sampling_close(&s);
    rc = close_output(labels, o->labels, rc, msg);
    return close_output(f, o->pcap, rc, msg);
}

/* One text for each connection, printed at once. */
static int make_lines(const struct options *o)
{
    struct tm_sampling s;
    struct tm_text t = {0};
    struct tm_timed_conn c = {0};
    int rc = tm_sampling_open(&s, &o->head, o->port);
    if (rc != TM_OK)
        return rc;
    (o->is_json ? tm_lines_sample_head : tm_lines_schedule_head)(&t, &o->head);
    while (!t.is_bad && fputs(t.p, stdout) >= 0 && (rc = tm_timeline_next(s.timeline, &c)) == 1) {
        tm_text_clear(&t);
        (o->is_json ? tm_lines_sample_conn : tm_lines_schedule_conn)(&t, &c);
        tm_timed_conn_deinit(&c);
    }
    if (t.is_bad)
        rc = TM_ERR_NOMEM;
    tm_text_deinit(&t);
    tm_timed_conn_deinit(&c);
    tm_sampling_close(&s);
    return rc == 1 ? TM_OK
                   : rc; /* 1: standard output failed, which is reported as all such errors are */
}

/* The round trips that the model measured become the sample's; rtt_us, which a sample's head says, is their median. */
static int take_rtts(struct options *o, const struct tm_model *m, struct tm_msg *msg)
{
    const struct tm_dist *d = NULL;
    if (m->kind == TM_MODEL_SWING)
        d = &m->u.swing.measured[TM_MEASURED_RTT_SERVER];
    else if (m->kind == TM_MODEL_JOINT)
        d = &m->u.joint.swing.measured[TM_MEASURED_RTT_SERVER];
    if (!d || d->n_points == 0)
        return tm_msg_set(msg, TM_ERR_RANGE, "model %s has no round trips; give one by --rtt",
                          m->name);
    uint64_t median = tm_dist_quantile(d, 500);
    o->head.path.rtts = d;
    o->head.path.rtt_us = median < TM_TAP_RTT_MAX_US ? (int64_t)median : TM_TAP_RTT_MAX_US;
    o->head.path.rtt_us = tm_max_us(o->head.path.rtt_us, TM_TAP_RTT_MIN_US);
    return TM_OK;
}

static int sample_model(struct options *o, struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    int rc = tm_args_load(o->database, o->name, &e, msg);
    if (rc == TM_OK && o->is_measured_rtt)
        rc = take_rtts(o, &e->model, msg);
    if (rc == TM_OK) {
        o->head.model = &e->model;
        o->head.n_conns = o->head.n_conns > 0 ? o->head.n_conns : CONNS_DEFAULT;
        o->port = o->port != 0 ? o->port : port_of(e);
        rc = o->pcap ? make_pcap(o, msg) : make_lines(o);
    }
    tm_store_entries_free(e, 1);
    return rc;
}

static int sample_schedule(struct options *o, struct tm_msg *msg)
{
    struct tm_schedfile f = {0};
    char *text = NULL;
    size_t len = 0;
    int rc = tm_args_slurp(o->from, SCHEDULE_LEN_MAX, &text, &len, msg);
    if (rc == TM_OK)
        rc = tm_schedfile_read(&f, text, len, o->from, msg);
    free(text);
    if (rc == TM_OK) {
        o->name = "schedule";
        o->head.schedule = &f;
        o->head.schedule_name = strcmp(o->from, "-") == 0 ? "standard input" : o->from;
        o->head.n_users = f.n_users;
        if (o->head.n_conns == 0 || o->head.n_conns > f.n_conns)
            o->head.n_conns = f.n_conns;
        o->port = o->port != 0 ? o->port : PORT_ELSE;
        rc = o->pcap ? make_pcap(o, msg) : make_lines(o);
    }
    o->head.schedule = NULL;
    tm_schedfile_deinit(&f);
    return rc;
}

int tm_cmd_sample(int argc, char **argv)
{
    static const struct argp_child children[] = {{&tm_sample_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "models.db NAME",
        .doc = "Play a model, or a schedule file, in virtual time: as connections, as a schedule "
               "or as a capture."
               "\vThe same model, seed and options give the same sample, byte for byte.",
        .children = children,
    };
    struct options o = {.head = tm_sampling_default(NULL)};
    struct tm_msg msg = {""};
    o.head.n_conns = 0;
    tm_args_parse(&argp, argc, argv, &o);
    int rc = o.from ? sample_schedule(&o, &msg) : sample_model(&o, &msg);
    return tm_args_report(rc, &msg);
}
