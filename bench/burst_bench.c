/* bench/burst_bench.c - how late openings, first flights and data are when many begin together.
 *
 *   tm-bench-burst [--models FILE --model NAME] [--clients N] [--users N] [--master client|server] [--pace-ms N]
 *                  [--seconds N] [--seed N] [--json]
 *
 * A server in one process, N clients in another (each a session of its own with so many modelled users), over the
 * loopback of a network namespace of their own where that is allowed.  All clients begin in the same moment, so their
 * first users' openings fall together.  Nothing is carried but the cover.  Lateness is the first byte's departure
 * minus its due time, from both schedule logs; a third process fires a bare timerfd during the same seconds. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "bench/bare_timer.h"
#include "bench/burst_late.h"
#include "models/gen.h"
#include "models/store/store.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

#define CLIENTS_MAX  256
#define TIMER_GAP_US 3000

struct options {
    const char *models, *model;
    int64_t clients, users, pace_ms, seconds, seed;
    enum tm_side master;
    bool json;
};

struct bench {
    struct options o;
    struct tm_model model;
    uint8_t digest[TM_DIGEST_LEN];
    struct sockaddr_in addr;
    int listener;
    FILE *client_log[CLIENTS_MAX], *server_log[CLIENTS_MAX];
    int64_t n_server_logs;
    uv_loop_t loop;
    uv_timer_t end;
    struct tm_tunnel_server *server;
    struct tm_tunnel_client *client[CLIENTS_MAX];
};

static const struct tm_ticket_key ticket_key = {.prefix = "tm-bench-burst..", .key = {1}};
static const uint8_t client_id[TM_CLIENT_ID_LEN] = {1};

static _Noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "tm-bench-burst: %s: %s\n", what, why);
    exit(1);
}

static _Noreturn void usage(void)
{
    (void)fprintf(
        stderr,
        "usage: tm-bench-burst [--models FILE --model NAME] [--clients N] [--users N]\n"
        "       [--master client|server] [--pace-ms N] [--seconds N] [--seed N] [--json]\n");
    exit(2);
}

/* The option's value is a number of 0..max, or the usage. */
static int64_t number(const char *text, int64_t max)
{
    char *end;
    errno = 0;
    int64_t v = strtoll(text, &end, 10);
    if (errno || *end || end == text || v < 0 || v > max)
        usage();
    return v;
}

static enum tm_side side(const char *text)
{
    if (strcmp(text, "client") != 0 && strcmp(text, "server") != 0)
        usage();
    return text[0] == 'c' ? TM_CLIENT : TM_SERVER;
}

static void take(struct options *o, int option, const char *value)
{
    switch (option) {
    case 'f':
        o->models = value;
        return;
    case 'm':
        o->model = value;
        return;
    case 'a':
        o->master = side(value);
        return;
    case 'c':
        o->clients = number(value, CLIENTS_MAX);
        return;
    case 'u':
        o->users = number(value, TM_GEN_USERS_MAX);
        return;
    case 'p':
        o->pace_ms = number(value, 1 << 30);
        return;
    case 's':
        o->seconds = number(value, 3600);
        return;
    case 'r':
        o->seed = number(value, UINT32_MAX);
        return;
    case 'j':
        o->json = true;
        return;
    default:
        usage();
    }
}

static void parse(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"models", required_argument, NULL, 'f'},  {"model", required_argument, NULL, 'm'},
        {"master", required_argument, NULL, 'a'},  {"clients", required_argument, NULL, 'c'},
        {"users", required_argument, NULL, 'u'},   {"pace-ms", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},          {0}};
    int option;
    *o = (struct options){.model = "constant", .clients = 1, .users = 48, .seconds = 10, .seed = 1};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        take(o, option, optarg);
    if (optind != argc || o->clients < 1 || o->users < 1 || o->seconds < 1)
        usage();
}

/* ---- The place ---- */

static void enter_namespace(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = unshare(CLONE_NEWNET) == 0 ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        (void)fprintf(stderr, "tm-bench-burst: no namespace of its own: %s\n", strerror(errno));
    else if (ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
        fail("loopback", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
}

static void make_listener(struct bench *b)
{
    socklen_t len = sizeof b->addr;
    b->addr =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->listener < 0 || bind(b->listener, (struct sockaddr *)&b->addr, len) != 0 ||
        listen(b->listener, 1024) != 0 ||
        getsockname(b->listener, (struct sockaddr *)&b->addr, &len) != 0)
        fail("listen", strerror(errno));
}

static void make_logs(struct bench *b)
{
    for (int64_t i = 0; i < b->o.clients; i++) {
        b->client_log[i] = tmpfile();
        b->server_log[i] = tmpfile();
        if (!b->client_log[i] || !b->server_log[i])
            fail("temporary file", strerror(errno));
    }
}

/* ---- The server ---- */

static int lookup(void *user, enum tm_token_kind kind, const uint8_t id[TM_CLIENT_ID_LEN],
                  uint8_t secret[TM_SECRET_LEN])
{
    (void)user;
    (void)id;
    memset(secret, 7, TM_SECRET_LEN);
    return kind == TM_TOKEN_CARRIER ? TM_OK : TM_ERR_AUTH;
}

static const struct tm_model *find_model(void *user, const uint8_t *digest, size_t len)
{
    const struct bench *b = user;
    return len == TM_TOKEN_DIGEST_LEN && memcmp(digest, b->digest, len) == 0 ? &b->model : NULL;
}

static FILE *open_log(void *user, const uint8_t id[TM_CLIENT_ID_LEN],
                      const uint8_t session_id[TM_SESSION_ID_LEN])
{
    struct bench *b = user;
    (void)id;
    (void)session_id;
    return b->n_server_logs < b->o.clients ? b->server_log[b->n_server_logs++] : NULL;
}

static void on_server_end(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uv_close((uv_handle_t *)timer, NULL);
    tm_tunnel_server_stop(b->server, NULL, NULL);
}

static void start_server(struct bench *b)
{
    struct tm_msg msg = {{0}};
    const struct tm_tunnel_server_cfg cfg = {.loop = &b->loop,
                                             .listen_fds = &b->listener,
                                             .n_listen_fds = 1,
                                             .key = ticket_key,
                                             .lookup = lookup,
                                             .model = find_model,
                                             .open_log = open_log,
                                             .user = b};
    if (tm_tunnel_server_new(&b->server, &cfg, &msg) != TM_OK)
        fail("server", msg.text);
}

/* ---- The clients ---- */

static void on_clients_end(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uv_close((uv_handle_t *)timer, NULL);
    for (int64_t i = 0; i < b->o.clients; i++)
        tm_tunnel_client_stop(b->client[i], NULL, NULL);
}

static void start_client(struct bench *b, int64_t i)
{
    struct tm_msg msg = {{0}};
    uint8_t seed[TM_SEED_LEN];
    struct tm_tunnel_client_cfg cfg = {.loop = &b->loop,
                                       .server = (const struct sockaddr *)&b->addr,
                                       .sni = "www.example.org",
                                       .kind = TM_TOKEN_CARRIER,
                                       .key = ticket_key,
                                       .session = {.master = b->o.master,
                                                   .plan_mode = TM_PLAN_SEEDED,
                                                   .model = &b->model,
                                                   .n_users = (uint32_t)b->o.users,
                                                   .pace_ms = (uint32_t)b->o.pace_ms,
                                                   .prep_us = TM_PREP_US},
                                       .schedule_log = b->client_log[i]};
    tm_seed_from_u64(seed, (uint64_t)(b->o.seed * CLIENTS_MAX + i));
    memcpy(cfg.session.seed, seed, sizeof cfg.session.seed);
    memcpy(cfg.client_id, client_id, sizeof cfg.client_id);
    memset(cfg.secret, 7, sizeof cfg.secret);
    if (tm_tunnel_client_new(&b->client[i], &cfg, &msg) != TM_OK)
        fail("client", msg.text);
}

/* ---- Three processes ---- */

/* As the programs do (tm/app/process.h). */
static void run_loop(struct bench *b, int64_t seconds, uv_timer_cb end)
{
    (void)setpriority(PRIO_PROCESS, 0, -10);
    (void)uv_timer_init(&b->loop, &b->end);
    b->end.data = b;
    (void)uv_timer_start(&b->end, end, (uint64_t)seconds * 1000, 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&b->loop);
    for (int64_t i = 0; i < b->o.clients; i++)
        (void)fflush(b->client_log[i]);
}

static void run_server(struct bench *b)
{
    (void)uv_loop_init(&b->loop);
    start_server(b);
    run_loop(b, b->o.seconds + 1, on_server_end);
}

static void run_clients(struct bench *b)
{
    (void)uv_loop_init(&b->loop);
    (void)close(b->listener);
    for (int64_t i = 0; i < b->o.clients; i++)
        start_client(b, i);
    run_loop(b, b->o.seconds, on_clients_end);
}

static void run_timer(const struct bench *b, int out)
{
    static struct tm_hist late;
    if (tm_bare_timer_run(&late, TIMER_GAP_US, b->o.seconds, NULL) != TM_OK ||
        write(out, &late, sizeof late) != (ssize_t)sizeof late)
        fail("timer", strerror(errno));
}

static void await_children(void)
{
    int status;
    for (int i = 0; i < 3; i++) {
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail("a part of the measurement", "it failed");
    }
}

/* ---- What is printed ---- */

static void print_text(const struct burst_late *l, const struct tm_hist *bare)
{
    for (int k = 0; k <= BURST_KINDS; k++) {
        const char *name = k < BURST_KINDS ? burst_kind_name[k] : "write";
        const struct tm_hist *h = k < BURST_KINDS ? &l->kind[k] : &l->all;
        (void)printf("burst.%s %" PRIu64 " writes\nburst.%s_p50 %" PRIu64
                     " us\nburst.%s_p99 %" PRIu64 " us\nburst.%s_max %" PRIu64 " us\n",
                     name, h->n, name, tm_hist_quantile(h, 500), name, tm_hist_quantile(h, 990),
                     name, h->max);
    }
    (void)printf("burst.unfinished %" PRIu64 " carriers\nburst.log_dropped %" PRIu64
                 " lines\ntimerfd_p50 %" PRIu64 " us\ntimerfd_p99 %" PRIu64 " us\n",
                 l->n_unfinished, l->n_dropped, tm_hist_quantile(bare, 500),
                 tm_hist_quantile(bare, 990));
}

static void print_json(const struct bench *b, const struct burst_late *l,
                       const struct tm_hist *bare)
{
    (void)printf("{\"schema_version\":1,\"bench\":\"burst\",\"model\":\"%s\",\"clients\":%" PRId64
                 ",\"users\":%" PRId64 ",\"seconds\":%" PRId64 ",\"unfinished\":%" PRIu64
                 ",\"log_dropped\":%" PRIu64,
                 b->model.name, b->o.clients, b->o.users, b->o.seconds, l->n_unfinished,
                 l->n_dropped);
    for (int k = 0; k <= BURST_KINDS; k++) {
        const struct tm_hist *h = k < BURST_KINDS ? &l->kind[k] : &l->all;
        (void)printf(",\"%s\":{\"n\":%" PRIu64 ",\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64
                     ",\"max_us\":%" PRIu64 "}",
                     k < BURST_KINDS ? burst_kind_name[k] : "write", h->n, tm_hist_quantile(h, 500),
                     tm_hist_quantile(h, 990), h->max);
    }
    (void)printf(",\"timerfd\":{\"n\":%" PRIu64 ",\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64
                 "}}\n",
                 bare->n, tm_hist_quantile(bare, 500), tm_hist_quantile(bare, 990));
}

int main(int argc, char **argv)
{
    static struct bench b;
    static struct burst_late late;
    static struct tm_hist bare;
    struct tm_msg msg = {{0}};
    int timer[2];
    parse(&b.o, argc, argv);
    if (tm_store_load_model(b.o.models, b.o.model, &b.model, &msg) != TM_OK)
        fail("model", msg.text);
    tm_model_digest(&b.model, b.digest);
    enter_namespace();
    make_listener(&b);
    make_logs(&b);
    if (pipe(timer) != 0)
        fail("pipe", strerror(errno));
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid < 0)
            fail("fork", strerror(errno));
        if (pid > 0)
            continue;
        if (i == 0)
            run_server(&b);
        else if (i == 1)
            run_clients(&b);
        else
            run_timer(&b, timer[1]);
        _exit(0);
    }
    await_children();
    if (read(timer[0], &bare, sizeof bare) != (ssize_t)sizeof bare)
        fail("timer", "no answer");
    for (int64_t i = 0; i < b.o.clients; i++) {
        if (burst_late_read(&late, b.client_log[i]) != TM_OK ||
            burst_late_read(&late, b.server_log[i]) != TM_OK)
            fail("schedule log", "it cannot be read");
    }
    if (b.o.json)
        print_json(&b, &late, &bare);
    else
        print_text(&late, &bare);
    tm_model_deinit(&b.model);
    return 0;
}
