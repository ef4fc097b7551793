/* tm/app/child.h - another program of ours, run beside this one. */
#ifndef TM_APP_CHILD_H
#define TM_APP_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "tm/base/err.h"

struct tm_child {
    pid_t pid; /* 0: none */
    int out;   /* reads what it prints, when that was asked for; else -1 */
};

enum tm_child_out { TM_CHILD_OUT_READ, TM_CHILD_OUT_PASS };

/* The path of the program `name` that belongs to this one: beside it, where a build has it, or, without a slash, somewhere in PATH. */
void tm_child_find(char *out, size_t cap, const char *name, const char *build_dir);
/* argv[0] names the program; err_path: where its messages go, NULL: to ours.  It ends with us.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_child_start(struct tm_child *c, char *const argv[], enum tm_child_out out,
                                 const char *err_path, struct tm_msg *msg);
/* The next line that it prints, without its end, within limit_ms.  TM_ERR_CLOSED: it has ended, or says nothing. */
TM_MUST_CHECK int tm_child_line(struct tm_child *c, char *line, size_t cap, int limit_ms);
/* Waits for its end; its exit status, 128 + signal, or -1 when there was none. */
int tm_child_wait(struct tm_child *c);
/* Asks it to end (SIGTERM), and waits. */
int tm_child_stop(struct tm_child *c);

#endif
