/* tm-audit conform: options and files around audit/conform.h. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/commands.h"
#include "audit/conform.h"
#include "audit/conform_report.h"
#include "audit/played.h"
#include "audit/wire_view.h"
#include "learner/pcap_source.h"
#include "tm/cli/args.h"

struct conform_options {
    const char *capture;
    const char *logs[TM_AUDIT_LOGS_MAX];
    size_t n_logs;
    const char *bare;
    const char *file; /* schedule file */
    int is_json;
    struct tm_conform_cfg cfg;
};

static int64_t number(struct argp_state *state, const char *name, const char *text, int64_t min)
{
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < min || v > INT64_C(1) << 52)
        argp_error(state, "--%s %s: a whole number of microseconds%s is wanted", name, text,
                   min >= 0 ? ", not negative," : "");
    return v;
}

enum {
    O_CAPTURE = 256,
    O_LOG,
    O_BARE,
    O_SCHEDULE,
    O_JSON,
    O_STRANGERS,
    O_TOLERANCE,
    O_HELD,
    O_CLIENT,
    O_SERVER
};

static error_t parse_conform(int key, char *arg, struct argp_state *state)
{
    struct conform_options *o = state->input;
    switch (key) {
    case O_CAPTURE:
        o->capture = arg;
        return 0;
    case O_LOG:
        if (o->n_logs == TM_AUDIT_LOGS_MAX)
            argp_error(state, "at most two --log: the client's and the server's");
        o->logs[o->n_logs++] = arg;
        return 0;
    case O_BARE:
        o->bare = arg;
        return 0;
    case O_SCHEDULE:
        o->file = arg;
        return 0;
    case O_JSON:
        o->is_json = 1;
        return 0;
    case O_STRANGERS:
        o->cfg.does_ignore_strangers = true;
        return 0;
    case O_TOLERANCE:
        o->cfg.tolerance_us = number(state, "tolerance-us", arg, 0);
        return 0;
    case O_HELD:
        o->cfg.held_us = number(state, "held-us", arg, 0);
        return 0;
    case O_CLIENT:
        o->cfg.clock_us[TM_CLIENT] = number(state, "client-clock-us", arg, INT64_MIN);
        return 0;
    case O_SERVER:
        o->cfg.clock_us[TM_SERVER] = number(state, "server-clock-us", arg, INT64_MIN);
        return 0;
    case ARGP_KEY_END:
        if (!o->capture || o->n_logs == 0)
            argp_error(state, "--capture and at least one --log are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option CONFORM_OPTIONS[] = {
    {"capture", O_CAPTURE, "FILE", 0,
     "capture of the carriers: pcap or pcapng, - for standard input", 0},
    {"log", O_LOG, "FILE", 0, "schedule log of the client or the server; twice for both", 0},
    {"bare", O_BARE, "FILE", 0, "lateness of a bare timer (tm-bench-timer --json) to print beside",
     0},
    {"schedule", O_SCHEDULE, "FILE", 0,
     "the schedule file that was to be played, to compare the client's log with", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {"ignore-strangers", O_STRANGERS, NULL, 0,
     "connections to the server that are in no log are no difference", 0},
    {"tolerance-us", O_TOLERANCE, "N", 0, "log and capture clocks may disagree by N us (10)", 0},
    {"held-us", O_HELD, "N", 0, "TCP may keep back the end of a write for N us (5000)", 0},
    {"client-clock-us", O_CLIENT, "N", 0, "add N us to the times of the client's log (0)", 0},
    {"server-clock-us", O_SERVER, "N", 0, "add N us to the times of the server's log (0)", 0},
    {0}};

/* The servers' addresses that the logs name. */
static int add_servers(struct tm_wire_view *v, const struct tm_schedule *s)
{
    int rc = TM_OK;
    for (uint32_t k = 0; k < s->n_carriers; k++) {
        for (int side = 0; side < 2 && rc == TM_OK; side++) {
            if (s->carriers[k].has_endpoints[side])
                rc = tm_wire_view_add_server(v, &s->carriers[k].server[side]);
        }
    }
    return rc;
}

/* Reads the capture.  One that is cut is used up to there: note says so. */
static int read_capture(struct tm_wire_view *v, const char *path, struct tm_msg *note,
                        struct tm_msg *msg)
{
    struct tm_pcap_source *source = NULL;
    struct tm_packet p;
    int rc = tm_pcap_open(&source, path, msg);
    if (rc != TM_OK)
        return rc;
    while (rc == TM_OK && tm_pcap_next(source, &p, note) > 0)
        rc = tm_wire_view_feed(v, &p);
    if (rc != TM_OK)
        (void)tm_msg_set(msg, rc, "%s: out of memory", path);
    else if (v->n_fed == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s",
                        note->text[0] ? note->text : "the capture holds no TCP packet");
    tm_pcap_close(source);
    return rc;
}

/* What makes judging pointless, as one line. */
static int check_joined(const struct tm_conform *r, const struct tm_schedule *s,
                        const struct tm_wire_view *v, const char *capture, struct tm_msg *msg)
{
    if (r->n_carriers > 0)
        return TM_OK;
    if (v->n_servers == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "the logs name no established carrier with addresses");
    return tm_msg_set(
        msg, TM_ERR_FORMAT,
        "%s: none of the %" PRIu32
        " carriers of the log is in it: a log of another run, or a capture taken elsewhere",
        capture, s->n_carriers);
}

/* The client's log against the file that it was to play. */
static int compare_with_file(struct tm_played *out, const struct tm_schedule *s, const char *path,
                             struct tm_msg *msg)
{
    struct tm_schedfile f = {0};
    size_t len = 0;
    errno = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    int rc = text ? tm_schedfile_read(&f, text, len, path, msg) : TM_ERR_IO;
    if (rc == TM_OK)
        rc = tm_played_compare(out, s, &f, path, msg);
    free(text);
    tm_schedfile_deinit(&f);
    return rc;
}

static int load_logs(struct tm_schedule *s, const struct conform_options *o, struct tm_msg *msg)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < o->n_logs; i++)
        rc = tm_audit_load_log(s, o->logs[i], msg);
    return rc;
}

static int conform(const struct conform_options *o)
{
    struct tm_schedule schedule = {0};
    struct tm_played played = {0};
    struct tm_wire_view view = {0};
    struct tm_conform result = {0};
    struct tm_bare bare;
    struct tm_msg msg = {""};
    struct tm_msg note = {""};
    char *bare_text = NULL;
    size_t bare_len = 0;
    int status = 1;
    if (load_logs(&schedule, o, &msg) != TM_OK)
        goto complain;
    if (o->bare && (!(bare_text = tm_audit_read_file(o->bare, &bare_len, &msg)) ||
                    tm_bare_parse(&bare, bare_text, o->bare, &msg) != TM_OK))
        goto complain;
    if (o->file && compare_with_file(&played, &schedule, o->file, &msg) != TM_OK)
        goto complain;
    if (add_servers(&view, &schedule) != TM_OK)
        goto nomem;
    if (read_capture(&view, o->capture, &note, &msg) != TM_OK)
        goto complain;
    if (tm_conform_run(&result, &schedule, &view, &o->cfg) != TM_OK)
        goto nomem;
    if (check_joined(&result, &schedule, &view, o->capture, &msg) != TM_OK)
        goto complain;
    struct tm_conform_report report = {.result = &result,
                                       .schedule = &schedule,
                                       .view = &view,
                                       .cfg = &o->cfg,
                                       .bare = o->bare ? &bare : NULL,
                                       .played = o->file ? &played : NULL,
                                       .played_name = o->file,
                                       .capture_name = o->capture,
                                       .capture_note = note.text[0] ? note.text : NULL};
    if ((o->is_json ? tm_conform_report_json : tm_conform_report_text)(&report, stdout) != TM_OK)
        goto nomem;
    status = tm_conform_is_exact(&result) && played.n_wrong == 0 ? 0 : 1;
    goto out;
nomem:
    status = tm_audit_nomem();
    goto out;
complain:
    status = tm_audit_complain(&msg);
out:
    free(bare_text);
    tm_conform_deinit(&result);
    tm_wire_view_deinit(&view);
    tm_schedule_deinit(&schedule);
    return status;
}

int tm_cmd_conform(int argc, char **argv)
{
    static const struct argp ARGP = {
        CONFORM_OPTIONS,
        parse_conform,
        "--capture FILE --log FILE [--log FILE]",
        "Compare every payload offset of every carrier on the wire with the schedule log.",
        NULL,
        NULL,
        NULL};
    struct conform_options o = {.cfg = tm_conform_cfg_default()};
    tm_args_parse(&ARGP, argc, argv, &o);
    return conform(&o);
}
