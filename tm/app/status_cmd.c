/* tm/app/status_cmd.c - tm-client status, tm-server status: asks the running program once, or every second. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tm/app/main.h"
#include "tm/app/status.h"
#include "tm/net/statsock.h"

#define HOME        "\033[H"   /* to the upper left corner */
#define CLEAR_BELOW "\033[J"   /* from here to the end of the screen */
#define EOL_SCREEN  "\033[K\n" /* nothing of an older, longer line stays */

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

struct answer {
    struct tm_status st;
    char text[TM_STATSOCK_MAX]; /* as it came, or made here */
    size_t len;
};

/* TM_OK, whether there was an answer or not; what is wrong otherwise is in msg. */
static int ask(struct answer *a, const struct tm_options *o, struct tm_msg *msg)
{
    const char *name = tm_options_program_name(o->program);
    struct tm_msg why;
    char reason[TM_CONTROL_TEXT];
    int rc = tm_statsock_ask(o->v[TM_OPT_STATE].text, a->text, sizeof a->text, &a->len, &why);
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

/* Until a signal, or until nobody reads. */
static int watch(struct answer *a, const struct tm_options *o, struct tm_msg *msg)
{
    const struct timespec second = {.tv_sec = 1};
    const struct sigaction action = {.sa_handler = on_signal};
    bool is_screen = !o->v[TM_OPT_JSON].given && isatty(STDOUT_FILENO) == 1;
    int rc = TM_OK;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (is_screen)
        (void)fputs(HOME CLEAR_BELOW, stdout);
    while (rc == TM_OK && !is_over) {
        rc = ask(a, o, msg);
        if (rc == TM_OK) {
            show(a, o, is_screen);
            if (fflush(stdout) != 0)
                break;
        }
        if (rc == TM_OK && !is_over)
            (void)nanosleep(&second, NULL);
    }
    return rc;
}

enum tm_exit tm_cmd_status(struct tm_options *o, struct tm_msg *msg)
{
    static struct answer a; /* large; the program does nothing else */
    int rc = o->v[TM_OPT_WATCH].given ? watch(&a, o, msg) : ask(&a, o, msg);
    if (rc != TM_OK)
        return TM_EXIT_FAILED;
    if (!o->v[TM_OPT_WATCH].given)
        show(&a, o, false);
    if (a.st.in_control)
        return TM_EXIT_DONE;
    (void)tm_msg_set(msg, TM_ERR_CLOSED, "not in control: %.400s", a.st.reason);
    return TM_EXIT_FAILED;
}
