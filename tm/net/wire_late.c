/* tm/net/wire_late.c - writes without a deadline that the front thread hands to the socket itself, and what it reads itself.
 *
 * A connection's door is open from its first TM_WIRE_LATE chunk until its descriptor is closed or handed over, which waits while the front is
 * in it: so the descriptor is the connection's for as long as the front uses it.  Nothing is waited for that takes longer than one
 * system call, and only by a connection that ends; the front then has the wire thread's priority.
 *
 * Who reads.  The wire thread until it has told YIELDED, the front from when it has consumed that, so that all RX events come before; at the end of
 * file or after an error the front gives the connection back, and it ends as every other does. */
#include "tm/net/wire_late.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tm/net/wire_impl.h"

int tm_wire_late_init(struct tm_wire *w)
{
    pthread_mutexattr_t attr;
    w->late_fd = epoll_create1(EPOLL_CLOEXEC);
    if (w->late_fd < 0)
        return TM_ERR_IO;
    if (pthread_mutexattr_init(&attr) != 0)
        return TM_ERR_NOMEM;
    (void)pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    int rc = 0;
    for (; rc == 0 && w->n_doors < TM_WIRE_CONNS_MAX; w->n_doors += rc == 0) {
        w->doors[w->n_doors].fd = -1;
        rc = pthread_mutex_init(&w->doors[w->n_doors].lock, &attr);
    }
    (void)pthread_mutexattr_destroy(&attr);
    return rc == 0 ? TM_OK : TM_ERR_NOMEM;
}

void tm_wire_late_deinit(struct tm_wire *w)
{
    while (w->n_doors > 0)
        (void)pthread_mutex_destroy(&w->doors[--w->n_doors].lock);
    if (w->late_fd >= 0)
        (void)close(w->late_fd);
}

/* The lock is held. */
static void unwatch(const struct tm_wire *w, struct tm_wire_door *d)
{
    if (d->is_watched)
        (void)epoll_ctl(w->late_fd, EPOLL_CTL_DEL, d->fd, NULL);
    d->is_watched = false;
}

static void set_door(struct tm_wire_conn *c, int fd)
{
    struct tm_wire_door *d = &c->wire->doors[tm_wire_slot(c->id)];
    (void)pthread_mutex_lock(&d->lock);
    unwatch(c->wire, d);
    d->id = c->id;
    d->fd = fd;
    (void)pthread_mutex_unlock(&d->lock);
}

void tm_wire_late_open(struct tm_wire_conn *c)
{
    set_door(c, c->fd);
}

void tm_wire_late_shut(struct tm_wire_conn *c)
{
    if (c->is_late)
        set_door(c, -1);
    c->is_yielded = false;
}

size_t tm_wire_send_late(struct tm_wire *w, uint32_t id, struct tm_view bytes)
{
    struct tm_wire_door *d = &w->doors[tm_wire_slot(id)];
    ssize_t n = -1;
    (void)pthread_mutex_lock(&d->lock);
    if (d->fd >= 0 && d->id == id)
        n = send(d->fd, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)pthread_mutex_unlock(&d->lock);
    if (n == (ssize_t)bytes.len)
        atomic_fetch_add_explicit(&w->n_writes, 1, memory_order_relaxed);
    return n > 0 ? (size_t)n : 0;
}

/* ---- Reading ---- */

void tm_wire_late_yield(struct tm_wire_conn *c)
{
    if (!c->is_late || c->eof || c->error != 0 || c->has_yielded || c->state != TM_WIRE_LIVE)
        return;
    c->is_yielded = c->has_yielded = true;
    tm_wire_conn_watch(c);
    tm_wire_tell(c->wire, &(struct tm_wire_event){
                              .kind = TM_WIRE_YIELDED, .id = c->id, .t_us = tm_now_us()});
}

void tm_wire_late_take_back(struct tm_wire_conn *c, int error)
{
    if (!c->is_yielded)
        return;
    c->is_yielded = false;
    if (error != 0)
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, error);
    else
        tm_wire_conn_watch(c);
}

static void give_back(struct tm_wire *w, uint32_t id, int error)
{
    const struct tm_wire_cmd cmd = {.kind = TM_WIRE_CMD_TAKE_BACK, .id = id, .error = error};
    TM_ASSERT_EQ(tm_wire_send_cmd(w, &cmd), TM_OK); /* see TM_WIREPOLL_RESERVE */
}

void tm_wire_late_watch(struct tm_wire *w, uint32_t id)
{
    struct tm_wire_door *d = &w->doors[tm_wire_slot(id)];
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = id};
    (void)pthread_mutex_lock(&d->lock);
    bool is_open = d->fd >= 0 && d->id == id;
    if (is_open)
        d->is_watched = epoll_ctl(w->late_fd, EPOLL_CTL_ADD, d->fd, &ev) == 0;
    bool is_refused = is_open && !d->is_watched;
    (void)pthread_mutex_unlock(&d->lock);
    if (is_refused)
        give_back(w, id, 0);
}

/* What recv() says; less than 0 where nothing is there, or the connection has ended meanwhile. */
static ssize_t read_one(struct tm_wire *w, uint32_t id)
{
    struct tm_wire_door *d = &w->doors[tm_wire_slot(id)];
    ssize_t n = -1;
    (void)pthread_mutex_lock(&d->lock);
    errno = EAGAIN;
    if (d->is_watched && d->id == id)
        n = recv(d->fd, w->late.bytes, sizeof w->late.bytes, MSG_DONTWAIT);
    int error = n < 0 ? errno : 0;
    bool is_over = n == 0 || (n < 0 && error != EAGAIN && error != EINTR);
    if (is_over)
        unwatch(w, d);
    (void)pthread_mutex_unlock(&d->lock);
    if (is_over)
        give_back(w, id, error);
    return n;
}

bool tm_wire_read_late(struct tm_wire *w, struct tm_wire_event *ev)
{
    struct tm_wire_late *l = &w->late;
    if (l->n_ready == 0)
        l->n_ready = epoll_wait(w->late_fd, l->ready, TM_WIRE_LATE_READY, 0);
    while (l->next < l->n_ready) {
        uint32_t id = l->ready[l->next++].data.u32;
        ssize_t n = read_one(w, id);
        if (n <= 0)
            continue;
        *ev = (struct tm_wire_event){
            .kind = TM_WIRE_RX, .id = id, .t_us = tm_now_us(), .bytes = {l->bytes, (size_t)n}};
        return true;
    }
    l->n_ready = l->next = 0;
    return false;
}

int tm_wire_late_fd(const struct tm_wire *w)
{
    return w->late_fd;
}
