/* tm/core/cells_int.h - internal to the engine: what the driver of cells knows of a session and of a carrier. */
#ifndef TM_CORE_CELLS_INT_H
#define TM_CORE_CELLS_INT_H

#include "tm/core/cells.h"
#include "tm/core/driver.h"

struct tm_cells {
    struct tm_padder *padder;
    uint32_t cell_bytes;
    bool is_told;
    const char *refused;
    bool is_stuck;    /* nothing more can be composed before something is acknowledged */
    int64_t ack_us;   /* what came is to be acknowledged at the latest; TM_NEVER: nothing is */
    uint32_t unacked; /* bytes of it */
    /* client */
    struct tm_mb_set own; /* machines, until the server has its own */
    uint64_t told_bytes;  /* control up to here tells the server its machines */
    int64_t open_us;      /* no carrier is opened before */
    uint32_t n_fruitless;
    int64_t alive_us; /* when to send something for the carrier's sake */
    struct tm_rng rng;
    /* server: machines on their way */
    uint32_t max_padding_ppm, max_blocking_ppm;
    char *text; /* of text_cap bytes; owned */
    uint32_t text_len, text_cap;
    bool is_announced;
};

struct tm_cell_carrier {
    uint8_t plain[TM_HELLO_MAX]; /* of the write that was handed out last */
    uint32_t plain_len;          /* 0: none, or taken */
    uint32_t hello_bytes;
    uint64_t rx_bytes;
    bool is_ready;    /* the handshake is so far that cells may be sent */
    bool owes_flight; /* server: the flight; client: the Finished */
    uint32_t n_departed;
    uint64_t wanted_ack; /* records below this have to be acknowledged */
    int64_t silent_us;   /* since when they are owed */
};

/* cells_machines.c */
/* Client: reads the machines of both ends.  TM_ERR_FORMAT, RANGE, LIMIT, NOMEM. */
TM_MUST_CHECK int tm_cells_begin(struct tm_session *s);
/* Client, after SETTINGS: sends the server its machines. */
void tm_cells_tell(struct tm_session *s);
/* Client: something was acknowledged; its machines start when the server has its own, or they could hold back what tells of those.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cells_acked(struct tm_session *s, int64_t now_us);
/* Server: a message of the client about its machines; TM_ERR_PROTO out of place or order, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cells_heard(struct tm_session *s, const struct tm_message *m, int64_t now_us);

#endif
