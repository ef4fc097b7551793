/* tm/net/ebpf/skeleton.h - what the users of libbpf share; nobody else includes it. */
#ifndef TM_NET_EBPF_SKELETON_H
#define TM_NET_EBPF_SKELETON_H

#include <stdint.h>

#include "tm/base/err.h"

/* Sends libbpf's own words to the log, for --verbose. */
void tm_skeleton_log(void);
/* In words. */
struct tm_skeleton_needs {
    const char *capabilities;
    const char *kernel;
};
/* The error for an errno, with "cannot `what`: ..." in msg, and what it takes. */
int tm_skeleton_failed(struct tm_msg *msg, const char *what, const struct tm_skeleton_needs *needs,
                       int error);
/* The local port of a socket, in network order; 0: there is none. */
uint16_t tm_skeleton_port(int fd);

#endif
