#include "test/support/check.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>

int check_run(const char *suite, const struct check_case *cases, size_t n)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (size_t i = 0; s && i < n; i++) {
        if (!CU_add_test(s, cases[i].name, cases[i].fn))
            return 2;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failed > 0 || run != n;
}

/* CUnit keeps the text of failures only; both values go to its condition string.  Texts are made for failures alone: some tests check
 * millions of times. */
static void report(int ok, const char *what, const char *file, int line)
{
    if (!ok)
        (void)fprintf(stderr, "\n    %s:%d: %s\n", file, line, what);
    (void)CU_assertImplementation(ok ? CU_TRUE : CU_FALSE, (unsigned)line, what, file, "",
                                  CU_FALSE);
}

void check_true(int ok, const char *expr, const char *file, int line)
{
    report(ok, expr, file, line);
}

void check_int(long long got, long long want, const char *expr, const char *file, int line)
{
    if (got == want) {
        report(1, expr, file, line);
        return;
    }
    char text[256];
    (void)snprintf(text, sizeof text, "%s is %lld (0x%llx), wanted %lld", expr, got,
                   (unsigned long long)got, want);
    report(0, text, file, line);
}

void check_mem(const void *got, const void *want, size_t len, const char *expr, const char *file,
               int line)
{
    const unsigned char *g = got;
    const unsigned char *w = want;
    size_t i = 0;
    while (i < len && g[i] == w[i])
        i++;
    if (i == len) {
        report(1, expr, file, line);
        return;
    }
    char text[256];
    (void)snprintf(text, sizeof text, "%s differs at byte %zu of %zu: 0x%02x, wanted 0x%02x", expr,
                   i, len, g[i], w[i]);
    report(0, text, file, line);
}

void check_str(const char *got, const char *want, const char *expr, const char *file, int line)
{
    if (got && want && strcmp(got, want) == 0) {
        report(1, expr, file, line);
        return;
    }
    char text[512];
    (void)snprintf(text, sizeof text, "%s is \"%s\", wanted \"%s\"", expr, got ? got : "(null)",
                   want ? want : "(null)");
    report(0, text, file, line);
}
