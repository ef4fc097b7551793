/* bench/joint/joint_bench.c - what a joint model plays, as a capture, without a network; for tm-audit detect.
 *
 *   tm-bench-joint --port N[,N]... -o OUT.pcap --labels OUT.csv [OPTION...] TRAIN.pcap...
 *
 * The complete connections of the captures become a deck, which is recombined, and every connection is rendered
 * (bench/joint/render.h) on its session's path: sessions draw paths, each as often as --path says or as the captures' handshakes do.
 * Prints `name value unit` lines: connections, what was left out, parents, shares, seconds. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/joint/render.h"
#include "learner/joint/collect.h"
#include "learner/joint/make.h"
#include "learner/pcap_source.h"
#include "models/gen.h"
#include "models/recombine.h"
#include "models/store/store.h"
#include "tm/base/time.h"

#define PATHS_MAX 8U
#define PLAYS_MAX 15U /* but the first */
#define PORTS_MAX 8U
#define TRAIN_MAX 8U

enum {
    O_LABELS = 256,
    O_PATH,
    O_KIND,
    O_DB,
    O_NAME,
    O_PARENTS,
    O_ROUNDS,
    O_SHARE,
    O_PAUSES,
    O_SEED,
    O_SESSIONS,
    O_K,
    O_PLAY
};

enum kind { KIND_JOINT, KIND_TRAIN, KIND_SWING, KIND_PLAYED, KIND_LOOSE, KINDS };

struct options {
    uint16_t port[PORTS_MAX];
    size_t n_ports;
    struct tm_render_path path[PATHS_MAX];
    uint32_t share[PATHS_MAX];
    bool has_shares;
    uint32_t n_paths, n_sessions;
    struct tm_recombine_cfg cfg;
    const char *out, *labels, *train[TRAIN_MAX], *db, *name;
    size_t n_train;
    enum kind kind;
    uint32_t seed, k, play;
};

static const struct argp_option OPTIONS[] = {
    {"port", 'p', "N[,N]...", 0, "the servers' ports", 0},
    {"output", 'o', "FILE", 0, "the capture to write", 0},
    {"labels", O_LABELS, "FILE", 0, "its labels", 0},
    {"path", O_PATH, "RTT:JITTER:RATE[:SHARE]", 0,
     "ms, ms, Mbit/s, and how many of the sessions (as in the capture); can be given again "
     "(20:2:200)",
     0},
    {"kind", O_KIND, "KIND", 0,
     "joint: the deck of a model; played: welded and put together once more; loose: that without "
     "welds; train: as captured; swing: the model --name of --db",
     0},
    {"db", O_DB, "FILE", 0, "model database", 0},
    {"name", O_NAME, "NAME", 0, "model in it", 0},
    {"parents", O_PARENTS, "N", 0, "parents wanted", 0},
    {"rounds", O_ROUNDS, "N", 0, "rounds at most", 0},
    {"share", O_SHARE, "PERCENT", 0, "that one parent may give", 0},
    {"pauses", O_PAUSES, "PERMILLE", 0, "ranks that a pause may move", 0},
    {"k", O_K, "N", 0, "connections behind each size and pause (8)", 0},
    {"sessions", O_SESSIONS, "N", 0, "of a swing model's connections (120)", 0},
    {"play", O_PLAY, "N", 0,
     "of --kind played: the N-th play of the same deck, with other addresses (0)", 0},
    {"seed", O_SEED, "N", 0, "of everything that is drawn (1)", 0},
    {0}};

static void parse_path(struct argp_state *st, struct options *o, const char *arg)
{
    double v[4] = {0};
    const char *at = arg;
    char *end = NULL;
    int n = 0;
    for (; n < 4; n++) {
        v[n] = strtod(at, &end);
        if (end == at || *end != ':')
            break;
        at = end + 1;
    }
    bool good = o->n_paths < PATHS_MAX && n >= 2 && n < 4 && end != at && *end == '\0';
    if (!good || !(v[0] > 0 && v[0] < 2000 && v[1] >= 0 && v[1] < 1000 && v[2] > 0.1 &&
                   v[2] < 100000 && v[3] >= 0 && v[3] < 1e6))
        argp_error(st, "--path %s: RTT:JITTER:RATE or RTT:JITTER:RATE:SHARE is wanted", arg);
    o->share[o->n_paths] = (uint32_t)v[3];
    o->has_shares |= n == 3;
    o->path[o->n_paths++] = (struct tm_render_path){.delay_us = (uint32_t)(v[0] * 500),
                                                    .jitter_us = (uint32_t)(v[1] * 500),
                                                    .rate_kbps = (uint32_t)(v[2] * 1000),
                                                    .mss = 1448};
}

static uint32_t number(struct argp_state *st, const char *arg, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long v = strtoul(arg, &end, 10);
    if (errno != 0 || end == arg || *end != '\0' || v > max)
        argp_error(st, "%s: a number up to %lu is wanted", arg, max);
    return (uint32_t)v;
}

static void parse_ports(struct argp_state *st, struct options *o, const char *arg)
{
    for (const char *p = arg; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        char *end = NULL;
        long port = strtol(p, &end, 10);
        if (end == p || (*end != '\0' && *end != ',') || port < 1 || port > 65535 ||
            o->n_ports == PORTS_MAX)
            argp_error(st, "--port %s: up to %u ports are wanted", arg, PORTS_MAX);
        o->port[o->n_ports++] = (uint16_t)port;
    }
}

/* Where an option's number goes, and how large it may be. */
static uint32_t *number_of(struct options *o, int key, unsigned long *max)
{
    *max = 1000;
    switch (key) {
    case O_PARENTS:
        return &o->cfg.parents;
    case O_ROUNDS:
        return &o->cfg.rounds_max;
    case O_SHARE:
        *max = 100;
        return &o->cfg.share_max;
    case O_PAUSES:
        return &o->cfg.pause_mix;
    case O_SESSIONS:
        *max = 10000;
        return &o->n_sessions;
    case O_K:
        return &o->k;
    case O_PLAY:
        *max = PLAYS_MAX;
        return &o->play;
    case O_SEED:
        *max = UINT32_MAX;
        return &o->seed;
    default:
        return NULL;
    }
}

static void parse_kind(struct argp_state *st, struct options *o, const char *arg)
{
    static const char *const KIND[KINDS] = {"joint", "train", "swing", "played", "loose"};
    unsigned k = 0;
    while (k < KINDS && strcmp(arg, KIND[k]) != 0)
        k++;
    if (k == KINDS)
        argp_error(st, "--kind %s: joint, played, loose, train or swing", arg);
    o->kind = (enum kind)k;
}

static void parse_end(struct argp_state *st, struct options *o)
{
    if (o->n_train == 0 || !o->out || !o->labels || o->n_ports == 0)
        argp_error(st, "--port, -o, --labels and a capture are needed");
    if (o->kind == KIND_SWING && (!o->db || !o->name))
        argp_error(st, "--kind swing needs --db and --name");
    if (o->n_paths == 0)
        parse_path(st, o, "20:2:200");
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    unsigned long max;
    uint32_t *value = number_of(o, key, &max);
    if (value) {
        *value = number(st, arg, max);
        return 0;
    }
    switch (key) {
    case 'p':
        parse_ports(st, o, arg);
        return 0;
    case 'o':
        o->out = arg;
        return 0;
    case O_LABELS:
        o->labels = arg;
        return 0;
    case O_PATH:
        parse_path(st, o, arg);
        return 0;
    case O_KIND:
        parse_kind(st, o, arg);
        return 0;
    case O_DB:
        o->db = arg;
        return 0;
    case O_NAME:
        o->name = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->n_train == TRAIN_MAX)
            argp_error(st, "more than %u captures", TRAIN_MAX);
        o->train[o->n_train++] = arg;
        return 0;
    case ARGP_KEY_END:
        parse_end(st, o);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tm-bench-joint: %s\n", what);
    exit(1);
}

/* ---- the material ---- */

/* How many connections of the capture each path carried, by the round trips of their handshakes. */
struct reading {
    struct tm_deck deck;
    struct tm_collect_counts counts;
    uint32_t n_on[PATHS_MAX];
};

struct opening {
    struct tm_flow_key key;
    int64_t t_us;
};

/* The round trip of a handshake whose SYN was the last one seen before: recordings open connections one after the other; those that
 * overlap are left out. */
static void count_path(const struct options *o, struct reading *r, struct opening *last,
                       const struct tm_packet *p)
{
    unsigned side;
    struct tm_flow_key key = tm_flow_key_of(p, &side);
    uint32_t best = 0;
    if (!(p->flags & TM_TCP_SYN))
        return;
    if (!(p->flags & TM_TCP_ACK)) {
        *last = (struct opening){key, p->t_us};
        return;
    }
    if (memcmp(&key.addr, &last->key.addr, sizeof key.addr) != 0 ||
        key.port[0] != last->key.port[0] || key.port[1] != last->key.port[1])
        return;
    for (uint32_t k = 1; k < o->n_paths; k++) {
        if (llabs(p->t_us - last->t_us - 2 * (int64_t)o->path[k].delay_us) <
            llabs(p->t_us - last->t_us - 2 * (int64_t)o->path[best].delay_us))
            best = k;
    }
    r->n_on[best]++;
}

static void read_capture(const struct options *o, const char *path, struct tm_collect *c,
                         struct reading *r)
{
    struct tm_msg msg = {""};
    struct tm_pcap_source *src;
    struct tm_packet p;
    struct opening last = {.t_us = 0};
    int rc = tm_pcap_open(&src, path, &msg);
    if (rc != TM_OK)
        fail(msg.text);
    while ((rc = tm_pcap_next(src, &p, &msg)) == 1) {
        count_path(o, r, &last, &p);
        if (tm_collect_packet(c, &p) != TM_OK)
            fail("out of memory");
    }
    if (rc != 0)
        fail(msg.text);
    if (tm_collect_end(c, &r->deck) != TM_OK)
        fail("out of memory");
    tm_pcap_close(src);
}

static void read_captures(const struct options *o, struct reading *r)
{
    struct tm_collect *c;
    const struct tm_collect_cfg cfg = {.ports = o->port,
                                       .n_ports = o->n_ports,
                                       .user_bits = 96 + 26,
                                       .group = tm_group_cfg_default()};
    if (tm_collect_new(&c, &cfg) != TM_OK)
        fail("out of memory");
    for (size_t i = 0; i < o->n_train; i++)
        read_capture(o, o->train[i], c, r);
    r->counts = *tm_collect_counts(c);
    tm_collect_free(c);
}

/* What a model holds, and for kinds that are played what a batch of it is. */
static void make_joint(const struct options *o, const struct tm_deck *captured, struct tm_deck *out,
                       struct tm_joint_made *made)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_deck deck;
    struct tm_joint_cfg cfg = {.k = o->k, .recombine = o->cfg};
    tm_seed_from_u64(cfg.key, o->seed);
    if (tm_joint_deck(&deck, captured, &cfg, made) != TM_OK)
        fail("the deck cannot be recombined");
    if (o->kind == KIND_LOOSE)
        memset(deck.weld, 0, deck.n_writes);
    if (o->kind == KIND_JOINT) {
        *out = deck;
        return;
    }
    tm_rng_child(key, cfg.key, TM_RNG_BATCH, o->play);
    if (tm_recombine(out, &deck, &o->cfg, key, &made->recombined) != TM_OK)
        fail("the deck cannot be recombined again");
    tm_deck_deinit(&deck);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorted hashes of the connections' sizes and directions; the caller frees. */
static uint64_t *sequences(const struct tm_deck *d)
{
    uint64_t *v = calloc(d->n_conns + 1, sizeof *v);
    if (!v)
        fail("out of memory");
    for (size_t i = 0; i < d->n_conns; i++) {
        uint64_t h = d->conn[i].n_writes;
        for (uint32_t k = 0; k < d->conn[i].n_writes; k++) {
            const struct tm_write *w = &d->w[d->conn[i].first + k];
            h = (h ^ ((uint64_t)w->size << 1 | w->dir)) * UINT64_C(0x100000001b3);
            h ^= h >> 32;
        }
        v[i] = h;
    }
    qsort(v, d->n_conns, sizeof *v, by_value);
    return v;
}

/* How many have the sizes, write by write, of a captured one whose sizes no other has. */
static size_t count_returned(const struct tm_deck *made, const struct tm_deck *captured)
{
    uint64_t *a = sequences(made), *b = sequences(captured);
    size_t n = 0, k = 0;
    for (size_t i = 0; i < made->n_conns; i++) {
        while (k < captured->n_conns && b[k] < a[i])
            k++;
        bool is_own = k + 1 >= captured->n_conns || b[k + 1] != a[i];
        n += k < captured->n_conns && b[k] == a[i] && is_own;
    }
    free(a);
    free(b);
    return n;
}

/* As many connections of a swing model as the capture has. */
static void make_swing(const struct options *o, struct tm_deck *out, size_t n)
{
    struct tm_msg msg = {""};
    struct tm_model model;
    struct tm_gen *gen;
    struct tm_plan plan = {0};
    if (tm_store_load_model(o->db, o->name, &model, &msg) != TM_OK)
        fail(msg.text);
    struct tm_gen_cfg cfg = {.model = &model, .n_users = 1};
    tm_seed_from_u64(cfg.seed, o->seed);
    if (tm_gen_new(&gen, &cfg) != TM_OK)
        fail("the model cannot be played");
    for (size_t i = 0; i < n; i++) {
        int rc = tm_gen_plan(gen, 0, i, &plan);
        if (rc == TM_OK)
            rc = tm_deck_add_conn(out, TM_DECK_FIRST, (uint32_t)plan.close_gap_us);
        if (rc == TM_OK)
            tm_deck_close_last(out, &plan.close);
        for (size_t k = 0; rc == TM_OK && k < plan.n_writes; k++)
            rc = tm_deck_add_write(out, plan.w[k]);
        if (rc != TM_OK)
            fail("a deck cannot hold the model's connections");
    }
    tm_plan_deinit(&plan);
    tm_gen_free(gen);
    tm_model_deinit(&model);
}

/* ---- the capture ---- */

#define CLIENT_ADDR (UINT32_C(10) << 24 | 200U << 16 | 1U)
#define SERVER_ADDR (UINT32_C(10) << 24 | 64U << 16)
#define PLAY_ADDRS  (256U * 1024U) /* of one play: sessions have 256 each */
#define START_US    INT64_C(1700000000000000)

/* Of swing, which has no users: equal shares. */
static uint32_t session_of(const struct options *o, const struct tm_deck *d, uint32_t i)
{
    if (o->kind == KIND_SWING)
        return (uint32_t)((uint64_t)i * o->n_sessions / d->n_conns);
    return d->conn[i].user;
}

/* The path at place s of a row of sessions: as often as was asked for or is in the captures, evenly spread (Weyl's sequence of the golden
 * ratio). */
static uint32_t path_at(const struct options *o, const struct reading *r, uint32_t s)
{
    const uint32_t *share = o->has_shares ? o->share : r->n_on;
    uint32_t total = 0, k = 0;
    for (uint32_t i = 0; i < o->n_paths; i++)
        total += share[i];
    uint64_t at = (uint64_t)((s + 1) * UINT32_C(2654435769)) * total >> 32;
    for (; k + 1 < o->n_paths && at >= share[k]; k++)
        at -= share[k];
    return k;
}

/* The path of each session, the sessions in an order that is drawn; the caller frees. */
static uint8_t *draw_paths(const struct options *o, const struct reading *r, uint32_t n,
                           struct tm_rng *rng)
{
    uint8_t *path = calloc((size_t)n + 1, sizeof *path);
    if (!path)
        fail("out of memory");
    for (uint32_t s = 0; s < n; s++)
        path[s] = (uint8_t)path_at(o, r, s);
    for (uint32_t s = n; s > 1; s--) {
        uint32_t k = (uint32_t)tm_rng_below(rng, s);
        uint8_t t = path[s - 1];
        path[s - 1] = path[k];
        path[k] = t;
    }
    return path;
}

static void render(const struct options *o, const struct reading *r, const struct tm_deck *d)
{
    uint8_t seed[TM_SEED_LEN], key[TM_SEED_LEN];
    struct tm_rng rng;
    FILE *out = fopen(o->out, "we"), *labels = fopen(o->labels, "we");
    uint32_t n = (uint32_t)d->n_conns, n_sessions = 0, path = 0, session = UINT32_MAX;
    if (!out || !labels)
        fail(strerror(errno));
    tm_seed_from_u64(seed, o->seed);
    tm_rng_child(key, seed, TM_RNG_TEST, 2);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = session_of(o, d, i);
        n_sessions = s < n_sessions ? n_sessions : s + 1;
    }
    uint8_t *path_of = draw_paths(o, r, n_sessions, &rng);
    tm_render_head(out);
    (void)fputs("from_us,prefix,class,split,path,session,load\n", labels);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = session_of(o, d, i), addr = SERVER_ADDR + PLAY_ADDRS * o->play + 256 * s + 1;
        if (s != session) {
            session = s;
            path = path_of[s];
            (void)fprintf(labels, "0,%u.%u.%u.%u/32,cover,heldout,path%u,cover-%u,0\n", addr >> 24,
                          addr >> 16 & 255, addr >> 8 & 255, addr & 255, path,
                          o->play * (PLAY_ADDRS / 256) + s);
        }
        const struct tm_render_place place = {.start_us = START_US + (int64_t)i * 1000000,
                                              .client = CLIENT_ADDR,
                                              .server = addr,
                                              .client_port = (uint16_t)(10000 + i % 50000),
                                              .server_port = o->port[0]};
        if (tm_render_conn(out, d, i, &o->path[path], &place, &rng) != TM_OK)
            fail("out of memory");
    }
    free(path_of);
    if (fclose(out) != 0 || fclose(labels) != 0)
        fail(strerror(errno));
}

int main(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS, parse, "TRAIN.pcap...", "Render a recombined deck.", NULL, NULL, NULL};
    struct options o = {.cfg = tm_recombine_cfg_default(), .n_sessions = 120, .seed = 1, .k = 8};
    struct reading r = {.n_on = {0}};
    struct tm_deck made = {0};
    struct tm_joint_made m = {.n_taken_out = 0};
    struct tm_weld_report welded;
    struct timespec from, to;
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    read_captures(&o, &r);
    bool is_joint = o.kind != KIND_TRAIN && o.kind != KIND_SWING;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    if (is_joint)
        make_joint(&o, &r.deck, &made, &m);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    if (o.kind == KIND_SWING)
        make_swing(&o, &made, r.deck.n_conns);
    render(&o, &r, o.kind == KIND_TRAIN ? &r.deck : &made);
    (void)printf("train %" PRIu64 " connections\nwrites %zu\nincomplete %" PRIu64
                 " connections\nmade %zu connections\nreturned %zu connections\n",
                 r.counts.n_conns, r.deck.n_writes, r.counts.n_incomplete, made.n_conns,
                 count_returned(&made, &r.deck));
    const struct tm_recombine_report *report = &m.recombined;
    tm_joint_sum_welds(&m, &welded);
    if (o.kind == KIND_PLAYED)
        (void)printf("places %u\nneeded %u welds\ndecoys %u welds\nown %u connections\n"
                     "open %u connections\ncopies %u connections\ntaken_out %u connections\n",
                     welded.n_places, welded.n_needed, welded.n_decoys, welded.n_own, welded.n_open,
                     welded.n_copies, m.n_taken_out);
    if (is_joint)
        (void)printf("rounds %u\nparents_median %u\nparents_p5 %u\nshare_median %u "
                     "percent\nshare_p95 %u percent\n"
                     "single %u connections\ndropped %u connections\nrecombine %.3f s\n",
                     report->rounds, report->parents_median, report->parents_p5,
                     report->share_median, report->share_p95, report->n_single, report->n_dropped,
                     (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    tm_deck_deinit(&made);
    tm_deck_deinit(&r.deck);
    return 0;
}
