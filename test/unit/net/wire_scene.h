/* test/unit/net/wire_scene.h - a wire thread and what it has told so far. */
#ifndef TM_TEST_UNIT_NET_WIRE_SCENE_H
#define TM_TEST_UNIT_NET_WIRE_SCENE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "test/unit/net/plain_sock.h"
#include "tm/net/wire.h"

#define SCENE_SENT_MAX 512U

struct scene_sent {
    uint32_t write_no, unsent, held;
    int64_t due_us, first_us, last_us, ready_us, tail_us, free_us;
    uint64_t offset;
};

/* All that was told about one connection. */
struct scene_conn {
    uint32_t id;
    bool is_accepted;
    int n_up, n_eof, n_down, n_released, n_yielded;
    int64_t up_us, eof_us, down_us, rx_us;
    struct sockaddr_storage local, peer;
    enum tm_wire_down why;
    int error, fd;
    uint8_t *rx; /* owned, n_rx of cap_rx used */
    size_t n_rx, cap_rx;
    size_t n_rx_late; /* of these, what was read here */
    size_t n_sent;
    struct scene_sent sent[SCENE_SENT_MAX];
};

struct scene {
    struct tm_wire *w;
    struct sockaddr_in addr; /* of the wire's listening socket, after scene_listen */
    int64_t give_up_us;
    size_t n_conns;
    struct scene_conn *conns[TM_WIRE_CONNS_MAX];
    size_t n_accepted;
    struct scene_conn *accepted[TM_WIRE_CONNS_MAX]; /* in order */
};

/* cfg may be NULL: defaults. */
void scene_start(struct scene *s, const struct tm_wire_cfg *cfg);
/* Stops the wire thread and frees what the scene holds; released sockets stay open. */
void scene_stop(struct scene *s);
void scene_listen(struct scene *s);
struct scene_conn *scene_open(struct scene *s, const struct sockaddr_in *addr, int64_t due_us);
/* Takes the events that are there, in order. */
void scene_take(struct scene *s);
/* Takes events, waiting for one if there is none; false: the test has taken too long. */
bool scene_turn(struct scene *s);
#define SCENE_UNTIL(s, cond)                                                                       \
    do {                                                                                           \
        while (!(cond) && scene_turn(s))                                                           \
            ;                                                                                      \
        CHECK(cond);                                                                               \
    } while (0)

/* Commands that must be accepted.  gap_us < 0: at due_us, else after the previous write. */
void scene_write(struct scene *s, const struct scene_conn *c, uint32_t no, int64_t due_us,
                 int64_t gap_us, const uint8_t *p, size_t len);
void scene_close(struct scene *s, const struct scene_conn *c, int64_t due_us);

/* Byte number i of the test pattern of stream k. */
uint8_t scene_byte(uint64_t k, uint64_t i);
void scene_fill(uint8_t *p, size_t len, uint64_t k, uint64_t from);
bool scene_is_pattern(const uint8_t *p, size_t len, uint64_t k, uint64_t from);
/* A connection of the wire to a plain socket, up; *peer (the caller's) is its other end. */
struct scene_conn *scene_open_plain(struct scene *s, int *peer);

#endif
