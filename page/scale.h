/* page/scale.h - numbers on paper: axes with round ticks, and quantities as people read them.
 *
 * Any double is allowed everywhere: NaN has no place on an axis, what lies outside stands at its end. */
#ifndef TM_PAGE_SCALE_H
#define TM_PAGE_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tm_unit {
    TM_UNIT_NONE,    /* 0.25, 12k, 3.4M */
    TM_UNIT_BYTES,   /* 1.5 kB: powers of 1000 */
    TM_UNIT_SECONDS, /* 0.012 is 12 ms */
    TM_UNIT_MS,      /* 0.012 is 12 us */
    TM_UNIT_SHARE,   /* 0.25 is 25 % */
};

#define TM_QUANTITY_LEN 32U
/* 3 significant digits, or those before the point; "n/a" for NaN, with a sign for infinity.  Returns text. */
const char *tm_quantity(char text[TM_QUANTITY_LEN], double v, enum tm_unit unit);
/* 1234567 -> "1,234,567". */
const char *tm_count(char text[TM_QUANTITY_LEN], uint64_t n);

#define TM_TICKS_MAX 12U

struct tm_scale {
    double low, high; /* low < high, both finite; a logarithmic one has low > 0 */
    bool is_log;
    double px_low, px_high; /* where low and high are drawn */
};

/* An axis that holds low..high: ends moved out to round numbers unless is_exact.  Swapped, equal, NaN, infinite and (on a
 * logarithmic axis) non-positive ends are mended, with 0..1 or 0.1..1 as the last resort. */
struct tm_scale tm_scale_fit(double low, double high, bool is_log, bool is_exact);
/* Always finite and between px_low and px_high; NaN gives px_low. */
double tm_scale_px(const struct tm_scale *s, double v);
/* Round values inside the axis, rising, `wanted` of them or a few more or fewer; the number written. */
uint32_t tm_scale_ticks(const struct tm_scale *s, uint32_t wanted, double ticks[TM_TICKS_MAX]);

#endif
