/* tm/app/pt_stdin.c - see pt_stdin.h. */
#include "tm/app/pt_stdin.h"

#include <errno.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tm_pt_stdin *s = poll->data;
    char waste[256];
    (void)events;
    ssize_t n = status < 0 ? 0 : read(STDIN_FILENO, waste, sizeof waste);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    (void)uv_poll_stop(poll);
    s->closed(s->user);
}

void tm_pt_stdin_start(struct tm_pt_stdin *s, uv_loop_t *loop, void (*closed)(void *user),
                       void *user)
{
    s->closed = closed;
    s->user = user;
    s->poll.data = s;
    s->is_open = uv_poll_init(loop, &s->poll, STDIN_FILENO) == 0;
    if (!s->is_open || uv_poll_start(&s->poll, UV_READABLE | UV_DISCONNECT, on_poll) != 0)
        closed(user); /* a file, or nothing at all */
}

void tm_pt_stdin_stop(struct tm_pt_stdin *s)
{
    if (s->is_open && !uv_is_closing((uv_handle_t *)&s->poll))
        uv_close((uv_handle_t *)&s->poll, NULL);
}
