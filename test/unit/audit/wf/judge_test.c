#include "audit/wf/judge.h"

#include <math.h>

#include "test/support/check.h"

static void tails_are_those_of_the_binomial_distribution(void)
{
    CHECK(tm_binomial_tail(0, 10, 0.3) == 1);
    CHECK(fabs(tm_binomial_tail(10, 10, 0.5) - 1.0 / 1024) < 1e-12);
    CHECK(fabs(tm_binomial_tail(8, 10, 0.5) - 56.0 / 1024) < 1e-12); /* 45 + 10 + 1 */
    CHECK(fabs(tm_binomial_tail(1, 3, 0.2) - (1 - 0.512)) < 1e-12);
    CHECK(fabs(tm_binomial_tail(500, 1000, 0.5) - 0.512612) < 1e-5); /* 1/2 + P(X = 500) / 2 */
    CHECK(tm_binomial_tail(11, 10, 0.5) == 0);
}

static void the_limit_is_the_first_number_that_chance_does_not_reach(void)
{
    uint32_t n = tm_binomial_limit(60, 1.0 / 6, 0.0025);
    CHECK(tm_binomial_tail(n, 60, 1.0 / 6) <= 0.0025);
    CHECK(tm_binomial_tail(n - 1, 60, 1.0 / 6) > 0.0025);
    CHECK_INT(tm_binomial_limit(3, 0.5, 0.01), 4); /* three of three is an eighth */
}

static const struct check_case CASES[] = {
    {"tails_are_those_of_the_binomial_distribution", tails_are_those_of_the_binomial_distribution},
    {"the_limit_is_the_first_number_that_chance_does_not_reach",
     the_limit_is_the_first_number_that_chance_does_not_reach},
};
CHECK_MAIN("judge", CASES)
