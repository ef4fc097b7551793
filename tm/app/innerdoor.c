/* tm/app/innerdoor.c - see door.h. */
#include "tm/app/innerdoor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG   8
#define UNIX_WORD "unix:"
#define MODE      (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP)

/* ---- Reading ---- */

static bool is_loopback(struct tm_address *a)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(a->host, "localhost") == 0)
        (void)snprintf(a->host, sizeof a->host, "127.0.0.1");
    if (inet_pton(AF_INET, a->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, a->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int parse_path(struct tm_innerdoor *d, const char *path, struct tm_msg *msg)
{
    size_t len = strlen(path);
    if (len == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "write unix:PATH");
    if (len > TM_INNERDOOR_PATH_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "the path has %zu bytes, a unix socket's has at most %u", len,
                          TM_INNERDOOR_PATH_MAX);
    memcpy(d->path, path, len + 1);
    return TM_OK;
}

int tm_innerdoor_parse(struct tm_innerdoor *d, const char *text, bool may_be_unix,
                       struct tm_msg *msg)
{
    *d = (struct tm_innerdoor){0};
    if (may_be_unix && strncmp(text, UNIX_WORD, strlen(UNIX_WORD)) == 0)
        return parse_path(d, text + strlen(UNIX_WORD), msg);
    int rc = tm_address_parse(&d->addr, text, msg);
    if (rc != TM_OK)
        return rc;
    if (!is_loopback(&d->addr))
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "'%.200s' is not for this machine alone; write 127.0.0.1:PORT or "
                          "[::1]:PORT%s, and let others in by ssh -L or a proxy that asks who "
                          "they are",
                          text, may_be_unix ? " or unix:PATH" : "");
    return TM_OK;
}

/* ---- Opening ---- */

static const char *advice(int err)
{
    switch (err) {
    case EADDRINUSE:
        return "stop the program that has it, or choose another";
    case EACCES:
        return "this user may not";
    case ENOENT:
        return "make the directory first";
    default:
        return "choose another";
    }
}

static int failed(int fd, const char *where, struct tm_msg *msg)
{
    int err = errno;
    if (fd >= 0)
        (void)close(fd);
    return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %.200s: %s; %s", where, strerror(err),
                      advice(err));
}

static bool is_answered(const struct sockaddr_un *sa)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)sa, sizeof *sa) == 0;
    if (fd >= 0)
        (void)close(fd);
    return yes;
}

static int open_unix(int *fd, const struct tm_innerdoor *d, struct tm_msg *msg)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct stat st;
    memcpy(sa.sun_path, d->path, strlen(d->path));
    bool is_there = lstat(d->path, &st) == 0;
    if (is_there && !S_ISSOCK(st.st_mode))
        return tm_msg_set(msg, TM_ERR_IO, "%.200s is there and no socket; choose another path",
                          d->path);
    if (is_there && is_answered(&sa))
        return tm_msg_set(msg, TM_ERR_CLOSED,
                          "another program answers at %.200s; stop it, or choose another path",
                          d->path);
    if (is_there)
        (void)unlink(d->path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0 || bind(*fd, (const struct sockaddr *)&sa, sizeof sa) != 0 ||
        chmod(d->path, MODE) != 0 || listen(*fd, BACKLOG) != 0)
        return failed(*fd, d->path, msg);
    return TM_OK;
}

static int open_tcp(int *fd, uint16_t *port, const struct tm_innerdoor *d, struct tm_msg *msg)
{
    static const int on = 1;
    char text[TM_ADDRESS_TEXT_MAX];
    struct sockaddr_storage sa;
    socklen_t len;
    tm_address_print(text, d->addr.host, d->addr.port);
    int rc = tm_address_resolve(&sa, &d->addr, msg);
    if (rc != TM_OK)
        return rc;
    len = tm_address_len(&sa);
    *fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(*fd, (const struct sockaddr *)&sa, len) != 0 || listen(*fd, BACKLOG) != 0 ||
        getsockname(*fd, (struct sockaddr *)&sa, &len) != 0)
        return failed(*fd, text, msg);
    *port = ntohs(sa.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&sa)->sin6_port
                                           : ((const struct sockaddr_in *)&sa)->sin_port);
    return TM_OK;
}

int tm_innerdoor_open(int *fd, uint16_t *port, const struct tm_innerdoor *d, struct tm_msg *msg)
{
    *fd = -1;
    *port = 0;
    return d->path[0] != '\0' ? open_unix(fd, d, msg) : open_tcp(fd, port, d, msg);
}

void tm_innerdoor_remove(const struct tm_innerdoor *d)
{
    if (d->path[0] != '\0')
        (void)unlink(d->path);
}
