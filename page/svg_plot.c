#include "page/svg_plot.h"

#include <math.h>

#include "page/svg_draw.h"

#define PATH_GRAIN_PX 0.5 /* vertices nearer than this to the last one are not drawn */
#define LEGEND_GAP_PX 6.0

struct frame {
    struct tm_scale x, y;
    double left, right, top, bottom; /* px of the plotting area */
};

static bool is_shown(double v, bool is_log)
{
    return isfinite(v) && (!is_log || v > 0);
}

/* The axis for the data in it, or the one that was asked for. */
static struct tm_scale fit(const struct tm_svg_plot *p, const struct tm_svg_axis *axis, bool is_x)
{
    double low = INFINITY;
    double high = -INFINITY;
    if (axis->low < axis->high && (!axis->is_log || axis->low > 0))
        return tm_scale_fit(axis->low, axis->high, axis->is_log, true);
    for (size_t k = 0; k < p->n_series && k < TM_SVG_SERIES_MAX; k++) {
        const double *v = is_x ? p->series[k].x : p->series[k].y;
        for (size_t i = 0; i < p->series[k].n; i++) {
            if (is_shown(v[i], axis->is_log)) {
                low = fmin(low, v[i]);
                high = fmax(high, v[i]);
            }
        }
    }
    return low > high ? tm_scale_fit(NAN, NAN, axis->is_log, false)
                      : tm_scale_fit(low, high, axis->is_log, false);
}

static bool has_data(const struct tm_svg_plot *p)
{
    for (size_t k = 0; k < p->n_series && k < TM_SVG_SERIES_MAX; k++) {
        for (size_t i = 0; i < p->series[k].n; i++) {
            if (!isnan(p->series[k].x[i]) && !isnan(p->series[k].y[i]))
                return true;
        }
    }
    return false;
}

static void draw_points(struct tm_text *out, const struct frame *f, const struct tm_svg_series *s)
{
    tm_text_printf(out, "<g class=\"p%u\">\n", s->tone % TM_SVG_TONES);
    for (size_t i = 0; i < s->n; i++) {
        if (!isnan(s->x[i]) && !isnan(s->y[i]))
            tm_text_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>\n",
                           tm_scale_px(&f->x, s->x[i]), tm_scale_px(&f->y, s->y[i]));
    }
    tm_text_put(out, "</g>\n");
}

static void draw_path(struct tm_text *out, const struct frame *f, const struct tm_svg_series *s)
{
    double last_x = NAN;
    double last_y = NAN;
    bool is_down = false; /* the pen */
    tm_text_printf(out, "<path class=\"s%u\" d=\"", s->tone % TM_SVG_TONES);
    for (size_t i = 0; i < s->n; i++) {
        if (isnan(s->x[i]) || isnan(s->y[i])) {
            is_down = false;
            continue;
        }
        double x = tm_scale_px(&f->x, s->x[i]);
        double y = tm_scale_px(&f->y, s->y[i]);
        bool is_near =
            is_down && fabs(x - last_x) < PATH_GRAIN_PX && fabs(y - last_y) < PATH_GRAIN_PX;
        bool is_last = i + 1 == s->n;
        if (is_near && !is_last)
            continue;
        if (!is_down)
            tm_text_printf(out, "M%.1f %.1f", x, y);
        else if (s->style == TM_SVG_STEP)
            tm_text_printf(out, "H%.1fV%.1f", x, y);
        else
            tm_text_printf(out, "L%.1f %.1f", x, y);
        is_down = true;
        last_x = x;
        last_y = y;
    }
    if (isnan(last_x)) /* a path needs a beginning */
        tm_text_printf(out, "M%.1f %.1f", f->left, f->bottom);
    tm_text_put(out, "\"/>\n");
}

static void draw_spans(struct tm_text *out, const struct frame *f, const struct tm_svg_plot *p)
{
    for (size_t i = 0; i < p->n_spans; i++) {
        double from = tm_scale_px(&f->x, p->spans[i].from);
        double to = tm_scale_px(&f->x, p->spans[i].to);
        tm_text_printf(out,
                       "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                       fmin(from, to), f->top, fabs(to - from), f->bottom - f->top);
    }
}

static double widest_tick(const struct tm_scale *s, enum tm_unit unit)
{
    double ticks[TM_TICKS_MAX];
    char text[TM_QUANTITY_LEN];
    double widest = 0;
    uint32_t n = tm_scale_ticks(s, 5, ticks);
    for (uint32_t i = 0; i < n; i++)
        widest = fmax(widest, tm_svg_text_width(tm_quantity(text, ticks[i], unit)));
    return widest;
}

static struct frame frame_of(const struct tm_svg_plot *p, double legend_px)
{
    struct frame f = {.x = fit(p, &p->x, true), .y = fit(p, &p->y, false)};
    f.left = widest_tick(&f.y, p->y.unit) + 10;
    f.right = p->w - widest_tick(&f.x, p->x.unit) / 2 - 4;
    f.top = legend_px + (p->y.label ? 26 : 8);
    f.bottom = p->h - (p->x.label ? 44 : 24);
    f.x.px_low = f.left;
    f.x.px_high = f.right;
    f.y.px_low = f.bottom;
    f.y.px_high = f.top;
    return f;
}

void tm_svg_plot(struct tm_text *out, const struct tm_svg_plot *p)
{
    struct tm_svg_legend_item items[TM_SVG_SERIES_MAX + 1];
    size_t n = p->n_series < TM_SVG_SERIES_MAX ? p->n_series : TM_SVG_SERIES_MAX;
    size_t n_items = n;
    for (size_t k = 0; k < n; k++)
        items[k] = (struct tm_svg_legend_item){
            p->series[k].name, p->series[k].style == TM_SVG_POINTS ? TM_SVG_DOT : TM_SVG_STROKE,
            p->series[k].tone % TM_SVG_TONES};
    if (p->n_spans > 0)
        items[n_items++] = (struct tm_svg_legend_item){p->spans_name, TM_SVG_BAND, 0};
    const double at[] = {2, 0, p->w - 4};
    double legend_px = n_items > 1 ? tm_svg_legend(NULL, items, n_items, at) + LEGEND_GAP_PX : 0;
    struct frame f = frame_of(p, legend_px);

    tm_svg_begin(out, p->w, p->h, p->title, p->desc);
    if (n_items > 1)
        (void)tm_svg_legend(out, items, n_items, at);
    draw_spans(out, &f, p);
    tm_svg_y_axis(out,
                  &(struct tm_svg_axis_lines){&f.y, f.left, f.right, 5, p->y.unit, p->y.label});
    tm_svg_x_axis(out, &(struct tm_svg_axis_lines){&f.x, f.bottom, f.top, p->w < 420 ? 4 : 6,
                                                   p->x.unit, p->x.label});
    if (p->has_diagonal)
        tm_svg_line(out, "r", f.left, f.bottom, f.right, f.top);
    for (size_t k = 0; k < n; k++)
        (p->series[k].style == TM_SVG_POINTS ? draw_points : draw_path)(out, &f, &p->series[k]);
    if (!has_data(p))
        tm_svg_label(
            out,
            &(struct tm_svg_at){(f.left + f.right) / 2, (f.top + f.bottom) / 2, TM_SVG_MIDDLE, 0},
            "m", "no data");
    tm_svg_end(out);
}
