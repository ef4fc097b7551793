/* audit/ml/slotnet.h - a small convolutional network over slots of time, for any number of classes.
 *
 * For traffic aggregation matrices as in "Subverting Website Fingerprinting Defenses with Robust Traffic Representation" (Shen et al., USENIX
 * Security 2023), in a size that a processor trains in seconds; theirs has two-dimensional layers and some millions of weights.
 *
 *   256 slots x 2 -> conv 16 x 8, stride 2 -> ReLU -> conv 32 x 8, stride 2 -> ReLU
 *        -> mean and maximum over each eighth of the time -> 512 -> half dropped in training -> dense -> k, softmax
 *
 * In training each row is moved by up to 6 slots either way, drawn anew each time: tens of visits teach little about what does not matter.
 * He's initialisation, cross-entropy, Adam with a rate that falls linearly to 0 over a fixed number of epochs; no early stopping.  One thread;
 * the same weights for the same seed, rows and machine.  Pure. */
#ifndef TM_AUDIT_ML_SLOTNET_H
#define TM_AUDIT_ML_SLOTNET_H

#include <stdint.h>

#include "tm/base/err.h"

#define TM_SLOTNET_SLOTS       256U
#define TM_SLOTNET_CHANNELS    2U
#define TM_SLOTNET_INPUT       512U /* slots x channels, slot by slot */
#define TM_SLOTNET_CLASSES_MAX 256U

struct tm_slotnet_cfg {
    uint32_t n_epochs, batch; /* >= 1 */
    float rate;               /* of Adam at the beginning */
    uint64_t
        seed; /* of the first weights, the order of the batches, what is dropped, and how rows move */
};
/* 300 epochs, batches of 16, rate 0.003, seed 1. */
struct tm_slotnet_cfg tm_slotnet_cfg_default(void);

struct tm_slotnet; /* opaque: the weights */

/* x: n rows of TM_SLOTNET_INPUT floats, of the order of 1; label[i] in 0..k-1.  TM_ERR_RANGE: no row, k not 2..TM_SLOTNET_CLASSES_MAX, a label that
 * is none.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_slotnet_fit(struct tm_slotnet **out, const struct tm_slotnet_cfg *cfg,
                                 const float *x, const uint32_t *label, uint32_t n, uint32_t k);
/* The most probable class of one row. */
uint32_t tm_slotnet_class(const struct tm_slotnet *net, const float *row);
void tm_slotnet_free(struct tm_slotnet *net);

/* An untrained network.  TM_ERR_NOMEM, TM_ERR_RANGE as above. */
TM_MUST_CHECK int tm_slotnet_new(struct tm_slotnet **out, uint64_t seed, uint32_t k);
/* How many weights there are; *v: all of them, to read or to change; borrowed. */
uint32_t tm_slotnet_weights(struct tm_slotnet *net, float **v);
/* The mean loss over n rows in nats, nothing dropped, and its gradient by every weight added to gradient[]; NULL: the loss alone. */
double tm_slotnet_loss(const struct tm_slotnet *net, const float *x, const uint32_t *label,
                       uint32_t n, float *gradient);

#endif
