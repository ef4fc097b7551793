/* tm/net/wire.c - start and stop of the wire thread, and the front thread's side of both rings. */
#include "tm/net/wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tm/base/time.h"
#include "tm/net/wire_impl.h"

#define NOTSENT_BYTES (128U << 10)
#define LINGER_US     (10 * TM_US_PER_S)
#define CONNECT_US    (10 * TM_US_PER_S)
#define UNACKED_US    (10 * TM_US_PER_S)

/* ---- Start and stop ---- */

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

static void set_defaults(struct tm_wire_cfg *cfg)
{
    cfg->ring_bytes = cfg->ring_bytes ? cfg->ring_bytes : TM_WIRE_RING_MIN;
    cfg->notsent_bytes = cfg->notsent_bytes ? cfg->notsent_bytes : NOTSENT_BYTES;
    cfg->linger_us = cfg->linger_us ? cfg->linger_us : LINGER_US;
    cfg->connect_us = cfg->connect_us ? cfg->connect_us : CONNECT_US;
    cfg->unacked_us = cfg->unacked_us ? cfg->unacked_us : UNACKED_US;
}

static void wire_free(struct tm_wire *w)
{
    if (w->blocks)
        (void)munmap(w->blocks, TM_WIRE_BLOCKS * sizeof *w->blocks);
    tm_wire_late_deinit(w);
    tm_ring_free(w->cmds);
    tm_ring_free(w->events);
    free(w);
}

/* Memory.  The blocks are address space: as many pages are used as chunks were ever queued at one time. */
static int wire_new(struct tm_wire **out, const struct tm_wire_cfg *cfg)
{
    struct tm_wire *w = calloc(1, sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    w->cfg = *cfg;
    w->late_fd = -1;
    set_defaults(&w->cfg);
    int rc = w->cfg.ring_bytes < TM_WIRE_RING_MIN ? TM_ERR_RANGE
                                                  : tm_ring_new(&w->cmds, w->cfg.ring_bytes);
    if (rc == TM_OK)
        rc = tm_ring_new(&w->events, w->cfg.ring_bytes);
    if (rc == TM_OK) {
        void *p = mmap(NULL, TM_WIRE_BLOCKS * sizeof *w->blocks, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            rc = TM_ERR_NOMEM;
        else
            w->blocks = p;
    }
    if (rc == TM_OK)
        rc = tm_wire_late_init(w);
    if (rc == TM_OK && uv_loop_init(&w->loop) != 0)
        rc = TM_ERR_IO;
    if (rc != TM_OK) {
        wire_free(w);
        return rc;
    }
    *out = w;
    return TM_OK;
}

/* Signals are for the other threads: none interrupts this one. */
static int start_thread(struct tm_wire *w)
{
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&w->thread, NULL, tm_wire_loop_run, w) == 0 ? TM_OK : TM_ERR_IO;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == TM_OK)
        (void)pthread_setname_np(w->thread, "tm-wire");
    return rc;
}

int tm_wire_start(struct tm_wire **out, const struct tm_wire_cfg *cfg)
{
    *out = NULL;
    int rc = check_cc(cfg->cc);
    if (rc != TM_OK)
        return rc;
    struct tm_wire *w = NULL;
    rc = wire_new(&w, cfg);
    if (rc != TM_OK)
        return rc;
    rc = tm_wire_loop_init(w);
    if (rc == TM_OK)
        rc = start_thread(w);
    if (rc != TM_OK) {
        tm_wire_loop_deinit(w);
        wire_free(w);
        return rc;
    }
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
    /* Sockets that were handed over and not taken. */
    size_t len;
    const struct tm_wire_event *ev;
    while ((ev = tm_ring_peek(w->events, &len)) != NULL) {
        if (ev->kind == TM_WIRE_RELEASED)
            (void)close(ev->fd);
        tm_ring_consume(w->events);
    }
    wire_free(w);
}

/* ---- Commands ---- */

/* Room in the ring for the command and cmd->len bytes behind it, the command written; NULL: full. */
static struct tm_wire_cmd *begin_cmd(struct tm_wire *w, const struct tm_wire_cmd *cmd)
{
    struct tm_wire_cmd *msg = tm_ring_reserve(w->cmds, sizeof *cmd + cmd->len);
    if (msg)
        *msg = *cmd;
    return msg;
}

int tm_wire_send_cmd(struct tm_wire *w, const struct tm_wire_cmd *cmd)
{
    if (!begin_cmd(w, cmd))
        return TM_ERR_LIMIT;
    tm_ring_commit(w->cmds, sizeof *cmd + cmd->len);
    return TM_OK;
}

/* cmd->len bytes of it are at `bytes`. */
static int send_cmd_with(struct tm_wire *w, const struct tm_wire_cmd *cmd, const void *bytes)
{
    struct tm_wire_cmd *msg = begin_cmd(w, cmd);
    if (!msg)
        return TM_ERR_LIMIT;
    memcpy(msg->bytes, bytes, cmd->len);
    tm_ring_commit(w->cmds, sizeof *cmd + cmd->len);
    return TM_OK;
}

int tm_wire_listen(struct tm_wire *w, int fd)
{
    return tm_wire_send_cmd(w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_LISTEN, .fd = fd});
}

int tm_wire_open(struct tm_wire *w, const struct sockaddr *addr, socklen_t addr_len, int64_t due_us,
                 uint32_t *id)
{
    uint32_t slot = 0;
    while (slot < TM_WIRE_HALF && w->used[slot])
        slot++;
    if (slot == TM_WIRE_HALF || addr_len > sizeof(struct sockaddr_storage))
        return TM_ERR_LIMIT;
    uint32_t generation = w->generation[slot] == UINT16_MAX ? 1 : w->generation[slot] + 1U;
    struct tm_wire_cmd cmd = {
        .kind = TM_WIRE_CMD_OPEN, .id = slot | generation << 16, .len = addr_len, .due_us = due_us};
    int rc = send_cmd_with(w, &cmd, addr);
    if (rc != TM_OK)
        return rc;
    w->used[slot] = true;
    w->generation[slot] = (uint16_t)generation;
    *id = cmd.id;
    return TM_OK;
}

int tm_wire_write(struct tm_wire *w, const struct tm_wire_write *wr)
{
    TM_ASSERT(wr->bytes.len > 0 && wr->bytes.len <= TM_WIRE_CHUNK_MAX);
    const struct tm_wire_cmd cmd = {.kind = TM_WIRE_CMD_WRITE,
                                    .id = wr->id,
                                    .write_no = wr->write_no,
                                    .flags = wr->flags,
                                    .len = (uint32_t)wr->bytes.len,
                                    .due_us = wr->due_us,
                                    .gap_us = wr->gap_us,
                                    .ready_us = tm_now_us()};
    return send_cmd_with(w, &cmd, wr->bytes.p);
}

int tm_wire_close(struct tm_wire *w, uint32_t id, int64_t due_us)
{
    return tm_wire_send_cmd(
        w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_CLOSE, .id = id, .due_us = due_us});
}

int tm_wire_shut(struct tm_wire *w, uint32_t id, int64_t due_us)
{
    return tm_wire_send_cmd(
        w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_SHUT, .id = id, .due_us = due_us});
}

int tm_wire_abort(struct tm_wire *w, uint32_t id, int64_t due_us)
{
    return tm_wire_send_cmd(
        w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_ABORT, .id = id, .due_us = due_us});
}

int tm_wire_reset(struct tm_wire *w, uint32_t id)
{
    return tm_wire_send_cmd(w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_RESET, .id = id});
}

int tm_wire_release(struct tm_wire *w, uint32_t id)
{
    return tm_wire_send_cmd(w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_RELEASE, .id = id});
}

/* Twice: at the ring's end it may also take the unused rest, which is shorter than itself. */
static size_t with_write(size_t spare)
{
    return spare + 2 * tm_ring_cost(sizeof(struct tm_wire_cmd) + TM_WIRE_CHUNK_MAX);
}

bool tm_wire_has_spare(struct tm_wire *w, size_t spare)
{
    return tm_ring_free_bytes(w->cmds) >= with_write(spare);
}

bool tm_wire_await_spare(struct tm_wire *w, size_t spare)
{
    return tm_ring_await_free(w->cmds, with_write(spare));
}

int tm_wire_room_fd(const struct tm_wire *w)
{
    return tm_ring_room_fd(w->cmds);
}

int tm_wire_yield(struct tm_wire *w, uint32_t id)
{
    return tm_wire_send_cmd(w, &(struct tm_wire_cmd){.kind = TM_WIRE_CMD_YIELD, .id = id});
}

/* ---- Events ---- */

bool tm_wire_next(struct tm_wire *w, struct tm_wire_event *ev)
{
    size_t len;
    const uint8_t *msg = tm_ring_peek(w->events, &len);
    if (!msg)
        return false;
    *ev = (struct tm_wire_event){0};
    memcpy(ev, msg, TM_WIRE_EVENT_LEN);
    if (ev->kind == TM_WIRE_ACCEPTED || ev->kind == TM_WIRE_UP)
        memcpy(ev, msg, sizeof *ev);
    else if (ev->kind == TM_WIRE_RX)
        ev->bytes.p = msg + TM_WIRE_EVENT_LEN;
    return true;
}

void tm_wire_consume(struct tm_wire *w)
{
    size_t len;
    const struct tm_wire_event *ev = tm_ring_peek(w->events, &len);
    if (!ev)
        return;
    if ((ev->kind == TM_WIRE_DOWN || ev->kind == TM_WIRE_RELEASED) &&
        tm_wire_slot(ev->id) < TM_WIRE_HALF)
        w->used[tm_wire_slot(ev->id)] = false;
    if (ev->kind == TM_WIRE_YIELDED)
        tm_wire_late_watch(w, ev->id);
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
    *out = (struct tm_wire_stats){
        .late_events = atomic_load_explicit(&w->late_events, memory_order_relaxed),
        .n_writes = atomic_load_explicit(&w->n_writes, memory_order_relaxed),
        .n_accept_pauses = atomic_load_explicit(&w->n_accept_pauses, memory_order_relaxed),
        .is_realtime = atomic_load(&w->is_realtime),
        .has_ended = atomic_load(&w->has_ended),
        .beat_us = atomic_load_explicit(&w->beat_us, memory_order_relaxed),
    };
    tm_kernel_counters_get(&w->kernel, &out->kernel);
}
