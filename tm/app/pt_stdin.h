/* tm/app/pt_stdin.h - a parent that ends closes our standard input: then we end too (TOR_PT_EXIT_ON_STDIN_CLOSE). */
#ifndef TM_APP_PT_STDIN_H
#define TM_APP_PT_STDIN_H

#include <stdbool.h>

#include <uv.h>

struct tm_pt_stdin {
    uv_poll_t poll;
    bool is_open;
    void (*closed)(void *user);
    void *user;
};

/* Watches; what comes is thrown away.  `closed` is called when nothing more can come, and at once, from inside, where it is none that can be
 * waited for.  s must live until the loop has run once more after tm_pt_stdin_stop. */
void tm_pt_stdin_start(struct tm_pt_stdin *s, uv_loop_t *loop, void (*closed)(void *user),
                       void *user);
/* {0} is allowed. */
void tm_pt_stdin_stop(struct tm_pt_stdin *s);

#endif
