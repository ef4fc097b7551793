/* audit/report/svg.h - the pictures of a report, as inline SVG.
 *
 * Well-formed XML without script, reference or colour of its own: the page's style sheet (tm_html_begin) colours the classes,
 * light and dark.  Series differ in dash and marks in shape, not in colour alone.  Values may be anything: NaN leaves a gap or the word
 * "n/a", what lies outside an axis stands at its end, and a picture without data says so.  Pure; out of memory is kept in
 * the text (tm_text_status). */
#ifndef TM_AUDIT_REPORT_SVG_H
#define TM_AUDIT_REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/ml/auc.h" /* struct tm_interval */
#include "audit/report/scale.h"
#include "audit/report/text.h"

#define TM_SVG_TONES      6U /* colours with their dashes; larger numbers begin again */
#define TM_SVG_SERIES_MAX 12U

enum tm_svg_style { TM_SVG_LINE, TM_SVG_STEP, TM_SVG_POINTS };

struct tm_svg_series {
    const char *name;
    const double *x, *y; /* n each, borrowed; x rising for lines and steps */
    size_t n;
    enum tm_svg_style style;
    unsigned tone;
};

struct tm_svg_axis {
    const char *label; /* with its unit; NULL: none */
    enum tm_unit unit; /* of the ticks */
    bool is_log;       /* values <= 0 stand at the low end */
    double low, high;  /* used when low < high; else the axis is fitted to the data */
};

struct tm_svg_plot {
    const char *title, *desc; /* for screen readers and tooltips */
    double w, h;              /* px, >= 200 x 120 */
    struct tm_svg_axis x, y;
    const struct tm_svg_series *series;
    size_t n_series;   /* <= TM_SVG_SERIES_MAX, more are left out */
    bool has_diagonal; /* from corner to corner: chance, in a ROC plot */
};
/* Axes, series and, for more than one series, a legend. */
void tm_svg_plot(struct tm_text *out, const struct tm_svg_plot *p);

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
