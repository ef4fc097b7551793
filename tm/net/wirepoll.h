/* tm/net/wirepoll.h - a wire thread attached to a libuv loop. */
#ifndef TM_NET_WIREPOLL_H
#define TM_NET_WIREPOLL_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "tm/net/wire.h"

/* Write commands leave so much room for the small commands (close, reset, release: 256 bytes at most, two for
 * each of TM_WIRE_CONNS_MAX connections) that these always fit. */
#define TM_WIREPOLL_RESERVE ((size_t)TM_WIRE_CONNS_MAX * 2 * 256)

/* Events are worked off so long, then what they touched so long, before others have their turn; both are overrun by
 * one handshake at most. */
#define TM_WIREPOLL_BATCH_US 1000

struct tm_wirepoll;

struct tm_wirepoll_cfg {
    uv_loop_t *loop;
    struct tm_wire_cfg wire;
    void (*on_event)(void *user, const struct tm_wire_event *ev);
    /* After one or more events: pump what they touched.  True: not all of it; it is called again after the events
     * that have come in between, even if there are none. */
    bool (*on_batch)(void *user);
    void (*on_room)(void *user); /* commands have room again (tm_wirepoll_want_room) */
    void *user;
};

/* Starts the wire thread.  TM_ERR_NOMEM, IO, UNSUPPORTED; msg says what. */
TM_MUST_CHECK int tm_wirepoll_new(struct tm_wirepoll **out, const struct tm_wirepoll_cfg *cfg,
                                  struct tm_msg *msg);
/* Stops the wire thread; callbacks are over.  The memory goes when libuv has closed the handles. */
void tm_wirepoll_free(struct tm_wirepoll *p);

struct tm_wire *tm_wirepoll_wire(struct tm_wirepoll *p);
/* on_room is to be called, once, when a write command of any size fits beside the reserve. */
void tm_wirepoll_want_room(struct tm_wirepoll *p);

#endif
