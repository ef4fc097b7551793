/* tm/core/driver.h - internal to the engine: who decides what carriers send, and when, where no plan does.
 *
 * A session plays plans (player, opener), which nothing here touches, or its carriers are driven: a driver opens them, hands out
 * their writes and closes them.  Frames, streams, acknowledgements, what is sent again after a loss and the handshake are the
 * same for all.  A driver is a table of functions; what it knows of a session and of a carrier is its own (struct tm_session,
 * struct tm_carrier have a pointer for each).
 *
 *   poll, next_us     next to tm_session_poll and tm_session_next_us, which have killed the dead before
 *   adopt             a carrier came to be: accepted (hello_bytes of it have come), or by the driver's own opening
 *   received          bytes came; heard: a record of them, with something to be acknowledged or not; acked: the peer has records
 *   departed          a write left, so there is room again
 *   gone              it is over; the memory goes with the carrier (drop) */
#ifndef TM_CORE_DRIVER_H
#define TM_CORE_DRIVER_H

#include "tm/core/session_int.h"

struct tm_driver {
    /* The state of a session, from its cfg; TM_ERR_RANGE, NOMEM.  stop: also of one that is half made. */
    int (*start)(struct tm_session *s);
    void (*stop)(struct tm_session *s);
    /* The digest that both ends compare. */
    void (*digest)(uint8_t out[TM_DIGEST_LEN]);
    uint32_t carriers_max; /* that a session holds; more are refused */

    bool (*poll)(struct tm_session *s, int64_t now_us, struct tm_act *act);
    int64_t (*next_us)(const struct tm_session *s);

    int (*adopt)(struct tm_session *s, struct tm_carrier *c, uint32_t hello_bytes);
    void (*drop)(struct tm_carrier *c);
    void (*received)(struct tm_session *s, struct tm_carrier *c, size_t n, int64_t t_us);
    void (*heard)(struct tm_session *s, struct tm_carrier *c, bool is_eliciting,
                  struct tm_view plain, int64_t t_us);
    void (*acked)(struct tm_session *s, struct tm_carrier *c);
    void (*departed)(struct tm_session *s, struct tm_carrier *c, uint32_t write, int64_t t_us);
    void (*gone)(struct tm_session *s, struct tm_carrier *c, int64_t t_us);
    /* The plaintext of the carrier's write, as tm_session_compose. */
    size_t (*compose)(struct tm_session *s, struct tm_carrier *c, uint8_t *buf);
    /* When its silence becomes death. */
    int64_t (*dead_us)(const struct tm_session *s, const struct tm_carrier *c);
    bool (*is_answered)(const struct tm_carrier *c);
};

/* MUFFLER: streams shuffled and split over carriers (models/shuffle.h). */
extern const struct tm_driver tm_driver_shuffle;
/* Maybenot machines: cells of one size on one carrier (tm/core/cells.h). */
extern const struct tm_driver tm_driver_cells;

/* The driver of a session; NULL: plans. */
const struct tm_driver *tm_driver_of(enum tm_drive drive);
/* Of the driver whose digest a driven session's token has; of any other, TM_DRIVE_SHUFFLE, which then refuses the digest. */
enum tm_drive tm_driver_meant(const uint8_t digest[TM_TOKEN_DIGEST_LEN]);

#endif
