/* tm/net/ebpf/skeleton.c - see skeleton.h. */
#include "tm/net/ebpf/skeleton.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/libbpf.h>

#include "tm/base/log.h"

/* libbpf's own words: for --verbose. */
__attribute__((format(printf, 2, 0))) static int on_print(enum libbpf_print_level level,
                                                          const char *fmt, va_list ap)
{
    char line[256];
    if (level == LIBBPF_DEBUG)
        return 0;
    (void)vsnprintf(line, sizeof line, fmt, ap);
    line[strcspn(line, "\n")] = '\0';
    tm_log(TM_LOG_DEBUG, "%s", line);
    return 0;
}

void tm_skeleton_log(void)
{
    libbpf_set_print(on_print);
}

int tm_skeleton_failed(struct tm_msg *msg, const char *what, const struct tm_skeleton_needs *needs,
                       int error)
{
    if (error == EPERM || error == EACCES)
        return tm_msg_set(msg, TM_ERR_IO, "cannot %s: not allowed; it takes %s", what,
                          needs->capabilities);
    if (error == ENOMEM)
        return tm_msg_set(msg, TM_ERR_NOMEM, "cannot %s: out of memory", what);
    if (error == EINVAL || error == EOPNOTSUPP || error == ENOSYS)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "cannot %s: %s; it takes %s", what,
                          strerror(error), needs->kernel);
    return tm_msg_set(msg, TM_ERR_IO, "cannot %s: %s", what, strerror(error));
}

uint16_t tm_skeleton_port(int fd)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    socklen_t len = sizeof a;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&a.any, &len) != 0)
        return 0;
    return a.any.ss_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port;
}
