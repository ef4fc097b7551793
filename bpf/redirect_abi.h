/* bpf/redirect_abi.h - what the kernel programs of redirect.bpf.c and the program that loads them share. */
#ifndef TM_BPF_REDIRECT_ABI_H
#define TM_BPF_REDIRECT_ABI_H

#include <linux/types.h>

/* Sockets at once, two of a connection: beyond, connections stay with TCP. */
#define TMB_ENDS_MAX 16384

/* SO_RCVBUF of both ends, unless the program chose one itself.  The kernel doubles it; half of that may wait across, and the longest
 * message is 17 pieces of 32 KiB. */
#define TMB_RECEIVE_BYTES (640 * 1024)

/* Set before loading; never changes. */
struct tmb_redirect_config {
    __u64 netns;        /* cookie of the network namespace that our doors are in */
    __u16 door4, door6; /* their ports in network order; 0: none */
    __u16 zero[2];
};

/* Added up over all connections, for tests and measurements. */
struct tmb_redirect_counters {
    __u64 crossed; /* bytes that went across */
    __u64 passed;  /* messages of pairs that went by TCP */
    __u64 pairs;   /* connections of which both ends were taken in */
    __u64 latched; /* directions that were left to TCP because they are bulk */
};

#endif
