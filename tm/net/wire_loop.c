/* tm/net/wire_loop.c - the wire thread: its loop, commands, deadlines and listening sockets.
 *
 * A round of the loop: commands, then sleep until a socket, the alarm, the command doorbell or (when starved) the
 * room doorbell.  Deadlines are looked at also before every read, so that a burst of arrivals does not delay them
 * by more than one read. */
#include "tm/net/wire_impl.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tm/base/time.h"
#include "tm/net/privilege.h"

#define EVENT_COST(len)                                                                            \
    (((len) + 16 + 15) & ~(size_t)15) /* = tm_ring_cost, for the assertion below */
#define SENT_COST EVENT_COST(TM_WIRE_EVENT_LEN)
#define CONN_COST (EVENT_COST(sizeof(struct tm_wire_event)) + 3 * SENT_COST)
#define READ_COST                                                                                  \
    (2 * EVENT_COST(TM_WIRE_EVENT_LEN + TM_WIRE_READ)) /* itself and the unused end before it */
#define SLACK           EVENT_COST(sizeof(struct tm_wire_event)) /* the unused end before a small event */
#define WIRE_NICE       (-15)
#define ACCEPT_BATCH    16
#define ACCEPT_RETRY_MS 100

static_assert(TM_WIRE_BLOCKS * SENT_COST + TM_WIRE_CONNS_MAX * CONN_COST + READ_COST + SLACK <=
                  TM_WIRE_RING_MIN,
              "whatever is owed, one read still fits");

/* ---- Events ---- */

void tm_wire_tell(struct tm_wire *w, const struct tm_wire_event *ev)
{
    bool is_long = ev->kind == TM_WIRE_ACCEPTED || ev->kind == TM_WIRE_UP;
    size_t len = is_long ? sizeof *ev : TM_WIRE_EVENT_LEN;
    void *msg = tm_ring_reserve(w->events, len);
    TM_ASSERT(msg != NULL); /* see wire_impl.h */
    memcpy(msg, ev, len);
    tm_ring_commit(w->events, len);
}

static size_t owed(const struct tm_wire *w)
{
    return w->n_marks * SENT_COST + w->n_conns * CONN_COST + SLACK;
}

bool tm_wire_has_room(struct tm_wire *w, size_t bytes)
{
    if (tm_ring_free_bytes(w->events) >= owed(w) + bytes)
        return true;
    if (!w->is_starved)
        atomic_fetch_add_explicit(&w->late_events, 1, memory_order_relaxed);
    w->is_starved = true;
    return false;
}

/* ---- Deadlines ---- */

/* The slot whose deadline is the earliest; *t_us: when.  A few hundred numbers in a row are read faster than a
 * heap is kept. */
static uint32_t earliest(const struct tm_wire *w, int64_t *t_us)
{
    uint32_t best = 0;
    for (uint32_t half = 0; half < TM_WIRE_CONNS_MAX; half += TM_WIRE_HALF) {
        for (uint32_t i = half; i < half + w->top; i++)
            best = w->next_us[i] < w->next_us[best] ? i : best;
    }
    *t_us = w->next_us[best];
    return best;
}

void tm_wire_fire(struct tm_wire *w)
{
    int64_t t_us;
    uint32_t i = earliest(w, &t_us);
    while (t_us != TM_NEVER && t_us <= tm_now_us()) {
        tm_wire_conn_pump(&w->conns[i]);
        i = earliest(w, &t_us);
    }
}

static void on_alarm(void *user)
{
    tm_wire_fire(user);
}

/* ---- Listening ---- */

static void on_incoming(uv_poll_t *poll, int status, int events);

static void set_accepting(struct tm_wire *w, bool accepting)
{
    if (w->is_accepting == accepting)
        return;
    w->is_accepting = accepting;
    for (unsigned i = 0; i < w->n_listeners; i++) {
        if (accepting)
            (void)uv_poll_start(&w->listeners[i].poll, UV_READABLE, on_incoming);
        else
            (void)uv_poll_stop(&w->listeners[i].poll);
    }
    if (!accepting)
        atomic_fetch_add_explicit(&w->n_accept_pauses, 1, memory_order_relaxed);
}

static void on_accept_timer(uv_timer_t *timer)
{
    struct tm_wire *w = timer->data;
    set_accepting(w, true);
}

/* The id of a free slot for an accepted connection; 0: none. */
static uint32_t free_id(struct tm_wire *w)
{
    for (uint32_t i = TM_WIRE_HALF; i < TM_WIRE_CONNS_MAX; i++) {
        if (w->conns[i].state == TM_WIRE_FREE)
            return i | ((w->conns[i].id >> 16) + 1) << 16;
    }
    return 0;
}

/* One connection; false: none waits, or it has to wait. */
static bool accept_one(struct tm_wire *w, int listener)
{
    uint32_t id = free_id(w);
    if (id == 0 || !tm_wire_has_room(w, CONN_COST)) {
        set_accepting(w, false); /* until tm_wire_on_free, or there is room */
        return false;
    }
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        tm_wire_conn_accept(w, id, fd, &peer);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        set_accepting(w, false);
        (void)uv_timer_start(&w->accept_timer, on_accept_timer, ACCEPT_RETRY_MS, 0);
    }
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_incoming(uv_poll_t *poll, int status, int events)
{
    struct tm_wire *w = poll->loop->data;
    const struct tm_wire_listener *l = poll->data;
    (void)status;
    (void)events;
    tm_wire_fire(w);
    for (int i = 0; i < ACCEPT_BATCH && accept_one(w, l->fd); i++)
        ;
}

void tm_wire_on_free(struct tm_wire *w)
{
    if (!uv_is_active((uv_handle_t *)&w->accept_timer))
        set_accepting(w, true);
}

static void cmd_listen(struct tm_wire *w, int fd)
{
    struct tm_wire_listener *l = &w->listeners[w->n_listeners];
    if (w->n_listeners == TM_WIRE_LISTENERS || uv_poll_init(&w->loop, &l->poll, fd) != 0) {
        (void)close(fd);
        return;
    }
    w->n_listeners++;
    l->fd = fd;
    l->poll.data = l;
    if (w->is_accepting)
        (void)uv_poll_start(&l->poll, UV_READABLE, on_incoming);
}

/* ---- Commands ---- */

static struct tm_wire_block *take_block(struct tm_wire *w)
{
    struct tm_wire_block *b = w->free_blocks;
    if (b)
        w->free_blocks = b->next;
    else if (w->n_used_blocks < TM_WIRE_BLOCKS)
        b = &w->blocks[w->n_used_blocks++];
    return b;
}

static bool has_block(const struct tm_wire *w)
{
    return w->free_blocks || w->n_used_blocks < TM_WIRE_BLOCKS;
}

static void cmd_write(struct tm_wire_conn *c, const struct tm_wire_cmd *cmd)
{
    struct tm_wire_block *b = take_block(c->wire); /* there is one: is_runnable */
    b->next = NULL;
    b->write_no = cmd->write_no;
    b->flags = cmd->flags;
    b->due_us = cmd->due_us;
    b->gap_us = cmd->gap_us;
    b->ready_us = cmd->ready_us;
    b->len = cmd->len;
    b->off = 0;
    memcpy(b->bytes, cmd->bytes, cmd->len);
    tm_wire_send_queue(c, b);
    tm_wire_conn_pump(c);
}

static void run_cmd(struct tm_wire *w, const struct tm_wire_cmd *cmd)
{
    struct tm_wire_conn *c = &w->conns[tm_wire_slot(cmd->id)];
    bool is_known = c->id == cmd->id && c->state != TM_WIRE_FREE && c->state != TM_WIRE_GONE;
    switch (cmd->kind) {
    case TM_WIRE_CMD_LISTEN:
        cmd_listen(w, cmd->fd);
        return;
    case TM_WIRE_CMD_OPEN:
        tm_wire_conn_open(w, cmd);
        tm_wire_conn_pump(c);
        return;
    case TM_WIRE_CMD_WRITE:
        if (is_known && c->error == 0)
            cmd_write(c, cmd);
        return;
    case TM_WIRE_CMD_CLOSE:
    case TM_WIRE_CMD_SHUT:
    case TM_WIRE_CMD_ABORT:
        if (is_known)
            tm_wire_conn_close(c, cmd->kind, cmd->due_us);
        return;
    case TM_WIRE_CMD_RESET:
        if (is_known)
            tm_wire_conn_down(c, TM_WIRE_DOWN_OURS, 0);
        return;
    case TM_WIRE_CMD_RELEASE:
        if (is_known)
            tm_wire_conn_release(c);
        return;
    case TM_WIRE_CMD_YIELD:
        if (is_known)
            tm_wire_late_yield(c);
        return;
    case TM_WIRE_CMD_TAKE_BACK:
        if (is_known)
            tm_wire_late_take_back(c, cmd->error);
        return;
    }
}

/* What cannot run now stays in the ring, and what is behind it too. */
static bool is_runnable(struct tm_wire *w, const struct tm_wire_cmd *cmd)
{
    if (cmd->kind == TM_WIRE_CMD_WRITE)
        return has_block(w) && tm_wire_has_room(w, SENT_COST);
    if (cmd->kind == TM_WIRE_CMD_OPEN) /* its slot may still be closing */
        return w->conns[tm_wire_slot(cmd->id)].state == TM_WIRE_FREE &&
               tm_wire_has_room(w, CONN_COST);
    return true;
}

/* True when the command ring is empty, false when its first command has to wait. */
static bool run_cmds(struct tm_wire *w)
{
    struct tm_wire_cmd *cmd;
    size_t len;
    while ((cmd = tm_ring_peek(w->cmds, &len)) != NULL) {
        if (!is_runnable(w, cmd))
            return false;
        run_cmd(w, cmd);
        tm_ring_consume(w->cmds);
        tm_wire_fire(w);
    }
    return true;
}

static void on_bell(uv_poll_t *poll, int status, int events)
{
    struct tm_ring *ring = poll->data;
    struct tm_wire *w = poll->loop->data;
    (void)status;
    (void)events;
    tm_wire_fire(w);
    tm_ring_clear(ring == w->cmds ? tm_ring_fd(ring)
                                  : tm_ring_room_fd(ring)); /* the loop does the rest */
}

/* ---- The thread ---- */

/* After starvation: false when there is still no room, and the room doorbell will ring. */
static bool recover(struct tm_wire *w)
{
    if (tm_ring_await_free(w->events, owed(w) + READ_COST))
        return false;
    w->is_starved = false;
    tm_wire_on_free(w);
    for (uint32_t half = 0; half < TM_WIRE_CONNS_MAX; half += TM_WIRE_HALF) {
        for (uint32_t i = half; i < half + w->top; i++)
            tm_wire_conn_resume(&w->conns[i]);
    }
    return true;
}

/* All that can be done without waiting; true: the loop may sleep. */
static bool settle(struct tm_wire *w)
{
    bool is_empty = run_cmds(w);
    if (w->is_starved && recover(w))
        return false;
    int64_t t_us;
    (void)earliest(w, &t_us);
    tm_alarm_set(w->alarm, t_us);
    return !is_empty || tm_ring_await(w->cmds);
}

/* Deadlines come before everything else here; without the right to ask for it, things stay as they are. */
static void set_priority(struct tm_wire *w)
{
    struct sched_param param = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    if (w->cfg.priority == TM_WIRE_PRIORITY_REALTIME &&
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0)
        atomic_store(&w->is_realtime, true);
    else
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), WIRE_NICE);
}

void *tm_wire_loop_run(void *arg)
{
    struct tm_wire *w = arg;
    set_priority(w);
    tm_privilege_settle();
    while (!atomic_load(&w->stop)) {
        atomic_store_explicit(&w->beat_us, tm_now_us(), memory_order_relaxed);
        (void)uv_run(&w->loop, settle(w) ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    }
    atomic_store(&w->has_ended, true);
    tm_wire_loop_deinit(w);
    return NULL;
}

static int start_bell(struct tm_wire *w, uv_poll_t *poll, struct tm_ring *ring, int fd)
{
    if (uv_poll_init(&w->loop, poll, fd) != 0)
        return TM_ERR_IO;
    poll->data = ring;
    return uv_poll_start(poll, UV_READABLE, on_bell) == 0 ? TM_OK : TM_ERR_IO;
}

int tm_wire_loop_init(struct tm_wire *w)
{
    w->loop.data = w;
    w->is_accepting = true;
    (void)uv_timer_init(&w->loop, &w->accept_timer);
    w->accept_timer.data = w;
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++)
        w->next_us[i] = TM_NEVER;
    int rc = start_bell(w, &w->cmd_poll, w->cmds, tm_ring_fd(w->cmds));
    if (rc == TM_OK)
        rc = start_bell(w, &w->room_poll, w->events, tm_ring_room_fd(w->events));
    if (rc == TM_OK)
        rc = tm_alarm_new(&w->alarm, &w->loop, on_alarm, w);
    return rc;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void tm_wire_loop_deinit(struct tm_wire *w)
{
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++) {
        struct tm_wire_conn *c = &w->conns[i];
        if (c->state != TM_WIRE_FREE && c->state != TM_WIRE_GONE)
            tm_wire_conn_down(c, TM_WIRE_DOWN_CLOSED, 0); /* as the end of a process: FIN, unless
                                                              something was left unread */
    }
    for (unsigned i = 0; i < w->n_listeners; i++) {
        (void)uv_poll_stop(&w->listeners[i].poll);
        (void)close(w->listeners[i].fd);
    }
    w->n_listeners = 0;
    size_t len;
    const struct tm_wire_cmd *cmd;
    while ((cmd = tm_ring_peek(w->cmds, &len)) != NULL) {
        if (cmd->kind == TM_WIRE_CMD_LISTEN)
            (void)close(cmd->fd);
        tm_ring_consume(w->cmds);
    }
    tm_alarm_free(w->alarm);
    uv_walk(&w->loop, close_handle, NULL);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&w->loop);
}
