/* bench/redirect_rig.c - see redirect_rig.h. */
#include "bench/redirect_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int enter_namespace(struct tm_msg *msg)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (unshare(CLONE_NEWNET) != 0)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "no network namespace of its own: %s",
                          strerror(errno));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
    int error = errno;
    if (fd >= 0)
        (void)close(fd);
    return rc == 0 ? TM_OK
                   : tm_msg_set(msg, TM_ERR_UNSUPPORTED, "no loopback: %s", strerror(error));
}

int tm_rig_open(struct tm_rig *rig, struct tm_msg *msg)
{
    *rig = (struct tm_rig){.group.fd = -1, .doors = {{-1, -1, -1, -1}, {-1, -1, -1, -1}}};
    int rc = enter_namespace(msg);
    if (rc == TM_OK)
        rc = tm_cgroup_make(&rig->group, msg);
    for (int i = 0; rc == TM_OK && i < TM_RIG_WAYS; i++)
        rc = tm_doors_open(&rig->doors[i], rig->group.fd, msg);
    if (rc == TM_OK) {
        const struct tm_doors *d = &rig->doors[TM_RIG_ACROSS];
        const struct tm_redirect_cfg cfg = {
            .cgroup_fds = &rig->group.fd, .n_cgroups = 1, .door4 = d->tcp4, .door6 = d->tcp6};
        rc = tm_redirect_open(&rig->redirect, &cfg, msg);
    }
    if (rc != TM_OK)
        tm_rig_close(rig);
    return rc;
}

void tm_rig_close(struct tm_rig *rig)
{
    tm_redirect_close(rig->redirect);
    rig->redirect = NULL;
    for (int i = 0; i < TM_RIG_WAYS; i++)
        tm_doors_close(&rig->doors[i]);
    if (rig->group.fd >= 0)
        (void)tm_cgroup_close(&rig->group);
    rig->group.fd = -1;
}

int tm_rig_fork(const struct tm_rig *rig, int cpu)
{
    cpu_set_t set;
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    CPU_ZERO(&set);
    if (cpu >= 0)
        CPU_SET((size_t)cpu, &set);
    if (tm_cgroup_add(&rig->group, getpid(), NULL) != TM_OK ||
        (cpu >= 0 && sched_setaffinity(0, sizeof set, &set) != 0))
        _exit(3);
    return 0;
}

int tm_rig_connect(const struct tm_rig *rig, enum tm_rig_way way, bool is_v6, bool is_nonblocking)
{
    static const int on = 1;
    struct sockaddr_storage to;
    socklen_t len = sizeof to;
    int error = 0;
    socklen_t size = sizeof error;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET,
                    SOCK_STREAM | SOCK_CLOEXEC | (is_nonblocking ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0 || getsockname(is_v6 ? rig->doors[way].tcp6 : rig->doors[way].tcp4,
                              (struct sockaddr *)&to, &len) != 0)
        return -1;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (connect(fd, (struct sockaddr *)&to, len) != 0 &&
        (errno != EINPROGRESS || poll(&p, 1, 10000) != 1 ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)) {
        (void)close(fd);
        errno = error;
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, 30000) == 1;
}

bool tm_rig_send(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else if (errno != EAGAIN || !wait_for(fd, POLLOUT)) {
            return false;
        }
    }
    return true;
}

bool tm_rig_receive(int fd, void *bytes, size_t len)
{
    char *p = bytes;
    while (len > 0) {
        ssize_t n = recv(fd, p, len, 0);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EAGAIN || !wait_for(fd, POLLIN)) {
            return false;
        }
    }
    return true;
}

int64_t tm_rig_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
