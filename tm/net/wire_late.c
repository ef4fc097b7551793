/* tm/net/wire_late.c - writes without a deadline that the front thread hands to the socket itself.
 *
 * A connection's door is open from its first TM_WIRE_LATE chunk until its descriptor is closed or handed over, which waits while the front is
 * in it: so the descriptor is the connection's for as long as the front uses it.  Nothing is waited for that takes longer than one
 * system call, and only by a connection that ends; the front then has the wire thread's priority. */
#include "tm/net/wire_late.h"

#include <sys/socket.h>

#include "tm/net/wire_impl.h"

int tm_wire_late_init(struct tm_wire *w)
{
    pthread_mutexattr_t attr;
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
}

static void set_door(struct tm_wire_conn *c, int fd)
{
    struct tm_wire_door *d = &c->wire->doors[tm_wire_slot(c->id)];
    (void)pthread_mutex_lock(&d->lock);
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
