/* Synthetic connections with the structure that matters to detect: sessions with a character of their own, page loads whose
 * siblings share a stall, protocol sizes that are atoms, writes of several full segments. */
#ifndef TM_TEST_DETECT_SYNTHETIC_H
#define TM_TEST_DETECT_SYNTHETIC_H

#include <stdint.h>

#include "audit/features/trace.h"

struct synthetic {
    uint32_t n_sessions;
    uint32_t loads;    /* of a session */
    uint32_t siblings; /* of a load, at most */
    uint64_t seed;
    double slower;       /* all gaps inside connections times this; 0: 1 */
    uint32_t more_bytes; /* added to every request */
    const char *name;    /* of sessions */
};

/* Aborts without memory. */
void synthetic_make(struct tm_trace_set *out, const struct synthetic *s);

#endif
