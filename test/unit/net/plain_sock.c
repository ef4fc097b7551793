#include "test/unit/net/plain_sock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* the C library's tcp_info is too short */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "test/support/check.h"

int plain_listen(struct sockaddr_in *addr, int backlog, int flags)
{
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof *addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, (struct sockaddr *)addr, len), 0);
    CHECK_INT(listen(fd, backlog), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

static int with_patience(int fd)
{
    struct timeval patience = {.tv_sec = 20};
    CHECK(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

int plain_accept(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    CHECK_INT(poll(&p, 1, 20000), 1);
    return with_patience(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

int plain_connect(const struct sockaddr_in *addr)
{
    int fd = with_patience(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_INT(connect(fd, (const struct sockaddr *)addr, sizeof *addr), 0);
    return fd;
}

size_t plain_read(int fd, uint8_t *p, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = recv(fd, p + done, len - done, 0);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

void plain_write(int fd, const uint8_t *p, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = send(fd, p + done, len - done, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    CHECK_INT(done, len);
}

void plain_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    CHECK_INT(close(fd), 0);
}

int plain_count_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    CHECK(d != NULL);
    while (d && readdir(d))
        n++;
    if (d)
        (void)closedir(d);
    return n;
}

void plain_flush(int fd)
{
    int n = 1;
    while (n > 0 && ioctl(fd, SIOCOUTQ, &n) == 0)
        ;
    CHECK_INT(n, 0);
}

unsigned plain_segments_in(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return info.tcpi_data_segs_in;
}
