/* learner/memory.h - what learning keeps in memory, by what makes it grow.
 *
 * Connections that are open, the most at a time: the flow table, their exchanges, their places in line.  Addresses: users,
 * clients and servers.  Values that differ, up to a limit: samples, and what waits for its host's round trip; and the
 * connections of a joint model, which is made of them.  Nothing else grows with a capture. */
#ifndef TM_LEARNER_MEMORY_H
#define TM_LEARNER_MEMORY_H

#include <stddef.h>

/* Bytes that are in use, or were and are kept to be used again. */
struct tm_memory {
    size_t open_bytes;
    size_t host_bytes;
    size_t learned_bytes;
};

#endif
