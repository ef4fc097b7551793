/* tm/net/wire_send.c - the sending side of one connection on the wire thread: planned writes leave at their times.
 *
 * A planned write is a run of chunks that begins with one marked FIRST.  What is queued of it leaves in one
 * system call if the socket takes it; the next planned write never leaves with it. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tm/base/time.h"
#include "tm/net/wire_impl.h"

#define IOV_MAX_HERE 64 /* chunks of one system call, 1 MiB */

static void free_block(struct tm_wire_conn *c)
{
    struct tm_wire *w = c->wire;
    struct tm_wire_block *b = c->head;
    c->head = b->next;
    if (!c->head)
        c->tail = NULL;
    if (b->flags & TM_WIRE_LAST)
        w->n_marks--;
    b->next = w->free_blocks;
    w->free_blocks = b;
}

void tm_wire_send_drop(struct tm_wire_conn *c)
{
    while (c->head)
        free_block(c);
}

static void be_late(struct tm_wire_conn *c)
{
    const uint32_t bytes = TM_WIRE_LATE_BYTES;
    c->is_late = true;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
    if (c->fd >= 0)
        tm_wire_late_open(c);
}

void tm_wire_send_queue(struct tm_wire_conn *c, struct tm_wire_block *b)
{
    if ((b->flags & TM_WIRE_LATE) && !c->is_late)
        be_late(c);
    if (c->tail)
        c->tail->next = b;
    else
        c->head = b;
    c->tail = b;
    if (b->flags & TM_WIRE_LAST)
        c->wire->n_marks++;
}

/* When the head chunk may leave: its due time, or at once when its planned write is under way. */
static int64_t head_due_us(const struct tm_wire_conn *c)
{
    const struct tm_wire_block *b = c->head;
    if (c->started || !(b->flags & TM_WIRE_FIRST))
        return INT64_MIN;
    return b->flags & TM_WIRE_AFTER_PREV ? tm_later_us(c->departed_us, b->gap_us) : b->due_us;
}

/* What is queued of the head chunk's planned write, for one system call; *len: its bytes. */
static size_t gather(const struct tm_wire_conn *c, struct iovec iov[IOV_MAX_HERE], size_t *len)
{
    size_t n = 0;
    *len = 0;
    for (struct tm_wire_block *b = c->head; b && n < IOV_MAX_HERE; b = b->next) {
        if (n > 0 && (b->flags & TM_WIRE_FIRST))
            break;
        iov[n++] = (struct iovec){.iov_base = b->bytes + b->off, .iov_len = b->len - b->off};
        *len += b->len - b->off;
    }
    return n;
}

static uint32_t queued_bytes(const struct tm_wire_conn *c, unsigned long what)
{
    int n = 0;
    (void)ioctl(c->fd, what, &n);
    return n > 0 ? (uint32_t)n : 0;
}

/* The chunk, the last of its write or of a part of it, left by t_us. */
static void tell_sent(struct tm_wire_conn *c, const struct tm_wire_block *b, int64_t t_us)
{
    c->departed_us = t_us;
    c->started = false;
    atomic_fetch_add_explicit(&c->wire->n_writes, 1, memory_order_relaxed);
    tm_wire_tell(c->wire, &(struct tm_wire_event){.kind = TM_WIRE_SENT,
                                                  .id = c->id,
                                                  .t_us = t_us,
                                                  .write_no = b->write_no,
                                                  .due_us = c->due_us,
                                                  .first_us = c->first_us,
                                                  .last_us = t_us,
                                                  .unsent = c->unsent,
                                                  .held = queued_bytes(c, SIOCOUTQNSD),
                                                  .ready_us = c->ready_us,
                                                  .tail_us = b->ready_us,
                                                  .free_us = c->free_us,
                                                  .offset = c->sent_bytes});
    tm_kernel_sample(&c->kernel, &c->wire->kernel, c->fd, t_us);
}

/* `len` bytes of the queue left by t_us. */
static void departed(struct tm_wire_conn *c, size_t len, int64_t t_us)
{
    while (len > 0) {
        struct tm_wire_block *b = c->head;
        size_t n = len < b->len - b->off ? len : b->len - b->off;
        len -= n;
        b->off += (uint32_t)n;
        c->sent_bytes += n;
        if (b->off < b->len)
            return;
        if (b->flags & TM_WIRE_LAST)
            tell_sent(c, b, t_us);
        free_block(c);
    }
}

void tm_wire_send_failed(struct tm_wire_conn *c, int error)
{
    c->error = error;
    c->blocked = false;
    tm_wire_late_shut(c);
    tm_wire_send_drop(c);
    tm_wire_conn_set_next(c, TM_NEVER);
    if (c->eof)
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, error);
    else
        tm_wire_conn_watch(c);
}

/* Hands over what is queued of the head chunk's planned write; false: the socket is full, or failed. */
static bool send_write(struct tm_wire_conn *c)
{
    struct iovec iov[IOV_MAX_HERE];
    struct msghdr msg = {.msg_iov = iov};
    size_t len;
    msg.msg_iovlen = gather(c, iov, &len);
    ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        tm_wire_send_failed(c, errno);
        return false;
    }
    if (n > 0)
        departed(c, (size_t)n, tm_now_us());
    if (n == (ssize_t)len)
        return true;
    c->blocked = true; /* also after EINTR: the socket is writable at once */
    tm_wire_conn_watch(c);
    return false;
}

/* The head chunk's planned write begins. */
static void start_write(struct tm_wire_conn *c, int64_t due_us)
{
    c->started = true;
    c->due_us = due_us;
    c->ready_us = c->head->ready_us;
    c->unsent = queued_bytes(c, SIOCOUTQ);
    c->first_us = tm_now_us();
}

void tm_wire_send_due(struct tm_wire_conn *c)
{
    while (c->head && !c->blocked) {
        int64_t due_us = head_due_us(c);
        if (due_us > tm_now_us()) {
            tm_wire_conn_set_next(c, due_us);
            return;
        }
        if (!c->started && (c->head->flags & TM_WIRE_FIRST))
            start_write(c, due_us);
        if (!send_write(c))
            return;
    }
}
