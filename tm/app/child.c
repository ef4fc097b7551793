/* tm/app/child.c - see child.h. */
#include "tm/app/child.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tm/base/time.h"

void tm_child_find(char *out, size_t cap, const char *name, const char *build_dir)
{
    char self[PATH_MAX] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *dir = n > 0 ? dirname(self) : ".";
    (void)snprintf(out, cap, "%s/%s", dir, name);
    if (access(out, X_OK) != 0)
        (void)snprintf(out, cap, "%s/%s/%s", dir, build_dir, name);
    if (access(out, X_OK) != 0)
        (void)snprintf(out, cap, "%s", name);
}

/* In the child: never returns. */
static void become(char *const argv[], int out_fd, const char *err_path, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int err_fd = err_path != NULL ? open(err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    bool is_ready = getppid() == parent && (err_path == NULL || err_fd >= 0) &&
                    (out_fd < 0 || dup2(out_fd, STDOUT_FILENO) >= 0) &&
                    (err_fd < 0 || dup2(err_fd, STDERR_FILENO) >= 0);
    if (is_ready)
        (void)execvp(argv[0], argv);
    _exit(127);
}

int tm_child_start(struct tm_child *c, char *const argv[], enum tm_child_out out,
                   const char *err_path, struct tm_msg *msg)
{
    int fd[2] = {-1, -1};
    pid_t parent = getpid();
    *c = (struct tm_child){.out = -1};
    if (out == TM_CHILD_OUT_READ && pipe2(fd, O_CLOEXEC) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "no pipe: %s", strerror(errno));
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(argv, fd[1], err_path, parent);
    if (fd[1] >= 0)
        (void)close(fd[1]);
    if (pid < 0) {
        if (fd[0] >= 0)
            (void)close(fd[0]);
        return tm_msg_set(msg, TM_ERR_IO, "cannot start %s: %s", argv[0], strerror(errno));
    }
    *c = (struct tm_child){.pid = pid, .out = fd[0]};
    return TM_OK;
}

int tm_child_line(struct tm_child *c, char *line, size_t cap, int limit_ms)
{
    struct pollfd p = {.fd = c->out, .events = POLLIN};
    size_t len = 0;
    while (len + 1 < cap && poll(&p, 1, limit_ms) > 0 && read(c->out, line + len, 1) == 1) {
        if (line[len] == '\n') {
            line[len] = '\0';
            return TM_OK;
        }
        len++;
    }
    line[len] = '\0';
    return TM_ERR_CLOSED;
}

int tm_child_wait(struct tm_child *c)
{
    int status = 0;
    pid_t pid = c->pid;
    if (pid <= 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (c->out >= 0)
        (void)close(c->out);
    *c = (struct tm_child){.out = -1};
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int tm_child_stop(struct tm_child *c)
{
    if (c->pid > 0)
        (void)kill(c->pid, SIGTERM);
    return tm_child_wait(c);
}
