/* tm/net/pipe.c - one application socket joined to one stream.
 *
 * Engine calls are made from socket callbacks and from on_event; each ends with tm_front_pump, except
 * from on_event, where the pump is already running. */
#include "tm/net/pipe.h"

#include <stdlib.h>
#include <string.h>

#define BUF_LEN 65536U

enum pipe_end { END_CLOSE, END_RESET };

struct tm_pipe {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    union tm_sock *sock; /* NULL: closed */
    tm_pipe_done_fn done;
    tm_pipe_refused_fn refused;
    enum tm_addr_kind kind;
    void *user;
    uv_write_t write;
    uv_shutdown_t shutdown;
    unsigned n_requests; /* of the two in flight: the pipe's memory stays until they are back */
    bool is_attached;    /* the engine still knows the stream */
    bool is_reading;
    bool is_writing;
    bool app_end;     /* the socket's end of file has been read */
    bool is_finished; /* ... and told to the engine */
    bool is_shut;     /* uv_shutdown was asked for */
    bool is_shut_done;
    struct tm_http_body body;  /* of what is read */
    size_t held_off, held_len; /* read from the socket, not yet taken by the engine */
    size_t out_len;            /* bytes of the write in flight */
    uint8_t held[BUF_LEN];
    uint8_t out[BUF_LEN];
};

static void pipe_free(struct tm_pipe *p)
{
    if (p->sock == NULL && p->n_requests == 0)
        free(p);
}

/* The one teardown path. */
static void pipe_close(struct tm_pipe *p, enum pipe_end how)
{
    if (p->sock == NULL)
        return;
    if (p->is_attached)
        tm_front_detach(p->front, p->stream);
    p->is_attached = false;
    union tm_sock *sock = p->sock;
    p->sock = NULL;
    if (how == END_RESET)
        tm_sock_reset(sock);
    else
        tm_sock_close(sock);
    if (p->done != NULL)
        p->done(p->user);
    pipe_free(p);
}

/* The application side broke: the peer is told. */
static void app_broke(struct tm_pipe *p)
{
    if (p->is_attached)
        tm_session_stream_reset(tm_front_session(p->front), p->stream, TM_REPLY_FAILURE);
    pipe_close(p, END_RESET);
}

/* ---- Socket to engine ---- */

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct tm_pipe *p = handle->data;
    *buf = uv_buf_init((char *)p->held, BUF_LEN);
}

/* Gives the engine what is held; pauses or resumes reading.  False when the pipe was closed. */
static bool push_up(struct tm_pipe *p)
{
    if (!p->is_attached || p->is_finished)
        return true;
    struct tm_session *s = tm_front_session(p->front);
    if (p->held_len > 0) {
        ssize_t n = tm_session_stream_send(s, p->stream, p->held + p->held_off, p->held_len);
        if (n < 0) {
            pipe_close(p, END_RESET); /* the stream has ended; its event may be under way */
            return false;
        }
        p->held_off += (size_t)n;
        p->held_len -= (size_t)n;
    }
    if (p->held_len > 0 && p->is_reading) {
        (void)uv_read_stop(&p->sock->stream);
        p->is_reading = false;
    } else if (p->held_len == 0 && p->app_end) {
        p->is_finished = true;
        tm_session_stream_finish(s, p->stream);
    } else if (p->held_len == 0 && !p->is_reading) {
        p->is_reading = uv_read_start(&p->sock->stream, on_alloc, on_read) == 0;
        if (!p->is_reading) {
            app_broke(p);
            return false;
        }
    }
    return true;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct tm_pipe *p = stream->data;
    struct tm_front *front = p->front;
    if (n == 0)
        return;
    if (n > 0)
        n = tm_http_body_take(&p->body, p->held, (size_t)n);
    if (n >= 0) {
        p->held_off = 0;
        p->held_len = (size_t)n;
        (void)push_up(p);
    } else if (n == UV_EOF && !tm_sock_is_reset(p->sock)) {
        p->app_end = true;
        p->is_reading = false;
        (void)uv_read_stop(stream);
        (void)push_up(p);
    } else {
        app_broke(p);
    }
    tm_front_pump(front);
}

/* ---- Engine to socket ---- */

static void pull_down(struct tm_pipe *p);

static void on_written(uv_write_t *req, int status)
{
    struct tm_pipe *p = req->data;
    p->n_requests--;
    p->is_writing = false;
    if (p->sock == NULL) {
        pipe_free(p);
        return;
    }
    struct tm_front *front = p->front;
    if (status != 0) {
        app_broke(p);
    } else {
        if (p->is_attached)
            tm_session_stream_consume(tm_front_session(front), p->stream, p->out_len);
        pull_down(p);
    }
    tm_front_pump(front);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct tm_pipe *p = req->data;
    (void)status; /* a peer that is gone shows up as a read error, or does not matter any more */
    p->n_requests--;
    p->is_shut_done = true;
    if (p->sock == NULL)
        pipe_free(p);
    else if (!p->is_attached)
        pipe_close(p, END_CLOSE);
}

static void shut(struct tm_pipe *p)
{
    if (p->is_shut)
        return;
    p->is_shut = true;
    p->shutdown.data = p;
    if (uv_shutdown(&p->shutdown, &p->sock->stream, on_shut) == 0)
        p->n_requests++;
    else
        p->is_shut_done = true;
}

/* Sends len bytes asynchronously: the engine's memory is only lent, so they are copied. */
static int write_later(struct tm_pipe *p, const uint8_t *bytes, size_t len)
{
    p->out_len = len < BUF_LEN ? len : BUF_LEN;
    memcpy(p->out, bytes, p->out_len);
    p->write.data = p;
    uv_buf_t buf = uv_buf_init((char *)p->out, (unsigned)p->out_len);
    int rc = uv_write(&p->write, &p->sock->stream, &buf, 1, on_written);
    if (rc == 0) {
        p->is_writing = true;
        p->n_requests++;
    }
    return rc;
}

static void pull_down(struct tm_pipe *p)
{
    struct tm_session *s = tm_front_session(p->front);
    while (p->is_attached && !p->is_writing && !p->is_shut) {
        bool end = false;
        struct tm_view v = tm_session_stream_peek(s, p->stream, &end);
        if (v.len == 0) {
            if (end) {
                tm_session_stream_consume(s, p->stream, 0);
                shut(p);
            }
            return;
        }
        size_t len = v.len < BUF_LEN ? v.len : BUF_LEN;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): libuv's buffers are not const */
        uv_buf_t buf = uv_buf_init((char *)(uintptr_t)v.p, (unsigned)len);
        int n = uv_try_write(&p->sock->stream, &buf, 1);
        if (n == UV_EAGAIN || n == 0) {
            n = write_later(p, v.p, len);
            if (n == 0)
                return;
        }
        if (n < 0) {
            app_broke(p);
            return;
        }
        tm_session_stream_consume(s, p->stream, (size_t)n);
    }
}

/* ---- Engine events ---- */

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct tm_pipe *p = (struct tm_pipe *)sink;
    switch (ev->kind) {
    case TM_EVENT_REPLY:
        if (ev->reply == TM_REPLY_OK)
            return;
        if (p->refused != NULL)
            p->refused(p->user, p->kind, ev->reply);
        p->is_attached = false;
        pipe_close(p, END_RESET);
        return;
    case TM_EVENT_READABLE:
        pull_down(p);
        return;
    case TM_EVENT_WRITABLE:
        (void)push_up(p);
        return;
    case TM_EVENT_RESET:
    case TM_EVENT_FAILED:
        p->is_attached = false;
        pipe_close(p, END_RESET);
        return;
    case TM_EVENT_ENDED:
        p->is_attached = false;
        shut(p);
        if (p->is_shut_done)
            pipe_close(p, END_CLOSE);
        return;
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

int tm_pipe_start(const struct tm_pipe_cfg *cfg)
{
    TM_ASSERT_LE(cfg->first_len, TM_PIPE_FIRST_MAX);
    struct tm_pipe *p = malloc(sizeof *p);
    int rc = p == NULL ? TM_ERR_NOMEM : TM_OK;
    if (rc == TM_OK) {
        memset(p, 0, offsetof(struct tm_pipe, held)); /* the buffers' pages stay untouched */
        p->sink.on_event = on_event;
        rc = tm_front_attach(cfg->front, cfg->stream, &p->sink);
    }
    if (rc != TM_OK) {
        free(p);
        tm_sock_reset(cfg->take_sock);
        return rc;
    }
    p->front = cfg->front;
    p->stream = cfg->stream;
    p->is_attached = true;
    p->sock = cfg->take_sock;
    p->sock->handle.data = p;
    p->done = cfg->done;
    p->refused = cfg->refused;
    p->kind = cfg->kind;
    p->user = cfg->user;
    p->body = cfg->body;
    p->held_len = cfg->first_len;
    if (cfg->first_len > 0)
        memcpy(p->held, cfg->first, cfg->first_len);
    if (p->sock->handle.type == UV_TCP)
        (void)uv_tcp_nodelay(&p->sock->tcp, 1);
    if (push_up(p))
        pull_down(p);
    tm_front_pump(cfg->front);
    return TM_OK;
}
