/* test/net/redirect_pair.c - see redirect_pair.h. */
#include "test/net/redirect_pair.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 5000

bool tm_pair_open_family(struct tm_pair *p, const struct tm_rig *rig, enum tm_rig_way way,
                         bool is_v6)
{
    struct pollfd waits = {.events = POLLIN,
                           .fd = is_v6 ? rig->doors[way].tcp6 : rig->doors[way].tcp4};
    p->app = tm_rig_connect(rig, way, is_v6, true);
    p->ours = p->app >= 0 && poll(&waits, 1, WAIT_MS) == 1
                  ? accept4(waits.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)
                  : -1;
    return p->ours >= 0;
}

bool tm_pair_open(struct tm_pair *p, const struct tm_rig *rig, enum tm_rig_way way)
{
    return tm_pair_open_family(p, rig, way, false);
}

void tm_pair_close(struct tm_pair *p)
{
    if (p->app >= 0)
        (void)close(p->app);
    if (p->ours >= 0)
        (void)close(p->ours);
}

int tm_pair_accept_now(const struct tm_rig *rig, enum tm_rig_way way)
{
    return accept4(rig->doors[way].tcp4, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int tm_pair_accept(const struct tm_rig *rig, enum tm_rig_way way)
{
    struct pollfd waits = {.fd = rig->doors[way].tcp4, .events = POLLIN};
    return poll(&waits, 1, WAIT_MS) == 1 ? tm_pair_accept_now(rig, way) : -1;
}

static int begin(const struct tm_rig *rig, enum tm_rig_way way, bool is_deferred)
{
    static const int on = 1;
    struct sockaddr_storage to;
    socklen_t len = sizeof to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (getsockname(rig->doors[way].tcp4, (struct sockaddr *)&to, &len) != 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (is_deferred)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on);
    (void)connect(fd, (struct sockaddr *)&to, len); /* EINPROGRESS */
    return fd;
}

int tm_pair_begin(const struct tm_rig *rig, enum tm_rig_way way)
{
    return begin(rig, way, false);
}

int tm_pair_connect_deferred(const struct tm_rig *rig)
{
    int fd = begin(rig, TM_RIG_ACROSS, true);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, WAIT_MS) == 1 ? fd : -1;
}

const char *tm_pair_say(const struct tm_pair *p, const char *text)
{
    char got[64] = "";
    size_t len = strlen(text);
    if (!tm_rig_send(p->app, text, len) || !tm_rig_receive(p->ours, got, len) ||
        !tm_rig_send(p->ours, got, len) || !tm_rig_receive(p->app, got, len))
        return "send and receive";
    return memcmp(got, text, len) == 0 ? NULL : "wrong bytes";
}

bool tm_pair_orphan(void)
{
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, 0) != 0 || kill(parent, SIGKILL) != 0)
        return false;
    for (int i = 0; i < WAIT_MS / 10; i++) {
        if (getppid() != parent)
            return true;
        (void)poll(NULL, 0, 10);
    }
    return false;
}
