/* tm/net/gate.h - accepted connections until it is known whose they are, and strangers at the decoy.
 *
 *   ACCEPTED (decoy dialled) --> JUDGING --ours--> the server's
 *                                   |        --ours, later--> WAITING --again--> JUDGING
 *                                   | stranger, FIN, decoy speaks, too late
 *                                   v
 *                       RELEASING --RELEASED--> RELAYING --both ends over--> gone
 *
 * The bytes are judged whenever some arrive, as early as a prefix can be told from our client's.  Without a
 * decoy a stranger is closed unanswered. */
#ifndef TM_NET_GATE_H
#define TM_NET_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "tm/base/buf.h"
#include "tm/core/hello.h"
#include "tm/net/wire.h"

struct tm_gate;

/* A complete hello of our form. */
struct tm_gate_guest {
    uint32_t conn;
    const struct tm_hello *hello;
    struct tm_view raw;                   /* all bytes of it */
    int64_t t_us;                         /* its last byte was read */
    const struct tm_wire_event *accepted; /* addresses and time */
    bool is_again;                        /* the verdict was LATER before */
    const struct tm_wire_event *end;      /* its FIN came meanwhile; NULL: none has */
};
enum tm_gate_verdict { TM_GATE_OURS, TM_GATE_STRANGER, TM_GATE_LATER };
/* OURS: the connection is the callee's from now on; the gate knows it no more.  LATER: it is ours and cannot be taken yet; it is judged
 * anew, as of the same time, by tm_gate_again. */
typedef enum tm_gate_verdict (*tm_gate_judge_fn)(void *user, const struct tm_gate_guest *guest);

struct tm_gate_cfg {
    uv_loop_t *loop;
    struct tm_wire *wire;         /* borrowed */
    const struct sockaddr *decoy; /* NULL: none; copied */
    uint32_t n_max;               /* connections here at once; more are reset */
    tm_gate_judge_fn judge;
    void *user;
};

TM_MUST_CHECK int tm_gate_new(struct tm_gate **out, const struct tm_gate_cfg *cfg);
/* Ends all relays at once. */
void tm_gate_free(struct tm_gate *g);
/* Any event of the wire thread; those of connections that are not here are ignored, ACCEPTED never is. */
void tm_gate_on_wire(struct tm_gate *g, const struct tm_wire_event *ev);
/* Something has changed for those that were to be judged later. */
void tm_gate_again(struct tm_gate *g);
/* For those who come from now on; NULL: none; copied. */
void tm_gate_set_decoy(struct tm_gate *g, const struct sockaddr *decoy);
/* Once a second: who has been silent too long is a stranger. */
void tm_gate_sweep(struct tm_gate *g, int64_t now_us);

struct tm_gate_stats {
    uint32_t n_live;
    uint64_t accepted, strangers, decoy_failed;
};
void tm_gate_get_stats(const struct tm_gate *g, struct tm_gate_stats *out);

#endif
