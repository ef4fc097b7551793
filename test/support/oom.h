/* test/support/oom.h - makes the n-th allocation fail.
 *
 * For executables linked with oom.c and -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup: every
 * allocation of the linked objects and static libraries is counted; those of shared libraries are not.
 * Typical use:  for (n = 1;; n++) { oom_fail_after(n); rc = f(); oom_disable(); ...; if (!oom_hit()) break; } */
#ifndef TM_TEST_SUPPORT_OOM_H
#define TM_TEST_SUPPORT_OOM_H

#include <stdbool.h>

/* The n-th allocation from now on fails (n >= 1), that one alone; those after it succeed. */
void oom_fail_after(unsigned long n);
/* Allocations succeed again. */
void oom_disable(void);
/* Counts one allocation made by other means (a library's own allocator) and says whether it is to fail. */
bool oom_count(void);
/* Whether an allocation failed since the last oom_fail_after. */
bool oom_hit(void);

#endif
