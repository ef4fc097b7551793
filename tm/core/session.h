/* tm/core/session.h - the engine: one tunnel session between a tm-client and a tm-server.
 *
 * Pure: it is fed bytes, events and the time, and answers with actions, events and its next deadline.  It
 * opens nothing, reads no clock, logs nothing.  Both ends run this code; what differs is cfg.side, and
 * which of them is master.  All sizes, all times and all openings come from the schedule (cfg.drive: or there is none, tm/core/driver.h);
 * user data only fills the bytes that the schedule sends anyway (DESIGN.md).
 *
 * The shell's loop:
 *   events of the network go in:   tm_session_opened / _accept / _received / _record / _sent / _gone
 *   applications go in:            tm_session_stream_open / _stream_send / ...
 *   then, until it says no:        tm_session_poll(now, &act): prepare what act says
 *   and                            tm_session_next_event(&ev): tell applications
 *   then sleep until               tm_session_next_us()
 * `now_us` never goes back. */
#ifndef TM_CORE_SESSION_H
#define TM_CORE_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/base/time.h"
#include "tm/core/dest.h"
#include "tm/core/session_cfg.h"
#include "tm/core/shape.h"
#include "tm/core/token.h"

struct tm_session; /* opaque */

/* TM_ERR_RANGE for a configuration outside the limits above, a model that cannot be played, or a schedule of which this end
 * can know no plan; NOMEM. */
TM_MUST_CHECK int tm_session_new(struct tm_session **out, const struct tm_session_cfg *cfg,
                                 int64_t now_us);
void tm_session_free(struct tm_session *s);
/* Of the model or the schedule file, TM_TOKEN_DIGEST_LEN bytes; borrowed. */
const uint8_t *tm_session_digest(const struct tm_session *s);

/* For a shell whose maker puts a joint model's batches together: does, or asks the maker for, a piece of what first plans need; to be called
 * before the first poll until it says false, and again when the maker has brought something. */
bool tm_session_prepare(struct tm_session *s);
/* Batches that the users' first plans would still have to wait for, about; 0: none. */
uint32_t tm_session_missing(const struct tm_session *s);
/* Server: tm_session_accept will not have to wait for a batch that is being made: it is there, or the token says how the plan begins. */
bool tm_session_is_prepared(const struct tm_session *s, const struct tm_token *t);

/* A client's token for act (TM_ACT_OPEN): everything but kind, client_id and time_ms, which the caller sets. */
void tm_session_token(const struct tm_session *s, uint32_t carrier, struct tm_token *t);

/* ---- Actions: what the shell must prepare now, up to 5 ms before it is due (OPEN: TM_OPENER_LEAD_US) ---- */

enum tm_act_kind {
    TM_ACT_OPEN, /* client: make the ClientHello (act.size bytes, token by tm_session_token), connect at act.due_us,
                     send it gap_us after TCP is established.  It is write 0: report it by tm_session_sent. */
    TM_ACT_WRITE, /* send a buffer of act.size bytes: first the handshake part, if any, then records composed
                     by tm_session_compose until it returns 0 */
    TM_ACT_CLOSE, /* FIN at act.due_us (planned), all writes have left; reading goes on; then _gone when it is closed */
    TM_ACT_RESET, /* client: RST at act.due_us (planned), but not before TCP has sent all that was written; then _gone */
    TM_ACT_KILL /* give the carrier up at once (RST): dead or in error; the engine has forgotten it, report
                     nothing more about it */
};

enum tm_hs_part { TM_HS_NONE, TM_HS_FLIGHT, TM_HS_FIN };

struct tm_act {
    enum tm_act_kind kind;
    uint32_t carrier;
    uint32_t write;     /* OPEN, WRITE: index in the carrier's plan */
    uint32_t size;      /* OPEN, WRITE: bytes on the wire, handshake part included */
    enum tm_hs_part hs; /* WRITE: which handshake flight comes first in this buffer */
    uint32_t hs_size;   /* its bytes (padded in its Finished record to exactly this); 0: none */
    int64_t due_us;     /* when; for rel_prev the expected time, see there */
    /* WRITE: the one right before it here is ours and not yet reported as sent: leave gap_us after its departure, not at due_us */
    bool rel_prev;
    bool is_patient; /* CLOSE: the other side's FIN may come late; the engine gives up by itself */
    bool is_late_choice; /* WRITE: little of it should lie unsent in the socket */
    uint32_t gap_us; /* OPEN: after establishment; WRITE with rel_prev; the plan's gap otherwise */
    const char *why; /* KILL: a few words for the log */
};

/* Of the actions whose preparation time has come, the one that is due first; false when there is none now.  Called a quarter of the grace
 * or more after it was due to be (or after something came that was handed over meanwhile), it judges no silence before another grace has passed. */
bool tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act);
/* When to call tm_session_poll again if nothing else happens; TM_NEVER: not before an event. */
int64_t tm_session_next_us(const struct tm_session *s);

/* The plaintext of the next record of the carrier's current WRITE into buf (TM_RECORD_PLAIN_MAX bytes
 * room).  Returns its length (the record is 22 longer), or 0 when the write is complete.  Must be called in
 * wire order, until it returns 0, before the next poll of the same carrier gives another WRITE. */
size_t tm_session_compose(struct tm_session *s, uint32_t carrier, uint8_t *buf, int64_t now_us);

/* ---- The network ---- */

/* Client: the TCP connection of act OPEN is established. */
void tm_session_opened(struct tm_session *s, uint32_t carrier, int64_t t_us);
/* Server: an authenticated token opened a carrier; its ClientHello (hello_bytes, all of write 0) was complete at t_us.  TM_ERR_PROTO:
 * a carrier number used before, a plan that does not exist or a hello of another size than planned (where the plan is known by the token
 * alone, the session fails later); TM_ERR_LIMIT: too many carriers.  On error the carrier does not exist. */
TM_MUST_CHECK int tm_session_accept(struct tm_session *s, const struct tm_token *t,
                                    uint32_t hello_bytes, int64_t t_us);
/* Everything that came before t_us has been handed over: a peer's silence is judged as of then (of poll's now_us, if
 * that is earlier), so that what waits in the shell is not taken for silence.  Before the first call: now_us alone. */
void tm_session_heard(struct tm_session *s, int64_t t_us);
/* n bytes of ciphertext (handshake included) were read from the carrier at t_us: the clock of the plan.
 * Call it before the records in these bytes are handed over. */
void tm_session_received(struct tm_session *s, uint32_t carrier, size_t n, int64_t t_us);
/* The plaintext of one record.  TM_ERR_PROTO: the peer broke the protocol; the carrier has been killed (KILL follows) or the session
 * has failed (event FAILED). */
int tm_session_record(struct tm_session *s, uint32_t carrier, const uint8_t *p, size_t len,
                      int64_t now_us);
/* Our write `write` departed: first byte at t_first_us, last handed to the kernel at t_last_us; unsent: bytes that were queued before it. */
void tm_session_sent(struct tm_session *s, uint32_t carrier, uint32_t write, int64_t t_first_us,
                     int64_t t_last_us, uint32_t unsent);
/* The other side's FIN, after everything before it was read and reported.  What the shell does then. */
enum tm_finish {
    TM_FINISH_ANSWER, /* server: close at once */
    TM_FINISH_WAIT,   /* nothing: the plan goes on, and an action will close (has closed) */
    TM_FINISH_BROKEN  /* no plan closes here */
};
enum tm_finish tm_session_finished(struct tm_session *s, uint32_t carrier, int64_t t_us);
/* The TCP connection is over.  Closed after the last write, as planned, is the planned end; everything else is
 * death.  Returns false for a death (so that the shell can log it), true for a planned end and for a carrier that
 * the engine had given up itself. */
enum tm_gone {
    TM_GONE_CLOSED, /* both sides' FIN, after everything before them was read and reported, or our planned reset */
    TM_GONE_RESET, /* the other side's RST, after everything before it was read and reported */
    TM_GONE_LOST   /* refused, reset, timed out, a TLS error, or given up by the shell */
};
bool tm_session_gone(struct tm_session *s, uint32_t carrier, enum tm_gone how, int64_t t_us);

/* ---- Applications ---- */

/* Client: asks the server to connect to dest.  Data may be sent at once.  TM_ERR_LIMIT: too many streams
 * or too many requests waiting; try again after an ENDED or any received record.  TM_ERR_CLOSED: failed. */
TM_MUST_CHECK int tm_session_stream_open(struct tm_session *s, const struct tm_dest *dest,
                                         uint64_t *stream);
/* Server: the outcome of connecting (event OPEN).  A reply other than OK ends the stream. */
void tm_session_stream_reply(struct tm_session *s, uint64_t stream, enum tm_reply reply);
/* Takes as many bytes as there is room for, possibly 0 (then wait for WRITABLE); TM_ERR_CLOSED: unknown, reset or finished. */
ssize_t tm_session_stream_send(struct tm_session *s, uint64_t stream, const uint8_t *p, size_t len);
/* No more bytes from this side (half-close). */
void tm_session_stream_finish(struct tm_session *s, uint64_t stream);
/* Gives the stream up in both directions; the peer sees RESET. */
void tm_session_stream_reset(struct tm_session *s, uint64_t stream, enum tm_reply code);
/* The bytes that can be delivered now, contiguous in memory (call again after _consume for more); *end is
 * set when the peer finished and nothing is left after these.  Borrowed until the next call. */
struct tm_view tm_session_stream_peek(struct tm_session *s, uint64_t stream, bool *end);
/* n bytes of them were delivered; gives the peer credit for as many. */
void tm_session_stream_consume(struct tm_session *s, uint64_t stream, size_t n);

enum tm_event_kind {
    TM_EVENT_OPEN, /* server: connect to ev.dest for ev.stream, then _stream_reply; client: to what ev.listener is for */
    TM_EVENT_REPLY,     /* the other end's outcome, ev.reply; other than OK the stream has ended */
    TM_EVENT_LISTEN,    /* server: tm/core/session_listen.h */
    TM_EVENT_LISTENING, /* client: the same */
    TM_EVENT_READABLE,  /* bytes or the end of the stream can be peeked */
    TM_EVENT_WRITABLE,  /* _stream_send took less than it was given, and has room again */
    TM_EVENT_RESET,     /* the peer gave the stream up, ev.reply says why; it has ended */
    TM_EVENT_ENDED, /* both directions are finished, delivered and acknowledged; the id is forgotten */
    TM_EVENT_PLAYED, /* client, once: the schedule file was played, nothing more will be sent */
    TM_EVENT_FAILED  /* the session is over: ev.why; all streams have ended, nothing will be sent */
};
struct tm_event {
    enum tm_event_kind kind;
    uint32_t listener; /* LISTEN, LISTENING; OPEN at a client */
    uint64_t stream;
    enum tm_reply reply;
    struct tm_dest dest;
    const char *why;
    bool is_forgotten; /* FAILED: the server was started again; it takes a new session */
};
/* The next event; false when there is none.  READABLE and WRITABLE come once per change. */
bool tm_session_next_event(struct tm_session *s, struct tm_event *ev);

/* ---- What a person wants to know ---- */

struct tm_session_stats {
    uint64_t wire_tx_bytes, wire_rx_bytes; /* TCP payload, as the schedule counts it */
    uint64_t handshake_tx_bytes;           /* of tx: handshake parts */
    uint64_t record_tx_bytes;              /* of tx: record overhead (22 a record) */
    uint64_t plan_tx_bytes, ack_tx_bytes;  /* plaintext of plan entries; of acknowledgements */
    uint64_t control_tx_bytes;             /* plaintext of other control, frame headers of data */
    uint64_t payload_tx_bytes;             /* user data, first transmissions */
    uint64_t resent_tx_bytes;              /* user data sent again after a carrier died */
    uint64_t pad_tx_bytes, pad_rx_bytes;   /* rx: of whole records, as the next but one */
    uint64_t payload_rx_bytes;             /* user data delivered in order */
    uint64_t data_rx_bytes, control_rx_bytes; /* user data, again or not; all else but padding */
    uint32_t carriers_live, carriers_opened, carriers_ended, carriers_died, streams_live;
    uint64_t batches_late; /* put together while writes waited, although there is a maker */
    int64_t last_rx_us;    /* when anything was last received; 0: never */
    struct tm_distortion distortion;
};
void tm_session_get_stats(const struct tm_session *s, struct tm_session_stats *out);

/* ---- The schedule log (tm/core/schedlog.h) ---- */
struct tm_schedlog;
/* Every opening, write, reception and end is recorded there from now on (borrowed; NULL: no more). */
void tm_session_set_log(struct tm_session *s, struct tm_schedlog *log);

#endif
