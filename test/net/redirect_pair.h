/* test/net/redirect_pair.h - both ends of a connection in one process, for test/net/redirect_program.c. */
#ifndef TM_TEST_NET_REDIRECT_PAIR_H
#define TM_TEST_NET_REDIRECT_PAIR_H

#include "bench/redirect_rig.h"

struct tm_pair {
    int app;  /* the program's */
    int ours; /* accepted by us */
};

/* Neither end blocks.  False: not connected. */
bool tm_pair_open(struct tm_pair *p, const struct tm_rig *rig, enum tm_rig_way way);
bool tm_pair_open_family(struct tm_pair *p, const struct tm_rig *rig, enum tm_rig_way way,
                         bool is_v6);
void tm_pair_close(struct tm_pair *p);

/* The next connection, non-blocking, waited for; -1. */
int tm_pair_accept(const struct tm_rig *rig, enum tm_rig_way way);
int tm_pair_accept_now(const struct tm_rig *rig, enum tm_rig_way way);
/* A non-blocking socket whose connect has begun. */
int tm_pair_begin(const struct tm_rig *rig, enum tm_rig_way way);
/* A connection whose handshake waits for the first bytes. */
int tm_pair_connect_deferred(const struct tm_rig *rig);

/* Both ways a text; NULL, or what went wrong. */
const char *tm_pair_say(const struct tm_pair *p, const char *text);
/* Kills the parent, and waits until it has gone. */
bool tm_pair_orphan(void);

#endif
