/* audit/prove/wire.h - what passed between client and server, packet by packet: all that an observer of sizes and times has.
 *
 * Connections of the control are told from those of the tunnel by the client's ports, which its log names.  Pure. */
#ifndef TM_AUDIT_PROVE_WIRE_H
#define TM_AUDIT_PROVE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/prove/ja4.h"
#include "audit/prove/trial.h"
#include "learner/packet.h"
#include "tm/base/err.h"

enum tm_proof_packet {
    TM_PROOF_DATA,
    TM_PROOF_BARE,
    TM_PROOF_OPEN
}; /* with payload; without; SYN of the client */
struct tm_proof_event {
    int64_t t_us;
    uint32_t bytes; /* of TCP payload */
    uint8_t dir;    /* enum tm_dir */
    uint8_t kind;   /* enum tm_proof_packet */
};
struct tm_proof_events {      /* empty: {0} */
    struct tm_proof_event *v; /* owned, by time */
    uint32_t n, cap;
};

#define TM_PROOF_JA4S_MAX 8U
struct tm_proof_ja4 {
    char text[TM_JA4_LEN];
    uint32_t n; /* connections that began with it */
};

#define TM_PROOF_PORTS_MAX 1024U
struct tm_proof_wire { /* empty: {0}; set server */
    struct tm_endpoint server;
    uint16_t control_ports[TM_PROOF_PORTS_MAX]; /* of the client */
    uint32_t n_control_ports;
    struct tm_proof_events phase[TM_TRIAL_PHASES];
    struct tm_proof_ja4 ja4[TM_PROOF_JA4S_MAX]; /* of the tunnel's connections */
    uint32_t n_ja4;
    uint64_t n_fed; /* TCP packets, also others' */
    uint64_t n_opened,
        n_strange; /* the tunnel's connections: that began; that began with no ClientHello or one too many */
    int64_t first_us, last_us; /* of the tunnel's packets */
};

/* The next packet of the capture.  TM_ERR_NOMEM, TM_ERR_LIMIT: more than 16 million. */
TM_MUST_CHECK int tm_proof_wire_feed(struct tm_proof_wire *w, const struct tm_packet *p);
/* The phase's counts as if they were packets, where nothing could be captured. */
TM_MUST_CHECK int tm_proof_wire_counts(struct tm_proof_wire *w, enum tm_trial_phase_kind phase,
                                       const struct tm_trial_phase *p);
void tm_proof_wire_deinit(struct tm_proof_wire *w);

#endif
