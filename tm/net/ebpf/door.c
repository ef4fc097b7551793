/* tm/net/ebpf/door.c - see door.h. */
#include "tm/net/ebpf/door.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A socket on loopback, -1 with errno. */
static int new_socket(int family, int type)
{
    static const int on = 1;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    socklen_t len = family == AF_INET ? sizeof a.v4 : sizeof a.v6;
    if (family == AF_INET)
        a.v4 =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    else
        a.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &a.any, len) == 0 && (type != SOCK_STREAM || listen(fd, TM_DOOR_BACKLOG) == 0))
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

union fd_control {
    char bytes[CMSG_SPACE(2 * sizeof(int))];
    struct cmsghdr align;
};

/* The child: moves, makes, hands over; an errno as its exit status.  Only async-signal-safe calls. */
static int make_there(int cgroup_fd, int channel)
{
    int fds[2];
    int n = 1;
    char byte = 0;
    int procs = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (procs < 0 || write(procs, "0", 1) != 1)
        return errno;
    fds[0] = new_socket(AF_INET, SOCK_STREAM);
    if (fds[0] < 0)
        return errno;
    fds[1] = new_socket(AF_INET6, SOCK_STREAM);
    if (fds[1] >= 0)
        n = 2;
    union fd_control control = {0};
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN((unsigned)n * sizeof(int));
    memcpy(CMSG_DATA(c), fds, (unsigned)n * sizeof(int));
    return sendmsg(channel, &m, 0) == 1 ? 0 : errno;
}

static void receive(struct tm_doors *d, int channel)
{
    union fd_control control = {0};
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    if (recvmsg(channel, &m, MSG_CMSG_CLOEXEC) != 1)
        return;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c == NULL || c->cmsg_type != SCM_RIGHTS)
        return;
    memcpy(&d->tcp4, CMSG_DATA(c), sizeof(int));
    if (c->cmsg_len >= CMSG_LEN(2 * sizeof(int)))
        memcpy(&d->tcp6, CMSG_DATA(c) + sizeof(int), sizeof(int));
}

static int open_tcp(struct tm_doors *d, int cgroup_fd, struct tm_msg *msg)
{
    int channel[2];
    int status = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "no socket pair: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        _exit(make_there(cgroup_fd, channel[1]));
    (void)close(channel[1]);
    if (child > 0) {
        receive(d, channel[0]);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    (void)close(channel[0]);
    if (child > 0 && d->tcp4 >= 0)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_IO, "cannot listen inside the cgroup: %s",
                      strerror(child < 0           ? errno
                               : WIFEXITED(status) ? WEXITSTATUS(status)
                                                   : EINTR));
}

int tm_doors_open(struct tm_doors *d, int cgroup_fd, struct tm_msg *msg)
{
    *d = (struct tm_doors){-1, -1, -1, -1};
    int rc = open_tcp(d, cgroup_fd, msg);
    if (rc != TM_OK)
        return rc;
    d->udp4 = new_socket(AF_INET, SOCK_DGRAM);
    d->udp6 = new_socket(AF_INET6, SOCK_DGRAM);
    if (d->udp4 >= 0)
        return TM_OK;
    rc = tm_msg_set(msg, TM_ERR_IO, "no socket for names on 127.0.0.1: %s", strerror(errno));
    tm_doors_close(d);
    return rc;
}

void tm_doors_close(struct tm_doors *d)
{
    int *const fds[] = {&d->tcp4, &d->tcp6, &d->udp4, &d->udp6};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            (void)close(*fds[i]);
        *fds[i] = -1;
    }
}
