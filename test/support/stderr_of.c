#include "test/support/stderr_of.h"

#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads to the end of file, so that the child never blocks on a full pipe. */
static void read_all(int fd, char *text, size_t cap)
{
    char chunk[512];
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        for (ssize_t i = 0; i < n && len + 1 < cap; i++)
            text[len++] = chunk[i];
    }
    text[len] = '\0';
}

int stderr_of(void (*fn)(void), char *text, size_t cap)
{
    int ends[2];
    int status = -1;
    text[0] = '\0';
    if (pipe(ends) != 0)
        return -1;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        fn();
        _exit(0);
    }
    (void)close(ends[1]);
    if (pid > 0) {
        read_all(ends[0], text, cap);
        if (waitpid(pid, &status, 0) != pid)
            status = -1;
    }
    (void)close(ends[0]);
    return status;
}
