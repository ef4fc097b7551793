/* tm/net/statsock.c - see statsock.h. */
#include "tm/net/statsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8
#define ASK_S   3

struct tm_statsock {
    struct tm_statsock_cfg cfg;
    int dir, fd; /* owned */
    uv_poll_t poll;
    uv_timer_t timer; /* until the next answer is allowed, or the next look for time */
    unsigned n_looks; /* for time, since who asks came */
    unsigned n_handles;
    char text[TM_STATSOCK_MAX];
};

/* The socket's address by way of the open directory: however long its path, this one fits. */
static struct sockaddr_un address(int dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" TM_STATSOCK_NAME, dir);
    return a;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool is_answered(int dir)
{
    struct sockaddr_un a = address(dir);
    int fd = new_socket();
    bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        (void)close(fd);
    return yes;
}

/* ---- Answering ---- */

static bool is_allowed(int fd)
{
    struct ucred who = {0};
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void answer(struct tm_statsock *s)
{
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    size_t len = is_allowed(fd) ? s->cfg.answer(s->cfg.user, s->text, sizeof s->text) : 0;
    if (len > 0)
        (void)send(fd, s->text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_timer(uv_timer_t *timer)
{
    struct tm_statsock *s = timer->data;
    (void)uv_poll_start(&s->poll, UV_READABLE, on_connection);
}

static void on_look(uv_timer_t *timer);

/* Answers, or looks again in a millisecond. */
static void attend(struct tm_statsock *s)
{
    if (s->cfg.is_ready != NULL && s->n_looks++ < TM_STATSOCK_WAIT_MS &&
        !s->cfg.is_ready(s->cfg.user)) {
        (void)uv_timer_start(&s->timer, on_look, 1, 0);
        return;
    }
    s->n_looks = 0;
    answer(s);
    (void)uv_timer_start(&s->timer, on_timer, TM_STATSOCK_GAP_MS, 0);
}

static void on_look(uv_timer_t *timer)
{
    attend(timer->data);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct tm_statsock *s = poll->data;
    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    attend(s);
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct tm_statsock *s = h->data;
    if (--s->n_handles == 0)
        free(s);
}

/* Binds and listens, mode 0600; an errno, 0: done. */
static int bind_socket(struct tm_statsock *s)
{
    struct sockaddr_un a = address(s->dir);
    s->fd = new_socket();
    if (s->fd < 0)
        return errno;
    /* The socket's own mode is that of the file which bind makes. */
    if (fchmod(s->fd, S_IRUSR | S_IWUSR) != 0 || fcntl(s->fd, F_SETFL, O_NONBLOCK) != 0)
        return errno;
    (void)unlinkat(s->dir, TM_STATSOCK_NAME, 0);
    if (bind(s->fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(s->fd, BACKLOG) != 0)
        return errno;
    return 0;
}

static void statsock_free(struct tm_statsock *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    if (s->dir >= 0)
        (void)close(s->dir);
    free(s);
}

int tm_statsock_open(struct tm_statsock **out, uv_loop_t *loop, const struct tm_statsock_cfg *cfg,
                     struct tm_msg *msg)
{
    struct tm_statsock *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    s->cfg = *cfg;
    s->cfg.dir = NULL; /* the directory is open from here on */
    s->fd = -1;
    s->dir = open(cfg->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool is_taken = s->dir >= 0 && is_answered(s->dir);
    int error = is_taken ? EADDRINUSE : s->dir < 0 ? errno : bind_socket(s);
    if (error == 0)
        error = -uv_poll_init(loop, &s->poll, s->fd);
    if (error != 0) {
        statsock_free(s);
        return is_taken
                   ? tm_msg_set(msg, TM_ERR_CLOSED,
                                "another program answers at %.300s/" TM_STATSOCK_NAME, cfg->dir)
                   : tm_msg_set(msg, TM_ERR_IO, "cannot listen at %.300s/" TM_STATSOCK_NAME ": %s",
                                cfg->dir, strerror(error));
    }
    (void)uv_timer_init(loop, &s->timer);
    s->poll.data = s->timer.data = s;
    s->n_handles = 2;
    (void)uv_poll_start(&s->poll, UV_READABLE, on_connection);
    *out = s;
    return TM_OK;
}

void tm_statsock_close(struct tm_statsock *s)
{
    if (s == NULL)
        return;
    (void)uv_poll_stop(&s->poll);
    (void)unlinkat(s->dir, TM_STATSOCK_NAME, 0);
    (void)close(s->fd);
    (void)close(s->dir);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* ---- Asking ---- */

static int read_all(int fd, char *out, size_t cap, size_t *len, struct tm_msg *msg)
{
    *len = 0;
    for (;;) {
        char more;
        ssize_t n = *len < cap ? read(fd, out + *len, cap - *len) : read(fd, &more, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tm_msg_set(msg, TM_ERR_IO, "it does not answer: %s",
                              errno == EAGAIN ? "it is stopped, or too busy" : strerror(errno));
        if (n == 0)
            return *len > 0 ? TM_OK
                            : tm_msg_set(msg, TM_ERR_IO,
                                         "it does not answer us: it belongs to another user");
        if (*len == cap)
            return tm_msg_set(msg, TM_ERR_LIMIT, "its answer is too long");
        *len += (size_t)n;
    }
}

int tm_statsock_ask(const char *dir, char *out, size_t cap, size_t *len, struct tm_msg *msg)
{
    const struct timeval limit = {.tv_sec = ASK_S};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = -1;
    int rc = TM_ERR_IO;
    if (dir_fd < 0) {
        rc = tm_msg_set(msg, TM_ERR_IO, "cannot open %.300s: %s", dir, strerror(errno));
        goto out;
    }
    struct sockaddr_un a = address(dir_fd);
    fd = new_socket();
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
        rc = tm_msg_set(msg, TM_ERR_IO, "no socket: %s", strerror(errno));
    } else if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        bool is_absent = errno == ENOENT || errno == ECONNREFUSED;
        rc = is_absent ? tm_msg_set(msg, TM_ERR_CLOSED,
                                    "nothing answers at %.300s/" TM_STATSOCK_NAME, dir)
                       : tm_msg_set(msg, TM_ERR_IO, "%.300s/" TM_STATSOCK_NAME ": %s", dir,
                                    strerror(errno));
    } else {
        rc = read_all(fd, out, cap, len, msg);
    }
out:
    if (fd >= 0)
        (void)close(fd);
    if (dir_fd >= 0)
        (void)close(dir_fd);
    return rc;
}
