/* learner/record.h - a finished connection of a capture, and who had it. */
#ifndef TM_LEARNER_RECORD_H
#define TM_LEARNER_RECORD_H

#include <stdint.h>

#include "learner/exchange.h"
#include "learner/packet.h"
#include "learner/path.h"
#include "learner/tls.h"

/* A connection and who had it. */
struct tm_record {
    uint8_t client[TM_ADDR_LEN];
    uint8_t server[TM_ADDR_LEN];
    uint16_t client_port;
    uint16_t server_port;
    struct tm_conn conn;
    struct tm_path_conn path; /* both all zero in a part of a cut connection but the last, */
    struct tm_tls_conn tls;   /* which has them of the whole */
};

#endif
