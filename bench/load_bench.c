/* bench/load_bench.c - keep-alive clients of one web object, all at once: how long each request takes, and how much was carried.
 *
 *   tm-bench-load IPV4 PORT PATH CLIENTS SECONDS [USER DEST DEST_PORT]
 *
 * With the last three, IPV4:PORT is a SOCKS5 proxy (RFC 1928) that is asked for DEST:DEST_PORT under that user name (RFC 1929), whose
 * password is one zero byte: so a pluggable transport's client is told of its bridge (pt-spec, sec. 3.5).
 *
 * Each client is a connection that asks again as soon as it has the whole answer.  Prints "name value unit" lines: requests, payload (request
 * and answer, headers included), latencies from the request's write to the answer's last byte.  Connections are opened before the
 * clock starts, and one request each is made on them, which does not count. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX  4096
#define REQUESTS_MAX 4000000U
#define HEAD_MAX     4096

struct client {
    int fd;
    char head[HEAD_MAX]; /* of the answer, until its end is found */
    size_t head_len;
    uint64_t left; /* bytes of the body to come */
    bool is_in_body;
    int64_t asked_us;
};

struct load {
    struct client *client;
    char request[512];
    size_t request_len;
    unsigned n_clients, n_warm;
    int64_t begin_us, until_us; /* begin_us 0: connections are being opened */
    uint64_t up_bytes, down_bytes;
    const char *user; /* of the SOCKS proxy; NULL: there is none */
    struct sockaddr_in dest;
    uint32_t *us; /* latencies */
    size_t n;
};

__attribute__((noreturn)) static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void ask(struct load *l, struct client *c)
{
    c->asked_us = now_us();
    c->head_len = 0;
    c->is_in_body = false;
    if (write(c->fd, l->request, l->request_len) != (ssize_t)l->request_len)
        die("tm-bench-load: write");
    l->up_bytes += l->begin_us > 0 ? l->request_len : 0;
}

static void answered(struct load *l, struct client *c)
{
    int64_t t_us = now_us();
    if (l->begin_us == 0) {
        l->n_warm++;
        return; /* it waits until all have begun */
    }
    if (l->n < REQUESTS_MAX)
        l->us[l->n++] = (uint32_t)(t_us - c->asked_us);
    if (t_us < l->until_us)
        ask(l, c);
    else
        l->n_warm--;
}

/* The body's length from a whole head; 0 without one. */
static uint64_t body_len(const char *head)
{
    const char *p = strcasestr(head, "\r\ncontent-length:");
    return p != NULL && strncmp(head, "HTTP/1.1 200", 12) == 0 ? strtoull(p + 17, NULL, 10) : 0;
}

static void take(struct load *l, struct client *c, const char *p, size_t n)
{
    l->down_bytes += l->begin_us > 0 ? n : 0;
    if (!c->is_in_body) {
        size_t m = n < HEAD_MAX - 1 - c->head_len ? n : HEAD_MAX - 1 - c->head_len;
        size_t before = c->head_len;
        memcpy(c->head + c->head_len, p, m);
        c->head_len += m;
        c->head[c->head_len] = '\0';
        const char *end = strstr(c->head, "\r\n\r\n");
        if (end == NULL)
            return;
        size_t head = (size_t)(end - c->head) + 4;
        c->left = body_len(c->head);
        if (c->left == 0) {
            (void)fprintf(stderr, "tm-bench-load: not an answer: %.60s\n", c->head);
            exit(1);
        }
        c->is_in_body = true;
        n -= head - before;
    }
    c->left -= n < c->left ? n : c->left;
    if (c->left == 0)
        answered(l, c);
}

static void on_readable(struct load *l, struct client *c)
{
    static char buf[262144];
    ssize_t n = read(c->fd, buf, sizeof buf);
    if (n == 0) {
        (void)fprintf(stderr, "tm-bench-load: closed by the other end\n");
        exit(1);
    }
    if (n < 0 && errno != EAGAIN)
        die("tm-bench-load: read");
    if (n > 0)
        take(l, c, buf, (size_t)n);
}

static struct sockaddr_in addr_of(const char *ip, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    if (inet_pton(AF_INET, ip, &a.sin_addr) != 1) {
        (void)fprintf(stderr, "tm-bench-load: %s is no IPv4 address\n", ip);
        exit(2);
    }
    return a;
}

/* Says `len` bytes, and hears an answer of `want` bytes whose second one is `ok`. */
static void exchange(int fd, const void *p, size_t len, size_t want, uint8_t ok)
{
    uint8_t got[32];
    if (write(fd, p, len) != (ssize_t)len)
        die("tm-bench-load: write to the proxy");
    if (recv(fd, got, want, MSG_WAITALL) != (ssize_t)want || got[1] != ok) {
        (void)fprintf(stderr, "tm-bench-load: the proxy refuses\n");
        exit(1);
    }
}

static void ask_proxy(const struct load *l, int fd)
{
    uint8_t login[2 + UINT8_MAX + 2] = {1};
    uint8_t connect_to[10] = {5, 1, 0, 1};
    size_t n = strlen(l->user);
    login[1] = (uint8_t)n;
    memcpy(login + 2, l->user, n);
    login[2 + n] = 1; /* of password, which is zero */
    memcpy(connect_to + 4, &l->dest.sin_addr, 4);
    memcpy(connect_to + 8, &l->dest.sin_port, 2);
    exchange(fd, "\5\1\2", 3, 2, 2);
    exchange(fd, login, n + 4, 2, 0);
    exchange(fd, connect_to, sizeof connect_to, 10, 0);
}

static void open_all(struct load *l, int ep, const char *ip, const char *port)
{
    struct sockaddr_in a = addr_of(ip, port);
    int on = 1;
    for (unsigned i = 0; i < l->n_clients; i++) {
        struct client *c = &l->client[i];
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) != 0)
            die("tm-bench-load: connect");
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (l->user != NULL)
            ask_proxy(l, c->fd);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) != 0)
            die("tm-bench-load: epoll");
        ask(l, c);
    }
}

static void turn(struct load *l, int ep)
{
    struct epoll_event ev[64];
    int n = epoll_wait(ep, ev, 64, 30000);
    if (n == 0) {
        (void)fprintf(stderr, "tm-bench-load: nothing came for 30 s\n");
        exit(1);
    }
    for (int i = 0; i < n; i++)
        on_readable(l, ev[i].data.ptr);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print(struct load *l)
{
    double sum = 0;
    double s = (double)(now_us() - l->begin_us) / 1e6;
    qsort(l->us, l->n, sizeof *l->us, by_size);
    for (size_t i = 0; i < l->n; i++)
        sum += l->us[i];
    printf("requests %zu count\n", l->n);
    printf("up %" PRIu64 " bytes\ndown %" PRIu64 " bytes\n", l->up_bytes, l->down_bytes);
    printf("rate %.3f MB/s\n", (double)l->down_bytes / s / 1e6);
    printf("latency_mean %.1f us\n", l->n > 0 ? sum / (double)l->n : 0);
    for (unsigned q = 500; l->n > 0 && q < 1000; q += q == 500 ? 450 : 40)
        printf("latency_p%u %" PRIu32 " us\n", q / 10, l->us[(size_t)q * (l->n - 1) / 1000]);
}

int main(int argc, char **argv)
{
    struct load l = {0};
    if (argc != 6 && (argc != 9 || strlen(argv[6]) < 1 || strlen(argv[6]) > UINT8_MAX)) {
        (void)fprintf(stderr, "Usage: tm-bench-load IPV4 PORT PATH CLIENTS SECONDS [USER DEST "
                              "DEST_PORT]\n");
        return 2;
    }
    if (argc == 9) {
        l.user = argv[6];
        l.dest = addr_of(argv[7], argv[8]);
    }
    l.n_clients = (unsigned)strtoul(argv[4], NULL, 10);
    if (l.n_clients < 1 || l.n_clients > CLIENTS_MAX) {
        (void)fprintf(stderr, "tm-bench-load: 1 to %d clients\n", CLIENTS_MAX);
        return 2;
    }
    l.request_len =
        (size_t)snprintf(l.request, sizeof l.request,
                         "GET %.200s HTTP/1.1\r\nHost: www.example.org\r\n\r\n", argv[3]);
    l.client = calloc(l.n_clients, sizeof *l.client);
    l.us = calloc(REQUESTS_MAX, sizeof *l.us);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    if (l.client == NULL || l.us == NULL || ep < 0)
        die("tm-bench-load");
    open_all(&l, ep, argv[1], argv[2]);
    while (l.n_warm < l.n_clients)
        turn(&l, ep);
    printf("warm 1 count\n"); /* who counts the wire begins here */
    (void)fflush(stdout);
    (void)usleep(500000); /* until acknowledgements that were under way have passed */
    l.begin_us = now_us();
    l.until_us = l.begin_us + (int64_t)(strtod(argv[5], NULL) * 1e6);
    for (unsigned i = 0; i < l.n_clients; i++)
        ask(&l, &l.client[i]);
    while (l.n_warm > 0)
        turn(&l, ep);
    print(&l);
    return 0;
}
