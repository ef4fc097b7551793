/* test/unit/audit/story.h - one carrier's life, as two logs and a capture at the client tell it; tests change
 * a detail and see what the audit says.
 *
 *   write 0 up 517   ClientHello     write 3 up    400   a request
 *   write 1 down 2000 server flight  write 4 down 3000   its response
 *   write 2 up 80    Finished        then the client's FIN, then the server's */
#ifndef TM_TEST_AUDIT_STORY_H
#define TM_TEST_AUDIT_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/conform.h"
#include "audit/schedule.h"
#include "audit/wire_view.h"
#include "learner/packet.h"

#define STORY_WALL_US     INT64_C(1700000000000000) /* capture's clock minus the logs' */
#define STORY_STEP_US     1000000
#define STORY_WRITES      5
#define STORY_PACKETS_MAX 64
#define STORY_CLIENT_PORT 40000

struct story_packet {
    int64_t t_us; /* monotonic */
    enum tm_dir dir;
    uint8_t flags;  /* enum tm_tcp_flag */
    int64_t offset; /* of payload; SYN: -1 */
    uint32_t len;
    int64_t ack;   /* offset of the other direction; -1: none */
    uint16_t port; /* the client's; 0: the story's */
    uint8_t copy;  /* of which carrier, see n_copies */
};

struct story_write {
    struct tm_write w;
    int64_t event_us, due_us, first_us, last_us, at_us;
    bool is_hidden; /* in neither log */
    enum tm_slip slip;
};

struct story {
    struct story_write writes[STORY_WRITES];
    struct story_packet packets[STORY_PACKETS_MAX];
    size_t n_packets;
    int64_t open_due_us, up_us, close_due_us, end_us;
    uint32_t n_copies;  /* carriers with this life, from one port, STORY_STEP_US apart */
    uint32_t n_dropped; /* lines lost by the client's log */
    bool has_up, has_close, has_end, is_planned;
    struct tm_schedlog_close
        closing[2]; /* by enum tm_dir; up: instead of the plain one at close_due_us */
    bool has_closing[2];
    bool has_log[2]; /* by enum tm_side */
    struct tm_conform_cfg cfg;
};

/* Names of the story's packets. */
enum {
    P_SYN,
    P_SYNACK,
    P_ACK,
    P_HELLO,
    P_HELLO_ACK,
    P_FLIGHT,
    P_FLIGHT_REST,
    P_FLIGHT_ACK,
    P_FINISHED,
    P_FINISHED_ACK,
    P_REQUEST,
    P_REQUEST_ACK,
    P_RESPONSE,
    P_RESPONSE_ACK,
    P_FIN_UP,
    P_FIN_DOWN,
    P_LAST_ACK,
    P_N
};

/* All as planned. */
struct story story_new(void);
/* Removes packet i; inserts a copy of p in order of time. */
void story_remove(struct story *s, size_t i);
void story_insert(struct story *s, struct story_packet p);
/* One more carrier, with its packets. */
void story_copy(struct story *s);
/* Judges it.  The caller calls tm_conform_deinit. */
struct tm_conform story_judge(const struct story *s);
/* The logs' text of one side into out (terminated). */
void story_log(const struct story *s, enum tm_side side, char *out, size_t cap);
/* One packet as the decoder would give it. */
struct tm_packet story_decode(const struct story_packet *p);

#endif
