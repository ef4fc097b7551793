/* tm-audit prove: the files that tm-client prove has made -> verdict, page, text or JSON. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/commands.h"
#include "audit/prove/prove.h"
#include "audit/prove/prove_commands.h"
#include "learner/pcap_source.h"
#include "tm/base/time.h"

struct prove_options {
    const char *trial, *capture, *schedule_log, *control_log, *output;
    uint64_t seed;
    int is_json;
};

enum { O_TRIAL = 256, O_CAPTURE, O_SCHEDULE_LOG, O_CONTROL_LOG, O_JSON, O_SEED };

static const struct argp_option OPTIONS[] = {
    {"trial", O_TRIAL, "FILE", 0, "what tm-client prove did (required)", 0},
    {"capture", O_CAPTURE, "FILE", 0, "packets, as tm-audit capture writes them", 0},
    {"schedule-log", O_SCHEDULE_LOG, "FILE", 0, "the tunnel's schedule log of the same time", 0},
    {"control-log", O_CONTROL_LOG, "FILE", 0, "the control's log, which names its connections", 0},
    {"output", 'o', "FILE", 0, "write a page there", 0},
    {"seed", O_SEED, "N", 0, "of folds and permutations (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct prove_options *o = state->input;
    switch (key) {
    case O_TRIAL:
        o->trial = arg;
        return 0;
    case O_CAPTURE:
        o->capture = arg;
        return 0;
    case O_SCHEDULE_LOG:
        o->schedule_log = arg;
        return 0;
    case O_CONTROL_LOG:
        o->control_log = arg;
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case O_SEED:
        o->seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX);
        return 0;
    case O_JSON:
        o->is_json = 1;
        return 0;
    case ARGP_KEY_END:
        if (o->trial == NULL)
            argp_error(state, "--trial is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* All that is read, and what comes of it. */
struct work {
    struct tm_trial trial;
    struct tm_proof_wire wire;
    struct tm_schedule schedule, control;
    struct tm_wire_view view;
    struct tm_conform conform;
    struct tm_prove result;
};

static int read_trial(struct tm_trial *t, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    int rc = text != NULL ? tm_trial_read(t, text, len, path, msg) : TM_ERR_IO;
    free(text);
    return rc;
}

/* The client's ports of the control's connections. */
static void take_ports(struct tm_proof_wire *w, const struct tm_schedule *s)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        const struct tm_sched_carrier *c = &s->carriers[i];
        if (c->has_endpoints[TM_CLIENT] && w->n_control_ports < TM_PROOF_PORTS_MAX)
            w->control_ports[w->n_control_ports++] = c->client[TM_CLIENT].port;
    }
}

static int read_capture(struct work *w, const char *path, struct tm_msg *msg)
{
    struct tm_pcap_source *source = NULL;
    struct tm_packet p;
    struct tm_msg note = {""};
    int rc = tm_pcap_open(&source, path, msg);
    if (rc != TM_OK)
        return rc;
    while (rc == TM_OK && tm_pcap_next(source, &p, &note) > 0) {
        rc = tm_proof_wire_feed(&w->wire, &p);
        if (rc == TM_OK && w->view.n_servers > 0)
            rc = tm_wire_view_feed(&w->view, &p);
    }
    tm_pcap_close(source);
    return rc == TM_OK ? rc : tm_msg_set(msg, rc, "%s: %s", path, tm_strerror(rc));
}

/* Differences that the program, and not the capture or the log's beginning, has to answer for. */
static bool is_programs(enum tm_conform_kind kind)
{
    return kind != TM_DIFF_UNSEEN && kind != TM_DIFF_NO_CONNECTION && kind != TM_DIFF_NO_SYN &&
           kind != TM_DIFF_LOG_DROPPED && kind != TM_DIFF_STRANGER;
}

/* Carriers that were open before the capture began are not judged. */
static void leave_out_older(struct tm_schedule *s, const struct tm_wire_view *v)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_sched_carrier *c = &s->carriers[i];
        uint32_t k = c->has_endpoints[TM_CLIENT]
                         ? tm_wire_view_find(v, &c->client[TM_CLIENT], &c->server[TM_CLIENT])
                         : TM_WIRE_NONE;
        if (k != TM_WIRE_NONE && v->conns[k].syn_us == TM_NEVER)
            c->is_known = false;
    }
}

static int conform(struct work *w)
{
    struct tm_conform_cfg cfg = tm_conform_cfg_default();
    cfg.does_ignore_strangers = true;
    leave_out_older(&w->schedule, &w->view);
    int rc = tm_conform_run(&w->conform, &w->schedule, &w->view, &cfg);
    for (uint64_t i = 0; rc == TM_OK && i < w->conform.n_diffs && i < TM_CONFORM_DIFFS_MAX; i++) {
        if (is_programs(w->conform.diffs[i].kind) && w->result.first_diff.text[0] == '\0')
            w->result.first_diff = w->conform.diffs[i];
    }
    w->result.conform = &w->conform;
    return rc;
}

static int read_all(struct work *w, const struct prove_options *o, struct tm_msg *msg)
{
    int rc = read_trial(&w->trial, o->trial, msg);
    w->wire.server = w->trial.server;
    if (rc == TM_OK && o->control_log != NULL)
        rc = tm_audit_load_log(&w->control, o->control_log, msg);
    take_ports(&w->wire, &w->control);
    if (rc == TM_OK && o->schedule_log != NULL)
        rc = tm_audit_load_log(&w->schedule, o->schedule_log, msg);
    if (rc == TM_OK && o->schedule_log != NULL)
        rc = tm_wire_view_add_server(&w->view, &w->trial.server);
    if (rc != TM_OK)
        return rc;
    if (o->capture != NULL)
        return read_capture(w, o->capture, msg);
    for (unsigned k = 0; rc == TM_OK && k < TM_TRIAL_PHASES; k++)
        rc = tm_proof_wire_counts(&w->wire, (enum tm_trial_phase_kind)k, &w->trial.phase[k]);
    return rc;
}

static int write_page(const struct tm_prove *r, const char *path, struct tm_msg *msg)
{
    struct tm_text page = {0};
    tm_prove_page(&page, r);
    int rc = tm_text_status(&page);
    FILE *f = rc == TM_OK ? fopen(path, "w") : NULL;
    if (rc != TM_OK) {
        (void)tm_msg_set(msg, rc, "out of memory");
    } else if (f == NULL) {
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    } else {
        bool is_written = fwrite(page.p, 1, page.len, f) == page.len;
        if (fclose(f) != 0 || !is_written)
            rc = tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    }
    tm_text_deinit(&page);
    return rc;
}

static int prove(struct work *w, const struct prove_options *o)
{
    static const int STATUS[] = {
        [TM_PROVE_NOTHING_FOUND] = 0, [TM_PROVE_FOUND] = 1, [TM_PROVE_NONE] = TM_PROVE_NO_VERDICT};
    struct tm_msg msg = {""};
    struct tm_prove *r = &w->result;
    r->trial = &w->trial;
    r->wire = &w->wire;
    r->seed = o->seed;
    int rc = read_all(w, o, &msg);
    if (rc == TM_OK && o->schedule_log != NULL && o->capture != NULL)
        rc = conform(w);
    if (rc == TM_OK)
        rc = tm_prove_run(r, &msg);
    if (rc == TM_OK && o->output != NULL)
        rc = write_page(r, o->output, &msg);
    if (rc != TM_OK) {
        (void)(msg.text[0] == '\0' ? tm_audit_nomem() : tm_audit_complain(&msg));
        return TM_PROVE_NO_VERDICT;
    }
    (o->is_json ? tm_prove_json : tm_prove_text)(stdout, r);
    return STATUS[r->verdict];
}

int tm_cmd_prove(int argc, char **argv)
{
    static const struct argp ARGP = {OPTIONS,
                                     parse,
                                     "--trial FILE [--capture FILE]",
                                     "What tm-client prove did and captured -> what an observer "
                                     "could tell.\vExit status: 0 nothing "
                                     "found and the control caught, 1 found, 3 no verdict.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct prove_options o = {.seed = 1};
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    struct work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return tm_audit_nomem();
    int status = prove(w, &o);
    tm_trial_deinit(&w->trial);
    tm_proof_wire_deinit(&w->wire);
    tm_schedule_deinit(&w->schedule);
    tm_schedule_deinit(&w->control);
    tm_wire_view_deinit(&w->view);
    tm_conform_deinit(&w->conform);
    free(w);
    return status;
}
