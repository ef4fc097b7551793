/* tm/app/vitals.h - what the system says about this process, for metrics. */
#ifndef TM_APP_VITALS_H
#define TM_APP_VITALS_H

#include <stdint.h>

struct tm_vitals { /* 0: the system does not say */
    uint64_t cpu_us;
    uint64_t resident_bytes, virtual_bytes;
    uint64_t open_fds, max_fds; /* max 0: no limit */
    uint64_t started_s;         /* since 1970 */
};

/* Some ten system calls, and one for every 256 open files or so where the kernel does not count them (before Linux 6.2). */
void tm_vitals_take(struct tm_vitals *out);

#endif
