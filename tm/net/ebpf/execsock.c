/* tm/net/ebpf/execsock.c - see execsock.h. */
#include "tm/net/ebpf/execsock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tm/base/log.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

#define BACKLOG 64
#define MOVES   32U /* under way at once; whoever asks meanwhile waits */
#define ASK_S   10
#define OK      "ok\n"

struct tm_execsock {
    const struct tm_cgroup *cgroup;
    int fd;
    uv_poll_t poll;
    unsigned n_busy; /* the handle, and moves under way */
    bool is_closing;
    struct sockaddr_un addr;
};

struct move {
    uv_work_t work;
    struct tm_execsock *s;
    int fd; /* who asks; owned */
};

static void release(struct tm_execsock *s)
{
    if (--s->n_busy == 0)
        free(s);
}

/* ---- Moving ---- */

/* The process that is at the other end and not yet another one of its number; -1: it is gone. */
static int pidfd_of(int fd, const struct ucred *who)
{
    int pidfd = -1;
    socklen_t len = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0)
        return pidfd;
    /* An older kernel: the number, as long as it is that of a process of the same user. */
    char path[64];
    struct stat st;
    pidfd = (int)syscall(SYS_pidfd_open, who->pid, 0);
    (void)snprintf(path, sizeof path, "/proc/%" PRIdMAX, (intmax_t)who->pid);
    if (pidfd >= 0 && (stat(path, &st) != 0 || st.st_uid != who->uid)) {
        (void)close(pidfd);
        return -1;
    }
    return pidfd;
}

static bool is_running(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

static int move(const struct tm_cgroup *g, int fd, struct tm_msg *msg)
{
    struct ucred who = {0};
    socklen_t len = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || who.pid <= 0)
        return tm_msg_set(msg, TM_ERR_IO, "who asks is in another pid namespace");
    int pidfd = pidfd_of(fd, &who);
    if (pidfd < 0)
        return tm_msg_set(msg, TM_ERR_CLOSED, "who asked has ended");
    int rc = is_running(pidfd) ? tm_cgroup_add(g, who.pid, msg)
                               : tm_msg_set(msg, TM_ERR_CLOSED, "who asked has ended");
    (void)close(pidfd);
    if (rc == TM_OK)
        tm_log(TM_LOG_DEBUG, "exec: process %" PRIdMAX " of user %" PRIdMAX, (intmax_t)who.pid,
               (intmax_t)who.uid);
    return rc;
}

static void do_move(uv_work_t *work)
{
    struct move *m = work->data;
    struct tm_msg msg = {OK};
    int rc = move(m->s->cgroup, m->fd, &msg);
    if (rc != TM_OK)
        tm_log(TM_LOG_WARN, "exec: %s", msg.text);
    (void)send(m->fd, msg.text, strlen(msg.text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(m->fd);
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_moved(uv_work_t *work, int status)
{
    struct move *m = work->data;
    if (status != 0)
        (void)close(m->fd);
    if (!m->s->is_closing)
        (void)uv_poll_start(&m->s->poll, UV_READABLE, on_connection);
    release(m->s);
    free(m);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct tm_execsock *s = poll->data;
    (void)status;
    (void)events;
    if (s->n_busy > MOVES) {
        (void)uv_poll_stop(poll);
        return;
    }
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct move *m = calloc(1, sizeof *m);
    if (m != NULL) {
        *m = (struct move){.work.data = m, .s = s, .fd = fd};
        s->n_busy++;
        if (uv_queue_work(poll->loop, &m->work, do_move, on_moved) == 0)
            return;
        s->n_busy--;
    }
    free(m);
    (void)close(fd);
}

/* ---- Life ---- */

static int address(struct sockaddr_un *a, const char *path, struct tm_msg *msg)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a->sun_path)
        return tm_msg_set(msg, TM_ERR_RANGE, "the socket's path is longer than %zu bytes",
                          sizeof a->sun_path - 1);
    memcpy(a->sun_path, path, strlen(path) + 1);
    return TM_OK;
}

static bool is_answered(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0)
        (void)close(fd);
    return yes;
}

static void make_parent(const char *path)
{
    char dir[sizeof(struct sockaddr_un)];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    if (mkdir(dir, 0755) == 0)
        (void)chmod(dir, 0755); /* whatever the umask */
}

/* What stands in the way, if it is a socket: nothing else is removed. */
static void remove_old(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        (void)unlink(path);
}

/* Binds and listens; an errno, 0: done. */
static int bind_socket(struct tm_execsock *s)
{
    make_parent(s->addr.sun_path);
    remove_old(s->addr.sun_path);
    s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return errno;
    if (bind(s->fd, (const struct sockaddr *)&s->addr, sizeof s->addr) != 0 ||
        chmod(s->addr.sun_path, 0666) != 0 || listen(s->fd, BACKLOG) != 0)
        return errno;
    return 0;
}

int tm_execsock_open(struct tm_execsock **out, uv_loop_t *loop, const char *path,
                     const struct tm_cgroup *g, struct tm_msg *msg)
{
    struct tm_execsock *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    s->cgroup = g;
    s->fd = -1;
    int rc = address(&s->addr, path, msg);
    if (rc == TM_OK && is_answered(&s->addr))
        rc = tm_msg_set(msg, TM_ERR_CLOSED,
                        "another tm-client answers at %s; give this one another --exec-socket",
                        path);
    int error = rc == TM_OK ? bind_socket(s) : 0;
    if (error == 0 && rc == TM_OK)
        error = -uv_poll_init(loop, &s->poll, s->fd);
    if (error != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "cannot listen at %s: %s", path, strerror(error));
    if (rc != TM_OK) {
        if (s->fd >= 0)
            (void)close(s->fd);
        free(s);
        return rc;
    }
    s->poll.data = s;
    s->n_busy = 1;
    (void)uv_poll_start(&s->poll, UV_READABLE, on_connection);
    *out = s;
    return TM_OK;
}

static void on_closed(uv_handle_t *h)
{
    release(h->data);
}

void tm_execsock_close(struct tm_execsock *s)
{
    if (s == NULL)
        return;
    s->is_closing = true;
    (void)uv_poll_stop(&s->poll);
    remove_old(s->addr.sun_path);
    (void)close(s->fd);
    uv_close((uv_handle_t *)&s->poll, on_closed);
}

/* ---- Asking ---- */

static int ask(int fd, const struct sockaddr_un *a, struct tm_msg *msg)
{
    const struct timeval limit = {.tv_sec = ASK_S};
    struct ucred who = {0};
    socklen_t len = sizeof who;
    char text[TM_EXECSOCK_MAX];
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "no socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)a, sizeof *a) != 0)
        return tm_msg_set(msg, TM_ERR_CLOSED, "no tm-client run --ebpf connect answers at %s (%s)",
                          a->sun_path, strerror(errno));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 ||
        (who.uid != 0 && who.uid != geteuid()))
        return tm_msg_set(msg, TM_ERR_AUTH, "who answers at %s is neither root nor you",
                          a->sun_path);
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return tm_msg_set(msg, TM_ERR_IO, "tm-client does not answer at %s", a->sun_path);
    text[n] = '\0';
    return strcmp(text, OK) == 0 ? TM_OK
                                 : tm_msg_set(msg, TM_ERR_IO, "tm-client refuses: %.400s", text);
}

int tm_execsock_ask(const char *path, struct tm_msg *msg)
{
    struct sockaddr_un a;
    int rc = address(&a, path, msg);
    if (rc != TM_OK)
        return rc;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    rc = ask(fd, &a, msg);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
