/* tm/app/limits.h - whether as many files may be open as the program's own limits allow it to need. */
#ifndef TM_APP_LIMITS_H
#define TM_APP_LIMITS_H

#include <stdint.h>

enum tm_limits_program { TM_LIMITS_CLIENT, TM_LIMITS_SERVER };

/* Open files that a busy program needs: of a client all connections of programs and all carriers at once; of a server all its carriers,
 * strangers with their way to the decoy, and the connections of one client. */
uint64_t tm_limits_files(enum tm_limits_program program);
/* A warning when fewer are allowed (RLIMIT_NOFILE). */
void tm_limits_check(enum tm_limits_program program);

#endif
