/* learner/ops/energy.h - wavelet energies (learner/ops/wavelet.h) of captures as they are read, and of samples to hold beside them.
 *
 * Energies depend on how much goes on at a time, so a sample is only comparable when it is about as long as the capture with as many
 * connections: that decides how many users it has.  Pure. */
#ifndef TM_LEARNER_OPS_ENERGY_H
#define TM_LEARNER_OPS_ENERGY_H

#include <stddef.h>
#include <stdint.h>

#include "learner/ops/lines.h"
#include "learner/ops/wavelet.h"
#include "learner/packet.h"
#include "tm/base/err.h"

/* Which packets of a capture count, and for what; all borrowed. */
struct tm_energy_reader {
    const uint16_t *ports; /* the servers' */
    size_t n_ports;
    struct tm_wavelet *wavelet;
};
/* One TCP packet, for tm_reading; `ctx` is a struct tm_energy_reader.  With both ports among the servers' the greater is the client's.  At a
 * recording's end tm_wavelet_end is due. */
void tm_energy_see(void *ctx, const struct tm_packet *p);

/* The length of the captures that have ended. */
int64_t tm_energy_span_us(const struct tm_wavelet *w);
/* So many users that the sample takes about `span_us`, 1 when that is 0; h->n_users does not count.  Errors of tm_sampling_open and
 * tm_timeline_next. */
TM_MUST_CHECK int tm_energy_users(const struct tm_sample_head *h, int64_t span_us,
                                  uint32_t *n_users);
/* Adds the whole sample as one capture.  Errors of tm_sampling_open and tm_tap_next. */
TM_MUST_CHECK int tm_energy_sample(const struct tm_sample_head *h, struct tm_wavelet *w);

#endif
