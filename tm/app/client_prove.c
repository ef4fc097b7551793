/* tm/app/client_prove.c - tm-client prove: what does an observer of one's own wire learn?
 *
 *   the tunnel that runs ──(1) transfers by a pattern──> server      tm-audit capture, all the time
 *   a second session, shuffle:1, no model ──(2) the same──> server   the positive control
 *   (3) tm-audit prove: attacks, page, verdict
 *
 * The user's tunnel is not touched: it gets streams, as from any program, and is asked for its status.  Without the right to capture, the
 * programs' own counters take the place of packets, and the page says so.  All that is written goes to a directory of its own,
 * which holds no key but in the control's state, removed as soon as that has ended. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tm/app/address.h"
#include "tm/app/child.h"
#include "tm/app/client_state.h"
#include "tm/app/file.h"
#include "tm/app/main.h"
#include "tm/app/prove_load.h"
#include "tm/app/status.h"
#include "tm/net/addr.h"
#include "tm/net/statsock.h"

#define NO_RIGHT    3 /* exit status of tm-audit capture */
#define CAPTURE_MS  5000
#define CONTROL_MS  30000
#define STATE_NAME  "state"
#define SERVER_FILE "server"

struct prove {
    const struct tm_options *o;
    char dir[TM_FILE_PATH_MAX];
    bool is_kept;
    char audit[PATH_MAX];
    char server[TM_ADDR_TEXT_MAX]; /* ADDR:PORT */
    struct tm_client_state state;
    struct tm_status status; /* before the test */
    struct tm_child capture, control;
    char interface[64], why_not[400]; /* where is captured; why not */
    FILE *log;
    int stop_fd;
};

static char *path(struct prove *p, char out[TM_FILE_PATH_MAX], const char *name)
{
    (void)snprintf(out, TM_FILE_PATH_MAX, "%.900s/%s", p->dir, name);
    return out;
}

/* ---- What must be there ---- */

static int ask_status(struct prove *p, struct tm_msg *msg)
{
    char text[TM_STATSOCK_MAX];
    size_t len = 0;
    struct tm_msg why;
    int rc = tm_statsock_ask(p->o->v[TM_OPT_STATE].text, text, sizeof text, &len, &why);
    if (rc != TM_OK)
        return tm_msg_set(
            msg, rc, "no tunnel runs with this state: %.300s; start tm-client run first", why.text);
    rc = tm_status_read(&p->status, text, len, msg);
    if (rc == TM_OK && !p->status.in_control)
        rc = tm_msg_set(msg, TM_ERR_CLOSED, "the tunnel is not in control of its wire: %.300s",
                        p->status.reason);
    return rc;
}

static int find_server(struct prove *p, struct tm_msg *msg)
{
    struct sockaddr_storage sa;
    struct tm_address a = {0};
    int rc = tm_client_state_load(&p->state, p->o->v[TM_OPT_STATE].text, msg);
    if (rc != TM_OK)
        return rc;
    a.port = (uint16_t)p->state.port;
    memcpy(a.host, p->state.host, sizeof a.host);
    rc = tm_address_resolve(&sa, &a, msg);
    if (rc == TM_OK)
        tm_addr_text((const struct sockaddr *)&sa, p->server);
    return rc;
}

/* The state's directory is private, and so are those made in it. */
static int make_dir(struct prove *p, struct tm_msg *msg)
{
    const char *keep = p->o->v[TM_OPT_KEEP].text;
    char name[TM_FILE_PATH_MAX];
    p->is_kept = keep != NULL;
    if (keep != NULL) {
        (void)snprintf(p->dir, sizeof p->dir, "%.900s", keep);
        return tm_file_make_dir(p->dir, msg);
    }
    int rc = tm_file_path(name, p->o->v[TM_OPT_STATE].text, "prove-XXXXXX", NULL, msg);
    if (rc == TM_OK && mkdtemp(name) == NULL)
        rc = tm_msg_set(msg, TM_ERR_IO, "cannot make %s: %s", name, strerror(errno));
    if (rc == TM_OK)
        (void)snprintf(p->dir, sizeof p->dir, "%s", name);
    return rc;
}

static void write_head(struct prove *p)
{
    const struct tm_status *s = &p->status;
    (void)fprintf(p->log,
                  "{\"t\":\"trial\",\"v\":1,\"server\":\"%s\",\"model\":\"%s\",\"kind\":\"%s\","
                  "\"users\":%llu,\"payload_independent\":%s}\n",
                  p->server, s->model.name, s->model.kind, (unsigned long long)s->model.users,
                  s->model.payload_independent ? "true" : "false");
}

/* The text between quotes, without what JSON does not take there. */
static void write_note(FILE *f, const char *text)
{
    (void)fputs("{\"t\":\"note\",\"text\":\"", f);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        (void)fputc(c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '\'' : c, f);
    }
    (void)fputs("\"}\n", f);
}

/* ---- Capture ---- */

/* What a child said last before it ended. */
static void last_line(char *out, size_t cap, const char *file)
{
    char line[400];
    FILE *f = fopen(file, "re");
    out[0] = '\0';
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            (void)snprintf(out, cap, "%s", line);
    }
    if (f != NULL)
        (void)fclose(f);
}

/* Without the right to capture the test goes on; with a wrong interface it does not. */
static int start_capture(struct prove *p, struct tm_msg *msg)
{
    char interface[64];
    static const char SAYS[] = "capturing on ";
    char wire[TM_FILE_PATH_MAX], err[TM_FILE_PATH_MAX], line[200];
    char *argv[] = {p->audit,  "capture",  "--server",
                    p->server, "--output", path(p, wire, "wire.pcap"),
                    NULL,      NULL,       NULL};
    if (p->o->v[TM_OPT_INTERFACE].given) {
        argv[6] = "--interface";
        (void)snprintf(interface, sizeof interface, "%s", p->o->v[TM_OPT_INTERFACE].text);
        argv[7] = interface;
    }
    int rc = tm_child_start(&p->capture, argv, TM_CHILD_OUT_READ, path(p, err, "capture.err"), msg);
    if (rc != TM_OK)
        return rc;
    if (tm_child_line(&p->capture, line, sizeof line, CAPTURE_MS) == TM_OK &&
        strncmp(line, SAYS, sizeof SAYS - 1) == 0) {
        (void)snprintf(p->interface, sizeof p->interface, "%.63s", line + sizeof SAYS - 1);
        return TM_OK;
    }
    int status = tm_child_stop(&p->capture);
    last_line(p->why_not, sizeof p->why_not, err);
    if (status == NO_RIGHT)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "%s",
                      status == 127 ? "tm-audit is not there: install it beside tm-client"
                                    : p->why_not);
}

/* How many packets the kernel dropped goes to the log. */
static void stop_capture(struct prove *p)
{
    static const char COUNTED[] = "captured "; /* N packets, N dropped */
    char line[200] = "";
    unsigned long long n = 0, n_dropped = 0;
    const char *comma;
    if (p->capture.pid == 0)
        return;
    (void)kill(p->capture.pid, SIGTERM);
    if (tm_child_line(&p->capture, line, sizeof line, CAPTURE_MS) == TM_OK &&
        strncmp(line, COUNTED, sizeof COUNTED - 1) == 0 && (comma = strchr(line, ',')) != NULL) {
        n = strtoull(line + sizeof COUNTED - 1, NULL, 10);
        n_dropped = strtoull(comma + 1, NULL, 10);
    }
    (void)tm_child_wait(&p->capture);
    (void)fprintf(p->log,
                  "{\"t\":\"capture\",\"interface\":\"%s\",\"packets\":%llu,\"dropped\":%llu}\n",
                  p->interface, n, n_dropped);
}

/* ---- The control ---- */

static int run_load(struct prove *p, const char *phase, const char *socks, const char *state_dir,
                    struct tm_msg *msg)
{
    const struct tm_prove_load load = {.phase = phase,
                                       .socks = socks,
                                       .state_dir = state_dir,
                                       .seconds = (uint32_t)p->o->v[TM_OPT_SECONDS].num,
                                       .has_counts = p->interface[0] == '\0',
                                       .log = p->log,
                                       .stop_fd = p->stop_fd};
    return tm_prove_load_run(&load, msg);
}

/* "ready: socks5 on 127.0.0.1:40000, model ..." */
static bool take_socks(char *out, size_t cap, const char *line)
{
    static const char SAYS[] = "ready: socks5 on ";
    const char *from = line + sizeof SAYS - 1;
    if (strncmp(line, SAYS, sizeof SAYS - 1) != 0)
        return false;
    (void)snprintf(out, cap, "%.*s", (int)strcspn(from, ","), from);
    return true;
}

static int run_control(struct prove *p, struct tm_msg *msg)
{
    char state[TM_FILE_PATH_MAX], log[TM_FILE_PATH_MAX], err[TM_FILE_PATH_MAX],
        file[TM_FILE_PATH_MAX];
    char line[400], socks[TM_ADDRESS_TEXT_MAX];
    char *argv[] = {"/proc/self/exe",
                    "run",
                    "--state",
                    path(p, state, STATE_NAME),
                    "--model",
                    "shuffle:1",
                    "--socks",
                    "127.0.0.1:0",
                    "--log-schedule",
                    path(p, log, "control.jsonl"),
                    NULL};
    int rc = tm_file_make_dir(state, msg);
    if (rc == TM_OK)
        rc = tm_client_state_create(&p->state, state, msg);
    if (rc == TM_OK)
        rc = tm_child_start(&p->control, argv, TM_CHILD_OUT_READ, path(p, err, "control.err"), msg);
    if (rc != TM_OK)
        goto out;
    if (tm_child_line(&p->control, line, sizeof line, CONTROL_MS) != TM_OK ||
        !take_socks(socks, sizeof socks, line)) {
        (void)tm_child_stop(&p->control);
        last_line(line, sizeof line, err);
        rc = tm_msg_set(msg, TM_ERR_IO, "the control does not run: %.300s", line);
        goto out;
    }
    rc = run_load(p, "control", socks, state, msg);
    (void)tm_child_stop(&p->control);
out:
    (void)unlink(path(p, file, STATE_NAME "/" SERVER_FILE));
    (void)rmdir(state);
    return rc;
}

/* ---- All ---- */

static int judge(struct prove *p, struct tm_msg *msg)
{
    char output[PATH_MAX], played[PATH_MAX];
    (void)snprintf(output, sizeof output, "%s", p->o->v[TM_OPT_OUTPUT].text);
    char trial[TM_FILE_PATH_MAX], wire[TM_FILE_PATH_MAX], control[TM_FILE_PATH_MAX];
    char *argv[16] = {p->audit,        "prove",
                      "--trial",       path(p, trial, "trial.jsonl"),
                      "--control-log", path(p, control, "control.jsonl"),
                      "--output",      output};
    size_t n = 8;
    if (p->interface[0] != '\0') {
        argv[n++] = "--capture";
        argv[n++] = path(p, wire, "wire.pcap");
    }
    if (p->o->v[TM_OPT_LOG_SCHEDULE].given) {
        argv[n++] = "--schedule-log";
        (void)snprintf(played, sizeof played, "%s", p->o->v[TM_OPT_LOG_SCHEDULE].text);
        argv[n++] = played;
    }
    if (p->o->v[TM_OPT_JSON].given)
        argv[n++] = "--json";
    struct tm_child child;
    int rc = tm_child_start(&child, argv, TM_CHILD_OUT_PASS, NULL, msg);
    return rc == TM_OK ? tm_child_wait(&child) : rc;
}

static void say(const struct prove *p)
{
    unsigned seconds = (unsigned)p->o->v[TM_OPT_SECONDS].num;
    (void)fprintf(stderr, "model %s; %u s through the tunnel, then %u s without the model; %s%s\n",
                  p->status.model.name, seconds, seconds,
                  p->interface[0] != '\0' ? "capturing on " : "nothing is captured: ",
                  p->interface[0] != '\0' ? p->interface : p->why_not);
}

static int measure(struct prove *p, struct tm_msg *msg)
{
    char name[TM_FILE_PATH_MAX];
    int rc = ask_status(p, msg);
    if (rc == TM_OK)
        rc = find_server(p, msg);
    if (rc == TM_OK)
        rc = make_dir(p, msg);
    if (rc != TM_OK)
        return rc;
    p->log = fopen(path(p, name, "trial.jsonl"), "we");
    if (p->log == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "cannot write %s: %s", name, strerror(errno));
    write_head(p);
    rc = start_capture(p, msg);
    if (rc != TM_OK)
        return rc;
    say(p);
    rc = run_load(p, "model", p->o->v[TM_OPT_SOCKS].text, p->o->v[TM_OPT_STATE].text, msg);
    if (rc == TM_OK)
        rc = run_control(p, msg);
    stop_capture(p);
    if (p->why_not[0] != '\0')
        write_note(p->log, p->why_not);
    return rc;
}

static void clean(struct prove *p)
{
    static const char *const FILES[] = {"trial.jsonl", "wire.pcap", "capture.err", "control.jsonl",
                                        "control.err"};
    char name[TM_FILE_PATH_MAX];
    (void)tm_child_stop(&p->capture);
    if (p->stop_fd >= 0)
        (void)close(p->stop_fd);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES && p->dir[0] != '\0' && !p->is_kept; i++)
        (void)unlink(path(p, name, FILES[i]));
    if (p->dir[0] != '\0' && !p->is_kept)
        (void)rmdir(p->dir);
    OPENSSL_cleanse(p, sizeof *p);
    free(p);
}

static int stop_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The test could not be made: there is nothing to judge, and no page. */
static enum tm_exit no_verdict(const struct tm_options *o, const struct tm_msg *msg)
{
    (void)fprintf(stderr, "tm-client: no verdict: %s\n", msg->text);
    if (o->v[TM_OPT_JSON].given) {
        printf("{\"schema_version\": 1, \"verdict\": \"no verdict\", \"no_verdict_because\": [\"");
        for (const char *c = msg->text; *c != '\0'; c++)
            (void)putchar((unsigned char)*c < 0x20 || *c == '"' || *c == '\\' ? '\'' : *c);
        printf("\"]}\n");
    }
    return TM_EXIT_NO_VERDICT;
}

enum tm_exit tm_cmd_prove(struct tm_options *o, struct tm_msg *msg)
{
    struct prove *p = calloc(1, sizeof *p);
    int status = -1;
    if (p == NULL) {
        (void)tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return TM_EXIT_FAILED;
    }
    p->o = o;
    p->capture.out = p->control.out = -1;
    p->stop_fd = stop_signals();
    tm_child_find(p->audit, sizeof p->audit, "tm-audit", "../../audit");
    int rc = measure(p, msg);
    if (p->log != NULL && fclose(p->log) != 0 && rc == TM_OK)
        rc = tm_msg_set(msg, TM_ERR_IO, "the test's log: %s", strerror(errno));
    if (rc == TM_OK)
        status = judge(p, msg);
    clean(p);
    if (rc != TM_OK)
        return no_verdict(o, msg);
    if (status == TM_EXIT_DONE)
        return TM_EXIT_DONE;
    if (status != TM_EXIT_FAILED)
        return TM_EXIT_NO_VERDICT;
    (void)tm_msg_set(msg, TM_ERR_CLOSED, "something was found; %.300s says what",
                     o->v[TM_OPT_OUTPUT].text);
    return TM_EXIT_FAILED;
}
