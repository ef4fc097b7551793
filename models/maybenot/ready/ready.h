/* models/maybenot/ready/ready.h - known defences as machines for the two ends, built from a few numbers.
 *
 * Machines hold no state of a connection, and most defences draw some numbers for each one: build them anew for each, from another seed.
 * What a defence costs depends on the traffic: tm-sim says it for given traces (tm-sim.1). */
#ifndef TM_MODELS_MAYBENOT_READY_READY_H
#define TM_MODELS_MAYBENOT_READY_READY_H

#include "models/maybenot/machine.h"

#define TM_MB_READY_MAX 3U

/* The machines of one end; owned. */
struct tm_mb_ready { /* {0} has none */
    struct tm_mb_machine *machines[TM_MB_READY_MAX];
    size_t n;
};

void tm_mb_ready_free(struct tm_mb_ready *r);

/* All builders below: TM_OK with valid machines in *out (to be freed, in any case); TM_ERR_RANGE with the reason in msg; TM_ERR_NOMEM. */

/* FRONT: a budget of padding, drawn, spread by a Rayleigh density over the beginning, whose width is drawn as well.  No packet is delayed.
 * Source: Gong and Wang, "Zero-delay Lightweight Defenses against Website Fingerprinting". */
struct tm_mb_front_cfg {
    uint32_t budget;                   /* packets at most, 1..1000000; 1..budget are sent */
    double window_min_s, window_max_s; /* 0.01 <= min <= max <= 1000: where the density peaks */
    uint32_t n_states;                 /* steps of the density, 1..1000 */
};
#define TM_MB_FRONT                                                                                \
    ((struct tm_mb_front_cfg){                                                                     \
        .budget = 1700, .window_min_s = 1, .window_max_s = 14, .n_states = 20}) /* FT-1 */
TM_MUST_CHECK int tm_mb_ready_front(struct tm_mb_ready *out, const struct tm_mb_front_cfg *cfg,
                                    struct tm_mb_rng *rng, struct tm_msg *msg);

/* Tamaraw: packets leave at a constant rate, the application's or padding; it ends at a multiple of `chunk` packets, when the
 * application sent and received nothing for at least as many, and begins again with the next packet.  (The paper ends with the page, which no machine can see.)
 * Source: Cai et al., "A Systematic Approach to Developing and Evaluating Website Fingerprinting Defenses". */
struct tm_mb_tamaraw_cfg {
    double interval_s; /* 0.0001..10 */
    uint32_t chunk;    /* 1..100000 */
};
#define TM_MB_TAMARAW_CLIENT ((struct tm_mb_tamaraw_cfg){.interval_s = 0.04, .chunk = 100})
#define TM_MB_TAMARAW_SERVER ((struct tm_mb_tamaraw_cfg){.interval_s = 0.012, .chunk = 100})
TM_MUST_CHECK int tm_mb_ready_tamaraw(struct tm_mb_ready *out, const struct tm_mb_tamaraw_cfg *cfg,
                                      struct tm_msg *msg);

/* RegulaTor: the server sends at a rate that decays from the last surge on; a surge is when too many packets wait for it.  The client sends one
 * packet for so many received ones, and lets none wait too long.  When the padding budget is used up the defence ends and packets leave as
 * they come (the paper goes on to pace them).
 * Source: Holland and Hopper, "RegulaTor: A Straightforward Website Fingerprinting Defense". */
struct tm_mb_regulator_cfg {
    double rate;         /* R: packets a second after a surge, 2..10000 */
    double decay;        /* D: the rate is R * D^t, 0.01..0.999 */
    double threshold;    /* T: surge when more than T * rate packets wait, 0.1..1000 */
    uint32_t budget;     /* N: 1..N packets of padding, drawn by the machine, 1..10000000 */
    double upload_ratio; /* U: packets received for one sent, 1..1000 */
    double delay_cap_s;  /* C: none waits longer at the client, 0.001..100 */
    uint32_t n_states;   /* steps of the decay, 1..200 */
};
#define TM_MB_REGULATOR_HEAVY                                                                      \
    ((struct tm_mb_regulator_cfg){.rate = 277,                                                     \
                                  .decay = 0.94,                                                   \
                                  .threshold = 3.55,                                               \
                                  .budget = 3550,                                                  \
                                  .upload_ratio = 3.95,                                            \
                                  .delay_cap_s = 1.77,                                             \
                                  .n_states = 40})
TM_MUST_CHECK int tm_mb_ready_regulator_client(struct tm_mb_ready *out,
                                               const struct tm_mb_regulator_cfg *cfg,
                                               struct tm_msg *msg);
TM_MUST_CHECK int tm_mb_ready_regulator_server(struct tm_mb_ready *out,
                                               const struct tm_mb_regulator_cfg *cfg,
                                               struct tm_msg *msg);

/* Interspace: padding in the gaps of either side, from distributions of which form and parameters are drawn; at most half of what is sent, after
 * the first 1,500.
 * Source: Pulls, "Towards Effective and Efficient Padding Machines for Tor"; as Maybenot machines: the Rust
 * crate maybenot-machines 1.0.1. */
TM_MUST_CHECK int tm_mb_ready_interspace_client(struct tm_mb_ready *out, struct tm_mb_rng *rng);
TM_MUST_CHECK int tm_mb_ready_interspace_server(struct tm_mb_ready *out, struct tm_mb_rng *rng);

/* Break-Pad: a burst of padding when a burst of received packets goes on for long; limits as Interspace.
 * Source: Huang and Du, "Break-Pad: Effective Padding Machines for Tor with Break Burst Padding"; as Maybenot machines: as above. */
TM_MUST_CHECK int tm_mb_ready_break_pad_client(struct tm_mb_ready *out);
TM_MUST_CHECK int tm_mb_ready_break_pad_server(struct tm_mb_ready *out);

#endif
