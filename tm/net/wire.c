/* tm/net/wire.c - the wire thread's loop, its commands, and the front's side of both rings. */
#include "tm/net/wire.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tm/base/time.h"
#include "tm/net/wire_impl.h"

#define WIRE_NICE (-15)

enum cmd_kind { CMD_LISTEN, CMD_OPEN, CMD_WRITE, CMD_CLOSE, CMD_RESET, CMD_RELEASE };

struct cmd {
    enum cmd_kind kind;
    uint32_t id;
    int fd;                 /* LISTEN */
    int64_t due_us, gap_us; /* OPEN, WRITE, CLOSE */
    uint32_t write_no;      /* WRITE */
    unsigned flags;
    socklen_t addr_len; /* OPEN */
    struct sockaddr_storage addr;
    uint8_t bytes[]; /* WRITE: the rest of the message */
};

static uint32_t slot_of(uint32_t id)
{
    return id & 0xffff;
}

/* ---- Events ---- */

void tm_wire_tell(struct tm_wire *w, const struct tm_wire_event *ev)
{
    struct tm_wire_event *msg = tm_ring_reserve(w->events, sizeof *msg);
    /* The reserve outlasts what one round of the loop can tell; while paused, nothing happens. */
    TM_ASSERT(msg != NULL);
    *msg = *ev;
    tm_ring_commit(w->events, sizeof *msg);
}

bool tm_wire_must_pause(struct tm_wire *w, size_t bytes)
{
    if (w->paused)
        return true;
    if (!tm_ring_await_room(w->events, TM_WIRE_RESERVE + bytes))
        return false;
    w->paused = true;
    atomic_fetch_add_explicit(&w->late_events, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++) {
        if (w->conns[i].has_poll && w->conns[i].state != TM_WIRE_FREE &&
            w->conns[i].state != TM_WIRE_GONE)
            (void)uv_poll_stop(&w->conns[i].poll);
    }
    return true;
}

static void on_room(uv_poll_t *poll, int status, int events)
{
    struct tm_wire *w = poll->data;
    (void)status;
    (void)events;
    tm_ring_clear(tm_ring_room_fd(w->events));
    if (!w->paused || tm_ring_await_room(w->events, TM_WIRE_RESERVE + TM_WIRE_RESERVE / 2))
        return;
    w->paused = false;
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++)
        tm_wire_conn_resume(&w->conns[i]);
}

/* ---- Deadlines ---- */

static void arm(struct tm_wire *w)
{
    int64_t next = TM_NEVER;
    for (uint32_t i = 0; i < w->top; i++)
        next = tm_min_us(next, w->conns[i].next_us);
    for (uint32_t i = TM_WIRE_HALF; i < TM_WIRE_HALF + w->top; i++)
        next = tm_min_us(next, w->conns[i].next_us);
    tm_alarm_set(w->alarm, w->paused ? TM_NEVER : next);
}

static void on_alarm(void *user)
{
    struct tm_wire *w = user;
    int64_t now_us = tm_now_us();
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++) {
        if (w->conns[i].next_us <= now_us && (i % TM_WIRE_HALF) < w->top)
            tm_wire_conn_pump(&w->conns[i]);
    }
}

/* ---- Listening ---- */

static struct tm_wire_conn *free_accept_slot(struct tm_wire *w, uint32_t *id)
{
    for (uint32_t i = TM_WIRE_HALF; i < TM_WIRE_CONNS_MAX; i++) {
        struct tm_wire_conn *c = &w->conns[i];
        if (c->state == TM_WIRE_FREE) {
            *id = i | ((c->id >> 16) + 1) << 16;
            if (i - TM_WIRE_HALF >= w->top)
                w->top = i - TM_WIRE_HALF + 1;
            return c;
        }
    }
    return NULL;
}

static void on_incoming(uv_poll_t *poll, int status, int events)
{
    struct tm_wire *w = poll->loop->data;
    int *listener = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < 64 && !w->paused; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof peer;
        int fd = accept4(*listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        uint32_t id;
        struct tm_wire_conn *c = free_accept_slot(w, &id);
        if (!c || tm_wire_must_pause(w, 0)) {
            (void)close(fd);
            return;
        }
        tm_wire_conn_init(w, c, id, fd);
        tm_wire_conn_accepted(c, &peer);
    }
}

static void cmd_listen(struct tm_wire *w, int fd)
{
    if (w->n_listeners == sizeof w->listeners / sizeof w->listeners[0] ||
        uv_poll_init(&w->loop, &w->listeners[w->n_listeners].poll, fd) != 0) {
        (void)close(fd);
        return;
    }
    unsigned i = w->n_listeners++;
    w->listeners[i].fd = fd;
    w->listeners[i].poll.data = &w->listeners[i].fd;
    (void)uv_poll_start(&w->listeners[i].poll, UV_READABLE, on_incoming);
}

/* ---- Commands ---- */

static void cmd_open(struct tm_wire *w, const struct cmd *cmd)
{
    struct tm_wire_conn *c = &w->conns[slot_of(cmd->id)];
    if (slot_of(cmd->id) >= w->top)
        w->top = slot_of(cmd->id) + 1;
    tm_wire_conn_init(w, c, cmd->id, -1);
    c->addr = cmd->addr;
    c->addr_len = cmd->addr_len;
    c->next_us = cmd->due_us;
    tm_wire_conn_pump(c);
}

/* Blocks that were never used are taken last: their pages cost no memory. */
static bool has_block(const struct tm_wire *w)
{
    return w->free_blocks || w->n_used_blocks < TM_WIRE_BLOCKS;
}

static struct tm_wire_block *take_block(struct tm_wire *w)
{
    struct tm_wire_block *b = w->free_blocks;
    if (b)
        w->free_blocks = b->next;
    else
        b = &w->blocks[w->n_used_blocks++];
    b->next = NULL;
    return b;
}

static void cmd_write(struct tm_wire_conn *c, const struct cmd *cmd, size_t len)
{
    struct tm_wire_block *b = take_block(c->wire);
    b->write_no = cmd->write_no;
    b->flags = cmd->flags;
    b->due_us = cmd->due_us;
    b->gap_us = cmd->gap_us;
    b->len = (uint32_t)len;
    b->off = 0;
    memcpy(b->bytes, cmd->bytes, len);
    if (c->tail)
        c->tail->next = b;
    else
        c->head = b;
    c->tail = b;
    tm_wire_conn_pump(c);
}

static void run_cmd(struct tm_wire *w, const struct cmd *cmd, size_t len)
{
    if (cmd->kind == CMD_LISTEN) {
        cmd_listen(w, cmd->fd);
        return;
    }
    struct tm_wire_conn *c = &w->conns[slot_of(cmd->id)];
    if (cmd->kind == CMD_OPEN) {
        cmd_open(w, cmd);
        return;
    }
    if (c->id != cmd->id || c->state == TM_WIRE_FREE || c->state == TM_WIRE_GONE)
        return; /* DOWN is on its way to the front */
    switch (cmd->kind) {
    case CMD_WRITE:
        cmd_write(c, cmd, len - offsetof(struct cmd, bytes));
        break;
    case CMD_CLOSE:
        c->close_wanted = true;
        c->close_us = cmd->due_us;
        tm_wire_conn_pump(c);
        break;
    case CMD_RESET:
        tm_wire_conn_down(c, TM_WIRE_DOWN_OURS, 0);
        break;
    case CMD_RELEASE:
        tm_wire_conn_release(c);
        break;
    case CMD_LISTEN:
    case CMD_OPEN:
        break;
    }
}

/* A slot whose handle libuv has not closed yet cannot be opened again: wait for the next round. */
static bool is_runnable(const struct tm_wire *w, const struct cmd *cmd)
{
    if (cmd->kind == CMD_WRITE)
        return has_block(w);
    return cmd->kind != CMD_OPEN || w->conns[slot_of(cmd->id)].state == TM_WIRE_FREE;
}

static void run_cmds(struct tm_wire *w)
{
    struct cmd *cmd;
    size_t len;
    while (!w->paused && (cmd = tm_ring_peek(w->cmds, &len)) != NULL && is_runnable(w, cmd)) {
        run_cmd(w, cmd, len);
        tm_ring_consume(w->cmds);
    }
}

static void on_cmds(uv_poll_t *poll, int status, int events)
{
    struct tm_wire *w = poll->data;
    (void)status;
    (void)events;
    tm_ring_clear(tm_ring_fd(w->cmds)); /* the loop in thread_main does the rest */
}

/* ---- The thread ---- */

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void shut(struct tm_wire *w)
{
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++) {
        struct tm_wire_conn *c = &w->conns[i];
        if (c->state == TM_WIRE_FREE || c->state == TM_WIRE_GONE || c->fd < 0)
            continue;
        (void)uv_poll_stop(&c->poll);
        (void)close(
            c->fd); /* as for any program that ends: FIN, unless something was left unread */
        c->fd = -1;
    }
    for (unsigned i = 0; i < w->n_listeners; i++)
        (void)close(w->listeners[i].fd);
    tm_alarm_free(w->alarm);
    uv_walk(&w->loop, close_handle, NULL);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void *thread_main(void *arg)
{
    struct tm_wire *w = arg;
    /* Deadlines come before everything else here; without the right to ask for it, things stay as they are. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), WIRE_NICE);
    while (!atomic_load(&w->stop)) {
        run_cmds(w);
        arm(w);
        /* Go to sleep only when the command ring is empty, or its first command has to wait for us. */
        size_t len;
        const struct cmd *cmd = tm_ring_peek(w->cmds, &len);
        bool waits = cmd != NULL && (w->paused || !is_runnable(w, cmd));
        bool sleep = waits || tm_ring_await(w->cmds);
        (void)uv_run(&w->loop, sleep ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    }
    shut(w);
    return NULL;
}

static int start_poll(struct tm_wire *w, uv_poll_t *poll, int fd, uv_poll_cb cb)
{
    if (uv_poll_init(&w->loop, poll, fd) != 0)
        return TM_ERR_IO;
    poll->data = w;
    return uv_poll_start(poll, UV_READABLE, cb) == 0 ? TM_OK : TM_ERR_IO;
}

static int check_cc(const char *cc)
{
    if (!cc)
        return TM_OK;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return TM_ERR_IO;
    int rc = setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc));
    (void)close(fd);
    return rc == 0 ? TM_OK : TM_ERR_UNSUPPORTED;
}

static void wire_free(struct tm_wire *w)
{
    tm_ring_free(w->cmds);
    tm_ring_free(w->events);
    free(w->blocks);
    free(w);
}

/* Memory and rings; the blocks' pages are touched when they are used. */
static int wire_init(struct tm_wire *w, const struct tm_wire_cfg *cfg)
{
    w->cfg = *cfg;
    size_t ring_bytes = cfg->ring_bytes ? cfg->ring_bytes : (size_t)8 << 20;
    if (w->cfg.notsent_bytes == 0)
        w->cfg.notsent_bytes = 128U << 10;
    if (w->cfg.linger_us == 0)
        w->cfg.linger_us = 10 * TM_US_PER_S;
    if (ring_bytes < 8 * (size_t)TM_WIRE_RESERVE)
        return TM_ERR_RANGE;
    int rc = tm_ring_new(&w->cmds, ring_bytes);
    if (rc == TM_OK)
        rc = tm_ring_new(&w->events, ring_bytes);
    if (rc != TM_OK)
        return rc;
    w->blocks = calloc(TM_WIRE_BLOCKS, sizeof *w->blocks);
    if (!w->blocks)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX; i++)
        w->conns[i].next_us = TM_NEVER;
    return TM_OK;
}

int tm_wire_start(struct tm_wire **out, const struct tm_wire_cfg *cfg)
{
    *out = NULL;
    int rc = check_cc(cfg->cc);
    if (rc != TM_OK)
        return rc;
    struct tm_wire *w = calloc(1, sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    rc = wire_init(w, cfg);
    if (rc != TM_OK || uv_loop_init(&w->loop) != 0) {
        wire_free(w);
        return rc != TM_OK ? rc : TM_ERR_IO;
    }
    w->loop.data = w;
    rc = start_poll(w, &w->cmd_poll, tm_ring_fd(w->cmds), on_cmds);
    if (rc == TM_OK)
        rc = start_poll(w, &w->room_poll, tm_ring_room_fd(w->events), on_room);
    if (rc == TM_OK)
        rc = tm_alarm_new(&w->alarm, &w->loop, on_alarm, w);
    if (rc == TM_OK && pthread_create(&w->thread, NULL, thread_main, w) != 0)
        rc = TM_ERR_IO;
    if (rc != TM_OK) {
        shut(w);
        (void)uv_loop_close(&w->loop);
        wire_free(w);
        return rc;
    }
    (void)pthread_setname_np(w->thread, "tm-wire");
    *out = w;
    return TM_OK;
}

void tm_wire_stop(struct tm_wire *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    uint64_t one = 1;
    ssize_t n = write(tm_ring_fd(w->cmds), &one, sizeof one); /* wake it, whatever it waits for */
    (void)n;
    (void)pthread_join(w->thread, NULL);
    (void)uv_loop_close(&w->loop);
    wire_free(w);
}

/* ---- The front's side ---- */

static int send_cmd(struct tm_wire *w, const struct cmd *cmd, struct tm_view bytes)
{
    struct cmd *msg = tm_ring_reserve(w->cmds, sizeof *msg + bytes.len);
    if (!msg)
        return TM_ERR_LIMIT;
    *msg = *cmd;
    if (bytes.len > 0)
        memcpy(msg->bytes, bytes.p, bytes.len);
    tm_ring_commit(w->cmds, sizeof *msg + bytes.len);
    return TM_OK;
}

int tm_wire_listen(struct tm_wire *w, int fd)
{
    return send_cmd(w, &(struct cmd){.kind = CMD_LISTEN, .fd = fd}, (struct tm_view){0});
}

int tm_wire_open(struct tm_wire *w, const struct sockaddr *addr, socklen_t addr_len, int64_t due_us,
                 uint32_t *id)
{
    uint32_t slot = 0;
    while (slot < TM_WIRE_HALF && w->used[slot])
        slot++;
    if (slot == TM_WIRE_HALF || addr_len > sizeof(struct sockaddr_storage))
        return TM_ERR_LIMIT;
    struct cmd cmd = {.kind = CMD_OPEN, .due_us = due_us, .addr_len = addr_len};
    cmd.id = slot | (w->generation[slot] + 1) << 16;
    memcpy(&cmd.addr, addr, addr_len);
    int rc = send_cmd(w, &cmd, (struct tm_view){0});
    if (rc != TM_OK)
        return rc;
    w->used[slot] = true;
    w->generation[slot]++;
    *id = cmd.id;
    return TM_OK;
}

int tm_wire_write(struct tm_wire *w, const struct tm_wire_write *wr)
{
    TM_ASSERT(wr->bytes.len > 0 && wr->bytes.len <= TM_WIRE_CHUNK_MAX);
    return send_cmd(w,
                    &(struct cmd){.kind = CMD_WRITE,
                                  .id = wr->id,
                                  .write_no = wr->write_no,
                                  .flags = wr->flags,
                                  .due_us = wr->due_us,
                                  .gap_us = wr->gap_us},
                    wr->bytes);
}

int tm_wire_close(struct tm_wire *w, uint32_t id, int64_t due_us)
{
    return send_cmd(w, &(struct cmd){.kind = CMD_CLOSE, .id = id, .due_us = due_us},
                    (struct tm_view){0});
}

int tm_wire_reset(struct tm_wire *w, uint32_t id)
{
    return send_cmd(w, &(struct cmd){.kind = CMD_RESET, .id = id}, (struct tm_view){0});
}

int tm_wire_release(struct tm_wire *w, uint32_t id)
{
    return send_cmd(w, &(struct cmd){.kind = CMD_RELEASE, .id = id}, (struct tm_view){0});
}

size_t tm_wire_room(struct tm_wire *w)
{
    size_t room = tm_ring_room(w->cmds);
    return room > sizeof(struct cmd) ? room - sizeof(struct cmd) : 0;
}

bool tm_wire_await_room(struct tm_wire *w, size_t want)
{
    return tm_ring_await_room(w->cmds, want + sizeof(struct cmd));
}

int tm_wire_room_fd(const struct tm_wire *w)
{
    return tm_ring_room_fd(w->cmds);
}

bool tm_wire_next(struct tm_wire *w, struct tm_wire_event *ev)
{
    size_t len;
    const uint8_t *msg = tm_ring_peek(w->events, &len);
    if (!msg)
        return false;
    memcpy(ev, msg, sizeof *ev);
    if (ev->kind == TM_WIRE_RX)
        ev->bytes.p = msg + sizeof *ev;
    return true;
}

void tm_wire_consume(struct tm_wire *w)
{
    struct tm_wire_event ev;
    if (tm_wire_next(w, &ev) && (ev.kind == TM_WIRE_DOWN || ev.kind == TM_WIRE_RELEASED) &&
        slot_of(ev.id) < TM_WIRE_HALF)
        w->used[slot_of(ev.id)] = false;
    tm_ring_consume(w->events);
}

bool tm_wire_await(struct tm_wire *w)
{
    return tm_ring_await(w->events);
}

int tm_wire_fd(const struct tm_wire *w)
{
    return tm_ring_fd(w->events);
}

void tm_wire_get_stats(struct tm_wire *w, struct tm_wire_stats *out)
{
    out->late_events = atomic_load_explicit(&w->late_events, memory_order_relaxed);
    out->n_writes = atomic_load_explicit(&w->n_writes, memory_order_relaxed);
}
