/* test/net/linkem.c - tm-linkem: a user-space link emulator that joins two network namespaces.
 *
 *   NSA [lkN] <--- TUN ---> queue, rate, loss, delay + jitter ---> [lkN] NSB        (the same the other way)
 *
 * Each direction is a transmitter with a bounded queue and a rate, then a delay line.  A packet that comes
 * at time t while fewer than N packets wait for the transmitter leaves it at
 *   tx = max(t, tx of the packet before) + bits / rate,
 * is lost with probability P, and arrives at tx + D + uniform(0, J), never before the packet ahead of it.
 * Every packet draws twice (loss, jitter) from its direction's own substream of the seed, so its fate
 * depends on its number alone.  TUN without offload: no packet is larger than the MTU of 1500.
 *
 * Lateness is the emulator's own: written minus due.  It tries for real-time priority to keep it small. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tm/base/err.h"
#include "tm/base/hist.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"

#define MTU_BYTES 1500
#define LINE_SLOTS                                                                                 \
    16384U /* packets in one direction's queue and delay line: 196 Mbit/s of MTU for 1 s */
#define CUT_POLL_US (5 * TM_US_PER_MS)

struct end {
    const char *ns;
    struct in_addr addr;
    int plen;
    int fd;
    char dev[IFNAMSIZ];
};

struct link_cfg {
    struct end end[2];
    int64_t delay_us, jitter_us; /* one way; jitter is added, uniform in 0..jitter_us */
    double p_loss;
    double rate_bps;        /* 0: no limit */
    uint32_t queue_packets; /* waiting for the transmitter */
    uint64_t seed;
    const char *cut_file; /* while it exists, the link loses everything; NULL: none */
};

struct slot {
    int64_t tx_us;  /* leaves the transmitter */
    int64_t due_us; /* arrives at the other end */
    bool lost;      /* occupied the transmitter, but never arrives */
    uint16_t len;
    uint8_t bytes[MTU_BYTES + 4];
};

struct direction {
    struct slot *slots; /* ring */
    uint32_t head, n;   /* first used slot, used slots */
    uint32_t n_sent;    /* of these, slots already past the transmitter */
    int64_t last_tx_us;
    int64_t last_due_us;
    struct tm_rng rng;
    uint64_t n_packets, n_lost, n_queue_dropped, n_line_dropped, n_cut, n_refused, n_delivered;
    struct tm_hist late_us;
};

static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
    (void)sig;
    stopping = 1;
}

_Noreturn static void die(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)fputs("tm-linkem: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    exit(status);
}

static int64_t now_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * TM_US_PER_S + ts.tv_nsec / 1000;
}

/* ---- devices ---- */

/* From here on the process is in the network namespace `ns` (a name under /run/netns, or a path). */
static void enter_ns(const char *ns)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", strchr(ns, '/') ? "" : "/run/netns/", ns);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(1, "network namespace %s: %s (make it with: ip netns add %s)", ns, strerror(errno), ns);
    if (setns(fd, CLONE_NEWNET) != 0)
        die(1, "cannot enter the network namespace %s: %s%s", ns, strerror(errno),
            errno == EPERM ? " (needs CAP_SYS_ADMIN: run as root)" : "");
    (void)close(fd);
}

static void if_ioctl(int s, unsigned long request, struct ifreq *ifr, const char *what)
{
    if (ioctl(s, request, ifr) != 0)
        die(1, "%s: %s: %s", ifr->ifr_name, what, strerror(errno));
}

/* Router solicitations and the like would take numbers that the test's own packets should have. */
static void silence_ipv6(const char *dev)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/addr_gen_mode", dev);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1\n", 2) != 2)
        (void)fprintf(stderr, "tm-linkem: %s keeps its IPv6 link-local address\n", dev);
    (void)close(fd);
}

static void open_tun(struct end *e)
{
    enter_ns(e->ns);
    e->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (e->fd < 0)
        die(1, "/dev/net/tun: %s", strerror(errno));
    struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    (void)strcpy(ifr.ifr_name, "lk%d");
    if (ioctl(e->fd, TUNSETIFF, &ifr) != 0)
        die(1, "cannot make a TUN device in %s: %s%s", e->ns, strerror(errno),
            errno == EPERM ? " (needs CAP_NET_ADMIN: run as root)" : "");
    memcpy(e->dev, ifr.ifr_name, sizeof e->dev);
    silence_ipv6(e->dev);

    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        die(1, "socket: %s", strerror(errno));
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = e->addr};
    memcpy(&ifr.ifr_addr, &sin, sizeof sin);
    if_ioctl(s, SIOCSIFADDR, &ifr, "setting the address");
    sin.sin_addr.s_addr = htonl(e->plen == 0 ? 0 : UINT32_MAX << (32 - e->plen));
    memcpy(&ifr.ifr_netmask, &sin, sizeof sin);
    if_ioctl(s, SIOCSIFNETMASK, &ifr, "setting the prefix length");
    ifr.ifr_mtu = MTU_BYTES;
    if_ioctl(s, SIOCSIFMTU, &ifr, "setting the MTU");
    ifr.ifr_qlen = 10000; /* ours is the only queue that drops */
    if_ioctl(s, SIOCSIFTXQLEN, &ifr, "setting the queue length");
    if_ioctl(s, SIOCGIFFLAGS, &ifr, "reading the flags");
    ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP | IFF_RUNNING);
    if_ioctl(s, SIOCSIFFLAGS, &ifr, "bringing it up");
    (void)close(s);
}

/* ---- one direction ---- */

static void direction_init(struct direction *d, uint64_t seed_number, uint64_t index)
{
    uint8_t seed[TM_SEED_LEN];
    uint8_t child[TM_SEED_LEN];
    tm_seed_from_u64(seed, seed_number);
    tm_rng_child(child, seed, TM_RNG_TEST, index);
    tm_rng_init(&d->rng, child);
    void *p = mmap(NULL, LINE_SLOTS * sizeof *d->slots, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        die(1, "out of memory");
    d->slots = p;
}

/* Uniform in [0, 1). */
static double uniform(struct tm_rng *r)
{
    return (double)(tm_rng_u64(r) >> 11) * 0x1p-53;
}

/* How many packets still wait for the transmitter at t_us. */
static uint32_t waiting(struct direction *d, int64_t t_us)
{
    while (d->n_sent < d->n && d->slots[(d->head + d->n_sent) % LINE_SLOTS].tx_us <= t_us)
        d->n_sent++;
    return d->n - d->n_sent;
}

/* The packet in the next free slot (its `len` set) came in at t_us. */
static void accept_packet(struct direction *d, const struct link_cfg *cfg, int64_t t_us, bool cut)
{
    struct slot *s = &d->slots[(d->head + d->n) % LINE_SLOTS];
    bool lost = uniform(&d->rng) < cfg->p_loss;
    int64_t jitter_us = (int64_t)(uniform(&d->rng) * (double)cfg->jitter_us);
    d->n_packets++;
    if (cut) {
        d->n_cut++;
        return;
    }
    if (cfg->rate_bps > 0 && waiting(d, t_us) >= cfg->queue_packets) {
        d->n_queue_dropped++;
        return;
    }
    double tx = cfg->rate_bps > 0 ? ceil((double)s->len * 8e6 / cfg->rate_bps) : 0;
    d->last_tx_us = tm_max_us(t_us, d->last_tx_us) + (int64_t)tx;
    s->tx_us = d->last_tx_us;
    s->lost = lost;
    s->due_us = tm_max_us(s->tx_us + cfg->delay_us + jitter_us, d->last_due_us);
    d->last_due_us = s->due_us;
    d->n++;
}

/* Takes what the device has, at most a burst, so that deliveries of the other direction are not delayed. */
static void drain(struct direction *d, const struct link_cfg *cfg, int fd, bool cut)
{
    for (int burst = 0; burst < 32; burst++) {
        struct slot spare;
        bool full = d->n == LINE_SLOTS;
        struct slot *s = full ? &spare : &d->slots[(d->head + d->n) % LINE_SLOTS];
        ssize_t len = read(fd, s->bytes, sizeof s->bytes);
        if (len < 0 && errno != EAGAIN && errno != EINTR)
            die(1, "reading a TUN device: %s", strerror(errno));
        if (len <= 0)
            return;
        if (full) {
            d->n_packets++;
            d->n_line_dropped++;
            continue;
        }
        s->len = (uint16_t)len;
        accept_packet(d, cfg, now_us(), cut);
    }
}

/* Writes everything that is due. */
static void deliver(struct direction *d, int fd)
{
    while (d->n > 0 && d->slots[d->head].due_us <= now_us()) {
        struct slot *s = &d->slots[d->head];
        if (s->lost) {
            d->n_lost++;
        } else if (write(fd, s->bytes, s->len) == s->len) {
            d->n_delivered++;
            tm_hist_add(&d->late_us, (uint64_t)(now_us() - s->due_us));
        } else {
            d->n_refused++;
        }
        d->head = (d->head + 1) % LINE_SLOTS;
        d->n--;
        d->n_sent -= d->n_sent > 0;
    }
}

static int64_t next_due_us(const struct direction *d)
{
    return d->n > 0 ? d->slots[d->head].due_us : TM_NEVER;
}

/* ---- the loop ---- */

static void run(const struct link_cfg *cfg, struct direction dir[2], const sigset_t *unblocked)
{
    struct pollfd fds[2] = {{.fd = cfg->end[0].fd, .events = POLLIN},
                            {.fd = cfg->end[1].fd, .events = POLLIN}};
    int64_t cut_checked_us = 0;
    bool cut = false;
    while (!stopping) {
        int64_t t_us = now_us();
        int64_t wait_us = tm_min_us(next_due_us(&dir[0]), next_due_us(&dir[1]));
        wait_us = wait_us == TM_NEVER ? TM_US_PER_S : tm_max_us(wait_us - t_us, 0);
        struct timespec ts = {.tv_sec = wait_us / TM_US_PER_S,
                              .tv_nsec = wait_us % TM_US_PER_S * 1000};
        if (ppoll(fds, 2, &ts, unblocked) < 0 && errno != EINTR)
            die(1, "ppoll: %s", strerror(errno));
        t_us = now_us();
        if (cfg->cut_file && t_us - cut_checked_us >= CUT_POLL_US) {
            cut = access(cfg->cut_file, F_OK) == 0;
            cut_checked_us = t_us;
        }
        for (int i = 0; i < 2; i++) {
            deliver(&dir[0], cfg->end[1].fd);
            deliver(&dir[1], cfg->end[0].fd);
            if (fds[i].revents != 0)
                drain(&dir[i], cfg, cfg->end[i].fd, cut);
        }
    }
}

static void print_direction(const struct link_cfg *cfg, const struct direction *d, int from)
{
    (void)printf(
        "%s->%s packets %" PRIu64 " delivered %" PRIu64 " lost %" PRIu64 " queue_dropped %" PRIu64
        " line_dropped %" PRIu64 " cut %" PRIu64 " refused %" PRIu64 " lateness_p50_us %" PRIu64
        " lateness_p99_us %" PRIu64 " lateness_max_us %" PRIu64 "\n",
        cfg->end[from].ns, cfg->end[!from].ns, d->n_packets, d->n_delivered, d->n_lost,
        d->n_queue_dropped, d->n_line_dropped, d->n_cut, d->n_refused,
        tm_hist_quantile(&d->late_us, 500), tm_hist_quantile(&d->late_us, 990), d->late_us.max);
}

/* ---- options ---- */

static const char USAGE[] =
    "usage: tm-linkem NSA ADDRA/PLEN NSB ADDRB/PLEN [--delay-ms D] [--jitter-ms J] [--loss P]\n"
    "                 [--rate-mbit R] [--queue-packets N] [--seed S] [--cut-file F]\n"
    "Joins two network namespaces by a link: one-way delay D, plus uniform jitter 0..J (order "
    "kept),\n"
    "loss probability P (0..1), rate R (0: no limit) behind a queue of N packets.  While F exists, "
    "the link\n"
    "loses everything.  Prints \"ready\" with the devices' names, and statistics at SIGTERM.\n";

static double number(const char *name, const char *text, double max)
{
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= 0 && v <= max))
        die(2, "--%s %s: a number from 0 to %g is wanted", name, text, max);
    return v;
}

static void parse_end(struct end *e, const char *ns, const char *addr)
{
    char host[INET_ADDRSTRLEN];
    const char *slash = strchr(addr, '/');
    char *end = NULL;
    long plen = slash ? strtol(slash + 1, &end, 10) : -1;
    size_t len = slash ? (size_t)(slash - addr) : 0;
    if (!slash || end == slash + 1 || *end != '\0' || plen < 0 || plen > 32 || len >= sizeof host)
        die(2, "%s: an IPv4 address with its prefix length is wanted, such as 10.9.0.1/24", addr);
    memcpy(host, addr, len);
    host[len] = '\0';
    if (inet_pton(AF_INET, host, &e->addr) != 1)
        die(2, "%s: an IPv4 address with its prefix length is wanted, such as 10.9.0.1/24", addr);
    e->ns = ns;
    e->plen = (int)plen;
}

static void parse_options(struct link_cfg *cfg, int argc, char **argv)
{
    enum { O_DELAY = 256, O_JITTER, O_LOSS, O_RATE, O_QUEUE, O_SEED, O_CUT, O_HELP };
    static const struct option OPTIONS[] = {{"delay-ms", required_argument, NULL, O_DELAY},
                                            {"jitter-ms", required_argument, NULL, O_JITTER},
                                            {"loss", required_argument, NULL, O_LOSS},
                                            {"rate-mbit", required_argument, NULL, O_RATE},
                                            {"queue-packets", required_argument, NULL, O_QUEUE},
                                            {"seed", required_argument, NULL, O_SEED},
                                            {"cut-file", required_argument, NULL, O_CUT},
                                            {"help", no_argument, NULL, O_HELP},
                                            {0}};
    int o = 0;
    while ((o = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (o) {
        case O_DELAY:
            cfg->delay_us = llround(number("delay-ms", optarg, 60000) * 1000);
            break;
        case O_JITTER:
            cfg->jitter_us = llround(number("jitter-ms", optarg, 60000) * 1000);
            break;
        case O_LOSS:
            cfg->p_loss = number("loss", optarg, 1);
            break;
        case O_RATE:
            cfg->rate_bps = number("rate-mbit", optarg, 100000) * 1e6;
            break;
        case O_QUEUE:
            cfg->queue_packets = (uint32_t)number("queue-packets", optarg, LINE_SLOTS);
            break;
        case O_SEED:
            cfg->seed = (uint64_t)number("seed", optarg, 0x1p53);
            break;
        case O_CUT:
            cfg->cut_file = optarg;
            break;
        case O_HELP:
            (void)fputs(USAGE, stdout);
            exit(0);
        default:
            (void)fputs(USAGE, stderr);
            exit(2);
        }
    }
    if (argc - optind != 4) {
        (void)fputs(USAGE, stderr);
        exit(2);
    }
    parse_end(&cfg->end[0], argv[optind], argv[optind + 1]);
    parse_end(&cfg->end[1], argv[optind + 2], argv[optind + 3]);
}

static void be_punctual(void)
{
    struct sched_param sp = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &sp) != 0)
        (void)fprintf(stderr, "tm-linkem: no real-time priority: %s\n", strerror(errno));
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    if (mlockall(MCL_CURRENT) != 0)
        (void)fprintf(stderr, "tm-linkem: memory is not locked: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
    static struct direction dir[2];
    struct link_cfg cfg = {.queue_packets = 1000};
    parse_options(&cfg, argc, argv);

    sigset_t blocked;
    sigset_t before;
    struct sigaction sa = {.sa_handler = on_signal};
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    (void)sigaction(SIGTERM, &sa, NULL);
    (void)sigaction(SIGINT, &sa, NULL);

    for (int i = 0; i < 2; i++)
        direction_init(&dir[i], cfg.seed, (uint64_t)i);
    for (int i = 0; i < 2; i++)
        open_tun(&cfg.end[i]);
    be_punctual();
    (void)printf("ready %s %s\n", cfg.end[0].dev, cfg.end[1].dev);
    (void)fflush(stdout);
    run(&cfg, dir, &before);
    for (int i = 0; i < 2; i++)
        print_direction(&cfg, &dir[i], i);
    return 0;
}
