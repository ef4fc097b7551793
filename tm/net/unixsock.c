/* tm/net/unixsock.c - see unixsock.h. */
#include "tm/net/unixsock.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tm/net/addr.h"

static struct sockaddr_un address(const struct tm_unixsock *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    static_assert(sizeof a.sun_path == sizeof s->path, "a path fits");
    memcpy(a.sun_path, s->path, sizeof a.sun_path);
    return a;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether the file is a socket that nobody listens on. */
static bool is_stale(const struct sockaddr_un *a, const char **why)
{
    struct stat st;
    *why = "there is a file that is no socket";
    if (lstat(a->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    *why = "a program listens there";
    int fd = new_socket();
    bool is_refused =
        fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    return is_refused;
}

/* NULL, or why not; errno's text when *why_errno is set. */
static const char *listen_at(struct tm_unixsock *s, int backlog, int *why_errno)
{
    const struct sockaddr_un a = address(s);
    const char *why = NULL;
    struct stat st;
    s->fd = new_socket();
    /* The socket's own mode is that of the file which bind makes. */
    if (s->fd < 0 || fchmod(s->fd, S_IRUSR | S_IWUSR) != 0) {
        *why_errno = errno;
        return "";
    }
    int rc = bind(s->fd, (const struct sockaddr *)&a, sizeof a);
    if (rc != 0 && errno == EADDRINUSE) {
        if (!is_stale(&a, &why))
            return why;
        (void)unlink(a.sun_path);
        rc = bind(s->fd, (const struct sockaddr *)&a, sizeof a);
    }
    if (rc != 0 || listen(s->fd, backlog) != 0 || lstat(a.sun_path, &st) != 0) {
        *why_errno = errno;
        return "";
    }
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    return NULL;
}

int tm_unixsock_open(struct tm_unixsock *s, const char *path, int backlog, struct tm_msg *msg)
{
    char text[128] = "";
    int error = 0;
    *s = (struct tm_unixsock){.fd = -1};
    size_t len = strlen(path);
    if (len >= sizeof s->path)
        return tm_msg_set(msg, TM_ERR_RANGE, "the path of a socket has less than %u bytes",
                          TM_UNIXSOCK_PATH_MAX);
    memcpy(s->path, path, len);
    const char *why = listen_at(s, backlog, &error);
    if (why == NULL)
        return TM_OK;
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    if (error != 0)
        tm_errno_text(error, text, sizeof text);
    return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s: %s", path, error != 0 ? text : why);
}

void tm_unixsock_remove(const struct tm_unixsock *s)
{
    struct stat st;
    if (s->path[0] != '\0' && lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
        st.st_ino == s->ino)
        (void)unlink(s->path);
}
