/* tm/app/process.c - see process.h. */
#include "tm/app/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tm/base/log.h"

/* Buffers are composed in time also when other programs are busy; the wire thread stands above it. */
#define NICE (-10)

static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0)
        tm_log(TM_LOG_WARN, "cannot raise the limit of open files: %s", strerror(errno));
}

void tm_process_prepare(enum tm_process_core core)
{
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (getpriority(PRIO_PROCESS, 0) == 0)
        (void)setpriority(PRIO_PROCESS, 0, NICE);
    if (core == TM_PROCESS_NO_CORE && prctl(PR_SET_DUMPABLE, 0) != 0)
        tm_log(TM_LOG_WARN, "cannot switch core dumps off: %s", strerror(errno));
}
