/* tm/net/outlet.c - from event OPEN to a pipe. */
#include "tm/net/outlet.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/session_datagram.h"
#include "tm/net/alarm.h"
#include "tm/net/dial.h"
#include "tm/net/finder.h"
#include "tm/net/nameserver.h"
#include "tm/net/pipe.h"
#include "tm/net/streamlog.h"
#include "tm/net/testload.h"
#include "tm/net/udpoutlet.h"

struct outlet {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    struct tm_dial *dial;
};

static void log_flow(struct outlet *o, const union tm_sock *sock)
{
    struct tm_streamlog *log = tm_front_streamlog(o->front);
    struct sockaddr_storage end[2];
    int len[2] = {sizeof end[0], sizeof end[1]};
    const struct tm_streamlog_link link = {(struct sockaddr *)&end[0], (struct sockaddr *)&end[1]};
    if (log == NULL || sock == NULL || sock->handle.type != UV_TCP ||
        uv_tcp_getsockname(&sock->tcp, (struct sockaddr *)&end[0], &len[0]) != 0 ||
        uv_tcp_getpeername(&sock->tcp, (struct sockaddr *)&end[1], &len[1]) != 0)
        return;
    tm_streamlog_flow(log, o->stream, tm_now_us(), &link);
}

static void on_dialled(void *user, enum tm_reply reply, union tm_sock *take_sock)
{
    struct outlet *o = user;
    struct tm_front *front = o->front;
    struct tm_session *s = tm_front_session(front);
    const struct tm_pipe_cfg cfg = {.front = front, .stream = o->stream, .take_sock = take_sock};
    log_flow(o, take_sock);
    tm_session_stream_reply(s, o->stream, reply);
    tm_front_detach(front, o->stream);
    if (reply == TM_REPLY_OK && tm_pipe_start(&cfg) != TM_OK)
        tm_session_stream_reset(s, o->stream, TM_REPLY_FAILURE);
    free(o);
    tm_front_pump(front);
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct outlet *o = (struct outlet *)sink;
    switch (ev->kind) {
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
    case TM_EVENT_FAILED:
    case TM_EVENT_REPLY:
        tm_dial_cancel(o->dial);
        free(o);
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

static bool is_resolver(const struct tm_dest *d)
{
    return d->kind == TM_ADDR_NAME && d->len == sizeof TM_DEST_RESOLVER - 1 &&
           memcmp(d->addr, TM_DEST_RESOLVER, d->len) == 0;
}

void tm_outlet_open(struct tm_front *front, const struct tm_event *ev, const struct tm_guard *guard)
{
    if (ev->dest.port == 0) {
        tm_finder_open(front, ev, guard);
        return;
    }
    if (tm_testload_is_meant(&ev->dest)) {
        tm_testload_open(front, ev);
        return;
    }
    if (tm_session_means_datagrams(&ev->dest)) {
        tm_udpoutlet_open(front, ev, guard);
        return;
    }
    struct tm_session *s = tm_front_session(front);
    struct outlet *o = calloc(1, sizeof *o);
    if (o == NULL) {
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    *o = (struct outlet){.sink.on_event = on_event, .front = front, .stream = ev->stream};
    struct tm_dest dest = ev->dest;
    const struct tm_dial_cfg cfg = {.loop = tm_front_loop(front),
                                    .guard = guard,
                                    .is_own = is_resolver(&dest),
                                    .done = on_dialled,
                                    .user = o};
    if (cfg.is_own)
        tm_nameserver_read(&dest);
    int rc = tm_front_attach(front, ev->stream, &o->sink);
    if (rc == TM_OK)
        rc = tm_dial_start(&o->dial, &cfg, &dest);
    if (rc == TM_OK)
        return;
    tm_front_detach(front, ev->stream);
    tm_session_stream_reply(s, ev->stream,
                            rc == TM_ERR_RANGE ? TM_REPLY_ADDRESS_UNSUPPORTED : TM_REPLY_FAILURE);
    free(o);
}
