/* test/unit/audit/features/wire.h - TCP connections written packet by packet, as a tap beside the client sees them; fed to a builder
 * or saved as a capture (raw IPv4, 96 bytes of each packet). */
#ifndef TM_TEST_AUDIT_FEATURES_WIRE_H
#define TM_TEST_AUDIT_FEATURES_WIRE_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "learner/packet.h"
#include "models/plan.h"

#define WIRE_START_US INT64_C(1763710000000000)
#define WIRE_MAX      4096U

struct wire {
    struct tm_packet p[WIRE_MAX];
    uint32_t n;
};

struct wire_conn {
    uint8_t addr[2][TM_ADDR_LEN]; /* by who sends in enum tm_dir: client, server */
    uint16_t port[2];
    uint32_t seq[2]; /* next */
};

/* 10.0.0.1:40000+n and 10.1.0.n:443. */
struct wire_conn wire_conn(unsigned n);
/* Times are us since WIRE_START_US.  SYN and FIN take a sequence number each. */
void wire_flag(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, unsigned flags);
void wire_send(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, uint32_t len);
/* `len` bytes from `back` bytes before the next ones on. */
void wire_again(struct wire *w, struct wire_conn *c, int64_t t_us, enum tm_dir dir, uint32_t back,
                uint32_t len);
/* SYN at t_us, SYN-ACK 20 ms and ACK 21 ms later. */
void wire_open(struct wire *w, struct wire_conn *c, int64_t t_us);
/* The client's FIN at t_us, the server's 20 ms and the last ACK 21 ms later. */
void wire_close(struct wire *w, struct wire_conn *c, int64_t t_us);
/* Open, 500 up, 1400 and 600 down, 100 up, 300 down, close: 21 ms, 50, 51, 1000, 1040, 2000. */
void wire_dialogue(struct wire *w, struct wire_conn *c, int64_t t_us);

void wire_feed(const struct wire *w, struct tm_trace_builder *b);
/* The traces of one builder with these ports; the caller deinits. */
struct tm_trace_set wire_traces(const struct wire *w, const uint16_t *ports, size_t n_ports);
/* With a link type of libpcap: 101 raw IP, 1 Ethernet, others as raw IP.  0, or -1. */
int wire_save(const struct wire *w, const char *path, uint32_t link);

#endif
