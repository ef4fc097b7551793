/* tm/net/wire_late.h - internal to the wire thread: the doors by which the front thread sends and reads itself (tm_wire_send_late,
 * tm_wire_read_late). */
#ifndef TM_NET_WIRE_LATE_H
#define TM_NET_WIRE_LATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "tm/base/err.h"

#define TM_WIRE_LATE_READY 64    /* connections that one look finds ready */
#define TM_WIRE_LATE_READ  65536 /* bytes of one read() */

struct tm_wire;
struct tm_wire_conn;
struct tm_wire_cmd;

/* A connection's; both threads'. */
struct tm_wire_door {
    pthread_mutex_t lock;
    int fd; /* -1: closed */
    uint32_t id;
    bool is_watched; /* for the front, in the wire's late_fd */
};

/* The front thread's. */
struct tm_wire_late {
    struct epoll_event ready[TM_WIRE_LATE_READY];
    int n_ready, next; /* of which it has read those before `next` */
    uint8_t bytes[TM_WIRE_LATE_READ];
};

/* While there is no wire thread.  TM_ERR_NOMEM; _deinit is to be called also then. */
TM_MUST_CHECK int tm_wire_late_init(struct tm_wire *w);
void tm_wire_late_deinit(struct tm_wire *w);

/* On the wire thread.  _shut comes before the descriptor is closed or somebody else's, or when it takes nothing any more. */
void tm_wire_late_open(struct tm_wire_conn *c);
void tm_wire_late_shut(struct tm_wire_conn *c);
/* The front reads from now on; YIELDED is told. */
void tm_wire_late_yield(struct tm_wire_conn *c);
/* The front does not any more: error as in TM_WIRE_CMD_TAKE_BACK. */
void tm_wire_late_take_back(struct tm_wire_conn *c, int error);
/* On the front thread: YIELDED has come. */
void tm_wire_late_watch(struct tm_wire *w, uint32_t id);
/* wire.c, on the front thread: a command without bytes.  TM_ERR_LIMIT: the ring is full. */
TM_MUST_CHECK int tm_wire_send_cmd(struct tm_wire *w, const struct tm_wire_cmd *cmd);

#endif
