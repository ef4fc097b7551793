/* What is written of streams and carriers. */
#include "tm/net/streamlog.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define WALL_US 1000000

struct scene {
    char *text; /* owned, when it is closed */
    size_t len;
    FILE *f;
    struct tm_streamlog *log;
};

static void begin(struct scene *sc)
{
    *sc = (struct scene){0};
    sc->f = open_memstream(&sc->text, &sc->len);
    CHECK(sc->f != NULL);
    CHECK_INT(tm_streamlog_new(&sc->log, sc->f, "alice", WALL_US), TM_OK);
}

static void finish(struct scene *sc, const char *want)
{
    tm_streamlog_free(sc->log);
    (void)fclose(sc->f);
    CHECK_STR(sc->text, want);
    free(sc->text);
}

static struct sockaddr_in address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x0a000001)};
}

static void add_carrier(struct scene *sc, uint32_t carrier, uint16_t port, int64_t at_us)
{
    struct sockaddr_in client = address(port);
    struct sockaddr_in server = address(443);
    const struct tm_streamlog_link link = {(struct sockaddr *)&client, (struct sockaddr *)&server};
    tm_streamlog_carrier(sc->log, carrier, at_us, &link);
}

static void add_flow(struct scene *sc, uint64_t stream, uint16_t port, int64_t at_us)
{
    struct sockaddr_in client = address(port);
    struct sockaddr_in server = address(80);
    const struct tm_streamlog_link link = {(struct sockaddr *)&client, (struct sockaddr *)&server};
    tm_streamlog_flow(sc->log, stream, at_us, &link);
}

static void piece(struct scene *sc, uint64_t stream, uint32_t carrier, uint32_t bytes,
                  int64_t at_us)
{
    tm_streamlog_piece(sc->log, &(struct tm_piece){stream, carrier, bytes, at_us});
}

static void pieces_add_up_by_stream_and_carrier(void)
{
    struct scene sc;
    begin(&sc);
    tm_streamlog_head(sc.f);
    add_carrier(&sc, 0, 5000, 1);
    add_carrier(&sc, 1, 5001, 2);
    piece(&sc, 2, 1, 10, 5); /* before its destination is reached */
    add_flow(&sc, 2, 6000, 9);
    add_flow(&sc, 4, 6001, 10);
    piece(&sc, 2, 0, 100, 11);
    piece(&sc, 4, 0, 7, 12);
    piece(&sc, 2, 0, 200, 13);
    piece(&sc, 2, 0, 0, 14);
    piece(&sc, 4, 0, 0, 15);
    finish(&sc, "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes\n"
                "1000009,10.0.0.1:6000,10.0.0.1:80,10.0.0.1:5001,10.0.0.1:443,alice,10\n"
                "1000013,10.0.0.1:6000,10.0.0.1:80,10.0.0.1:5000,10.0.0.1:443,alice,300\n"
                "1000012,10.0.0.1:6001,10.0.0.1:80,10.0.0.1:5000,10.0.0.1:443,alice,7\n");
}

static void what_is_left_is_written_at_the_end(void)
{
    struct scene sc;
    begin(&sc);
    add_carrier(&sc, 0, 5000, 1);
    add_carrier(&sc, 1, 5001, 2);
    add_flow(&sc, 2, 6000, 3);
    piece(&sc, 2, 1, 10, 5);
    finish(&sc, "1000005,10.0.0.1:6000,10.0.0.1:80,10.0.0.1:5001,10.0.0.1:443,alice,10\n"
                "1000001,-,-,10.0.0.1:5000,10.0.0.1:443,alice,0\n");
}

static void a_stream_that_reached_nobody_is_left_out(void)
{
    struct scene sc;
    begin(&sc);
    add_carrier(&sc, 0, 5000, 1);
    piece(&sc, 2, 0, 10, 5);
    piece(&sc, 2, 0, 0, 6);
    finish(&sc, "1000001,-,-,10.0.0.1:5000,10.0.0.1:443,alice,0\n");
}

static void many_streams_and_carriers_find_room(void)
{
    enum { N = 300 };
    struct scene sc;
    begin(&sc);
    for (uint16_t i = 0; i < N; i++) {
        add_carrier(&sc, i, (uint16_t)(5000 + i), 1);
        add_flow(&sc, 2U * i + 2, (uint16_t)(6000 + i), 2);
    }
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t c = 0; c < N; c += 7)
            piece(&sc, 2 * i + 2, c, 1, 3);
    tm_streamlog_free(sc.log);
    (void)fclose(sc.f);
    size_t n = 0;
    for (size_t i = 0; i < sc.len; i++)
        n += sc.text[i] == '\n';
    size_t n_used = (N + 6) / 7;
    CHECK_INT(n, N * n_used + (N - n_used));
    free(sc.text);
}

static const struct check_case CASES[] = {
    {"pieces_add_up_by_stream_and_carrier", pieces_add_up_by_stream_and_carrier},
    {"what_is_left_is_written_at_the_end", what_is_left_is_written_at_the_end},
    {"a_stream_that_reached_nobody_is_left_out", a_stream_that_reached_nobody_is_left_out},
    {"many_streams_and_carriers_find_room", many_streams_and_carriers_find_room},
};
CHECK_MAIN("streamlog", CASES)
