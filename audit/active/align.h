/* audit/active/align.h - flow records of unequal lengths brought to the same points of time (Chakravarty et al., PAM 2014, sec. 3).
 *
 * The records of the server's flow are divided into steps (one second in the paper).  The beginnings and ends of the client's records are the
 * points at which both are compared, each at the step that it falls into; a point outside of the server's records is ignored.
 * The value there is the average throughput of the record that covers it: bytes over length.  Where several records cover a step, as
 * those of a client with many connections do, they are added up; a record that covers part of a step counts with that part.
 *
 *   server  |--------|-----|---------|------|        steps:  . . . . . . . . . . . . . . .
 *   client      |---------|       |----------|       points:     ^         ^       ^
 *
 * With records of a minute a transfer of minutes has few points, and all of them lie where one record ends and the next begins, perhaps not in the
 * same second on both sides.  So both can also be compared at every step that they cover.
 *
 * Pure. */
#ifndef TM_AUDIT_ACTIVE_ALIGN_H
#define TM_AUDIT_ACTIVE_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/active/flows.h"

#define TM_STEPS_MAX (1U << 20)

struct tm_steps { /* one side of a comparison; opened by init */
    int64_t from_us, step_us;
    uint32_t n;
    double *bytes;    /* owned; of each step */
    uint8_t *covered; /* owned; a record covers some of it */
    uint8_t *edge;    /* owned; a record begins or ends in it */
};

/* n steps from from_us on, without a record.  step_us >= 1, 1 <= n <= TM_STEPS_MAX.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_steps_init(struct tm_steps *s, int64_t from_us, int64_t step_us, uint32_t n);
void tm_steps_deinit(struct tm_steps *s);
/* Without a record again. */
void tm_steps_clear(struct tm_steps *s);
/* What of the record lies inside is added. */
void tm_steps_add(struct tm_steps *s, const struct tm_flow *f);

enum tm_steps_at {
    TM_STEPS_EDGES, /* where a record of the client begins or ends */
    TM_STEPS_ALL
};
/* Values of both at the points where they can be compared, in bytes a step; a, b: room for n.  The client is looked at `lag` steps
 * later than the server.  Both have the same from_us, step_us and n.  Returns how many there are. */
uint32_t tm_steps_align(const struct tm_steps *server, const struct tm_steps *client,
                        enum tm_steps_at at, uint32_t lag, double *a, double *b);

#endif
