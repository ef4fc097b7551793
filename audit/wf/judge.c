#include "audit/wf/judge.h"

#include <math.h>

double tm_binomial_tail(uint32_t hits, uint32_t n, double p)
{
    double sum = 0;
    for (uint32_t i = n; i >= hits && i > 0; i--) /* the smallest terms first */
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
                   (n - i) * log1p(-p));
    return hits == 0 ? 1 : fmin(sum, 1);
}

uint32_t tm_binomial_limit(uint32_t n, double p, double alpha)
{
    uint32_t hits = 0;
    while (hits <= n && tm_binomial_tail(hits, n, p) > alpha)
        hits++;
    return hits;
}
