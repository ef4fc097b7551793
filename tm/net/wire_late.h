/* tm/net/wire_late.h - internal to the wire thread: the doors by which the front thread sends itself (tm_wire_send_late). */
#ifndef TM_NET_WIRE_LATE_H
#define TM_NET_WIRE_LATE_H

#include <pthread.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_wire;
struct tm_wire_conn;

/* A connection's; both threads'. */
struct tm_wire_door {
    pthread_mutex_t lock;
    int fd; /* -1: closed */
    uint32_t id;
};

/* While there is no wire thread.  TM_ERR_NOMEM; _deinit is to be called also then. */
TM_MUST_CHECK int tm_wire_late_init(struct tm_wire *w);
void tm_wire_late_deinit(struct tm_wire *w);

/* On the wire thread.  _shut comes before the descriptor is closed or somebody else's, or when it takes nothing any more. */
void tm_wire_late_open(struct tm_wire_conn *c);
void tm_wire_late_shut(struct tm_wire_conn *c);

#endif
