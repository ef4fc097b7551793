/* tm/net/decoy.c - the relay between a stranger and the decoy.
 *
 *   DIALLING --connected--> WAITING --relay--> RELAYING --both FIN, error--> closed
 *      | failed                                   ^
 *      v                                          |
 *   BROKEN  --relay--> reset              relay while DIALLING: RELAYING begins when connected
 *
 * Two one-way halves, each with one buffer: read, write it, read again.  The decoy's half reads as soon as
 * the decoy is connected, so that its timeouts are seen. */
#include "tm/net/decoy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/net/sock.h"

#define BUF_LEN 65536U

enum decoy_state { DIALLING, WAITING, RELAYING, BROKEN };

/* One direction: reads `from`, writes `to`. */
struct half {
    struct tm_decoy *d;
    union tm_sock **from, **to;
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t *first; /* owned: goes before anything in buf; NULL when written */
    size_t first_len;
    size_t len; /* bytes in buf, read and not written */
    bool is_reading;
    bool is_writing;
    bool from_end; /* FIN read */
    bool is_shut;  /* ... and mirrored */
    uint8_t buf[BUF_LEN];
};

struct tm_decoy {
    struct tm_decoy_cfg cfg;
    enum decoy_state state;
    uv_connect_t connect;
    union tm_sock *decoy, *stranger; /* NULL: closed or not there yet */
    unsigned refs;                   /* requests in flight, and one for being alive */
    bool is_closed;
    struct half up, down; /* up: stranger to decoy */
};

static void unref(struct tm_decoy *d)
{
    if (--d->refs == 0) {
        free(d->up.first);
        free(d);
    }
}

enum how { HOW_FIN, HOW_RST };

/* The one teardown path. */
static void decoy_close(struct tm_decoy *d, enum how how)
{
    if (d->is_closed)
        return;
    d->is_closed = true;
    void (*end)(union tm_sock *) = how == HOW_RST ? tm_sock_reset : tm_sock_close;
    end(d->decoy);
    end(d->stranger);
    d->decoy = d->stranger = NULL;
    unref(d);
}

/* Ends the relay and says so; nothing of d may be touched afterwards. */
static void end_relay(struct tm_decoy *d, enum how how)
{
    if (d->is_closed)
        return;
    if (d->state == BROKEN)
        d->cfg.on_news(d->cfg.user, TM_DECOY_FAILED);
    d->cfg.on_news(d->cfg.user, TM_DECOY_ENDED);
    decoy_close(d, how);
}

/* ---- A half ---- */

static void half_step(struct half *h);

static struct half *half_of(struct tm_decoy *d, const uv_stream_t *from)
{
    return d->stranger != NULL && from == &d->stranger->stream ? &d->up : &d->down;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct half *h = half_of(handle->data, (uv_stream_t *)handle);
    *buf = uv_buf_init((char *)h->buf, BUF_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct tm_decoy *d = stream->data;
    struct half *h = half_of(d, stream);
    if (n == 0)
        return;
    (void)uv_read_stop(stream);
    h->is_reading = false;
    if (n > 0)
        h->len = (size_t)n;
    else
        h->from_end = true;
    if (d->state == WAITING) {
        /* What was read, or an end (a reset shows as a close of the relay later), waits for the stranger. */
        if (n < 0 && n != UV_EOF)
            d->state = BROKEN;
        d->cfg.on_news(d->cfg.user, TM_DECOY_SPOKE);
    } else if (n < 0 && n != UV_EOF) {
        end_relay(d, HOW_RST);
    } else {
        half_step(h);
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct half *h = req->data;
    struct tm_decoy *d = h->d;
    h->is_writing = false;
    if (h->first == NULL)
        h->len = 0;
    free(h->first);
    h->first = NULL;
    if (!d->is_closed) {
        if (status != 0)
            end_relay(d, HOW_RST);
        else
            half_step(h);
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the request held a reference until here */
    unref(d);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct half *h = req->data;
    struct tm_decoy *d = h->d;
    (void)status;
    if (!d->is_closed && d->up.is_shut && d->down.is_shut)
        end_relay(d, HOW_FIN);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the request held a reference until here */
    unref(d);
}

static void shut(struct half *h)
{
    h->is_shut = true;
    h->shutdown.data = h;
    if (uv_shutdown(&h->shutdown, &(*h->to)->stream, on_shut) == 0)
        h->d->refs++;
    else
        end_relay(h->d, HOW_RST);
}

/* Does what comes next in this direction. */
static void half_step(struct half *h)
{
    if (h->is_writing || h->is_reading || h->is_shut)
        return;
    if (h->first != NULL || h->len > 0) {
        uv_buf_t buf = h->first != NULL ? uv_buf_init((char *)h->first, (unsigned)h->first_len)
                                        : uv_buf_init((char *)h->buf, (unsigned)h->len);
        h->write.data = h;
        if (uv_write(&h->write, &(*h->to)->stream, &buf, 1, on_written) != 0) {
            end_relay(h->d, HOW_RST);
            return;
        }
        h->is_writing = true;
        h->d->refs++;
    } else if (h->from_end) {
        shut(h);
    } else if (uv_read_start(&(*h->from)->stream, on_alloc, on_read) == 0) {
        h->is_reading = true;
    } else {
        end_relay(h->d, HOW_RST);
    }
}

/* ---- The whole ---- */

/* The first step may end the relay: the caller holds a reference. */
static void both_steps(struct tm_decoy *d)
{
    half_step(&d->up);
    if (!d->is_closed)
        half_step(&d->down);
}

static void on_connect(uv_connect_t *req, int status)
{
    struct tm_decoy *d = req->data;
    if (!d->is_closed) {
        if (status != 0) {
            d->state = BROKEN;
            if (d->stranger != NULL)
                end_relay(d, HOW_RST);
        } else if (d->stranger != NULL) {
            d->state = RELAYING;
            both_steps(d);
        } else {
            d->state = WAITING;
            d->down.is_reading = uv_read_start(&d->decoy->stream, on_alloc, on_read) == 0;
        }
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the request held a reference until here */
    unref(d);
}

int tm_decoy_start(struct tm_decoy **out, const struct tm_decoy_cfg *cfg)
{
    int rc = TM_ERR_NOMEM;
    struct tm_decoy *d = malloc(sizeof *d);
    if (d == NULL)
        goto out;
    memset(d, 0, offsetof(struct tm_decoy, up));
    memset(&d->up, 0, offsetof(struct half, buf));
    memset(&d->down, 0, offsetof(struct half, buf));
    d->cfg = *cfg;
    d->refs = 1;
    d->up.d = d->down.d = d;
    d->up.from = d->down.to = &d->stranger;
    d->down.from = d->up.to = &d->decoy;
    d->decoy = tm_sock_new_tcp(cfg->loop);
    if (d->decoy == NULL)
        goto out;
    d->decoy->handle.data = d;
    d->connect.data = d;
    (void)uv_tcp_nodelay(&d->decoy->tcp, 1);
    rc =
        uv_tcp_connect(&d->connect, &d->decoy->tcp, cfg->addr, on_connect) == 0 ? TM_OK : TM_ERR_IO;
    if (rc == TM_OK)
        d->refs++;
out:
    if (rc != TM_OK && d != NULL) {
        tm_sock_close(d->decoy);
        free(d);
        d = NULL;
    }
    *out = d;
    return rc;
}

void tm_decoy_relay(struct tm_decoy *d, int take_fd, const uint8_t *first, size_t first_len,
                    enum tm_decoy_end end)
{
    d->stranger = tm_sock_new_tcp(d->cfg.loop);
    if (d->stranger == NULL || uv_tcp_open(&d->stranger->tcp, take_fd) != 0) {
        (void)close(take_fd);
        end_relay(d, HOW_RST);
        return;
    }
    d->stranger->handle.data = d;
    (void)uv_tcp_nodelay(&d->stranger->tcp, 1);
    d->up.first = first_len > 0 ? malloc(first_len) : NULL;
    d->up.first_len = first_len;
    if (d->up.first != NULL)
        memcpy(d->up.first, first, first_len);
    d->up.from_end = end == TM_DECOY_READ_END;
    if (d->state == BROKEN || (first_len > 0 && d->up.first == NULL)) {
        end_relay(d, HOW_RST);
    } else if (d->state == WAITING) {
        d->state = RELAYING;
        d->refs++;
        both_steps(d);
        unref(d);
    }
}

void tm_decoy_drop(struct tm_decoy *d)
{
    decoy_close(d, d->state == RELAYING ? HOW_RST : HOW_FIN);
}
