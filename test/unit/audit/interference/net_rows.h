/* test/unit/audit/interference/net_rows.h - connections as the network sees them, for its tests. */
#ifndef TM_TEST_AUDIT_NET_ROWS_H
#define TM_TEST_AUDIT_NET_ROWS_H

#include <stdint.h>

#include "audit/ml/net.h"
#include "tm/base/rng.h"

#define NET_ROWS 400U

struct net_rows {
    float x[NET_ROWS][TM_NET_INPUT];
    uint8_t label[NET_ROWS];
    uint32_t group[NET_ROWS];
};

struct tm_rng net_rows_rng(uint64_t seed);
/* 10 to 29 exchanges, a request and 1 to 6 full segments in answer; connections 2i and 2i + 1 have labels 0 and 1.  Owned; NULL without
 * memory. */
struct net_rows *net_rows_noise(uint64_t seed);
/* Marks those with label 1: three of the first 40 segments, anywhere, are small ones up. */
void net_rows_mark(struct net_rows *d, uint64_t seed);
/* 12 requests after pauses of up to two seconds, each answered after one of three round trips; with label 1, half of the answers
 * come `late_us` later.  Owned; NULL without memory. */
struct net_rows *net_rows_round_trips(uint64_t seed, int64_t late_us);

#endif
