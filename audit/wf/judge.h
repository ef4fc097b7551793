/* audit/wf/judge.h - how often a guess is right by chance, and what is more than that.  Pure. */
#ifndef TM_AUDIT_WF_JUDGE_H
#define TM_AUDIT_WF_JUDGE_H

#include <stdint.h>

/* The probability of at least `hits` of n independent guesses, each right with probability p, 0 < p < 1. */
double tm_binomial_tail(uint32_t hits, uint32_t n, double p);
/* The fewest hits of n whose tail is at most alpha; n + 1: none has. */
uint32_t tm_binomial_limit(uint32_t n, double p, double alpha);

#endif
