/* models/maybenot/machine_bytes.h - a machine as bincode: what is inside a machine string.
 *
 * bincode 1.3 with variable-length integers, little endian: an integer below 251 is one byte, else 251 + u16, 252 + u32 or
 * 253 + u64; floats are raw; an option is 0, or 1 and the value; a list is its length and the members.
 *
 *   machine     allowed padding packets, max padding fraction (f64), allowed blocked us, max blocking fraction (f64), states
 *   state       option of action, option of counter A, option of counter B, 13 options of a list of (target, p as f32)
 *   action      0 cancel: timer | 1 pad: bypass, replace, timeout, option of limit
 *               2 block: bypass, replace, timeout, duration, option of limit | 3 timer: replace, duration, option of limit
 *   counter     operation, option of distribution, copy
 *   distribution  kind, its parameters (f64; binomial's trials an integer), start, max */
#ifndef TM_MODELS_MAYBENOT_MACHINE_BYTES_H
#define TM_MODELS_MAYBENOT_MACHINE_BYTES_H

#include "models/maybenot/machine.h"
#include "tm/base/buf.h"

/* Reads into an empty machine; takes the bytes whole.  What is read is well formed, not yet valid.  TM_ERR_FORMAT; TM_ERR_RANGE: a
 * target beyond 32 bits; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mb_machine_decode(struct tm_mb_machine *m, const void *bytes, size_t len,
                                       struct tm_msg *msg);
/* Writes a valid machine; no room is the writer's error. */
void tm_mb_machine_encode(const struct tm_mb_machine *m, struct tm_wr *w);

/* The parameters of a distribution in their order: *n of them are f64 at the addresses p[]; binomial's trials, which come
 * first, are none of them. */
void tm_mb_dist_params(struct tm_mb_dist *d, double *p[3], int *n);

#endif
