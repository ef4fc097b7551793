/* tm/core/session_early.h - what a server plays before it can compute the plans of a session (session_early.c); part of session_int.h. */
#ifndef TM_CORE_SESSION_EARLY_H
#define TM_CORE_SESSION_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/core/session.h"
#include "tm/core/token.h"

struct tm_carrier;

/* Client: the token says how the carrier's plan begins, where the server may not be able to compute it yet. */
void tm_session_put_beginning(const struct tm_session *s, const struct tm_carrier *c,
                              struct tm_token *t);
/* The plan can be computed without putting a batch together first. */
bool tm_session_has_plan(const struct tm_session *s, enum tm_plan_src src, uint32_t user);
/* Server: computes the plan of which the token told the beginning.  The session fails where it is another. */
void tm_session_settle_carrier(struct tm_session *s, struct tm_carrier *c, int64_t now_us);
/* ... of all carriers of which that can be done by now. */
void tm_session_settle(struct tm_session *s, int64_t now_us);

#endif
