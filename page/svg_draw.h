/* page/svg_draw.h - the strokes that all pictures share; used by svg_*.c alone.
 *
 * Nothing is measured here, as there is no font: widths are estimated on the safe side, room is made for them, and what still
 * does not fit is cut with an ellipsis and kept whole in a tooltip.  Colours are classes of the page's style sheet. */
#ifndef TM_PAGE_SVG_DRAW_H
#define TM_PAGE_SVG_DRAW_H

#include "page/scale.h"
#include "page/text.h"

#define TM_SVG_FONT_PX 13.0

enum tm_svg_anchor { TM_SVG_START, TM_SVG_MIDDLE, TM_SVG_END };

struct tm_svg_at {
    double x, y; /* px, y of the base line */
    enum tm_svg_anchor anchor;
    double room; /* px at most; 0: no limit */
};

/* Opens and closes a picture of w x h px; title and desc are what a screen reader reads. */
void tm_svg_begin(struct tm_text *out, double w, double h, const char *title, const char *desc);
void tm_svg_end(struct tm_text *out);
/* Estimate of the drawn width of s, px. */
double tm_svg_text_width(const char *s);
/* s with a class ("", "m" muted, "v" value). */
void tm_svg_label(struct tm_text *out, const struct tm_svg_at *at, const char *cls, const char *s);
void tm_svg_line(struct tm_text *out, const char *cls, double x0, double y0, double x1, double y1);
/* Grid, ticks and label of an axis: x along y = `base` with grid lines up to `far`; y likewise. */
struct tm_svg_axis_lines {
    const struct tm_scale *scale;
    double base, far;
    uint32_t wanted; /* ticks */
    enum tm_unit unit;
    const char *label; /* NULL: none */
};
void tm_svg_x_axis(struct tm_text *out, const struct tm_svg_axis_lines *a);
void tm_svg_y_axis(struct tm_text *out, const struct tm_svg_axis_lines *a);

/* Marks that differ in shape as well as in colour. */
enum tm_svg_mark {
    TM_SVG_DOT,
    TM_SVG_DIAMOND,
    TM_SVG_TRIANGLE,
    TM_SVG_BAND,
    TM_SVG_STROKE,
    TM_SVG_SQUARE
};
void tm_svg_mark(struct tm_text *out, enum tm_svg_mark mark, unsigned tone, double x, double y);

struct tm_svg_legend_item {
    const char *name;
    enum tm_svg_mark mark;
    unsigned tone;
};
/* Items from (x, y) on, wrapped at x + w.  Returns the height used, px; out NULL: only measures. */
double tm_svg_legend(struct tm_text *out, const struct tm_svg_legend_item *items, size_t n,
                     const double at[3]);

#endif
