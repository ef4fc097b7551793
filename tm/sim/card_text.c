#include "tm/sim/card_text.h"

#include <stdio.h>

static void three_digits(char out[TM_CARD_TEXT_LEN], double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    (void)snprintf(out, TM_CARD_TEXT_LEN, "%.*f %s", decimals, value, unit);
}

/* In the largest of the units, each 1000 of the one before, of which there is at least one. */
static void scaled(char out[TM_CARD_TEXT_LEN], uint64_t value, const char *const unit[5])
{
    double v = (double)value;
    unsigned i = 0;
    if (value < 1000) {
        (void)snprintf(out, TM_CARD_TEXT_LEN, "%u %s", (unsigned)value, unit[0]);
        return;
    }
    while (i < 4 && v >= 999.5) {
        v /= 1000;
        i++;
    }
    three_digits(out, v, unit[i]);
}

void tm_card_text_us(char out[TM_CARD_TEXT_LEN], uint64_t us)
{
    if (us < 1000)
        (void)snprintf(out, TM_CARD_TEXT_LEN, "%u us", (unsigned)us);
    else if (us < 999500)
        three_digits(out, (double)us / 1e3, "ms");
    else if (us < 120 * UINT64_C(1000000))
        three_digits(out, (double)us / 1e6, "s");
    else if (us < 2 * UINT64_C(3600000000))
        three_digits(out, (double)us / 6e7, "min");
    else
        three_digits(out, (double)us / 3.6e9, "h");
}

void tm_card_text_bps(char out[TM_CARD_TEXT_LEN], uint64_t bps)
{
    static const char *const unit[5] = {"b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"};
    scaled(out, bps, unit);
}

void tm_card_text_bytes(char out[TM_CARD_TEXT_LEN], uint64_t bytes)
{
    static const char *const unit[5] = {"B", "kB", "MB", "GB", "TB"};
    scaled(out, bytes, unit);
}
