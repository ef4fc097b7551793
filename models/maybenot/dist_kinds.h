/* models/maybenot/dist_kinds.h - the samplers that take more than a formula; parameters as dist.h allows them. */
#ifndef TM_MODELS_MAYBENOT_DIST_KINDS_H
#define TM_MODELS_MAYBENOT_DIST_KINDS_H

#include <stdint.h>

#include "models/maybenot/rng.h"

uint64_t tm_mb_binomial(uint64_t trials, double p, struct tm_mb_rng *rng);
uint64_t tm_mb_geometric(double p, struct tm_mb_rng *rng);
double tm_mb_poisson(double lambda, struct tm_mb_rng *rng);
double tm_mb_gamma(double scale, double shape, struct tm_mb_rng *rng);
double tm_mb_beta(double alpha, double beta, struct tm_mb_rng *rng);

#endif
