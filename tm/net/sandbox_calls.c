/* tm/net/sandbox_calls.c - a list of system calls, by libseccomp.
 *
 * Whoever runs code here in spite of everything cannot make a process, execute, trace, mount, load, or open other kinds of sockets than ours. */
#include "tm/net/sandbox_calls.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <seccomp.h>

#define CALL(name) SCMP_SYS(name)

static const int ALLOWED[] = {
    /* memory and threads */
    CALL(brk), CALL(mmap), CALL(munmap), CALL(mprotect), CALL(mremap), CALL(madvise), CALL(futex),
    CALL(set_robust_list), CALL(get_robust_list), CALL(rseq), CALL(membarrier),
    CALL(restart_syscall), CALL(exit), CALL(exit_group), CALL(gettid), CALL(getpid), CALL(getppid),
    CALL(tgkill), CALL(arch_prctl), CALL(set_tid_address),
    /* signals, clocks, random numbers */
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait),
    CALL(sigaltstack), CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep),
    CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(timerfd_create), CALL(timerfd_settime),
    CALL(timerfd_gettime), CALL(getrandom), CALL(getcpu),
    /* order of precedence, limits, usage */
    CALL(sched_getaffinity), CALL(sched_setaffinity), CALL(sched_yield), CALL(sched_getparam),
    CALL(sched_setparam), CALL(sched_getscheduler), CALL(sched_setscheduler),
    CALL(sched_get_priority_max), CALL(sched_get_priority_min), CALL(sched_setattr),
    CALL(sched_getattr), CALL(getpriority), CALL(setpriority), CALL(prlimit64), CALL(getrlimit),
    CALL(setrlimit), CALL(getrusage), CALL(times), CALL(sysinfo), CALL(uname), CALL(getuid),
    CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getgroups), CALL(capget), CALL(capset),
    /* waiting */
    CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(eventfd),
    CALL(eventfd2), CALL(signalfd), CALL(signalfd4), CALL(inotify_init), CALL(inotify_init1),
    CALL(inotify_add_watch), CALL(inotify_rm_watch), CALL(pipe), CALL(pipe2),
    /* files: which ones, Landlock says */
    CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64), CALL(preadv),
    CALL(pwritev), CALL(open), CALL(openat), CALL(close), CALL(close_range), CALL(lseek),
    CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(statfs),
    CALL(fstatfs), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
    CALL(readlinkat), CALL(getcwd), CALL(getdents), CALL(getdents64), CALL(mkdir), CALL(mkdirat),
    CALL(rmdir), CALL(unlink), CALL(unlinkat), CALL(rename), CALL(renameat), CALL(renameat2),
    CALL(link), CALL(linkat), CALL(ftruncate), CALL(fallocate), CALL(fsync), CALL(fdatasync),
    CALL(fadvise64), CALL(flock), CALL(fcntl), CALL(dup), CALL(dup2), CALL(dup3), CALL(ioctl),
    CALL(umask), CALL(chmod), CALL(fchmod), CALL(fchmodat), CALL(utimensat),
    /* sockets: which kinds, below */
    CALL(socketpair), CALL(bind), CALL(listen), CALL(accept), CALL(accept4), CALL(connect),
    CALL(shutdown), CALL(getsockname), CALL(getpeername), CALL(getsockopt), CALL(setsockopt),
    CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg)};

static int allow_sockets(scmp_filter_ctx f)
{
    static const unsigned KINDS[] = {AF_UNIX, AF_INET, AF_INET6,
                                     AF_NETLINK}; /* the last: getaddrinfo */
    int rc = 0;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS && rc == 0; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 2, SCMP_A0(SCMP_CMP_EQ, KINDS[i]),
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS && rc == 0; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 2, SCMP_A0(SCMP_CMP_EQ, KINDS[i]),
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
    return rc != 0 ? rc
                   : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 2,
                                      SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
                                      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_RAW));
}

/* Threads, but no processes: clone3, whose flags are out of sight, is as if it were not there, and libc takes clone. */
static int allow_threads(scmp_filter_ctx f)
{
    int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    return rc != 0 ? rc : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
}

static int allow_names_of_threads(scmp_filter_ctx f)
{
    static const unsigned WHAT[] = {PR_SET_NAME,      PR_GET_NAME,     PR_GET_DUMPABLE,
                                    PR_SET_DUMPABLE,  PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS,
                                    PR_SET_TIMERSLACK};
    int rc = 0;
    for (size_t i = 0; i < sizeof WHAT / sizeof *WHAT && rc == 0; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 1, SCMP_A0(SCMP_CMP_EQ, WHAT[i]));
    return rc;
}

static int allow_ebpf(scmp_filter_ctx f)
{
    int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(bpf), 0);
    rc = rc != 0 ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(pidfd_open), 0);
    return rc != 0
               ? rc
               : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_SEQPACKET));
}

static int fill(scmp_filter_ctx f, bool has_ebpf)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED && rc == 0; i++) {
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, ALLOWED[i], 0);
        if (rc == -EDOM) /* this processor's Linux has no such call */
            rc = 0;
    }
    if (rc == 0 && has_ebpf)
        rc = allow_ebpf(f);
    rc = rc != 0 ? rc : allow_sockets(f);
    rc = rc != 0 ? rc : allow_threads(f);
    rc = rc != 0 ? rc : allow_names_of_threads(f);
    return rc != 0 ? rc : seccomp_load(f);
}

int tm_sandbox_calls(bool *done, bool has_ebpf, struct tm_msg *why_not, struct tm_msg *msg)
{
    *done = false;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return why_not ? (tm_msg_set(why_not, TM_OK,
                                     "this kernel has no seccomp: system calls stay open"))
                       : TM_OK;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (f == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "seccomp: out of memory");
    int rc = fill(f, has_ebpf);
    seccomp_release(f);
    *done = rc == 0;
    return rc == 0 ? TM_OK : tm_msg_set(msg, TM_ERR_IO, "seccomp: %s", strerror(-rc));
}
