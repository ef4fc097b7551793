/* test/unit/net/sandbox_test.c - somebody tries to get out: each attempt in a process of its own, beside the same attempt outside. */
#include "tm/net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"

enum outcome { DONE, NOT_DONE, NOT_ENTERED, NO_FILES, NO_CALLS };

static char ours[64], theirs[64];

static int status_of(int (*attempt)(void), bool needs_files, bool needs_calls, bool is_inside)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        const struct tm_sandbox_path path = {ours, true};
        struct tm_sandbox s;
        if (is_inside && tm_sandbox_enter(&s, &(struct tm_sandbox_cfg){.path = &path, .n_paths = 1},
                                          NULL) != TM_OK)
            _exit(NOT_ENTERED);
        if (is_inside && needs_files && !s.has_files)
            _exit(NO_FILES);
        if (is_inside && needs_calls && !s.has_calls)
            _exit(NO_CALLS);
        _exit(attempt() == 0 ? DONE : NOT_DONE);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What is done outside is not done inside; on a machine or in a build that lacks the means nothing is asked. */
static void barred(int (*attempt)(void), bool needs_files, bool needs_calls)
{
    int inside = status_of(attempt, needs_files, needs_calls, true);
    if (inside == NO_FILES || inside == NO_CALLS)
        return;
    CHECK_INT(status_of(attempt, needs_files, needs_calls, false), DONE);
    CHECK_INT(inside, NOT_DONE);
}

static int put(const char *dir, const char *name, int flags)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, flags, 0600);
    return fd >= 0 ? close(fd) : -1;
}

/* ---- files ---- */

static int read_theirs(void)
{
    return put(theirs, "secret", O_RDONLY);
}

static int write_theirs(void)
{
    return put(theirs, "new", O_WRONLY | O_CREAT);
}

static int remove_theirs(void)
{
    char path[128];
    int rc =
        put(theirs, "victim", O_WRONLY | O_CREAT); /* outside; inside it was left there by that */
    snprintf(path, sizeof path, "%s/victim", theirs);
    return unlink(path) == 0 && rc == 0 ? 0 : -1;
}

static int execute(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static void files_of_others_are_out_of_reach(void)
{
    barred(read_theirs, true, false);
    barred(write_theirs, true, false);
    barred(remove_theirs, true, false);
    barred(execute, true, false);
}

/* ---- calls ---- */

static int make_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : -1;
}

static int make_process_by_clone3(void)
{
    struct {
        unsigned long long flags, unused[7];
    } args = {.unused = {[3] = SIGCHLD}};
    long child = syscall(SYS_clone3, &args, sizeof args);
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : -1;
}

static int become_traced(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int read_memory_of_process(void)
{
    return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) == 0 ? 0 : -1;
}

static int make_key(void)
{
    return syscall(SYS_memfd_create, "x", 0) >= 0 ? 0 : -1;
}

static int open_sequenced_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0 ? 0 : -1;
}

static void calls_that_we_do_not_need_fail(void)
{
    barred(make_process, false, true);
    barred(make_process_by_clone3, false, true);
    barred(become_traced, false, true);
    barred(read_memory_of_process, false, true);
    barred(make_key, false, true);
    barred(open_sequenced_socket, false, true);
}

/* ---- what goes on ---- */

static int use_state(void)
{
    char from[128], to[128];
    snprintf(from, sizeof from, "%s/a", ours);
    snprintf(to, sizeof to, "%s/b", ours);
    if (put(ours, "a", O_WRONLY | O_CREAT) != 0 || rename(from, to) != 0)
        return -1;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", ours);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
    return rc == 0 && unlink(at.sun_path) == 0 && unlink(to) == 0 ? 0 : -1;
}

static int read_names(void)
{
    return put("/etc", "hosts", O_RDONLY);
}

static void *nothing(void *arg)
{
    return arg;
}

static int make_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 ? 0 : -1;
}

static int open_sockets(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0 &&
                   socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0
               ? 0
               : -1;
}

static int is_bound(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1;
}

static void what_we_need_goes_on(void)
{
    int (*const attempt[])(void) = {use_state, read_names, make_thread, open_sockets, is_bound};
    for (size_t i = 0; i < sizeof attempt / sizeof *attempt; i++)
        CHECK_INT(status_of(attempt[i], false, false, true), DONE);
}

static void a_path_that_is_not_there_is_left_out(void)
{
    const struct tm_sandbox_path path = {"/nowhere/at/all", true};
    struct tm_sandbox s;
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(tm_sandbox_enter(&s, &(struct tm_sandbox_cfg){.path = &path, .n_paths = 1}, NULL) ==
                      TM_OK
                  ? 0
                  : 1);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

static const struct check_case cases[] = {
    {"files_of_others_are_out_of_reach", files_of_others_are_out_of_reach},
    {"calls_that_we_do_not_need_fail", calls_that_we_do_not_need_fail},
    {"what_we_need_goes_on", what_we_need_goes_on},
    {"a_path_that_is_not_there_is_left_out", a_path_that_is_not_there_is_left_out},
};

int main(void)
{
    char secret[128];
    strcpy(ours, "/tmp/tm-sandbox-ours-XXXXXX");
    strcpy(theirs, "/tmp/tm-sandbox-theirs-XXXXXX");
    if (mkdtemp(ours) == NULL || mkdtemp(theirs) == NULL ||
        put(theirs, "secret", O_CREAT | O_WRONLY) != 0)
        return 1;
    int status = check_run("sandbox", cases, sizeof cases / sizeof *cases);
    for (const char *const *name = (const char *const[]){"secret", "new", "victim", NULL}; *name;
         name++) {
        snprintf(secret, sizeof secret, "%s/%s", theirs, *name);
        (void)unlink(secret);
    }
    (void)rmdir(ours);
    (void)rmdir(theirs);
    return status;
}
