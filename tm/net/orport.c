/* tm/net/orport.c - see orport.h. */
#include "tm/net/orport.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tm/base/log.h"
#include "tm/net/addr.h"
#include "tm/net/dial.h"
#include "tm/net/hkdf.h"
#include "tm/net/pipe.h"

#define LIMIT_MS 10000U /* for tor to answer: it is on this machine, or near it */

struct way {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    const struct tm_orport_cfg *cfg;
    uint64_t stream;
    struct tm_dial *dial; /* while it dials */
    union tm_sock *sock;  /* owned; while it talks with tor */
    uv_timer_t timer;     /* of the talk */
    struct tm_extor talk;
    size_t in_len;
    uint8_t in[TM_EXTOR_IN_MAX];
};

/* ---- The end ---- */

static void on_timer_closed(uv_handle_t *h)
{
    free(h->data);
}

/* The stream is somebody else's by now, or has ended. */
static void way_free(struct way *w)
{
    if (w->dial != NULL)
        tm_dial_cancel(w->dial);
    if (w->sock != NULL)
        tm_sock_reset(w->sock);
    w->dial = NULL;
    w->sock = NULL;
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}

static void refuse(struct way *w, enum tm_reply reply)
{
    struct tm_front *front = w->front;
    tm_session_stream_reply(tm_front_session(front), w->stream, reply);
    tm_front_detach(front, w->stream);
    way_free(w);
    tm_front_pump(front);
}

/* What tor has sent behind its answer is the user's. */
static void become_pipe(struct way *w)
{
    struct tm_front *front = w->front;
    struct tm_session *s = tm_front_session(front);
    const struct tm_pipe_cfg cfg = {.front = front,
                                    .stream = w->stream,
                                    .take_sock = w->sock,
                                    .first = w->in,
                                    .first_len = w->in_len};
    (void)uv_read_stop(&w->sock->stream);
    w->sock = NULL;
    tm_session_stream_reply(s, w->stream, TM_REPLY_OK);
    tm_front_detach(front, w->stream);
    if (tm_pipe_start(&cfg) != TM_OK)
        tm_session_stream_reset(s, w->stream, TM_REPLY_FAILURE);
    way_free(w);
    tm_front_pump(front);
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct way *w = (struct way *)sink;
    switch (ev->kind) {
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
    case TM_EVENT_FAILED:
    case TM_EVENT_REPLY:
        way_free(w);
        return;
    case TM_EVENT_READABLE: /* the pipe will look itself */
    case TM_EVENT_WRITABLE:
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

/* ---- The talk with an extended ORPort ---- */

static enum tm_extor_want prove(struct way *w, struct tm_wr *out)
{
    uint8_t mac[2][TM_HKDF_LEN], text[TM_EXTOR_TEXT_MAX];
    const struct tm_view key = {w->cfg->cookie, sizeof w->cfg->cookie};
    for (int side = TM_EXTOR_SERVER; side <= TM_EXTOR_CLIENT; side++) {
        size_t len = tm_extor_text(&w->talk, (enum tm_extor_side)side, text);
        if (!tm_hmac(mac[side], key, (struct tm_view){text, len}))
            return TM_EXTOR_REFUSED;
    }
    return tm_extor_macs(&w->talk, mac[TM_EXTOR_SERVER], mac[TM_EXTOR_CLIENT], out);
}

/* Understands what there is; the way may be gone afterwards. */
static void converse(struct way *w)
{
    uint8_t said[TM_EXTOR_OUT_MAX];
    struct tm_wr out = tm_wr_init(said, sizeof said);
    enum tm_extor_want want = tm_extor_feed(&w->talk, w->in, &w->in_len, &out);
    if (want == TM_EXTOR_MACS) {
        want = prove(w, &out);
        if (want == TM_EXTOR_MORE)
            want = tm_extor_feed(&w->talk, w->in, &w->in_len, &out);
    }
    uv_buf_t buf = uv_buf_init((char *)said, (unsigned)out.len);
    /* A few bytes into an empty socket's buffer: not taken at once means a broken connection. */
    if (out.len > 0 && uv_try_write(&w->sock->stream, &buf, 1) != (int)out.len)
        want = TM_EXTOR_REFUSED;
    if (want == TM_EXTOR_DONE) {
        become_pipe(w);
    } else if (want == TM_EXTOR_REFUSED) {
        tm_log(TM_LOG_WARN,
               "tor's extended ORPort refused a connection; is its cookie file the one "
               "that it named?");
        refuse(w, TM_REPLY_FAILURE);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct way *w = handle->data;
    *buf = uv_buf_init((char *)w->in + w->in_len, (unsigned)(sizeof w->in - w->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct way *w = stream->data;
    if (n < 0) {
        refuse(w, TM_REPLY_FAILURE);
    } else if (n > 0) {
        w->in_len += (size_t)n;
        converse(w);
    }
}

static void on_limit(uv_timer_t *timer)
{
    refuse(timer->data, TM_REPLY_TTL_EXPIRED);
}

/* ---- The beginning ---- */

static void on_dialled(void *user, enum tm_reply reply, union tm_sock *take_sock)
{
    struct way *w = user;
    w->dial = NULL;
    w->sock = take_sock;
    if (reply != TM_REPLY_OK) {
        tm_log(TM_LOG_WARN, "tor's ORPort cannot be reached");
        refuse(w, reply);
        return;
    }
    if (!w->cfg->is_extended) {
        become_pipe(w);
        return;
    }
    take_sock->handle.data = w;
    if (uv_read_start(&take_sock->stream, on_alloc, on_read) != 0)
        refuse(w, TM_REPLY_FAILURE);
    else
        (void)uv_timer_start(&w->timer, on_limit, LIMIT_MS, 0);
}

static bool is_orport(const struct tm_dest *d)
{
    return d->kind == TM_ADDR_NAME && d->len == sizeof TM_DEST_ORPORT - 1 &&
           d->port == TM_DEST_ORPORT_PORT && memcmp(d->addr, TM_DEST_ORPORT, d->len) == 0;
}

static struct way *way_new(struct tm_front *front, const struct tm_event *ev,
                           const struct tm_orport_cfg *cfg, const struct sockaddr *peer)
{
    uint8_t nonce[TM_EXTOR_NONCE_LEN];
    char text[TM_ADDR_TEXT_MAX];
    struct way *w = RAND_bytes(nonce, sizeof nonce) == 1 ? calloc(1, sizeof *w) : NULL;
    if (w == NULL)
        return NULL;
    tm_addr_text(peer, text);
    tm_extor_init(&w->talk, nonce, tm_addr_len(peer) > 0 ? text : "", cfg->transport);
    w->sink.on_event = on_event;
    w->front = front;
    w->cfg = cfg;
    w->stream = ev->stream;
    w->timer.data = w;
    (void)uv_timer_init(tm_front_loop(front), &w->timer);
    return w;
}

void tm_orport_open(struct tm_front *front, const struct tm_event *ev,
                    const struct tm_orport_cfg *cfg, const struct sockaddr *peer)
{
    struct tm_session *s = tm_front_session(front);
    struct way *w = NULL;
    if (!is_orport(&ev->dest)) {
        tm_session_stream_reply(s, ev->stream, TM_REPLY_DENIED);
        return;
    }
    w = way_new(front, ev, cfg, peer);
    if (w == NULL) {
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    const struct tm_dial_cfg dial = {.loop = tm_front_loop(front), .done = on_dialled, .user = w};
    int rc = tm_front_attach(front, ev->stream, &w->sink);
    if (rc == TM_OK)
        rc = tm_dial_start(&w->dial, &dial, &cfg->dest);
    if (rc == TM_OK)
        return;
    tm_front_detach(front, ev->stream);
    tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
    way_free(w);
}
