/* test/unit/net/execsock_test.c - who asks is moved, nobody else; a directory with a file stands for the cgroup. */
#include "tm/net/ebpf/execsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"

static char dir[64], path[96];
static uv_loop_t loop;
static struct tm_cgroup cgroup;

static void set_up(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/tm-execsock.XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/run/exec", dir);
    cgroup = (struct tm_cgroup){.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    (void)snprintf(cgroup.path, sizeof cgroup.path, "%s", dir);
    CHECK_INT(uv_loop_init(&loop), 0);
}

static void tear_down(void)
{
    CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(uv_loop_close(&loop), 0);
    (void)unlinkat(cgroup.fd, "cgroup.procs", 0);
    (void)unlinkat(cgroup.fd, "run/exec", 0);
    (void)unlinkat(cgroup.fd, "run", AT_REMOVEDIR);
    (void)close(cgroup.fd);
    CHECK_INT(rmdir(dir), 0);
}

static struct tm_execsock *open_socket(void)
{
    struct tm_execsock *s = NULL;
    struct tm_msg msg = {""};
    CHECK_INT(tm_execsock_open(&s, &loop, path, &cgroup, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    return s;
}

/* A process that asks; its exit status is 0 when it was moved. */
static int ask_from_child(pid_t *child)
{
    int status = 0;
    *child = fork();
    if (*child == 0)
        _exit(tm_execsock_ask(path, NULL) == TM_OK ? 0 : 1);
    while (waitpid(*child, &status, WNOHANG) == 0)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void who_asks_is_the_one_who_is_moved(void)
{
    char text[32] = "", wanted[32];
    pid_t child;
    set_up();
    struct tm_execsock *s = open_socket();
    int procs = openat(cgroup.fd, "cgroup.procs", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(ask_from_child(&child), 0);
    CHECK(read(procs, text, sizeof text - 1) > 0);
    (void)snprintf(wanted, sizeof wanted, "%d", (int)child);
    CHECK_STR(text, wanted);
    (void)close(procs);
    tm_execsock_close(s);
    tear_down();
}

static void who_cannot_be_moved_is_told(void)
{
    pid_t child;
    set_up();
    struct tm_execsock *s = open_socket(); /* no cgroup.procs */
    CHECK_INT(ask_from_child(&child), 1);
    tm_execsock_close(s);
    tear_down();
}

static void everybody_may_ask(void)
{
    struct stat st;
    set_up();
    struct tm_execsock *s = open_socket();
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0666);
    tm_execsock_close(s);
    CHECK_INT(stat(path, &st), -1);
    tear_down();
}

static void one_that_runs_is_not_replaced_and_one_that_ended_is(void)
{
    struct tm_execsock *second = NULL;
    struct tm_msg msg = {""};
    set_up();
    struct tm_execsock *s = open_socket();
    CHECK_INT(tm_execsock_open(&second, &loop, path, &cgroup, &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "another tm-client answers at") != NULL);
    char other[sizeof path + 8];
    (void)snprintf(other, sizeof other, "%s.old", path);
    CHECK_INT(rename(path, other), 0); /* as if it had been killed: the file stays */
    tm_execsock_close(s);
    CHECK_INT(rename(other, path), 0);
    s = open_socket();
    tm_execsock_close(s);
    tear_down();
}

static void what_is_no_socket_is_not_removed(void)
{
    struct tm_execsock *s = NULL;
    struct tm_msg msg = {""};
    struct stat st;
    set_up();
    CHECK_INT(mkdirat(cgroup.fd, "run", 0700), 0);
    int fd = openat(cgroup.fd, "run/exec", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    (void)close(fd);
    CHECK_INT(tm_execsock_open(&s, &loop, path, &cgroup, &msg), TM_ERR_IO);
    CHECK(s == NULL);
    CHECK_INT(stat(path, &st), 0);
    tear_down();
}

static void without_a_tm_client_one_is_told_so(void)
{
    struct tm_msg msg = {""};
    CHECK_INT(tm_execsock_ask("/nowhere/exec", &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "no tm-client run --ebpf connect answers at /nowhere/exec") != NULL);
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK_INT(tm_execsock_ask(longer, &msg), TM_ERR_RANGE);
}

static const struct check_case cases[] = {
    {"who_asks_is_the_one_who_is_moved", who_asks_is_the_one_who_is_moved},
    {"who_cannot_be_moved_is_told", who_cannot_be_moved_is_told},
    {"everybody_may_ask", everybody_may_ask},
    {"one_that_runs_is_not_replaced_and_one_that_ended_is",
     one_that_runs_is_not_replaced_and_one_that_ended_is},
    {"what_is_no_socket_is_not_removed", what_is_no_socket_is_not_removed},
    {"without_a_tm_client_one_is_told_so", without_a_tm_client_one_is_told_so},
};
CHECK_MAIN("execsock", cases)
