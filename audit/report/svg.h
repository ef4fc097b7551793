/* audit/report/svg.h - the pictures of results, beside the plot of page/svg_plot.h, whose rules they share. */
#ifndef TM_AUDIT_REPORT_SVG_H
#define TM_AUDIT_REPORT_SVG_H

#include <stddef.h>
#include <stdint.h>

#include "audit/ml/auc.h" /* struct tm_interval */
#include "page/svg_plot.h"
#include "page/text.h"

/* Estimates with their intervals, a row each: a dot with whiskers over the band that chance alone reaches, and up to two
 * floors beside it. */
struct tm_svg_estimate {
    const char *name;
    struct tm_interval value; /* low or high NaN: no whiskers */
    struct tm_interval band;  /* low..high: shaded; NaN: none */
    double floor[2];          /* NaN: none */
};
struct tm_svg_estimates {
    const char *title, *desc;
    double w;
    struct tm_svg_axis x;
    double reference;                                   /* an upright line there; NaN: none */
    const char *value_name, *band_name, *floor_name[2]; /* in the legend; NULL: not shown */
    const struct tm_svg_estimate *rows;
    size_t n;
};
void tm_svg_estimates(struct tm_text *out, const struct tm_svg_estimates *p);

/* Bars from zero, the value written at the end of each. */
struct tm_svg_bar {
    const char *name;
    double value; /* >= 0 */
    unsigned tone;
};
struct tm_svg_bars {
    const char *title, *desc;
    double w;
    struct tm_svg_axis x;
    const struct tm_svg_bar *rows;
    size_t n;
};
void tm_svg_bars(struct tm_text *out, const struct tm_svg_bars *p);

/* A table of counts (confusion): share of the row as shade, share and count as text. */
struct tm_svg_heat {
    const char *title, *desc;
    double w;
    const char *row_label, *col_label;
    const char *const *rows, *const *cols; /* names */
    const uint32_t *counts;                /* n_rows x n_cols, row-major */
    size_t n_rows, n_cols;
};
void tm_svg_heat(struct tm_text *out, const struct tm_svg_heat *p);

#endif
