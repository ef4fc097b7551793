/* learner/shard_samples.h - samples that no connection's record gives, such as those of TLS records, as
 * bytes and back.
 *
 * They are nobody's, so that a capture's first part has them all.  Bytes may come from anybody: what decodes
 * holds within the limits of learner/samples.h and models/measured.h.  Pure.
 *
 *   per measured parameter, in the order of enum tm_measured_param: u8 significant bits that were kept, 0:
 *   all | varint n | n times varint value, varint count, by value */
#ifndef TM_LEARNER_SHARD_SAMPLES_H
#define TM_LEARNER_SHARD_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "learner/samples.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

/* The measured parameters, settled in place; the others are left out.  The caller frees *out.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_shard_encode_samples(struct tm_samples *s, uint8_t **out, size_t *len);
/* Overwrites *out, which the caller deinits, also after an error.  TM_ERR_FORMAT, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_shard_decode_samples(struct tm_rd *rd, struct tm_samples *out);

#endif
