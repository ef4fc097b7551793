/* test/net/redirect_changes.c - see redirect_changes.h.  Each scene tells in a few words what happened. */
#include "test/net/redirect_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/net/redirect_pair.h"

#define TEXT_MAX   128
#define BYTES_SENT 200 /* where tcpi_bytes_sent lies, which libc's struct tcp_info lacks */

struct scene {
    const struct tm_pair *p;
    char *text;
};

static void tell(const struct scene *s, const char *what, long n)
{
    size_t at = strlen(s->text);
    (void)snprintf(s->text + at, TEXT_MAX - at, "%s%s=%ld", at > 0 ? " " : "", what,
                   n < 0 ? -(long)errno : n);
}

static bool is_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 300) == 1;
}

static void put(int fd, size_t len)
{
    static const char bytes[8192];
    (void)tm_rig_send(fd, bytes, len);
}

static void tell_read(const struct scene *s, const char *what, int fd, size_t len, int flags)
{
    char buf[16384];
    (void)is_readable(fd);
    tell(s, what, recv(fd, buf, len, flags));
}

/* ---- The same ---- */

static void half_close(const struct scene *s)
{
    put(s->p->app, 1000);
    (void)shutdown(s->p->app, SHUT_WR);
    tell_read(s, "got", s->p->ours, 4000, 0);
    tell_read(s, "end", s->p->ours, 4000, 0);
    tell_read(s, "nothing", s->p->app, 4000, 0);
    put(s->p->ours, 500);
    tell_read(s, "back", s->p->app, 4000, 0);
    (void)shutdown(s->p->ours, SHUT_WR);
    tell_read(s, "end", s->p->app, 4000, 0);
}

static void edge(const struct scene *s)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
    int e = epoll_create1(EPOLL_CLOEXEC);
    (void)epoll_ctl(e, EPOLL_CTL_ADD, s->p->ours, &ev);
    put(s->p->app, 100);
    tell(s, "event", epoll_wait(e, &ev, 1, 300));
    tell_read(s, "part", s->p->ours, 40, 0);
    put(s->p->app, 100);
    tell(s, "again", epoll_wait(e, &ev, 1, 300));
    tell_read(s, "rest", s->p->ours, 400, 0);
    tell(s, "none", epoll_wait(e, &ev, 1, 0));
    (void)close(e);
}

static void reset(const struct scene *s)
{
    struct linger now = {.l_onoff = 1};
    put(s->p->app, 300);
    tell_read(s, "got", s->p->ours, 300, 0);
    (void)setsockopt(s->p->app, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    int gone = dup(s->p->ours); /* the pair closes both */
    (void)dup2(gone, s->p->app);
    (void)close(gone);
    tell_read(s, "reset", s->p->ours, 300, 0);
}

static void peek(const struct scene *s)
{
    put(s->p->app, 200);
    tell_read(s, "peek", s->p->ours, 150, MSG_PEEK);
    tell_read(s, "got", s->p->ours, 400, 0);
}

static void shut_reading(const struct scene *s)
{
    (void)shutdown(s->p->ours, SHUT_RD);
    tell_read(s, "end", s->p->ours, 10, 0);
}

static void sendfile_to(const struct scene *s)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    tell(s, "size", ftruncate(fd, 5000));
    tell(s, "sent", sendfile(s->p->app, fd, NULL, 5000));
    tell_read(s, "got", s->p->ours, 9000, 0);
    (void)close(fd);
}

static void splice_to(const struct scene *s)
{
    int fds[2];
    char buf[2000] = "";
    if (pipe2(fds, O_CLOEXEC) != 0)
        return;
    tell(s, "in", write(fds[1], buf, sizeof buf));
    tell(s, "spliced", splice(fds[0], NULL, s->p->app, NULL, sizeof buf, 0));
    tell_read(s, "got", s->p->ours, 9000, 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* ---- Known to differ ---- */

static void fionread(const struct scene *s)
{
    int n = -1;
    put(s->p->app, 100);
    (void)is_readable(s->p->ours);
    (void)ioctl(s->p->ours, FIONREAD, &n);
    tell(s, "says", n);
}

static void splice_from(const struct scene *s)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return;
    put(s->p->app, 3000);
    (void)is_readable(s->p->ours);
    tell(s, "spliced", splice(s->p->ours, NULL, fds[1], NULL, 3000, SPLICE_F_NONBLOCK));
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void low_mark(const struct scene *s)
{
    static const int mark = 100;
    (void)setsockopt(s->p->ours, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark);
    put(s->p->app, 10);
    tell(s, "readable", is_readable(s->p->ours));
}

static void wait_all(const struct scene *s)
{
    char buf[20];
    put(s->p->app, 10);
    put(s->p->app, 10);
    (void)is_readable(s->p->ours);
    (void)fcntl(s->p->ours, F_SETFL, 0);
    tell(s, "got", recv(s->p->ours, buf, sizeof buf, MSG_WAITALL));
}

static void zero_copy(const struct scene *s)
{
    static const int on = 1;
    static const char bytes[4096];
    char control[256];
    struct msghdr m = {.msg_control = control, .msg_controllen = sizeof control};
    (void)setsockopt(s->p->app, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on);
    (void)send(s->p->app, bytes, sizeof bytes, MSG_ZEROCOPY);
    tell_read(s, "got", s->p->ours, 9000, 0);
    (void)poll(&(struct pollfd){.fd = s->p->app}, 1, 300);
    tell(s, "completion", recvmsg(s->p->app, &m, MSG_ERRQUEUE) >= 0);
}

static void urgent(const struct scene *s)
{
    (void)send(s->p->app, "abc", 3, MSG_OOB);
    tell_read(s, "inline", s->p->ours, 10, 0);
}

static void close_unread(const struct scene *s)
{
    put(s->p->app, 100);
    (void)is_readable(s->p->ours);
    int keep = dup(s->p->app);
    (void)dup2(keep, s->p->ours); /* closes ours */
    (void)close(keep);
    tell_read(s, "reads", s->p->app, 10, 0);
}

static void counters(const struct scene *s)
{
    char info[256] = "";
    uint64_t sent_bytes = 0;
    socklen_t len = sizeof info;
    put(s->p->app, 5000);
    tell_read(s, "got", s->p->ours, 9000, 0);
    (void)getsockopt(s->p->app, IPPROTO_TCP, TCP_INFO, info, &len);
    memcpy(&sent_bytes, info + BYTES_SENT, sizeof sent_bytes);
    tell(s, "sent", sent_bytes > 4000);
}

static void cork(const struct scene *s)
{
    static const int on = 1;
    (void)setsockopt(s->p->app, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    put(s->p->app, 10);
    tell(s, "delivered", poll(&(struct pollfd){.fd = s->p->ours, .events = POLLIN}, 1, 50));
}

static const struct {
    const char *name;
    void (*run)(const struct scene *s);
    const char *known; /* NULL: the same; what else the man page's table says */
} scenes[] = {{"half-close", half_close, NULL},
              {"edge-triggered", edge, NULL},
              {"reset", reset, NULL},
              {"MSG_PEEK", peek, NULL},
              {"SHUT_RD", shut_reading, NULL},
              {"sendfile", sendfile_to, NULL},
              {"splice to the socket", splice_to, NULL},
              {"FIONREAD", fionread, NULL},
              {"splice from the socket", splice_from, "spliced=-11"},
              {"SO_RCVLOWAT", low_mark, "readable=1"},
              {"MSG_WAITALL", wait_all, "got=10"},
              {"MSG_ZEROCOPY", zero_copy, "got=4096 completion=0"},
              {"MSG_OOB", urgent, "inline=3"},
              {"closed with bytes unread", close_unread, "reads=0"},
              {"TCP_INFO", counters, "got=5000 sent=0"},
              {"TCP_CORK", cork, "delivered=1"}};

/* What a scene tells; bytes have gone both ways before, so that both ends know of each other. */
static bool play(size_t i, const struct tm_rig *rig, enum tm_rig_way way, char text[TEXT_MAX])
{
    struct tm_pair p;
    const struct scene s = {&p, text};
    text[0] = '\0';
    if (!tm_pair_open(&p, rig, way) || tm_pair_say(&p, "hello") != NULL)
        return false;
    scenes[i].run(&s);
    tm_pair_close(&p);
    return true;
}

static const char *play_all(const struct tm_rig *rig, bool is_known)
{
    static char bad[2 * TEXT_MAX + 64];
    char text[TM_RIG_WAYS][TEXT_MAX];
    bad[0] = '\0';
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        if ((scenes[i].known != NULL) != is_known)
            continue;
        if (!play(i, rig, TM_RIG_PLAIN, text[TM_RIG_PLAIN]) ||
            !play(i, rig, TM_RIG_ACROSS, text[TM_RIG_ACROSS]))
            return "no connection";
        bool is_same = strcmp(text[TM_RIG_PLAIN], text[TM_RIG_ACROSS]) == 0;
        if (is_known)
            printf("  %-26s %-24s %s\n", scenes[i].name, text[TM_RIG_PLAIN], text[TM_RIG_ACROSS]);
        if (!is_same && (!is_known || strcmp(scenes[i].known, text[TM_RIG_ACROSS]) != 0))
            (void)snprintf(bad, sizeof bad, "%s: plain '%s', redirect '%s'", scenes[i].name,
                           text[TM_RIG_PLAIN], text[TM_RIG_ACROSS]);
    }
    return bad[0] == '\0' ? NULL : bad;
}

const char *tm_changes_same(const struct tm_rig *rig)
{
    return play_all(rig, false);
}

const char *tm_changes_table(const struct tm_rig *rig)
{
    return play_all(rig, true);
}
