/* test/unit/app/notify_test.c - datagrams to the socket that NOTIFY_SOCKET names, and sockets that are handed over. */
#include "tm/app/notify.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"
#include "tm/app/activation.h"

static int listen_at(const char *name, size_t len)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(sa.sun_path, name, len);
    CHECK_INT(
        bind(fd, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    return fd;
}

static void hears(int fd, const char *wanted)
{
    char got[256] = "";
    CHECK_INT(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), strlen(wanted));
    CHECK_STR(got, wanted);
}

static void nobody_listens(void)
{
    (void)unsetenv("NOTIFY_SOCKET");
    CHECK_INT(tm_notify("READY=1"), TM_OK);
    (void)setenv("NOTIFY_SOCKET", "relative", 1);
    CHECK_INT(tm_notify("READY=1"), TM_ERR_RANGE);
    (void)setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    CHECK_INT(tm_notify("READY=1"), TM_ERR_IO);
    char longest[200];
    memset(longest, '/', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    (void)setenv("NOTIFY_SOCKET", longest, 1);
    CHECK_INT(tm_notify("READY=1"), TM_ERR_RANGE);
}

static void a_path_and_an_abstract_name_are_told(void)
{
    char dir[64], path[80], name[64];
    (void)temp_dir_make(dir);
    (void)snprintf(path, sizeof path, "%s/notify", dir);
    int fd = listen_at(path, strlen(path) + 1);
    (void)setenv("NOTIFY_SOCKET", path, 1);
    CHECK_INT(tm_notify("READY=1\nSTATUS=well"), TM_OK);
    hears(fd, "READY=1\nSTATUS=well");
    CHECK_INT(tm_notify_reloading(1234567), TM_OK);
    hears(fd, "RELOADING=1\nMONOTONIC_USEC=1234567");
    close(fd);
    (void)snprintf(name, sizeof name, "@tm-notify-test-%ld", (long)getpid());
    (void)setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    fd = listen_at(name, 1 + strlen(name + 1));
    CHECK_INT(tm_notify("STOPPING=1"), TM_OK);
    hears(fd, "STOPPING=1");
    close(fd);
    temp_dir_remove(dir);
}

static void the_watchdog_is_of_one_process(void)
{
    char pid[32];
    (void)unsetenv("WATCHDOG_USEC");
    CHECK_INT(tm_notify_watchdog_us(), 0);
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    (void)unsetenv("WATCHDOG_PID");
    CHECK_INT(tm_notify_watchdog_us(), 30000000);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    (void)setenv("WATCHDOG_PID", pid, 1);
    CHECK_INT(tm_notify_watchdog_us(), 30000000);
    (void)setenv("WATCHDOG_PID", "1", 1);
    CHECK_INT(tm_notify_watchdog_us(), 0);
    (void)unsetenv("WATCHDOG_PID");
    (void)setenv("WATCHDOG_USEC", "soon", 1);
    CHECK_INT(tm_notify_watchdog_us(), 0);
}

/* ---- Sockets ---- */

static struct tm_activation a;
static struct tm_msg msg;

static void say(long pid, const char *n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%ld", pid);
    (void)setenv("LISTEN_PID", text, 1);
    (void)setenv("LISTEN_FDS", n, 1);
    (void)setenv("LISTEN_FDNAMES", "x", 1);
}

static void none_were_handed_over(void)
{
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    CHECK_INT(tm_activation_take(&a, &msg), TM_OK);
    CHECK_INT(a.n, 0);
    say((long)getpid() + 1, "1"); /* to another process */
    CHECK_INT(tm_activation_take(&a, &msg), TM_OK);
    CHECK_INT(a.n, 0);
    CHECK(getenv("LISTEN_FDS") == NULL);
    say((long)getpid(), "99");
    CHECK_INT(tm_activation_take(&a, &msg), TM_ERR_FORMAT);
    say((long)getpid(), "-1");
    CHECK_INT(tm_activation_take(&a, &msg), TM_OK);
    CHECK_INT(a.n, 0);
}

/* Descriptor 3 is the test's own for a while. */
static void only_listening_tcp_sockets_are_taken(void)
{
    int kept = dup(3);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK_INT(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    CHECK_INT(dup2(fd, 3), 3);
    say((long)getpid(), "1");
    CHECK_INT(tm_activation_take(&a, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "socket 1 that was handed over") != NULL);
    CHECK_INT(listen(3, 1), 0);
    say((long)getpid(), "1");
    CHECK_INT(tm_activation_take(&a, &msg), TM_OK);
    CHECK_INT(a.n, 1);
    CHECK_INT(a.fd[0], 3);
    CHECK((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_FDNAMES") == NULL);
    close(fd);
    if (kept >= 0) {
        (void)dup2(kept, 3);
        close(kept);
    } else {
        close(3);
    }
}

static const struct check_case cases[] = {
    {"nobody_listens", nobody_listens},
    {"a_path_and_an_abstract_name_are_told", a_path_and_an_abstract_name_are_told},
    {"the_watchdog_is_of_one_process", the_watchdog_is_of_one_process},
    {"none_were_handed_over", none_were_handed_over},
    {"only_listening_tcp_sockets_are_taken", only_listening_tcp_sockets_are_taken},
};
CHECK_MAIN("notify", cases)
