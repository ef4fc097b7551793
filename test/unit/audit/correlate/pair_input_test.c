/* What the network sees of a flow and a carrier. */
#include "audit/correlate/pair_input.h"

#include <math.h>

#include "test/support/check.h"

static void check_step(const float *x, const double want[TM_NET_CHANNELS])
{
    for (uint32_t i = 0; i < TM_NET_CHANNELS; i++) {
        if (!(fabs(x[i] - want[i]) < 1e-5))
            CHECK_INT(lround(x[i] * 1e6), lround(want[i] * 1e6));
    }
}

static double size(double bytes)
{
    return log1p(bytes) / 12;
}

static void both_lie_on_one_clock(void)
{
    static float x[TM_NET_INPUT];
    struct tm_scene_packet a[] = {
        {1000000, 300, TM_UP}, {1015000, 1448, TM_DOWN}, {1019999, 100, TM_DOWN}};
    struct tm_scene_packet b[] = {{499999, 9, TM_UP}, /* before the margin */
                                  {900000, 50, TM_UP},
                                  {1005000, 330, TM_UP},
                                  {1519999, 77, TM_DOWN},
                                  {1520000, 88, TM_DOWN}}; /* behind it */
    const struct tm_scene_line flow = {.v = a, .n = 3};
    const struct tm_scene_line carrier = {.v = b, .n = 5};
    for (uint32_t i = 0; i < TM_NET_INPUT; i++)
        x[i] = 9;
    tm_pair_encode(x, &flow, &carrier);
    check_step(x, (const double[]){1, 0, 0, size(50), 0, log1p(400000) / 16, 0});
    check_step(x + 7, (const double[]){1, size(300), size(1548), size(330), 0, log1p(100000) / 16,
                                       5000.0 / TM_PAIR_STEP_US});
    check_step(x + 14, (const double[]){1, 0, 0, 0, size(77 + 88), log1p(519999) / 16, 0});
    for (uint32_t i = 21; i < TM_NET_INPUT; i++)
        CHECK(x[i] == 0);
}

static void long_pairs_fill_the_input_and_no_more(void)
{
    static float x[TM_NET_INPUT + 1];
    static struct tm_scene_packet v[400];
    for (uint32_t i = 0; i < 400; i++)
        v[i] = (struct tm_scene_packet){(int64_t)i * 30000, 10, TM_UP};
    const struct tm_scene_line l = {.v = v, .n = 400};
    x[TM_NET_INPUT] = 7;
    tm_pair_encode(x, &l, &l);
    CHECK(x[TM_NET_INPUT] == 7);
    for (uint32_t i = 0; i < TM_NET_STEPS; i++)
        CHECK(x[i * TM_NET_CHANNELS] == 1);
}

static const struct check_case CASES[] = {
    {"both_lie_on_one_clock", both_lie_on_one_clock},
    {"long_pairs_fill_the_input_and_no_more", long_pairs_fill_the_input_and_no_more},
};
CHECK_MAIN("audit/correlate/pair_input", CASES)
