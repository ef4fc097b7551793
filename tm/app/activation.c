/* tm/app/activation.c - see activation.h. */
#include "tm/app/activation.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tm/app/units.h"

#define FIRST_FD 3

/* The number in a variable; -1: none. */
static int64_t number(const char *name)
{
    int64_t n;
    const char *text = getenv(name);
    return text != NULL && tm_units_count(text, &n) == TM_OK ? n : -1;
}

static bool has_option(int fd, int option, int wanted)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
}

static bool is_listener(int fd)
{
    return (has_option(fd, SO_DOMAIN, AF_INET) || has_option(fd, SO_DOMAIN, AF_INET6)) &&
           has_option(fd, SO_TYPE, SOCK_STREAM) && has_option(fd, SO_ACCEPTCONN, 1);
}

static int check(int fd, size_t number_of, struct tm_msg *msg)
{
    if (!is_listener(fd))
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "socket %zu that was handed over (LISTEN_FDS) is no TCP socket that "
                          "listens; in its unit, write ListenStream=ADDRESS:PORT and Accept=no",
                          number_of);
    bool is_ready = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
                    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
    return is_ready ? TM_OK
                    : tm_msg_set(msg, TM_ERR_IO, "socket %zu that was handed over is not usable",
                                 number_of);
}

int tm_activation_take(struct tm_activation *a, struct tm_msg *msg)
{
    int64_t pid = number("LISTEN_PID"), n = number("LISTEN_FDS");
    *a = (struct tm_activation){0};
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    if (pid != getpid() || n <= 0)
        return TM_OK;
    if (n > (int64_t)TM_ACTIVATION_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "more than %u sockets were handed over (LISTEN_FDS)",
                          TM_ACTIVATION_MAX);
    for (size_t i = 0; i < (size_t)n; i++) {
        int rc = check(FIRST_FD + (int)i, i + 1, msg);
        if (rc != TM_OK)
            return rc;
        a->fd[i] = FIRST_FD + (int)i;
    }
    a->n = (size_t)n;
    return TM_OK;
}
