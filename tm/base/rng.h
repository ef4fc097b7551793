/* tm/base/rng.h - ChaCha20 key streams as random numbers, and the tree of substreams.
 *
 * An observer sees what is drawn here (sizes and times on the wire), so a generator whose state can be
 * inferred from its output will not do.  Every user, session, RRE and connection draws from its own
 * substream: child key = first 32 bytes of the parent's ChaCha20 stream under the nonce (label, index).
 * So the order in which the network delivers things cannot change what is drawn, and both ends of a
 * tunnel that hold the same seed draw the same.  Integers only: no floating point anywhere. */
#ifndef TM_BASE_RNG_H
#define TM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#define TM_SEED_LEN 32

/* A key stream: plain memory, copyable.  Output is the ChaCha20 stream (RFC 8439 block function with a
 * 64-bit counter) of `key` with an all-zero nonce, from `block` on. */
struct tm_rng {
    uint8_t key[TM_SEED_LEN];
    uint64_t block; /* next block to compute */
    uint8_t buf[64];
    size_t used; /* bytes of buf already given out; 64: empty */
};

/* A stream from a 32-byte seed. */
void tm_rng_init(struct tm_rng *r, const uint8_t seed[TM_SEED_LEN]);
/* Clears the key from memory. */
void tm_rng_deinit(struct tm_rng *r);

/* The seed of the substream (label, index) of `seed`.  Labels: `enum tm_rng_label`. */
enum tm_rng_label {
    TM_RNG_USER = 1,
    TM_RNG_SESSION = 2,
    TM_RNG_RRE = 3,
    TM_RNG_CONN = 4,
    TM_RNG_BATCH = 5,     /* of a joint model's deck */
    TM_RNG_DEAL = 6,      /* the order of a batch's pile */
    TM_RNG_PASS = 7,      /* which slice of the deck a batch is made of */
    TM_RNG_WELD = 8,      /* where a deck is not cut again */
    TM_RNG_POOL = 9,      /* what rare values of a deck become */
    TM_RNG_PART = 10,     /* a part of a mix */
    TM_RNG_PATH = 11,     /* a sample's round trips */
    TM_RNG_SHUFFLE = 12,  /* a shuffling session, by side */
    TM_RNG_MACHINES = 13, /* Maybenot machines of a session, by side; from 2 on their carrier */
    TM_RNG_TEST = 255,
};
void tm_rng_child(uint8_t out[TM_SEED_LEN], const uint8_t seed[TM_SEED_LEN],
                  enum tm_rng_label label, uint64_t index);

void tm_rng_bytes(struct tm_rng *r, void *dst, size_t n);
uint64_t tm_rng_u64(struct tm_rng *r);
/* Uniform in 0..n-1 without bias (rejection); n >= 1. */
uint64_t tm_rng_below(struct tm_rng *r, uint64_t n);

/* A seed from a small number, for --seed N: SHA-256("trafficmimic seed" || N as 8 bytes). */
void tm_seed_from_u64(uint8_t out[TM_SEED_LEN], uint64_t n);

#endif
