/* test/unit/net/tunnel_streams_test.c - what a server logs of connections and carriers is what happened. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/net/addr.h"
#include "tm/net/streamlog.h"

#define UP   50000U
#define DOWN 30000U

struct told {
    uint64_t bytes;    /* of the flow */
    unsigned n_shares; /* lines that name it */
    unsigned n_empty;  /* carriers that carried none */
    unsigned n_other;  /* lines that should not be there */
};

/* Sends n bytes into `from` and takes them from `to`. */
static void pass(struct scene *s, int from, int to, size_t n)
{
    static const uint8_t bytes[UP];
    uint8_t buf[4096];
    size_t sent = 0, got = 0;
    SCENE_UNTIL(s, 20, got == n)
    {
        ssize_t k = sent < n ? send(from, bytes, n - sent, MSG_NOSIGNAL) : 0;
        sent += k > 0 ? (size_t)k : 0;
        k = recv(to, buf, sizeof buf, 0);
        got += k > 0 ? (size_t)k : 0;
    }
    CHECK_INT(got, n);
}

/* Lines of `text` that begin behind their time with `flow`, and end with carriers to `server` and the tunnel's name. */
static void count(struct told *t, char *text, const char *flow, const char *server)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char ends[2][2 * TM_ADDR_TEXT_MAX], tunnel[64];
        int64_t at_us;
        uint64_t bytes;
        CHECK_INT(sscanf(line, "%" SCNd64 ",%127[^,],%*[^,],%*[^,],%127[^,],%63[^,],%" SCNu64,
                         &at_us, ends[0], ends[1], tunnel, &bytes),
                  5);
        CHECK(at_us > INT64_C(1500000000000000));
        CHECK_STR(ends[1], server);
        CHECK(strncmp(tunnel, "0102030405060708", 16) == 0);
        t->n_empty += strcmp(ends[0], "-") == 0 && bytes == 0;
        t->n_shares += strcmp(ends[0], flow) == 0;
        t->n_other += strcmp(ends[0], flow) != 0 && strcmp(ends[0], "-") != 0;
        t->bytes += bytes;
    }
}

static void a_connection_is_logged_with_its_carriers(void)
{
    static struct scene s;
    struct tm_model m;
    struct told told = {0};
    char *text = NULL;
    size_t len = 0;
    struct sockaddr_in peer;
    socklen_t peer_len = sizeof peer;
    char flow[TM_ADDR_TEXT_MAX], server[TM_ADDR_TEXT_MAX];
    tm_model_constant_default(&m);
    m.u.constant = (struct tm_constant){.size_bytes = 12000, .interval_us = 8000, .n_exchanges = 3};
    const struct scene_cfg cfg = {.model = &m, .stream_log = open_memstream(&text, &len)};
    CHECK(cfg.stream_log != NULL);
    scene_start(&s, &cfg);
    int app = scene_connect(&s.forward_addr);
    int dest = scene_accept(&s, s.dest);
    CHECK_INT(getpeername(dest, (struct sockaddr *)&peer, &peer_len), 0);
    tm_addr_text((struct sockaddr *)&peer, flow);
    tm_addr_text((struct sockaddr *)&s.relay.server, server);
    pass(&s, app, dest, UP);
    pass(&s, dest, app, DOWN);
    (void)close(app);
    (void)close(dest);
    scene_stop(&s);
    (void)fclose(cfg.stream_log);
    count(&told, text, flow, server);
    CHECK_INT(told.bytes, UP + DOWN);
    CHECK(told.n_shares > 1);
    CHECK_INT(told.n_other, 0);
    free(text);
}

static const struct check_case CASES[] = {
    {"a_connection_is_logged_with_its_carriers", a_connection_is_logged_with_its_carriers},
};
CHECK_MAIN("tunnel_streams", CASES)
