/* tm/net/wire.h - the wire thread: owns all carrier sockets, sends at exact times, reads, tells.
 *
 * It knows nothing of plans, TLS or frames.  The front thread gives commands through one ring and gets events
 * through another (tm/net/ring.h); every event carries the time at which it happened (tm_now_us).  A
 * connection is always read; nothing that applications do can delay a write that is ready.
 *
 *   front                                wire
 *   tm_wire_open ------> connect() at due --> UP (or DOWN)
 *                        accept()         --> ACCEPTED
 *   tm_wire_write -----> write() at due   --> SENT (after the last byte)
 *                        read()           --> RX
 *                        peer's FIN       --> END_OF_FILE
 *   tm_wire_send_late    write() at once, by the front itself
 *   tm_wire_yield -----> reads no more    --> YIELDED
 *   tm_wire_read_late    read() by the front itself
 *   tm_wire_close -----> FIN or RST       --> DOWN (the id is free)
 *   tm_wire_release ---> forget it        --> RELEASED (the socket is the front's)
 *
 * DOWN comes exactly once for every id that was opened or accepted and not released, whatever happens; what was
 * written and not reported as SENT before it is lost.  After RELEASED nothing comes.  A command that meets a
 * connection which has just gone is ignored.
 *
 * When the front does not take its events, reading, accepting and commands pause; what is queued still leaves in
 * time, because the room for what it will tell is kept free.
 * All functions but _start and _stop are for the one front thread. */
#ifndef TM_NET_WIRE_H
#define TM_NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/net/kernel.h"

#define TM_WIRE_CONNS_MAX                                                                          \
    4096U /* half of them opened, half accepted: one session of TM_CARRIERS_HELD, and others */
#define TM_WIRE_CHUNK_MAX  16448U /* bytes of one write command: any TLS record fits */
#define TM_WIRE_LATE_BYTES 8192U
#define TM_WIRE_RING_MIN   ((size_t)8 << 20)

struct tm_wire; /* opaque */

/* The thread's, where the process may ask for it (CAP_SYS_NICE, RLIMIT_RTPRIO); else as before.  p99 lateness of
 * 100 connections on two busy cores, and of a bare timerfd of the same priority in the same seconds: NICE 0.1 to
 * 4.1 ms (timerfd 0.03 to 3.8), REALTIME 0.04 to 0.06 ms (timerfd 0.03 to 0.05). */
enum tm_wire_priority {
    TM_WIRE_PRIORITY_NICE, /* nice -15 */
    TM_WIRE_PRIORITY_REALTIME /* SCHED_FIFO at its lowest priority; else as NICE, and the stats say so */
};

struct tm_wire_cfg {
    size_t ring_bytes; /* of each ring, a power of two >= TM_WIRE_RING_MIN; 0: that */
    const char *cc;    /* TCP congestion control; NULL: the system's */
    uint32_t
        notsent_bytes;  /* TCP_NOTSENT_LOWAT: how much may wait unsent in the kernel; 0: 128 KiB */
    int64_t linger_us;  /* after our FIN, how long to wait for the peer's; 0: 10 s */
    int64_t connect_us; /* how long a connection may take to be established; 0: 10 s */
    int64_t
        unacked_us; /* of a connection whose peer's TCP acknowledges nothing of what was sent for so long, the end is told
                           (TCP_USER_TIMEOUT, RFC 5482), whatever still waits in the kernel; 0: 10 s */
    enum tm_wire_priority priority;
};

/* Starts the thread.  TM_ERR_NOMEM, IO; UNSUPPORTED: no such congestion control. */
TM_MUST_CHECK int tm_wire_start(struct tm_wire **out, const struct tm_wire_cfg *cfg);
/* Closes everything that is open as the end of a process would, joins the thread, frees.  NULL is allowed.  No events afterwards. */
void tm_wire_stop(struct tm_wire *w);

/* ---- Commands.  TM_ERR_LIMIT: the ring is full, try again when it has room (tm_wire_has_spare) ---- */

/* Accept connections of this listening socket from now on; the wire owns it. */
TM_MUST_CHECK int tm_wire_listen(struct tm_wire *w, int fd);
/* Connect to addr at due_us.  *id, never 0, names the connection from now on.  TM_ERR_LIMIT also: too many. */
TM_MUST_CHECK int tm_wire_open(struct tm_wire *w, const struct sockaddr *addr, socklen_t addr_len,
                               int64_t due_us, uint32_t *id);

enum tm_wire_flag {
    TM_WIRE_FIRST = 1, /* first chunk of a planned write: it waits for its time */
    TM_WIRE_LAST = 2,  /* last chunk: SENT is reported */
    TM_WIRE_LATE =
        8, /* from this chunk on, TM_WIRE_LATE_BYTES may wait unsent in the kernel in place of notsent_bytes */
    TM_WIRE_AFTER_PREV =
        4 /* FIRST: its time is gap_us after the previous write's last byte was handed over (or
                             after the connection was established), instead of due_us */
};
struct tm_wire_write {
    uint32_t id;
    uint32_t write_no; /* told back in SENT */
    unsigned flags;
    int64_t due_us, gap_us;
    struct tm_view bytes; /* 1..TM_WIRE_CHUNK_MAX, copied */
};
/* Chunks of a planned write follow each other; those behind FIRST leave as the socket drains, in one system call
 * with it if they are there and the socket takes them.  Planned writes are never joined in one system call.
 * LAST may also mark a chunk inside a write (each is reported when it has left; first_us, due_us and unsent are
 * the write's). */
TM_MUST_CHECK int tm_wire_write(struct tm_wire *w, const struct tm_wire_write *cmd);
/* A whole planned write without a deadline, from the calling thread: how many of the bytes the socket took at once; the rest, or all of
 * them, then goes by tm_wire_write.  For connections that have had a TM_WIRE_LATE chunk (else 0), and of which every write has been told as
 * SENT.  No event follows. */
size_t tm_wire_send_late(struct tm_wire *w, uint32_t id, struct tm_view bytes);
/* The calling thread will read this connection, which has had a TM_WIRE_LATE chunk (else ignored): once YIELDED is consumed, what comes
 * is to be had from tm_wire_read_late, behind all RX events.  The peer's end and errors are told as ever. */
TM_MUST_CHECK int tm_wire_yield(struct tm_wire *w, uint32_t id);
/* After everything written has left: FIN at due_us, then DOWN when the peer's FIN has come too. */
TM_MUST_CHECK int tm_wire_close(struct tm_wire *w, uint32_t id, int64_t due_us);
/* The same, but the peer's FIN may come as late as it likes: whoever waits for it gives up by tm_wire_reset. */
TM_MUST_CHECK int tm_wire_shut(struct tm_wire *w, uint32_t id, int64_t due_us);
/* After our TCP has sent everything written: RST at due_us, or as soon as that is so, then DOWN.  What the network loses of it is not sent again. */
TM_MUST_CHECK int tm_wire_abort(struct tm_wire *w, uint32_t id, int64_t due_us);
/* RST at once; what is queued is dropped. */
TM_MUST_CHECK int tm_wire_reset(struct tm_wire *w, uint32_t id);
/* Hand the socket over: RX events before RELEASED hold all that was read from it. */
TM_MUST_CHECK int tm_wire_release(struct tm_wire *w, uint32_t id);

/* A write command of any size surely fits now, and leaves `spare` bytes of the ring for others (of which each takes 256 at most,
 * unless it is a write too). */
bool tm_wire_has_spare(struct tm_wire *w, size_t spare);
/* The front will wait for that on tm_wire_room_fd; false: it is so already. */
bool tm_wire_await_spare(struct tm_wire *w, size_t spare);
int tm_wire_room_fd(const struct tm_wire *w);

/* ---- Events ---- */

enum tm_wire_event_kind {
    TM_WIRE_ACCEPTED,
    TM_WIRE_UP,
    TM_WIRE_RX,
    TM_WIRE_SENT,
    TM_WIRE_END_OF_FILE,
    TM_WIRE_DOWN,
    TM_WIRE_RELEASED,
    TM_WIRE_YIELDED
};
enum tm_wire_down {
    TM_WIRE_DOWN_CLOSED,  /* both sides' FIN, ours as commanded */
    TM_WIRE_DOWN_ABORTED, /* tm_wire_abort */
    TM_WIRE_DOWN_RESET,   /* the peer's RST, or an error: error says which */
    TM_WIRE_DOWN_REFUSED, /* it could not be established: error */
    TM_WIRE_DOWN_TIMEOUT, /* the peer's FIN did not come */
    TM_WIRE_DOWN_OURS     /* tm_wire_reset */
};
struct tm_wire_event {
    enum tm_wire_event_kind kind;
    uint32_t id;
    int64_t t_us;      /* when it happened; RX: right after read() */
    uint32_t write_no; /* SENT */
    int64_t due_us, first_us,
        last_us;     /* SENT: due time used; before the first write(), after the last */
    uint32_t unsent; /* SENT: bytes of earlier writes at first_us that the peer's TCP had not
                                             acknowledged (SIOCOUTQ) */
    uint32_t held;   /* SENT: bytes that our TCP had not sent at last_us (SIOCOUTQNSD) */
    int64_t ready_us, tail_us; /* SENT: when the write's first and last chunk were given to
                                             tm_wire_write */
    int64_t free_us;       /* SENT: when the socket was last found writable after it had been full;
                                             INT64_MIN: never */
    uint64_t offset;       /* SENT: bytes handed over on this connection by last_us */
    enum tm_wire_down why; /* DOWN */
    int error;             /* DOWN: errno, 0: none */
    int fd;                /* RELEASED: the front's to close; non-blocking */
    struct tm_view bytes;  /* RX: borrowed until tm_wire_consume */
    struct sockaddr_storage local,
        peer; /* ACCEPTED, UP; last, because other events do not carry them */
};
/* The next event without taking it; false: none. */
bool tm_wire_next(struct tm_wire *w, struct tm_wire_event *ev);
void tm_wire_consume(struct tm_wire *w);
/* The front will wait on tm_wire_fd for events; false: there is one, do not sleep. */
bool tm_wire_await(struct tm_wire *w);
int tm_wire_fd(const struct tm_wire *w);

/* Readable while a connection that was yielded has something. */
int tm_wire_late_fd(const struct tm_wire *w);
/* Reads what one of these has, once for each that is ready: an RX event, its bytes borrowed until the next call.  False: all had their turn. */
bool tm_wire_read_late(struct tm_wire *w, struct tm_wire_event *ev);

struct tm_wire_stats {
    uint64_t
        late_events;   /* how often the front was so far behind that reading and commands paused */
    uint64_t n_writes; /* planned writes departed (chunks marked LAST) */
    uint64_t
        n_accept_pauses; /* how often accepting stopped: no connection or no descriptor was free */
    bool is_realtime;    /* the thread runs with SCHED_FIFO */
    bool has_ended;      /* the thread has left its loop: nothing is sent any more */
    int64_t beat_us;     /* when it last went round its loop; 0: not yet */
    struct tm_kernel_totals kernel;
};
/* Atomic counters: the wire thread waits for nobody who reads them, and does nothing more when they are read. */
void tm_wire_get_stats(struct tm_wire *w, struct tm_wire_stats *out);

#endif
