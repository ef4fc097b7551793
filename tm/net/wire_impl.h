/* tm/net/wire_impl.h - the inside of struct tm_wire, for wire.c (start, stop, the front's side), wire_loop.c
 * (thread, commands, deadlines, listening), wire_conn.c (one connection), wire_send.c and wire_late.c (its sending).
 *
 * Room for events.  Every event but RX is owed from the moment at which it becomes possible: a connection owes
 * ACCEPTED or UP, YIELDED, END_OF_FILE, and DOWN or RELEASED; a queued chunk marked LAST owes SENT.  Whatever would
 * make the debt larger (commands, accept) or takes room itself (reading) happens only when the event ring has
 * room for it beside the debt.  So an event that is owed always finds room, and no write waits for the front. */
#ifndef TM_NET_WIRE_IMPL_H
#define TM_NET_WIRE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "tm/net/alarm.h"
#include "tm/net/ring.h"
#include "tm/net/wire.h"
#include "tm/net/wire_late.h"

#define TM_WIRE_BLOCKS    32768U /* chunks queued in all; memory is touched when used */
#define TM_WIRE_READ      65536U /* bytes of one read() */
#define TM_WIRE_HALF      (TM_WIRE_CONNS_MAX / 2)
#define TM_WIRE_LISTENERS 16U
/* Bytes of an event that is neither ACCEPTED nor UP; the bytes of RX follow them. */
#define TM_WIRE_EVENT_LEN offsetof(struct tm_wire_event, local)

enum tm_wire_cmd_kind {
    TM_WIRE_CMD_LISTEN,
    TM_WIRE_CMD_OPEN,
    TM_WIRE_CMD_WRITE,
    TM_WIRE_CMD_CLOSE,
    TM_WIRE_CMD_SHUT,
    TM_WIRE_CMD_ABORT,
    TM_WIRE_CMD_RESET,
    TM_WIRE_CMD_RELEASE,
    TM_WIRE_CMD_YIELD,
    TM_WIRE_CMD_TAKE_BACK /* the front has come to the end of what it reads, or to an error */
};

/* A message of the command ring. */
struct tm_wire_cmd {
    enum tm_wire_cmd_kind kind;
    uint32_t id;
    int fd;            /* LISTEN */
    int error;         /* TAKE_BACK: an errno, 0: end of file */
    uint32_t write_no; /* WRITE */
    unsigned flags;
    uint32_t len;           /* WRITE: of the bytes; OPEN: of the address */
    int64_t due_us, gap_us; /* OPEN, WRITE, CLOSE */
    int64_t ready_us;       /* WRITE: when it was given */
    uint8_t bytes[];        /* WRITE; OPEN: the address */
};

/* A queued chunk. */
struct tm_wire_block {
    struct tm_wire_block *next;
    uint32_t write_no, len, off;
    unsigned flags;
    int64_t due_us, gap_us, ready_us;
    uint8_t bytes[TM_WIRE_CHUNK_MAX];
};

/*  FREE --OPEN command--> WAITING --connect() at due--> CONNECTING --> LIVE --CLOSE, all sent, due--> LINGERING
 *  FREE --accept()--> LIVE;   any --DOWN or RELEASED told--> GONE --libuv has closed the handle--> FREE */
enum tm_wire_state {
    TM_WIRE_FREE,
    TM_WIRE_WAITING,
    TM_WIRE_CONNECTING,
    TM_WIRE_LIVE,
    TM_WIRE_LINGERING, /* our FIN is out */
    TM_WIRE_GONE
};

struct tm_wire_conn {
    struct tm_wire *wire;
    uv_poll_t poll;
    bool has_poll;
    int watching; /* what libuv watches for: UV_READABLE | UV_WRITABLE */
    uint32_t id;  /* slot | generation << 16 */
    enum tm_wire_state state;
    int fd;
    struct sockaddr_storage addr; /* WAITING: where to */
    socklen_t addr_len;
    int64_t limit_us; /* when to connect (WAITING), or to give up (CONNECTING, LINGERING) */
    struct tm_wire_block *head, *tail; /* queued chunks */
    bool is_late;                      /* see TM_WIRE_LATE */
    bool started;                      /* the head chunk's planned write is under way */
    bool blocked;                      /* the socket is full */
    bool starved;                      /* events have no room: not read */
    bool is_yielded, has_yielded;      /* the front reads; has been told so, once */
    bool close_wanted, eof;
    enum tm_wire_cmd_kind close_kind; /* CLOSE, SHUT, ABORT: what is wanted */
    int error; /* sending failed so: nothing is sent any more, the rest is read */
    int64_t close_us;
    int64_t departed_us; /* last byte of the previous planned write, or establishment */
    int64_t first_us, due_us, ready_us; /* of the planned write under way */
    uint32_t unsent;
    int64_t free_us;     /* the socket was full before; INT64_MIN: never */
    uint64_t sent_bytes; /* handed over in all */
    struct tm_kernel_seen kernel;
};

struct tm_wire_listener {
    uv_poll_t poll;
    int fd;
};

struct tm_wire {
    struct tm_wire_cfg cfg;
    pthread_t thread;
    struct tm_ring *cmds, *events;
    atomic_bool stop, is_realtime;
    atomic_uint_fast64_t late_events, n_writes, n_accept_pauses;
    atomic_bool has_ended;
    atomic_int_fast64_t beat_us;
    struct tm_kernel_counters kernel;
    /* the wire thread's */
    uv_loop_t loop;
    uv_poll_t cmd_poll, room_poll;
    uv_timer_t accept_timer; /* looks again for descriptors */
    struct tm_alarm *alarm;
    bool is_starved; /* something waits for room in the event ring */
    bool is_accepting;
    struct tm_wire_block *blocks, *free_blocks;
    uint32_t n_used_blocks; /* blocks below were used once; the rest is untouched memory */
    uint32_t n_conns;       /* neither FREE nor GONE */
    uint32_t n_marks;       /* queued chunks marked LAST */
    uint32_t top;           /* no connection at or above it in either half was ever used */
    int64_t next_us[TM_WIRE_CONNS_MAX]; /* when something is due on each; TM_NEVER */
    struct tm_wire_conn conns[TM_WIRE_CONNS_MAX];
    struct tm_wire_listener listeners[TM_WIRE_LISTENERS];
    unsigned n_listeners;
    struct tm_wire_door doors[TM_WIRE_CONNS_MAX]; /* both threads' */
    uint32_t n_doors;
    int late_fd; /* epoll of those that the front reads; -1: none yet */
    /* the front thread's */
    struct tm_wire_late late;
    uint16_t generation[TM_WIRE_HALF];
    bool used[TM_WIRE_HALF];
};

static inline uint32_t tm_wire_slot(uint32_t id)
{
    return id & 0xffff;
}

/* ---- wire_loop.c: on the wire thread, but for _loop_init and _loop_deinit ---- */

/* The loop's handles.  TM_ERR_IO; _deinit is to be called also then, unless the thread has run. */
TM_MUST_CHECK int tm_wire_loop_init(struct tm_wire *w);
/* Closes all that is open. */
void tm_wire_loop_deinit(struct tm_wire *w);
/* The thread: until w->stop, then _loop_deinit.  arg: the wire. */
void *tm_wire_loop_run(void *arg);
/* Does everything that is due by now, earliest first. */
void tm_wire_fire(struct tm_wire *w);
/* Tells the front.  The event is owed, so there is room. */
void tm_wire_tell(struct tm_wire *w, const struct tm_wire_event *ev);
/* Whether the event ring has room for `bytes` beside what is owed; if not, conns and commands are resumed later. */
bool tm_wire_has_room(struct tm_wire *w, size_t bytes);
/* A connection is free again. */
void tm_wire_on_free(struct tm_wire *w);

/* ---- wire_send.c: on the wire thread ---- */

/* Adds a chunk; it was taken from the free list. */
void tm_wire_send_queue(struct tm_wire_conn *c, struct tm_wire_block *b);
/* Sends what is due and what the socket takes; may end the connection, else sets its next deadline. */
void tm_wire_send_due(struct tm_wire_conn *c);
/* The socket takes nothing any more.  What the peer sent before is still read; then DOWN comes with this error. */
void tm_wire_send_failed(struct tm_wire_conn *c, int error);
/* Forgets all that is queued. */
void tm_wire_send_drop(struct tm_wire_conn *c);

/* ---- wire_conn.c: on the wire thread ---- */

/* A slot becomes the connection `id`, to be opened when the command says; tm_wire_conn_pump starts it. */
void tm_wire_conn_open(struct tm_wire *w, const struct tm_wire_cmd *cmd);
/* A slot becomes the accepted socket; ACCEPTED is told. */
void tm_wire_conn_accept(struct tm_wire *w, uint32_t id, int fd,
                         const struct sockaddr_storage *peer);
/* Does what is due, sends what can be sent, sets next_us. */
void tm_wire_conn_pump(struct tm_wire_conn *c);
/* FIN at due_us, when all that is queued has left. */
void tm_wire_conn_close(struct tm_wire_conn *c, enum tm_wire_cmd_kind kind, int64_t due_us);
/* Ends it: plain close for CLOSED, else RST; DOWN is told. */
void tm_wire_conn_down(struct tm_wire_conn *c, enum tm_wire_down why, int error);
void tm_wire_conn_release(struct tm_wire_conn *c);
/* The event ring has room again. */
void tm_wire_conn_resume(struct tm_wire_conn *c);
/* Has libuv watch what the connection's state asks for. */
void tm_wire_conn_watch(struct tm_wire_conn *c);

static inline void tm_wire_conn_set_next(struct tm_wire_conn *c, int64_t t_us)
{
    c->wire->next_us[tm_wire_slot(c->id)] = t_us;
}

#endif
