/* tm/app/limits.c - see limits.h. */
#include "tm/app/limits.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "tm/base/log.h"
#include "tm/core/session_cfg.h"
#include "tm/net/wire.h"

#define OWN_FILES   64U  /* loops, timers, logs, the model database */
#define N_STRANGERS 512U /* the tunnel's own limit (tunnel_server.c); each has a way to the decoy */

uint64_t tm_limits_files(enum tm_limits_program program)
{
    return program == TM_LIMITS_CLIENT
               ? TM_STREAMS_MAX + TM_CARRIERS_HELD + OWN_FILES
               : TM_WIRE_CONNS_MAX / 2 + N_STRANGERS + TM_STREAMS_MAX + OWN_FILES;
}

void tm_limits_check(enum tm_limits_program program)
{
    struct rlimit r;
    uint64_t wanted = tm_limits_files(program);
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= wanted)
        return;
    tm_log(TM_LOG_WARN,
           "only %" PRIu64 " files may be open, and %" PRIu64
           " may be needed when much is going on: "
           "connections would be refused; raise it (LimitNOFILE= of the unit, or ulimit -Hn)",
           (uint64_t)r.rlim_cur, wanted);
}
