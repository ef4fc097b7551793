/* audit/ml/net.h - a small convolutional network that tells two classes of connections apart by their segments.
 *
 * The fixed attacker beside the forest: it sees the sequence itself and finds its own features.
 *
 *   256 segments x 7 -> conv 16 x 8, stride 2 -> ReLU -> conv 32 x 8, stride 2 -> ReLU -> mean and maximum over time
 *        -> 64 -> dense -> 1
 *
 * The seven: direction, size, logarithm of the gap, and the gap as the hand of two clocks (sine and cosine) that go round in 12 and
 * 48 ms.  A delay of milliseconds vanishes in the logarithm, and in a linear scale that has room for a round trip; it turns a clock
 * by a quarter, whatever the gap was.  Filters see zeros behind a shorter connection's end, and mean and maximum are taken over the
 * steps that begin inside it.
 * 5,105 weights, He's initialisation, logistic loss, Adam (0.9, 0.999) with a rate that falls linearly to 0 over a fixed number
 * of epochs; no early stopping.  Plain loops, one thread; the same weights for the same seed, input and
 * machine.  Sources: Deep Fingerprinting (Sirinam et al., CCS 2018) for convolutions over packet sequences; Kingma, Ba, "Adam"
 * (ICLR 2015); He et al. (ICCV 2015). */
#ifndef TM_AUDIT_ML_NET_H
#define TM_AUDIT_ML_NET_H

#include <stdint.h>

#include "tm/base/err.h"

#define TM_NET_STEPS 256U /* segments; missing ones are zeros */
/* 1 up or -1 down; size / 1460; ln(1 + gap in us) / 16; sine and cosine of 2 pi gap / 12 ms, of 2 pi gap / 48 ms. */
#define TM_NET_CHANNELS 7U
#define TM_NET_INPUT    1792U /* steps x channels */
#define TM_NET_WEIGHTS  5105U

struct tm_net_cfg {
    uint32_t n_epochs, batch; /* >= 1 */
    float rate;               /* of Adam at the beginning */
    uint64_t seed;            /* of the first weights and of the order of the batches */
};
/* 30 epochs, batches of 32, rate 0.008, seed 1. */
struct tm_net_cfg tm_net_cfg_default(void);

/* Writes segment i < TM_NET_STEPS of a connection into its row x (TM_NET_INPUT floats, zeros before): `bytes` of payload, negative
 * when it goes down; gap_us >= 0 since the segment before. */
void tm_net_encode(float *x, uint32_t i, int64_t bytes, int64_t gap_us);

struct tm_net; /* opaque: the weights */

/* Trains on n rows of TM_NET_INPUT floats, label 0 or 1; both must occur (else TM_ERR_RANGE).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_net_fit(struct tm_net **out, const struct tm_net_cfg *cfg, const float *x,
                             const uint8_t *label, uint32_t n);
/* score[i]: probability of label 1. */
void tm_net_score(const struct tm_net *net, const float *x, uint32_t n, float *score);
void tm_net_free(struct tm_net *net);

/* An untrained network.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_net_new(struct tm_net **out, uint64_t seed);
/* All its weights, TM_NET_WEIGHTS of them, to read or to change; borrowed. */
float *tm_net_weights(struct tm_net *net);
/* The mean loss over n rows in nats, and its gradient by every weight added to gradient[TM_NET_WEIGHTS]; NULL: the loss alone. */
double tm_net_loss(const struct tm_net *net, const float *x, const uint8_t *label, uint32_t n,
                   float *gradient);

#endif
