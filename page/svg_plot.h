/* page/svg_plot.h - lines, steps and points over two axes, as inline SVG.
 *
 * Well-formed XML without script, reference or colour of its own: the page's style sheet (tm_html_begin) colours the classes,
 * light and dark.  Series differ in dash and marks in shape, not in colour alone.  Values may be anything: NaN leaves a gap or the word
 * "n/a", what lies outside an axis stands at its end, and a picture without data says so.  Pure; out of memory is kept in
 * the text (tm_text_status). */
#ifndef TM_PAGE_SVG_PLOT_H
#define TM_PAGE_SVG_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "page/scale.h"
#include "page/text.h"

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

struct tm_svg_span {
    double from, to;
};

struct tm_svg_plot {
    const char *title, *desc; /* for screen readers and tooltips */
    double w, h;              /* px, >= 200 x 120 */
    struct tm_svg_axis x, y;
    const struct tm_svg_series *series;
    size_t n_series;                 /* <= TM_SVG_SERIES_MAX, more are left out */
    bool has_diagonal;               /* from corner to corner: chance, in a ROC plot */
    const struct tm_svg_span *spans; /* of x, shaded from top to bottom; borrowed */
    size_t n_spans;
    const char *spans_name; /* in the legend */
};
/* Axes, series and, for more than one series or for spans, a legend. */
void tm_svg_plot(struct tm_text *out, const struct tm_svg_plot *p);

#endif
