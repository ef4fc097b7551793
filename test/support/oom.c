#include "test/support/oom.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static unsigned long left; /* allocations until the one that fails; 0: none will */
static bool hit;

void oom_fail_after(unsigned long n)
{
    left = n;
    hit = false;
}

void oom_disable(void)
{
    left = 0;
}

bool oom_hit(void)
{
    return hit;
}

bool oom_count(void)
{
    if (left == 0 || --left > 0)
        return false;
    hit = true;
    return true;
}

/* The linker's --wrap asks for these names. */
/* NOLINTBEGIN(readability-identifier-naming) */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
__attribute__((weak)) int __real_posix_memalign(void **out, size_t align,
                                                size_t n); /* where it is wrapped */
int __wrap_posix_memalign(void **out, size_t align, size_t n);

void *__wrap_malloc(size_t n)
{
    return oom_count() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return oom_count() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return oom_count() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return oom_count() ? NULL : __real_strdup(s);
}

int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    return oom_count() ? ENOMEM : __real_posix_memalign(out, align, n);
}
/* NOLINTEND(readability-identifier-naming) */
