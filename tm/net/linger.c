/* tm/net/linger.c - see linger.h.  The object lives until timer and shutdown are back. */
#include "tm/net/linger.h"

#include <stdlib.h>

#define BUF_LEN 4096U

struct parting {
    union tm_sock *sock; /* NULL: closed */
    uv_timer_t timer;
    uv_shutdown_t shutdown;
    unsigned refs;
    size_t n_bytes;
    tm_linger_done_fn done;
    void *user;
    char buf[BUF_LEN];
};

static void unref(struct parting *l)
{
    if (--l->refs == 0)
        free(l);
}

static void on_timer_closed(uv_handle_t *h)
{
    unref(h->data);
}

static void end(struct parting *l)
{
    if (l->sock == NULL)
        return;
    tm_sock_close(l->sock);
    l->sock = NULL;
    uv_close((uv_handle_t *)&l->timer, on_timer_closed);
    l->done(l->user);
}

static void on_timer(uv_timer_t *timer)
{
    end(timer->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status; /* what went wrong shows when it is read */
    unref(req->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct parting *l = handle->data;
    *buf = uv_buf_init(l->buf, BUF_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct parting *l = stream->data;
    if (n > 0)
        l->n_bytes += (size_t)n;
    if (n < 0 || l->n_bytes >= TM_LINGER_BYTES)
        end(l);
}

void tm_linger(union tm_sock *take_sock, tm_linger_done_fn done, void *user)
{
    struct parting *l = malloc(sizeof *l);
    if (l == NULL) {
        tm_sock_close(take_sock);
        done(user);
        return;
    }
    l->sock = take_sock;
    l->n_bytes = 0;
    l->done = done;
    l->user = user;
    l->refs = 1;
    l->timer.data = l->shutdown.data = l->sock->handle.data = l;
    (void)uv_timer_init(take_sock->handle.loop, &l->timer);
    (void)uv_timer_start(&l->timer, on_timer, TM_LINGER_MS, 0);
    if (uv_shutdown(&l->shutdown, &take_sock->stream, on_shutdown) == 0)
        l->refs++;
    if (uv_read_start(&take_sock->stream, on_alloc, on_read) != 0)
        end(l);
}
