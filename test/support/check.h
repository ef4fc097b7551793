/* test/support/check.h - CUnit with both values printed on failure, and a main that runs a table. */
#ifndef TM_TEST_SUPPORT_CHECK_H
#define TM_TEST_SUPPORT_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct check_case {
    const char *name; /* the behaviour, e.g. "dead_carrier_drops_its_exchanges" */
    void (*fn)(void);
};

/* Runs the cases as one CUnit suite; the process's exit status: 0 when every assertion held. */
int check_run(const char *suite, const struct check_case *cases, size_t n);
#define CHECK_MAIN(suite, cases)                                                                   \
    int main(void)                                                                                 \
    {                                                                                              \
        return check_run(suite, cases, sizeof(cases) / sizeof((cases)[0]));                        \
    }

void check_true(int ok, const char *expr, const char *file, int line);
void check_int(long long got, long long want, const char *expr, const char *file, int line);
void check_mem(const void *got, const void *want, size_t len, const char *expr, const char *file,
               int line);
void check_str(const char *got, const char *want, const char *expr, const char *file, int line);
#define CHECK(cond) check_true(!!(cond), #cond, __FILE__, __LINE__)
#define CHECK_INT(got, want)                                                                       \
    check_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_MEM(got, want, len) check_mem(got, want, len, #got, __FILE__, __LINE__)
#define CHECK_STR(got, want)      check_str(got, want, #got, __FILE__, __LINE__)

#endif
