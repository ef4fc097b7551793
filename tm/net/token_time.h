/* tm/net/token_time.h - the time that a client's tokens carry: the clock of its session, which no setting of the wall clock moves.
 *
 * A session's clock is the wall clock at its beginning and runs on by itself from there (CLOCK_BOOTTIME, which goes on while the machine
 * sleeps).  The client puts it into its tokens; the server judges a session's first token by its own wall clock and all others by the
 * session's clock, as it keeps it (tm/net/admit.h).  So a wall clock that is set, at either end and by any span, ends no session.
 *
 *   not answered ──> the other of the two ──> not answered ──> ...       the session's clock, the wall clock, in turn,
 *                                     └────> answered: it is the session's clock from now on
 *
 * The turns are for what a session's clock cannot know: that the clock was wrong when it began (nobody has answered yet), or that the
 * machine itself was held, as a paused virtual one is.  A carrier that the network lost makes one token carry the wall clock, no more.
 * Pure. */
#ifndef TM_NET_TOKEN_TIME_H
#define TM_NET_TOKEN_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing sent yet. */
struct tm_token_time {
    int64_t ahead_us;   /* the session's clock minus CLOCK_BOOTTIME */
    int64_t carried_us; /* the same of the clock that the last token carried */
    bool has_begun;
    bool is_wall; /* the wall clock's turn */
};

/* The time of the token that is made now, ms since 1970, < 2^48.  wall_us, boot_us: CLOCK_REALTIME and CLOCK_BOOTTIME now. */
uint64_t tm_token_time_ms(struct tm_token_time *t, int64_t wall_us, int64_t boot_us);
/* A server took a token, when carried_us was what is handed in: that is the session's clock. */
void tm_token_time_answered(struct tm_token_time *t, int64_t carried_us);
/* A carrier ended before that. */
void tm_token_time_unanswered(struct tm_token_time *t);

#endif
