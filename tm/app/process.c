/* tm/app/process.c - see process.h. */
#include "tm/app/process.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

int tm_process_become_owner(const char *dir, struct tm_msg *msg)
{
    struct stat st;
    if (dir == NULL || geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
        return TM_OK;
    if (setgroups(0, NULL) != 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s belongs to user %u, which we cannot become: %s", dir,
                          (unsigned)st.st_uid, strerror(errno));
    return TM_OK;
}
