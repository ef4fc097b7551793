/* test/unit/learner/conversation.h - a connection written packet by packet.
 *
 * Times are in ms; `at` and `ack` count from the first payload byte of each side. */
#ifndef TM_TEST_UNIT_LEARNER_CONVERSATION_H
#define TM_TEST_UNIT_LEARNER_CONVERSATION_H

#include <stdint.h>

#include "learner/exchange.h"

#define NONE TM_PAIR_NONE

struct conv {
    struct tm_exchange_cfg cfg;
    struct tm_pair_pool pool;
    struct tm_exchange x;
    uint32_t up0; /* sequence number of the first payload byte, client's and server's */
    uint32_t down0;
    struct tm_conn cut; /* the last one cut */
    int last;           /* the last result of feed */
    int n_cuts;
};

void conv_start(struct conv *r);
struct tm_conn conv_finish(struct conv *r);
void conv_end(struct conv *r);

/* Any segment; seq and ack absolute.  The result must not be an error. */
void conv_feed(struct conv *r, double t_ms, enum tm_dir dir, unsigned flags, uint32_t seq,
               uint32_t ack, uint32_t len);
/* `len` bytes from offset `at` on, acknowledging the other side's bytes below offset `ack`. */
void conv_up(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack);
void conv_down(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack);
/* The same with FIN. */
void conv_up_fin(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack);
void conv_down_fin(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack);
void conv_syn(struct conv *r, double t_ms);
void conv_syn_ack(struct conv *r, double t_ms);
/* SYN at 0, SYN-ACK at 30, ACK at 32 ms: server 30 ms from the tap and back, client 2 ms. */
void conv_handshake(struct conv *r);

/* The pair at *i has these values (NONE: no sample); *i goes on to the next. */
void conv_check_pair(const struct conv *r, uint32_t *i, uint32_t req, uint32_t rsp,
                     uint32_t req_think_ms, uint32_t server_think_ms);

#endif
