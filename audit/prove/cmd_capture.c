/* tm-audit capture: headers of the packets between this machine and one server, until it is told to stop.
 *
 * What `tm-client prove` has started for its own wire; alone, a tcpdump that knows what the attacks need.  Rights: CAP_NET_RAW, which
 * may be given to this program alone (setcap), since it reads nothing else. */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "audit/commands.h"
#include "audit/prove/prove_commands.h"
#include "learner/packet.h"

#define SNAP_BYTES                                                                                 \
    640 /* link, IP and TCP headers (at most 14 + 60 + 60), and a ClientHello up to its PSK extension */
#define BUFFER_BYTES (32U << 20) /* what the kernel keeps until we read: seconds of a fast link */
#define TIMEOUT_MS   50

struct capture_options {
    struct tm_endpoint server;
    const char *interface, *output;
};

static const struct argp_option OPTIONS[] = {
    {"server", 's', "ADDR:PORT", 0, "the server's end of the connections (required)", 0},
    {"interface", 'i', "NAME", 0, "network interface (the one that leads to the server)", 0},
    {"output", 'o', "FILE", 0, "where the capture goes (required)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct capture_options *o = state->input;
    switch (key) {
    case 's':
        if (!tm_endpoint_parse(&o->server, arg))
            argp_error(state, "--server %s: ADDR:PORT is wanted", arg);
        return 0;
    case 'i':
        o->interface = arg;
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->output == NULL || o->server.port == 0)
            argp_error(state, "--server and --output are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_ipv4(const struct tm_endpoint *e)
{
    return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)e->addr);
}

/* The address that this machine uses towards the server: a UDP socket is connected, and nothing is sent. */
static int own_address(struct sockaddr_storage *own, const struct tm_endpoint *server)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(server->port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    memcpy(&in6.sin6_addr, server->addr, sizeof in6.sin6_addr);
    memcpy(&in.sin_addr, server->addr + 12, sizeof in.sin_addr);
    bool is_4 = is_ipv4(server);
    socklen_t len = sizeof *own;
    int fd = socket(is_4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -1
                    : connect(fd, is_4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6,
                              is_4 ? sizeof in : sizeof in6);
    if (rc == 0)
        rc = getsockname(fd, (struct sockaddr *)own, &len);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static bool is_same(const struct sockaddr *a, const struct sockaddr_storage *own)
{
    if (a == NULL || a->sa_family != own->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)(const void *)own)->sin_addr.s_addr;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)own)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

/* The interface that has that address; the loopback when it is also the server's. */
static int find_interface(char *out, size_t cap, const struct tm_endpoint *server,
                          struct tm_msg *msg)
{
    struct sockaddr_storage own = {0};
    struct ifaddrs *list = NULL;
    if (own_address(&own, server) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "no route to the server: %s; name an --interface",
                          strerror(errno));
    if (getifaddrs(&list) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot list the interfaces: %s", strerror(errno));
    const uint8_t *addr = own.ss_family == AF_INET
                              ? (const uint8_t *)&((struct sockaddr_in *)&own)->sin_addr
                              : (const uint8_t *)&((struct sockaddr_in6 *)&own)->sin6_addr;
    size_t skip = own.ss_family == AF_INET ? 12 : 0;
    bool is_local = memcmp(addr, server->addr + skip, sizeof server->addr - skip) == 0;
    out[0] = '\0';
    for (const struct ifaddrs *i = list; i != NULL && !is_local && out[0] == '\0';
         i = i->ifa_next) {
        if (is_same(i->ifa_addr, &own))
            (void)snprintf(out, cap, "%s", i->ifa_name);
    }
    freeifaddrs(list);
    if (is_local)
        (void)snprintf(out, cap, "lo");
    return out[0] != '\0' ? TM_OK
                          : tm_msg_set(msg, TM_ERR_IO,
                                       "no interface leads to the server; name an --interface");
}

static int set_filter(pcap_t *pcap, const struct tm_endpoint *server, struct tm_msg *msg)
{
    char addr[TM_ADDR_TEXT_LEN], text[128];
    struct bpf_program program;
    tm_packet_addr_text(server->addr, addr);
    (void)snprintf(text, sizeof text, "tcp and host %s and port %u", addr, server->port);
    int rc = pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);
    if (rc == 0) {
        rc = pcap_setfilter(pcap, &program);
        pcap_freecode(&program);
    }
    return rc == 0 ? TM_OK : tm_msg_set(msg, TM_ERR_IO, "filter: %s", pcap_geterr(pcap));
}

/* TM_ERR_AUTH: no rights. */
static int start(pcap_t **out, const char *interface, const struct tm_endpoint *server,
                 struct tm_msg *msg)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap = pcap_create(interface, why);
    *out = pcap;
    if (pcap == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", interface, why);
    (void)pcap_set_snaplen(pcap, SNAP_BYTES);
    (void)pcap_set_timeout(pcap, TIMEOUT_MS);
    (void)pcap_set_buffer_size(pcap, BUFFER_BYTES);
    int rc = pcap_activate(pcap);
    if (rc == PCAP_ERROR_PERM_DENIED)
        return tm_msg_set(
            msg, TM_ERR_AUTH,
            "no right to capture on %s: root has it, and CAP_NET_RAW gives it to this "
            "program alone: setcap cap_net_raw+ep .../tm-audit",
            interface);
    if (rc < 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot capture on %s: %s", interface,
                          pcap_geterr(pcap)[0] != '\0' ? pcap_geterr(pcap) : pcap_statustostr(rc));
    if (pcap_setnonblock(pcap, 1, why) != 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", interface, why);
    return set_filter(pcap, server, msg);
}

/* SIGINT or SIGTERM, as a descriptor to wait for. */
static int stop_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until a signal comes, then what the kernel still has. */
static int record(pcap_t *pcap, pcap_dumper_t *dump, struct tm_msg *msg)
{
    struct pollfd p[2] = {{.fd = pcap_get_selectable_fd(pcap), .events = POLLIN},
                          {.fd = stop_signals(), .events = POLLIN}};
    int rc = 0;
    while (rc >= 0 && p[1].revents == 0) {
        (void)poll(p, 2, TIMEOUT_MS);
        rc = pcap_dispatch(pcap, -1, pcap_dump, (u_char *)dump);
    }
    for (unsigned i = 0; rc >= 0 && i < 3;
         i++) { /* a block of the ring is handed over when its time is over */
        (void)poll(p, 1, TIMEOUT_MS);
        rc = pcap_dispatch(pcap, -1, pcap_dump, (u_char *)dump);
    }
    (void)close(p[1].fd);
    if (rc < 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s", pcap_geterr(pcap));
    return pcap_dump_flush(dump) == 0 ? TM_OK : tm_msg_set(msg, TM_ERR_IO, "%s", strerror(errno));
}

static int capture(const struct capture_options *o)
{
    char interface[64];
    struct tm_msg msg = {""};
    struct pcap_stat stat = {0};
    pcap_t *pcap = NULL;
    pcap_dumper_t *dump = NULL;
    int rc = TM_OK;
    if (o->interface != NULL)
        (void)snprintf(interface, sizeof interface, "%s", o->interface);
    else
        rc = find_interface(interface, sizeof interface, &o->server, &msg);
    if (rc == TM_OK)
        rc = start(&pcap, interface, &o->server, &msg);
    if (rc == TM_OK && (dump = pcap_dump_open(pcap, o->output)) == NULL)
        rc = tm_msg_set(&msg, TM_ERR_IO, "%s", pcap_geterr(pcap));
    if (rc == TM_OK) {
        printf("capturing on %s\n", interface);
        (void)fflush(stdout);
        rc = record(pcap, dump, &msg);
    }
    if (rc == TM_OK) {
        (void)pcap_stats(pcap, &stat);
        printf("captured %u packets, %u dropped\n", stat.ps_recv, stat.ps_drop);
    }
    if (dump != NULL)
        pcap_dump_close(dump);
    if (pcap != NULL)
        pcap_close(pcap);
    if (rc == TM_OK)
        return 0;
    (void)tm_audit_complain(&msg);
    return rc == TM_ERR_AUTH ? TM_CAPTURE_NO_RIGHT : 1;
}

int tm_cmd_capture(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--server ADDR:PORT --output FILE",
        "Capture the headers of the packets to and from one server, until SIGINT or SIGTERM.\vExit "
        "status 3: no right to capture.",
        NULL,
        NULL,
        NULL};
    struct capture_options o = {0};
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    return capture(&o);
}
