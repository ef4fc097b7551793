/* tm/core/eyeballs.h - in which order, and when, the addresses of a name are tried.
 *
 *   IPv6 found ──────────────────> its first address at once
 *   IPv4 found, IPv6 not yet ────> after 50 ms, if that has not come by then
 *   an attempt begins ───────────> the next one 250 ms later, of the other family while it has addresses
 *   an attempt fails ────────────> the next one at once
 *
 * The first attempt that succeeds wins; the shell ends the others.  Addresses that are found late join.  Pure, plain memory.
 * Source: RFC 8305 sec. 3, 4, 5. */
#ifndef TM_CORE_EYEBALLS_H
#define TM_CORE_EYEBALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TM_EYEBALLS_RESOLUTION_US 50000
#define TM_EYEBALLS_ATTEMPT_US    250000

enum tm_family { TM_FAMILY_V6, TM_FAMILY_V4, TM_FAMILY_N };

struct tm_eyeballs {
    struct {
        bool is_answered;
        size_t n, n_used; /* addresses: found, tried */
    } of[TM_FAMILY_N];
    enum tm_family turn; /* whose address comes next, if there is one */
    size_t n_live;       /* attempts under way */
    int64_t may_us;      /* no attempt before that */
};

void tm_eyeballs_init(struct tm_eyeballs *e);
/* The resolver's answer for a family, once for each: n addresses, 0 also for a failure. */
void tm_eyeballs_found(struct tm_eyeballs *e, enum tm_family family, size_t n, int64_t now_us);
/* Whether an attempt begins now: with the address `index` of `family`, in the order in which they were found. */
bool tm_eyeballs_next(struct tm_eyeballs *e, int64_t now_us, enum tm_family *family, size_t *index);
/* An attempt that had begun failed. */
void tm_eyeballs_failed(struct tm_eyeballs *e, int64_t now_us);
/* When to ask tm_eyeballs_next again if nothing else happens; TM_NEVER: not before an answer or a failure. */
int64_t tm_eyeballs_next_us(const struct tm_eyeballs *e);
/* Nothing is under way, and nothing can come any more. */
bool tm_eyeballs_is_lost(const struct tm_eyeballs *e);

#endif
