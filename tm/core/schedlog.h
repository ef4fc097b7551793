/* tm/core/schedlog.h - the schedule log: what was planned and when it happened, one JSON line each.
 *
 * The simulator, both programs and `tm-audit conform` share this format.  The engine calls the record
 * functions; the caller drains the formatted text and writes it wherever it wants.  Lines (times are us of
 * the writer's monotonic clock; sizes bytes of TCP payload):
 *
 * {"t":"session","v":1,"side":"client","master":"client","plan":"seeded","model":"https",
 *  "digest":"<16 hex>","seed":"<32 hex>","users":4,"pace_ms":0,"prep_us":2000,"wall_minus_mono_us":N}
 * {"t":"open","c":0,"user":0,"index":0,"src":0,"ref":"origin","gap":0,"event":0,"due":12,"prep":9}
 *     client only; `event` is the time of the reference event, due = event + gap (projected);
 * {"t":"up","c":0,"at":20,"local":"127.0.0.1:40000","remote":"127.0.0.1:443"}   TCP established (addresses by the
 *     shell, absent in the simulator); the server writes it when it accepts the carrier
 * {"t":"write","c":0,"i":3,"dir":"up","size":517,"ref":2,"gap":5000,"event":100,"due":5100,"first":5103,"last":5104,
 *  "unsent":0}   one of the writer's own writes departed; `ref` is the absolute index of the event's write, -1: start;
 *     one that was late or short has "slip":"machine" or another cause too (tm/core/slip.h)
 * {"t":"recv","c":0,"i":4,"dir":"down","size":4000,"ref":3,"gap":2000,"at":9000}     the last byte of a write of the other side
 *     gap -1: the pause before the ClientHello, at a server that has the plan from its token
 * {"t":"close","c":0,"event":9000,"gap":100,"due":9100}                           client: planned FIN, after the end
 * {"t":"close","c":0,"dir":"down","how":"fin","ref":4,"event":9000,"gap":100,"due":9100}   any other closing of the writer's: "how" "reset",
 *     ("server_ref" and "server_gap" in the client's, where the server closes by itself), `ref` the number of a write; -1: the end (the last byte of all writes and, where the server closes by itself, its FIN); -2: the
 *     client's FIN
 * {"t":"end","c":0,"at":9105,"how":"planned"|"died","writes":5,"why":"..."}        writes: completed, both directions
 *
 * The invariant of the schedule is, for every carrier, the sequence of (dir, size, ref, gap) over its write
 * and recv lines sorted by i, with its open line's (user, index, src, ref, gap). */
#ifndef TM_CORE_SCHEDLOG_H
#define TM_CORE_SCHEDLOG_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/slip.h"
#include "tm/core/token.h"

struct tm_schedlog; /* opaque: a bounded text buffer */

struct tm_schedlog_session {
    enum tm_side side, master;
    enum tm_plan_mode plan_mode;
    const char *model;
    const uint8_t *digest; /* TM_TOKEN_DIGEST_LEN bytes; 8 are printed */
    const uint8_t
        *seed; /* TM_TOKEN_SEED_LEN bytes; all are printed: a log is as secret as its schedule */
    uint32_t n_users, pace_ms, prep_us;
    int64_t wall_minus_mono_us;
};

/* A log with a buffer of cap bytes; when it is full, lines are dropped and counted (a final
 * {"t":"dropped","n":N} line says so at the next drain). */
TM_MUST_CHECK int tm_schedlog_new(struct tm_schedlog **out, size_t cap);
void tm_schedlog_free(struct tm_schedlog *l);
/* The text so far (whole lines); borrowed until the next call on l.  _drained forgets the first n bytes. */
struct tm_view tm_schedlog_text(struct tm_schedlog *l);
void tm_schedlog_drained(struct tm_schedlog *l, size_t n);

void tm_schedlog_session(struct tm_schedlog *l, const struct tm_schedlog_session *s);
void tm_schedlog_open(struct tm_schedlog *l, uint32_t carrier, uint32_t user,
                      const struct tm_open *o, enum tm_plan_src src, int64_t event_us,
                      int64_t due_us, int64_t prep_us);
/* local, remote: "ADDR:PORT" or NULL. */
void tm_schedlog_up(struct tm_schedlog *l, uint32_t carrier, int64_t at_us, const char *local,
                    const char *remote);
void tm_schedlog_write(struct tm_schedlog *l, uint32_t carrier, uint32_t i,
                       const struct tm_write *w, int64_t event_us, int64_t due_us, int64_t first_us,
                       int64_t last_us, uint32_t unsent, enum tm_slip slip);
void tm_schedlog_recv(struct tm_schedlog *l, uint32_t carrier, uint32_t i, const struct tm_write *w,
                      int64_t at_us);
#define TM_SLOG_REF_END (-1) /* also when the line does not say */
#define TM_SLOG_REF_FIN (-2)
struct tm_schedlog_close {
    enum tm_dir dir;
    enum tm_close_how how;
    int64_t ref; /* number of a write, or TM_SLOG_REF_ */
    int64_t event_us, gap_us, due_us;
    int64_t server_ref; /* up: what the server's runs from, TM_SLOG_REF_FIN: it answers; down: 0 */
    int64_t server_gap_us;
};
void tm_schedlog_close(struct tm_schedlog *l, uint32_t carrier, const struct tm_schedlog_close *c);
void tm_schedlog_end(struct tm_schedlog *l, uint32_t carrier, int64_t at_us, int planned,
                     uint32_t writes, const char *why);

/* One parsed line, for readers. */
enum tm_schedlog_kind {
    TM_SLOG_SESSION,
    TM_SLOG_OPEN,
    TM_SLOG_UP,
    TM_SLOG_WRITE,
    TM_SLOG_RECV,
    TM_SLOG_CLOSE,
    TM_SLOG_END,
    TM_SLOG_DROPPED
};
struct tm_schedlog_line {
    enum tm_schedlog_kind kind;
    uint32_t carrier, user, i, writes;
    uint64_t index, dropped;
    enum tm_plan_src src;
    enum tm_open_ref open_ref;
    struct tm_write w;              /* write, recv: dir, size, gap_us, ref_back */
    int64_t gap_us;                 /* open */
    struct tm_schedlog_close close; /* close */
    int64_t event_us, due_us, first_us, last_us, at_us, prep_us;
    uint32_t unsent;
    enum tm_slip slip;          /* write; NONE also when the line does not say */
    int planned;                /* end */
    char local[64], remote[64]; /* up; empty when absent */
    enum tm_side side, master;  /* session */
    enum tm_plan_mode plan_mode;
    char model[TM_MODEL_LABEL_MAX + 1], digest[33], seed[33];
    uint32_t n_users, pace_ms;
    int64_t wall_minus_mono_us;
};
/* Parses one line (without its newline).  TM_ERR_FORMAT; unknown keys are ignored. */
TM_MUST_CHECK int tm_schedlog_parse(struct tm_schedlog_line *out, const char *line, size_t len);

#endif
