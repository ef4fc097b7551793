/* test/unit/net/unixsock_test.c */
#include "tm/net/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/check.h"

static char dir[] = "/tmp/tm-unixsock.XXXXXX", path[64];

static int open_it(struct tm_unixsock *s, struct tm_msg *msg)
{
    return tm_unixsock_open(s, path, 4, msg);
}

static int connect_it(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
    (void)close(fd);
    return rc;
}

static void it_is_its_owners_alone_and_goes_with_the_program(void)
{
    struct tm_unixsock s;
    struct stat st;
    mode_t old = umask(0);
    CHECK_INT(open_it(&s, NULL), TM_OK);
    (void)umask(old);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(connect_it(), 0);
    tm_unixsock_remove(&s);
    (void)close(s.fd);
    CHECK_INT(stat(path, &st), -1);
}

static void one_that_nobody_answers_is_replaced(void)
{
    struct tm_unixsock s, t;
    CHECK_INT(open_it(&s, NULL), TM_OK);
    (void)close(s.fd); /* as after a kill: the file stays */
    CHECK_INT(connect_it(), ECONNREFUSED);
    CHECK_INT(open_it(&t, NULL), TM_OK);
    CHECK_INT(connect_it(), 0);
    tm_unixsock_remove(&t);
    (void)close(t.fd);
    CHECK_INT(connect_it(), ENOENT);
}

static void only_the_own_file_is_removed(void)
{
    struct tm_unixsock s, t;
    CHECK_INT(open_it(&s, NULL), TM_OK);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(open_it(&t, NULL), TM_OK);
    tm_unixsock_remove(&s);
    CHECK_INT(connect_it(), 0);
    tm_unixsock_remove(&t);
    CHECK_INT(connect_it(), ENOENT);
    (void)close(s.fd);
    (void)close(t.fd);
}

static void what_is_somebody_elses_stays(void)
{
    struct tm_unixsock s, t;
    struct tm_msg msg = {{0}};
    CHECK_INT(open_it(&s, NULL), TM_OK);
    CHECK_INT(open_it(&t, &msg), TM_ERR_IO);
    CHECK(strstr(msg.text, "a program listens there") != NULL);
    CHECK_INT(connect_it(), 0);
    tm_unixsock_remove(&s);
    (void)close(s.fd);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    (void)close(fd);
    CHECK_INT(open_it(&t, &msg), TM_ERR_IO);
    CHECK(strstr(msg.text, "no socket") != NULL);
    CHECK_INT(unlink(path), 0);
}

static void what_cannot_be_is_said(void)
{
    struct tm_unixsock s;
    struct tm_msg msg = {{0}};
    char long_path[200];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[108] = '\0';
    CHECK_INT(tm_unixsock_open(&s, long_path, 4, &msg), TM_ERR_RANGE);
    CHECK_INT(tm_unixsock_open(&s, "/nowhere/at/all", 4, &msg), TM_ERR_IO);
    CHECK_STR(msg.text, "cannot listen on /nowhere/at/all: no such file or directory");
    CHECK_INT(s.fd, -1);
}

static void in_a_directory(void (*test)(void))
{
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/s", dir);
    test();
    CHECK_INT(rmdir(dir), 0);
}

static void all(void)
{
    in_a_directory(it_is_its_owners_alone_and_goes_with_the_program);
    in_a_directory(one_that_nobody_answers_is_replaced);
    in_a_directory(only_the_own_file_is_removed);
    in_a_directory(what_is_somebody_elses_stays);
}

static const struct check_case cases[] = {
    {"sockets_of_programs_that_live_and_that_are_gone", all},
    {"what_cannot_be_is_said", what_cannot_be_is_said},
};
CHECK_MAIN("unixsock", cases)
