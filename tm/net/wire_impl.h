/* tm/net/wire_impl.h - the inside of struct tm_wire, for wire.c (thread, commands, front's side) and
 * wire_conn.c (one connection). */
#ifndef TM_NET_WIRE_IMPL_H
#define TM_NET_WIRE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "tm/net/alarm.h"
#include "tm/net/ring.h"
#include "tm/net/wire.h"

#define TM_WIRE_BLOCKS 4096U  /* chunks queued in all; memory is touched when used */
#define TM_WIRE_READ   65536U /* bytes of one read() */
#define TM_WIRE_RESERVE                                                                            \
    (1U << 20) /* of the event ring, kept for what one round of the loop tells */
#define TM_WIRE_HALF (TM_WIRE_CONNS_MAX / 2)

/* A queued chunk. */
struct tm_wire_block {
    struct tm_wire_block *next;
    uint32_t write_no, len, off;
    unsigned flags;
    int64_t due_us, gap_us;
    uint8_t bytes[TM_WIRE_CHUNK_MAX];
};

/*  FREE --OPEN command--> WAITING --connect() at due--> CONNECTING --> LIVE --CLOSE, all sent, due--> LINGERING
 *  FREE --accept()--> LIVE;   any --DOWN or RELEASED--> FREE (when libuv has closed the handle) */
enum tm_wire_state {
    TM_WIRE_FREE,
    TM_WIRE_WAITING,
    TM_WIRE_CONNECTING,
    TM_WIRE_LIVE,
    TM_WIRE_LINGERING, /* our FIN is out */
    TM_WIRE_GONE       /* DOWN or RELEASED was told; the handle is closing */
};

struct tm_wire_conn {
    struct tm_wire *wire;
    uv_poll_t poll;
    bool has_poll;
    uint32_t id; /* slot | generation << 16 */
    enum tm_wire_state state;
    int fd;
    struct sockaddr_storage addr; /* WAITING: where to */
    socklen_t addr_len;
    int64_t next_us;                   /* when something is due; TM_NEVER */
    struct tm_wire_block *head, *tail; /* queued chunks */
    bool started;                      /* the head chunk's planned write is under way */
    bool blocked;                      /* the socket is full */
    bool close_wanted, eof;
    int64_t close_us;
    int64_t departed_us;      /* last byte of the previous planned write, or establishment */
    int64_t first_us, due_us; /* of the planned write under way */
    uint32_t unsent;
};

struct tm_wire {
    struct tm_wire_cfg cfg;
    pthread_t thread;
    struct tm_ring *cmds, *events;
    atomic_bool stop;
    atomic_uint_fast64_t late_events, n_writes;
    /* the wire thread's */
    uv_loop_t loop;
    uv_poll_t cmd_poll, room_poll;
    struct tm_alarm *alarm;
    bool paused; /* the event ring has no room: nothing is read or sent */
    struct tm_wire_block *blocks, *free_blocks;
    uint32_t n_used_blocks; /* blocks below were used once; the rest is untouched memory */
    struct tm_wire_conn conns[TM_WIRE_CONNS_MAX];
    uint32_t top; /* conns at and above were never used by accept() */
    struct {
        uv_poll_t poll;
        int fd;
    } listeners[16];
    unsigned n_listeners;
    /* the front thread's */
    uint32_t generation[TM_WIRE_HALF];
    bool used[TM_WIRE_HALF];
};

/* wire_conn.c: all on the wire thread. */

/* A slot becomes the connection `id`; fd -1: to be opened later. */
void tm_wire_conn_init(struct tm_wire *w, struct tm_wire_conn *c, uint32_t id, int fd);
/* Does what is due, sends what can be sent, sets next_us. */
void tm_wire_conn_pump(struct tm_wire_conn *c);
/* An accepted socket goes live: options, reading. */
void tm_wire_conn_accepted(struct tm_wire_conn *c, const struct sockaddr_storage *peer);
/* Ends it: RST or plain close, DOWN is told. */
void tm_wire_conn_down(struct tm_wire_conn *c, enum tm_wire_down why, int error);
void tm_wire_conn_release(struct tm_wire_conn *c);
/* Takes up what was stopped while events had no room. */
void tm_wire_conn_resume(struct tm_wire_conn *c);
void tm_wire_conn_drop_blocks(struct tm_wire_conn *c);

/* wire.c: tells the front.  There is always room for events other than RX (TM_WIRE_RESERVE). */
void tm_wire_tell(struct tm_wire *w, const struct tm_wire_event *ev);
/* True, and everything pauses, when the event ring has no room for `bytes` more beyond the reserve. */
bool tm_wire_must_pause(struct tm_wire *w, size_t bytes);

#endif
