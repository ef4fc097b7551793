/* test/net/redirect_changes.h - what a program sees of its socket over plain TCP and over a connection that is taken in: what must be
 * the same, and what is known to differ. */
#ifndef TM_TEST_NET_REDIRECT_CHANGES_H
#define TM_TEST_NET_REDIRECT_CHANGES_H

#include "bench/redirect_rig.h"

/* NULL, or what is not the same. */
const char *tm_changes_same(const struct tm_rig *rig);
/* Prints the table; NULL, or what is neither as with TCP nor as the table of the man page has it. */
const char *tm_changes_table(const struct tm_rig *rig);

#endif
