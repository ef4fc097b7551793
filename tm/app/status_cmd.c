/* tm/app/status_cmd.c - tm-client status, tm-server status: asks the running program once, or every second.
 *
 * --watch ends when it gets SIGINT or SIGTERM, and when nobody reads its output any more. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/app/main.h"
#include "tm/app/status.h"
#include "tm/net/statsock.h"

#define HOME        "\033[H"   /* to the upper left corner */
#define CLEAR_BELOW "\033[J"   /* from here to the end of the screen */
#define EOL_SCREEN  "\033[K\n" /* nothing of an older, longer line stays */

#define EVERY_MS   1000
#define LONGEST_MS 8000 /* between asks that nobody answers; they become rarer by twos */

/* That it comes is all: it ends the waiting. */
static void on_signal(int number)
{
    (void)number;
}

struct answer {
    struct tm_status st;
    char text[TM_STATSOCK_MAX]; /* as it came, or made here */
    size_t len;
    bool has_answered;
};

/* TM_OK, whether there was an answer or not; what is wrong otherwise is in msg. */
static int ask(struct answer *a, const struct tm_options *o, struct tm_msg *msg)
{
    const char *name = tm_options_program_name(o->program);
    struct tm_msg why;
    char reason[TM_CONTROL_TEXT];
    int rc = tm_statsock_ask(o->v[TM_OPT_STATE].text, a->text, sizeof a->text, &a->len, &why);
    a->has_answered = rc == TM_OK;
    if (rc == TM_OK) {
        rc = tm_status_read(&a->st, a->text, a->len, &why);
        return rc == TM_OK ? rc : tm_msg_set(msg, rc, "the answer of %s: %.400s", name, why.text);
    }
    (void)snprintf(reason, sizeof reason, "%s %s: %.150s", name,
                   rc == TM_ERR_CLOSED ? "does not run" : "cannot be asked", why.text);
    tm_status_absent(&a->st, name, reason);
    a->len = tm_status_write(&a->st, a->text, sizeof a->text);
    return TM_OK;
}

static void show(const struct answer *a, const struct tm_options *o, bool is_screen)
{
    if (o->v[TM_OPT_JSON].given) {
        (void)fwrite(a->text, 1, a->len, stdout);
    } else if (is_screen) {
        (void)fputs(HOME, stdout);
        tm_status_text(stdout, &a->st, EOL_SCREEN);
        (void)fputs(CLEAR_BELOW, stdout);
    } else if (o->v[TM_OPT_WATCH].given) {
        tm_status_line(stdout, &a->st);
    } else {
        tm_status_text(stdout, &a->st, "\n");
    }
}

/* Waits; false: a signal came, or nobody reads what we write. */
static bool sleep_ms(int ms, const sigset_t *open_mask)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    struct pollfd p = {.fd = STDOUT_FILENO}; /* errors and hang-ups come unasked */
    return ppoll(&p, 1, &t, open_mask) == 0;
}

/* Until a signal, or until nobody reads.  Signals come only while it waits, so that none is missed. */
static int watch(struct answer *a, const struct tm_options *o, struct tm_msg *msg)
{
    const struct sigaction action = {.sa_handler = on_signal};
    bool is_screen = !o->v[TM_OPT_JSON].given && isatty(STDOUT_FILENO) == 1;
    int wait_ms = EVERY_MS;
    sigset_t ours;
    sigset_t before;
    int rc = TM_OK;
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ours, &before);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (is_screen)
        (void)fputs(HOME CLEAR_BELOW, stdout);
    do {
        rc = ask(a, o, msg);
        if (rc != TM_OK)
            break;
        show(a, o, is_screen);
        wait_ms = a->has_answered ? EVERY_MS : wait_ms * 2 < LONGEST_MS ? wait_ms * 2 : LONGEST_MS;
    } while (fflush(stdout) == 0 && sleep_ms(wait_ms, &before));
    return rc;
}

enum tm_exit tm_cmd_status(struct tm_options *o, struct tm_msg *msg)
{
    struct answer *a = calloc(1, sizeof *a);
    if (a == NULL) {
        (void)tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        return TM_EXIT_FAILED;
    }
    int rc = o->v[TM_OPT_WATCH].given ? watch(a, o, msg) : ask(a, o, msg);
    if (rc == TM_OK && !o->v[TM_OPT_WATCH].given)
        show(a, o, false);
    if (rc == TM_OK && !a->st.in_control)
        rc = tm_msg_set(msg, TM_ERR_CLOSED, "not in control: %.400s", a->st.reason);
    free(a);
    return rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}
