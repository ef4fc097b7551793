/* bpf/connect_abi.h - what the kernel programs of connect.bpf.c and the program that loads them share.
 *
 * Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d; ports are in network order. */
#ifndef TM_BPF_CONNECT_ABI_H
#define TM_BPF_CONNECT_ABI_H

#include <linux/types.h>

/* Where a program wanted to go: kept with its socket, and with the one that we accepted for it. */
struct tmb_dest {
    __u32 addr[4];
    __u16 port;
    __u16 zero;
};

/* A connection from a program's socket to our door, seen from the program's side. */
struct tmb_flow {
    __u32 addr[4]; /* its own */
    __u32 port;    /* its own, host order */
    __u32 door;    /* our port, host order */
};
#define TMB_FLOWS_MAX                                                                              \
    65536 /* connections between their SYN and our accept; the oldest are forgotten */

/* Set before loading; never changes. */
struct tmb_config {
    __u16 door4, door6; /* listening on 127.0.0.1 and [::1]; 0: none */
    __u16 dns4, dns6;   /* UDP sockets of our resolver there; 0: none */
    __u8 let_udp;       /* UDP other than DNS leaves directly, outside the tunnel */
    __u8 let_raw;       /* the same for every other kind of socket */
    __u8 zero[2];
};

#endif
