/* test/net/ebpf_program.c - a static program that knows nothing of the tunnel: what it reaches, and as what.
 *
 *   dest ADDR PORT [nonblock] [fastopen] [v6only] [mapped] [bind=ADDR] [dev=NAME] [again]
 *       connects, prints "peer=... said=..." (the first line that the other side sends), or "error=..."
 *   udp ADDR PORT [connected]     sends a datagram: "sent" or "error=..."
 *   socket FAMILY TYPE PROTOCOL   numbers: "made" or "error=..."
 *   dns SERVER NAME [connected]   asks for an address, prints "from=SERVER address=..."
 *   batch                         such lines from standard input, each in a process; answers stand behind "LINE: "
 *   many N AT_ONCE                connects to 10.77.A.B port 7000 to 7003, whose server says its own address: "wrong=0 ..."
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 20000

union addr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int fail(const char *what)
{
    printf("error=%s (%s)\n", strerrorname_np(errno), what);
    return 1;
}

static socklen_t parse(union addr *a, const char *text, int port, bool as_mapped)
{
    char mapped[64];
    memset(a, 0, sizeof *a);
    if (!as_mapped && inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((uint16_t)port);
        return sizeof a->v4;
    }
    snprintf(mapped, sizeof mapped, "%s%s", as_mapped ? "::ffff:" : "", text);
    char *zone = strchr(mapped, '%');
    if (zone != NULL) {
        *zone++ = '\0';
        a->v6.sin6_scope_id = if_nametoindex(zone);
    }
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, mapped, &a->v6.sin6_addr) == 1 ? sizeof a->v6 : 0;
}

static void print_addr(const char *what, const union addr *a)
{
    char text[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = a->any.sa_family == AF_INET;
    inet_ntop(a->any.sa_family,
              is_v4 ? (const void *)&a->v4.sin_addr : (const void *)&a->v6.sin6_addr, text,
              sizeof text);
    printf("%s=%s %d ", what, text, ntohs(is_v4 ? a->v4.sin_port : a->v6.sin6_port));
}

static bool has(char **flags, const char *flag, const char **value)
{
    size_t n = strlen(flag);
    for (; *flags != NULL; flags++) {
        if (strncmp(*flags, flag, n) == 0) {
            if (value != NULL)
                *value = *flags + n;
            return true;
        }
    }
    return false;
}

static bool wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    if (poll(&p, 1, WAIT_MS) == 1)
        return true;
    errno = ETIMEDOUT;
    return false;
}

static int set_up(int fd, char **flags)
{
    const char *value;
    static const int on = 1;
    union addr own;
    if (has(flags, "v6only", NULL) &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return fail("v6only");
    if (has(flags, "dev=", &value) &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, value, (socklen_t)strlen(value)) != 0)
        return fail("dev");
    if (has(flags, "bind=", &value)) {
        socklen_t len = parse(&own, value, 0, false);
        if (bind(fd, &own.any, len) != 0)
            return fail("bind");
    }
    return 0;
}

static int connect_as_asked(int fd, const union addr *to, socklen_t len, char **flags)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (has(flags, "fastopen", NULL))
        return sendto(fd, "x", 1, MSG_FASTOPEN, &to->any, len) == 1 ? 0 : fail("fastopen");
    if (!has(flags, "nonblock", NULL))
        return connect(fd, &to->any, len) == 0 ? 0 : fail("connect");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, &to->any, len) != 0 && errno != EINPROGRESS)
        return fail("connect");
    if (!wait_for(fd, POLLOUT))
        return fail("poll");
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0 ? 0 : fail("connect");
}

static int cmd_dest(char **a)
{
    union addr to, peer;
    char line[256] = "";
    char **flags = a + 2;
    bool as_mapped = has(flags, "mapped", NULL);
    socklen_t len = parse(&to, a[0], atoi(a[1]), as_mapped);
    int fd = socket(to.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return fail("socket");
    if (set_up(fd, flags) != 0 || connect_as_asked(fd, &to, len, flags) != 0)
        return 1;
    len = sizeof peer;
    if (getpeername(fd, &peer.any, &len) != 0)
        return fail("getpeername");
    if (!wait_for(fd, POLLIN))
        return fail("poll");
    ssize_t n = recv(fd, line, sizeof line - 1, 0);
    if (n <= 0) {
        errno = n == 0 ? ENODATA : errno;
        return fail("recv");
    }
    line[strcspn(line, "\n")] = '\0';
    print_addr("peer", &peer);
    printf("said=%s\n", line);
    return 0;
}

static int cmd_udp(char **a)
{
    union addr to;
    socklen_t len = parse(&to, a[0], atoi(a[1]), false);
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    if (fd < 0)
        return fail("socket");
    if (a[2] != NULL) {
        if (connect(fd, &to.any, len) != 0)
            return fail("connect");
        len = 0;
    }
    if (sendto(fd, "x", 1, 0, len > 0 ? &to.any : NULL, len) != 1)
        return fail("sendto");
    printf("sent\n");
    return 0;
}

static int cmd_socket(char **a)
{
    int fd = socket(atoi(a[0]), atoi(a[1]), atoi(a[2]));
    if (fd < 0)
        return fail("socket");
    printf("made\n");
    return 0;
}

static size_t question(unsigned char *q, const char *name)
{
    static const unsigned char head[12] = {0x12, 0x34, 1, 0, 0, 1};
    memcpy(q, head, sizeof head);
    size_t n = sizeof head;
    while (*name != '\0') {
        size_t len = strcspn(name, ".");
        q[n++] = (unsigned char)len;
        memcpy(q + n, name, len);
        n += len;
        name += len + (name[len] == '.');
    }
    memcpy(q + n, "\0\0\1\0\1", 5);
    return n + 5;
}

static int cmd_dns(char **a)
{
    unsigned char q[300], r[512];
    union addr to, from;
    socklen_t len = parse(&to, a[0], 53, false);
    size_t n = question(q, a[1]);
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    bool is_connected = a[2] != NULL;
    if (fd < 0 || (is_connected && connect(fd, &to.any, len) != 0))
        return fail("socket");
    if (sendto(fd, q, n, 0, is_connected ? NULL : &to.any, is_connected ? 0 : len) < 0)
        return fail("sendto");
    if (!wait_for(fd, POLLIN))
        return fail("poll");
    len = sizeof from;
    ssize_t got = recvfrom(fd, r, sizeof r, 0, &from.any, &len);
    if (got < (ssize_t)n + 16 || r[0] != 0x12 || r[1] != 0x34) {
        printf("error=answer of %zd bytes, rcode %d\n", got, got > 3 ? r[3] & 15 : -1);
        return 1;
    }
    print_addr("from", &from);
    printf("address=%d.%d.%d.%d\n", r[got - 4], r[got - 3], r[got - 2], r[got - 1]);
    return 0;
}

/* The connections first, first + step, ...: how many were wrong or failed, as bits of the exit status. */
static int one_of_many(int first, int step, int n)
{
    int bad = 0;
    for (int i = first; i < n; i += step) {
        char wanted[64], line[64] = "";
        char ip[32];
        union addr to;
        size_t at = 0;
        snprintf(ip, sizeof ip, "10.77.%d.%d", i / 250 % 250, i % 250 + 1);
        socklen_t len = parse(&to, ip, 7000 + i % 4, false);
        snprintf(wanted, sizeof wanted, "%s %d\n", ip, 7000 + i % 4);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        ssize_t got = connect(fd, &to.any, len) == 0 ? 1 : 0;
        while (got > 0 && at < sizeof line - 1 && strchr(line, '\n') == NULL) {
            got = recv(fd, line + at, sizeof line - 1 - at, 0);
            at += got > 0 ? (size_t)got : 0;
        }
        close(fd);
        if (strcmp(line, wanted) == 0)
            continue;
        bad |= strchr(line, '\n') != NULL ? 2 : 1;
        line[strcspn(line, "\n")] = '\0';
        fprintf(stderr, "%d: wanted %.*s, got '%s' (%s)\n", i, (int)strlen(wanted) - 1, wanted,
                line, strerror(errno));
    }
    return bad;
}

static int cmd_many(char **a)
{
    int n = atoi(a[0]), at_once = atoi(a[1]), wrong = 0, failed = 0;
    for (int i = 0; i < at_once; i++)
        if (fork() == 0)
            _exit(one_of_many(i, at_once, n));
    for (int i = 0; i < at_once; i++) {
        int status = 0;
        wait(&status);
        wrong += (WEXITSTATUS(status) & 2) != 0;
        failed += (WEXITSTATUS(status) & 1) != 0;
    }
    printf("connections=%d workers with wrong=%d failed=%d\n", n, wrong, failed);
    return wrong + failed > 0;
}

static int run(int argc, char **argv);

#define WORDS_MAX 8

static int cmd_batch(char **a)
{
    char line[256];
    (void)a;
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *argv[WORDS_MAX + 2] = {"batch"};
        int argc = 1;
        line[strcspn(line, "\n")] = '\0';
        printf("%s: ", line);
        fflush(stdout);
        for (char *w = strtok(line, " "); w != NULL && argc <= WORDS_MAX; w = strtok(NULL, " "))
            argv[argc++] = w;
        pid_t child = fork();
        if (child == 0) {
            int status = run(argc, argv);
            fflush(stdout);
            _exit(status);
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least;
        int (*run)(char **args);
    } commands[] = {{"batch", 0, cmd_batch},   {"dest", 2, cmd_dest}, {"udp", 2, cmd_udp},
                    {"socket", 3, cmd_socket}, {"dns", 2, cmd_dns},   {"many", 2, cmd_many}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc >= 2 + commands[i].least)
            return commands[i].run(argv + 2);
    fprintf(stderr, "usage: %s batch|dest|udp|socket|dns|many ...\n", argv[0]);
    return 2;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run(argc, argv);
}
