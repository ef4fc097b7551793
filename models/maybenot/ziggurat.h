/* models/maybenot/ziggurat.h - standard normal and exponential numbers.
 * Source: Doornik, "An Improved Ziggurat Method to Generate Normal Random Samples" (2005), 256 layers. */
#ifndef TM_MODELS_MAYBENOT_ZIGGURAT_H
#define TM_MODELS_MAYBENOT_ZIGGURAT_H

#include "models/maybenot/rng.h"

#define TM_MB_LAYERS 256

/* Right edges x[i] of the layers, from the widest on, and the density there (ziggurat_tables.py). */
extern const double tm_mb_normal_x[TM_MB_LAYERS + 1];
extern const double tm_mb_normal_f[TM_MB_LAYERS + 1];
extern const double tm_mb_exp_x[TM_MB_LAYERS + 1];
extern const double tm_mb_exp_f[TM_MB_LAYERS + 1];

/* A number with mean 0 and variance 1.  One draw in 99 of 100 calls. */
double tm_mb_normal(struct tm_mb_rng *rng);
/* A number with mean 1, >= 0. */
double tm_mb_exponential(struct tm_mb_rng *rng);

#endif
