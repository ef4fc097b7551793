/* learner/memory.h - what learning keeps in memory, by what makes it grow. */
#ifndef TM_LEARNER_MEMORY_H
#define TM_LEARNER_MEMORY_H

#include <stddef.h>

/* Bytes that are in use, or were and are kept to be used again. */
struct tm_memory {
    size_t
        open_bytes; /* with the most connections that were open at a time: the flow table, their exchanges, their places in line */
    size_t host_bytes; /* with the addresses: users, clients and servers */
    size_t
        learned_bytes; /* with the values that differ, up to a limit: samples, and values that wait for their host's round trip */
};

#endif
