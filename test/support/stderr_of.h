/* test/support/stderr_of.h - runs a function in a child process and keeps what it wrote to stderr. */
#ifndef TM_TEST_SUPPORT_STDERR_OF_H
#define TM_TEST_SUPPORT_STDERR_OF_H

#include <stddef.h>

/* Calls fn() in a forked child whose stderr is a pipe.  Puts at most cap - 1 bytes of its stderr into text,
 * with a closing NUL, and returns the child's wait status (sys/wait.h); -1 when it could not be started. */
int stderr_of(void (*fn)(void), char *text, size_t cap);

#endif
