/* tm/app/prove_load.c - see prove_load.h. */
#include "tm/app/prove_load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "models/plan.h"
#include "tm/app/proxy_dial.h"
#include "tm/app/status.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/statsock.h"

#define TURN_MS   5
#define COUNT_US  100000
#define DOWN_BPS  1000000 /* bytes a second that a transfer wants at most */
#define UP_BPS    250000
#define CHUNK_LEN 65536U

/* One transfer: up to the discarding port, or down from the other one. */
struct transfer {
    int fd; /* -1: none */
    enum tm_dir dir;
    size_t n_head; /* bytes of the proxy's replies */
    uint8_t head[TM_DEST_HOST_MAX + 10];
    uint64_t bytes; /* handed over, or received */
    uint64_t asked; /* down: bytes of asking, TM_TEST_BYTES for each */
};

struct run {
    const struct tm_prove_load *load;
    bool is_on[TM_PROVE_SLOTS_MAX];
    uint32_t n_slots;
    int64_t begin_us, slot_us; /* since 1970 */
    int64_t count_us;          /* of the next look at the counters */
    uint64_t n_others;
    struct transfer transfer[2];
    struct tm_status status; /* the last one */
};

static int64_t wall_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * TM_US_PER_S + t.tv_nsec / 1000;
}

uint32_t tm_prove_slots(uint32_t seconds)
{
    uint32_t n = 2 * seconds;
    return n < TM_PROVE_SLOTS_MIN   ? TM_PROVE_SLOTS_MIN
           : n > TM_PROVE_SLOTS_MAX ? TM_PROVE_SLOTS_MAX
                                    : n;
}

/* As many busy as idle, in any order with the same chance. */
static int draw_pattern(struct run *r, struct tm_msg *msg)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    if (RAND_bytes(seed, sizeof seed) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    tm_rng_init(&rng, seed);
    for (uint32_t i = 0; i < r->n_slots; i++)
        r->is_on[i] = i % 2 == 0;
    for (uint32_t i = r->n_slots; i > 1; i--) {
        uint32_t j = (uint32_t)tm_rng_below(&rng, i);
        bool is_on = r->is_on[i - 1];
        r->is_on[i - 1] = r->is_on[j];
        r->is_on[j] = is_on;
    }
    return TM_OK;
}

/* ---- Transfers ---- */

static int begin(struct transfer *t, enum tm_dir dir, const char *socks, struct tm_msg *msg)
{
    struct tm_dest dest = {.kind = TM_ADDR_NAME,
                           .len = sizeof TM_DEST_TEST - 1,
                           .port = dir == TM_UP ? TM_TEST_PORT_DISCARD : TM_TEST_PORT_SOURCE};
    memcpy(dest.addr, TM_DEST_TEST, sizeof TM_DEST_TEST - 1);
    *t = (struct transfer){.dir = dir};
    int rc = tm_proxy_open(&t->fd, socks, msg);
    if (rc == TM_OK && (!tm_proxy_request(t->fd, &dest) || fcntl(t->fd, F_SETFL, O_NONBLOCK) != 0))
        rc = tm_msg_set(msg, TM_ERR_IO, "the proxy at %.200s: %s", socks, strerror(errno));
    return rc;
}

static void give_up(struct transfer *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

/* The proxy's two replies: method (2 bytes), and outcome, address and port.  Their length so far; 0: known no sooner. */
static size_t head_len(const struct transfer *t)
{
    if (t->n_head < 2 + 5)
        return 2 + 5;
    switch (t->head[2 + 3]) {
    case TM_ADDR_IPV4:
        return 2 + 4 + 4 + 2;
    case TM_ADDR_IPV6:
        return 2 + 4 + 16 + 2;
    default:
        return 2U + 4 + 1 + t->head[2 + 4] + 2;
    }
}

static int check_head(const struct transfer *t, struct tm_msg *msg)
{
    if (t->n_head < 4 || t->head[3] == TM_REPLY_OK)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                      "the server does not take the test's transfers (SOCKS reply %u): it is older "
                      "than this program, or another proxy listens there",
                      t->head[3]);
}

/* Reads what there is.  TM_ERR_CLOSED: the connection has ended. */
static int pull(struct transfer *t, struct tm_msg *msg)
{
    static uint8_t chunk[CHUNK_LEN];
    while (t->n_head < head_len(t)) {
        ssize_t n = recv(t->fd, t->head + t->n_head, head_len(t) - t->n_head, 0);
        if (n <= 0)
            return n < 0 && errno == EAGAIN ? TM_OK : TM_ERR_CLOSED;
        t->n_head += (size_t)n;
        int rc = check_head(t, msg);
        if (rc != TM_OK)
            return rc;
    }
    for (;;) {
        ssize_t n = recv(t->fd, chunk, CHUNK_LEN, 0);
        if (n <= 0)
            return n < 0 && errno == EAGAIN ? TM_OK : TM_ERR_CLOSED;
        t->bytes += t->dir == TM_DOWN ? (uint64_t)n : 0;
    }
}

/* Sends what it has room for; *sent counts. */
static int push(struct transfer *t, uint64_t room, uint64_t *sent)
{
    static const uint8_t zeros[CHUNK_LEN];
    while (room > 0) {
        ssize_t n = send(t->fd, zeros, room < CHUNK_LEN ? room : CHUNK_LEN, MSG_NOSIGNAL);
        if (n <= 0)
            return n < 0 && errno == EAGAIN ? TM_OK : TM_ERR_CLOSED;
        room -= (uint64_t)n;
        *sent += (uint64_t)n;
    }
    return TM_OK;
}

/* Moves what the rate allows `in_us` into the slot: uploads send it, downloads ask for it. */
static int move(struct transfer *t, int64_t in_us, struct tm_msg *msg)
{
    bool is_up = t->dir == TM_UP;
    uint64_t allowed = is_up ? (uint64_t)in_us * UP_BPS / TM_US_PER_S
                             : (uint64_t)in_us * DOWN_BPS / TM_US_PER_S / TM_TEST_BYTES + 1;
    uint64_t *sent = is_up ? &t->bytes : &t->asked;
    if (t->fd < 0)
        return TM_OK;
    int rc = pull(t, msg);
    if (rc == TM_OK && allowed > *sent)
        rc = push(t, allowed - *sent, sent);
    if (rc != TM_ERR_CLOSED)
        return rc;
    give_up(t); /* the tunnel gave the stream up; the slot goes on, as it is */
    return TM_OK;
}

/* ---- The counters ---- */

static int look(struct run *r, int64_t now_us, struct tm_msg *msg)
{
    char text[TM_STATSOCK_MAX];
    size_t len = 0;
    int rc = tm_statsock_ask(r->load->state_dir, text, sizeof text, &len, msg);
    if (rc == TM_OK)
        rc = tm_status_read(&r->status, text, len, msg);
    if (rc != TM_OK)
        return rc;
    if (now_us < r->begin_us)
        r->n_others = r->status.now.streams_open; /* later ours are among them */
    if (r->load->has_counts)
        (void)fprintf(r->load->log,
                      "{\"t\":\"count\",\"phase\":\"%s\",\"at\":%" PRId64 ",\"up\":%" PRIu64
                      ",\"down\":%" PRIu64 "}\n",
                      r->load->phase, now_us, r->status.totals.wire_tx_bytes,
                      r->status.totals.wire_rx_bytes);
    return TM_OK;
}

static void write_slot(const struct run *r, uint32_t i)
{
    (void)fprintf(r->load->log,
                  "{\"t\":\"slot\",\"phase\":\"%s\",\"from\":%" PRId64 ",\"to\":%" PRId64
                  ",\"on\":%s,\"up\":%" PRIu64 ",\"down\":%" PRIu64 "}\n",
                  r->load->phase, r->begin_us + r->slot_us * i, r->begin_us + r->slot_us * (i + 1),
                  r->is_on[i] ? "true" : "false", r->transfer[TM_UP].bytes,
                  r->transfer[TM_DOWN].bytes);
}

static void write_kept(const struct run *r)
{
    const struct tm_status *s = &r->status;
    (void)fprintf(r->load->log,
                  "{\"t\":\"kept\",\"phase\":\"%s\",\"sent\":%" PRIu64 ",\"exact\":%" PRIu64
                  ",\"missed\":%" PRIu64 ",\"in_control\":%s,\"others\":%" PRIu64 "}\n",
                  r->load->phase, s->tally.sent, s->tally.exact, s->tally.missed,
                  s->in_control ? "true" : "false", r->n_others);
}

/* ---- A phase ---- */

/* One turn of waiting and moving; TM_ERR_CLOSED: told to stop. */
static int turn(struct run *r, int64_t from_us, struct tm_msg *msg)
{
    struct pollfd p = {.fd = r->load->stop_fd, .events = POLLIN};
    int rc = TM_OK;
    if (poll(&p, 1, TURN_MS) > 0)
        return tm_msg_set(msg, TM_ERR_CLOSED, "stopped");
    int64_t now_us = wall_us();
    for (unsigned dir = 0; rc == TM_OK && dir < 2; dir++)
        rc = move(&r->transfer[dir], now_us - from_us, msg);
    if (rc == TM_OK && now_us >= r->count_us) {
        rc = look(r, now_us, msg);
        r->count_us = now_us + (r->load->has_counts ? COUNT_US : r->slot_us);
    }
    return rc;
}

static int run_slot(struct run *r, uint32_t i, struct tm_msg *msg)
{
    int64_t from_us = r->begin_us + r->slot_us * i;
    int rc = TM_OK;
    for (unsigned dir = 0; dir < 2; dir++) {
        r->transfer[dir] = (struct transfer){.fd = -1};
        if (rc == TM_OK && r->is_on[i])
            rc = begin(&r->transfer[dir], (enum tm_dir)dir, r->load->socks, msg);
    }
    while (rc == TM_OK && wall_us() < from_us + r->slot_us)
        rc = turn(r, from_us, msg);
    for (unsigned dir = 0; dir < 2; dir++)
        give_up(&r->transfer[dir]);
    if (rc == TM_OK)
        write_slot(r, i);
    return rc;
}

int tm_prove_load_run(const struct tm_prove_load *load, struct tm_msg *msg)
{
    struct run r = {.load = load,
                    .n_slots = tm_prove_slots(load->seconds),
                    .transfer = {{.fd = -1}, {.fd = -1}}};
    int rc = draw_pattern(&r, msg);
    r.slot_us = (int64_t)load->seconds * TM_US_PER_S / r.n_slots;
    r.begin_us = wall_us() + TM_US_PER_S / 2;
    while (rc == TM_OK && wall_us() < r.begin_us)
        rc = turn(&r, r.begin_us, msg);
    for (uint32_t i = 0; rc == TM_OK && i < r.n_slots; i++)
        rc = run_slot(&r, i, msg);
    if (rc == TM_OK)
        rc = look(&r, wall_us(), msg);
    if (rc == TM_OK)
        write_kept(&r);
    return rc;
}
