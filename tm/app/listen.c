/* tm/app/listen.c - see listen.h. */
#include "tm/app/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512 /* carriers that wait for accept; the kernel caps it at somaxconn */

static const char *advice(int err)
{
    switch (err) {
    case EADDRINUSE:
        return "stop the program that has it, or choose another --listen";
    case EACCES:
        return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
        return "this machine has no such address; *:PORT takes all";
    default:
        return "check --listen";
    }
}

/* Sets errno on failure. */
static int open_socket(const struct sockaddr_storage *sa)
{
    static const int on = 1, off = 0;
    int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (sa->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (const struct sockaddr *)sa, tm_address_len(sa)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

int tm_listen_port(int fd, uint16_t *port)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } sa;
    socklen_t len = sizeof sa;
    memset(&sa, 0, sizeof sa);
    if (getsockname(fd, (struct sockaddr *)&sa.any, &len) != 0)
        return TM_ERR_IO;
    *port = ntohs(sa.any.ss_family == AF_INET6 ? sa.v6.sin6_port : sa.v4.sin_port);
    return TM_OK;
}

int tm_listen_open(int *fd, uint16_t *port, const struct tm_address *a, struct tm_msg *msg)
{
    struct sockaddr_storage sa;
    char text[TM_ADDRESS_TEXT_MAX];
    int rc = tm_address_resolve(&sa, a, msg);
    if (rc != TM_OK)
        return rc;
    *fd = open_socket(&sa);
    if (*fd < 0 && errno == EAFNOSUPPORT && a->host[0] == '\0') {
        struct tm_address v4 = {.host = "0.0.0.0", .port = a->port};
        rc = tm_address_resolve(&sa, &v4, msg);
        *fd = rc == TM_OK ? open_socket(&sa) : -1;
    }
    if (*fd >= 0 && tm_listen_port(*fd, port) == TM_OK)
        return TM_OK;
    int err = errno;
    if (*fd >= 0)
        close(*fd);
    tm_address_print(text, a->host, a->port);
    return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s: %s; %s", text, strerror(err),
                      advice(err));
}
