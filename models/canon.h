/* models/canon.h - internal: SHA-256 over values written in one canonical form (integers big-endian,
 * strings behind their length), so that a digest is the same on every machine. */
#ifndef TM_MODELS_CANON_H
#define TM_MODELS_CANON_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"

struct tm_canon {
    uint64_t state[16]; /* a SHA256_CTX; canon.c asserts that it fits */
};

/* Starts with the bytes of `domain`, its terminating zero included: no two uses share an input. */
void tm_canon_init(struct tm_canon *c, const char *domain);
void tm_canon_u32(struct tm_canon *c, uint32_t v);
void tm_canon_u64(struct tm_canon *c, uint64_t v);
void tm_canon_bytes(struct tm_canon *c, const void *p, size_t n); /* no length is written */
void tm_canon_str(struct tm_canon *c, const char *s);             /* u32 length, bytes */
/* A joint model's own part (models/joint.c), behind the parameters. */
void tm_canon_joint(struct tm_canon *c, const struct tm_joint *j);
/* A mix's (models/mix.c): the digests of its parts, with their users. */
void tm_canon_mix(struct tm_canon *c, const struct tm_mix *mix);
void tm_canon_final(struct tm_canon *c, uint8_t out[TM_DIGEST_LEN]);

#endif
