/* bench/bare.h - the yardstick of everything that reads captures: libpcap's loop over a file, doing nothing with the packets. */
#ifndef TM_BENCH_BARE_H
#define TM_BENCH_BARE_H

#include <stdint.h>

/* Reads the capture to its end; how many packets it has, 0 when it cannot be read. */
uint64_t tm_bench_bare(const char *path);

#endif
