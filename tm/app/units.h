/* tm/app/units.h - numbers as people write them in options.  Pure. */
#ifndef TM_APP_UNITS_H
#define TM_APP_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

/* A whole number with a unit, "250ms", "10s", "5m", "24h", "30d" or "500us", or plain "0", in microseconds.
 * TM_ERR_FORMAT: anything else, a number without unit included; TM_ERR_RANGE: more than INT64_MAX us. */
TM_MUST_CHECK int tm_units_duration(const char *text, int64_t *out_us);

/* A whole decimal number without sign.  TM_ERR_FORMAT, TM_ERR_RANGE as above. */
TM_MUST_CHECK int tm_units_count(const char *text, int64_t *out);

/* A part of a whole, "0", "0.25", "1": decimal digits with or without a point, at most 6 behind it, in millionths.
 * TM_ERR_FORMAT: anything else; TM_ERR_RANGE: more than 1. */
TM_MUST_CHECK int tm_units_fraction(const char *text, int64_t *out_ppm);

#define TM_UNITS_TEXT_MAX 24 /* bytes that hold every text of tm_units_print_duration */
/* The shortest text that tm_units_duration reads back as us >= 0: "24h", "1500ms". */
void tm_units_print_duration(char out[TM_UNITS_TEXT_MAX], int64_t us);

#endif
