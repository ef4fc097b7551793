/* Pictures with a name at the left of each row: estimates with intervals, bars, and tables of shades. */
#include <math.h>
#include <stdio.h>

#include "audit/report/svg.h"
#include "page/svg_draw.h"

#define ROW_PX       30.0
#define BAR_ROW_PX   24.0
#define CELL_PX      40.0
#define GUTTER_PX    14.0
#define NAMES_MIN_PX 30.0 /* room for half of the first tick */
#define NAMES_SHARE  0.34 /* of the picture's width, at most */
#define VALUE_PX     160.0

static double names_px(const char *const *names, size_t n, double w)
{
    double widest = 0;
    for (size_t i = 0; i < n; i++)
        widest = fmax(widest, tm_svg_text_width(names[i]));
    return fmin(widest + GUTTER_PX, w * NAMES_SHARE);
}

static void draw_name(struct tm_text *out, double right, double y, const char *name)
{
    tm_svg_label(
        out, &(struct tm_svg_at){right - GUTTER_PX + 4, y + 4.5, TM_SVG_END, right - GUTTER_PX + 4},
        "", name);
}

static void draw_empty(struct tm_text *out, double w, double y)
{
    tm_svg_label(out, &(struct tm_svg_at){w / 2, y, TM_SVG_MIDDLE, 0}, "m", "no data");
}

/* ---- estimates ---- */

static void draw_estimate(struct tm_text *out, const struct tm_scale *x,
                          const struct tm_svg_estimate *e, double y)
{
    if (!isnan(e->band.low) && !isnan(e->band.high)) {
        double from = tm_scale_px(x, fmin(e->band.low, e->band.high));
        double to = tm_scale_px(x, fmax(e->band.low, e->band.high));
        tm_text_printf(out,
                       "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\"/>\n",
                       from, y - 10, fmax(to - from, 2));
    }
    for (unsigned k = 0; k < 2; k++) {
        if (!isnan(e->floor[k]))
            tm_svg_mark(out, k == 0 ? TM_SVG_DIAMOND : TM_SVG_TRIANGLE, k + 1,
                        tm_scale_px(x, e->floor[k]), y);
    }
    if (!isnan(e->value.low) && !isnan(e->value.high)) {
        double from = tm_scale_px(x, e->value.low);
        double to = tm_scale_px(x, e->value.high);
        tm_svg_line(out, "w", from, y, to, y);
        tm_svg_line(out, "w", from, y - 5, from, y + 5);
        tm_svg_line(out, "w", to, y - 5, to, y + 5);
    }
    if (!isnan(e->value.value))
        tm_svg_mark(out, TM_SVG_DOT, 0, tm_scale_px(x, e->value.value), y);
}

static void estimate_text(char *text, size_t cap, const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)snprintf(text, cap, "n/a");
    else if (isnan(v->low) || isnan(v->high))
        (void)snprintf(text, cap, "%.3f", v->value);
    else
        (void)snprintf(text, cap, "%.3f [%.3f, %.3f]", v->value, v->low, v->high);
}

static double estimates_legend(struct tm_text *out, const struct tm_svg_estimates *p)
{
    struct tm_svg_legend_item items[4];
    size_t n = 0;
    if (p->value_name)
        items[n++] = (struct tm_svg_legend_item){p->value_name, TM_SVG_DOT, 0};
    if (p->band_name)
        items[n++] = (struct tm_svg_legend_item){p->band_name, TM_SVG_BAND, 0};
    if (p->floor_name[0])
        items[n++] = (struct tm_svg_legend_item){p->floor_name[0], TM_SVG_DIAMOND, 1};
    if (p->floor_name[1])
        items[n++] = (struct tm_svg_legend_item){p->floor_name[1], TM_SVG_TRIANGLE, 2};
    return tm_svg_legend(out, items, n, (const double[]){2, 0, p->w - 4});
}

static struct tm_scale estimates_scale(const struct tm_svg_estimates *p)
{
    double low = p->reference;
    double high = p->reference;
    for (size_t i = 0; i < p->n; i++) {
        const struct tm_svg_estimate *e = &p->rows[i];
        const double v[] = {e->value.value, e->value.low, e->value.high, e->band.low,
                            e->band.high,   e->floor[0],  e->floor[1]};
        for (size_t k = 0; k < sizeof v / sizeof *v; k++) {
            low = fmin(low, v[k]); /* fmin and fmax pass over NaN */
            high = fmax(high, v[k]);
        }
    }
    bool is_given = p->x.low < p->x.high;
    return is_given ? tm_scale_fit(p->x.low, p->x.high, false, true)
                    : tm_scale_fit(low, high, false, false);
}

void tm_svg_estimates(struct tm_text *out, const struct tm_svg_estimates *p)
{
    double gutter = NAMES_MIN_PX;
    for (size_t i = 0; i < p->n; i++)
        gutter = fmax(gutter, names_px(&p->rows[i].name, 1, p->w));
    double top = estimates_legend(NULL, p) + 10;
    double bottom = top + ROW_PX * (double)(p->n > 0 ? p->n : 1);
    struct tm_scale x = estimates_scale(p);
    x.px_low = gutter + 8;
    x.px_high = p->w - VALUE_PX - 14;

    tm_svg_begin(out, p->w, bottom + (p->x.label ? 44 : 26), p->title, p->desc);
    (void)estimates_legend(out, p);
    tm_svg_x_axis(out, &(struct tm_svg_axis_lines){&x, bottom, top, 6, p->x.unit, p->x.label});
    if (!isnan(p->reference))
        tm_svg_line(out, "r", tm_scale_px(&x, p->reference), top, tm_scale_px(&x, p->reference),
                    bottom);
    for (size_t i = 0; i < p->n; i++) {
        double y = top + ROW_PX * ((double)i + 0.5);
        char text[96];
        draw_name(out, gutter, y, p->rows[i].name);
        draw_estimate(out, &x, &p->rows[i], y);
        estimate_text(text, sizeof text, &p->rows[i].value);
        tm_svg_label(out, &(struct tm_svg_at){p->w - 2, y + 4.5, TM_SVG_END, VALUE_PX + 30}, "v",
                     text);
    }
    if (p->n == 0)
        draw_empty(out, p->w, top + ROW_PX / 2);
    tm_svg_end(out);
}

/* ---- bars ---- */

static const char *bar_text(char text[TM_QUANTITY_LEN], double v, enum tm_unit unit)
{
    if (unit != TM_UNIT_SHARE || !isfinite(v) || fabs(v) > 1e3)
        return tm_quantity(text, v, unit);
    (void)snprintf(text, TM_QUANTITY_LEN, "%.1f %%", v * 100); /* the same digits in all rows */
    return text;
}

void tm_svg_bars(struct tm_text *out, const struct tm_svg_bars *p)
{
    double gutter = NAMES_MIN_PX;
    double largest = 0;
    for (size_t i = 0; i < p->n; i++) {
        gutter = fmax(gutter, names_px(&p->rows[i].name, 1, p->w));
        if (isfinite(p->rows[i].value))
            largest = fmax(largest, p->rows[i].value);
    }
    bool is_given = p->x.low < p->x.high;
    struct tm_scale x = is_given ? tm_scale_fit(p->x.low, p->x.high, false, true)
                                 : tm_scale_fit(0, largest > 0 ? largest : 1, false, true);
    double top = 6;
    double bottom = top + BAR_ROW_PX * (double)(p->n > 0 ? p->n : 1);
    x.px_low = gutter;
    x.px_high = p->w - 64;
    tm_svg_begin(out, p->w, bottom + (p->x.label ? 44 : 26), p->title, p->desc);
    tm_svg_x_axis(out, &(struct tm_svg_axis_lines){&x, bottom, top, 5, p->x.unit, p->x.label});
    for (size_t i = 0; i < p->n; i++) {
        double y = top + BAR_ROW_PX * ((double)i + 0.5);
        double end = tm_scale_px(&x, p->rows[i].value);
        char text[TM_QUANTITY_LEN];
        draw_name(out, gutter, y, p->rows[i].name);
        tm_text_printf(out,
                       "<rect class=\"f%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"15\"/>\n",
                       p->rows[i].tone % TM_SVG_TONES, x.px_low, y - 7.5, fmax(end - x.px_low, 0));
        tm_svg_label(out, &(struct tm_svg_at){end + 6, y + 4.5, TM_SVG_START, 0}, "v",
                     bar_text(text, p->rows[i].value, p->x.unit));
    }
    if (p->n == 0)
        draw_empty(out, p->w, top + BAR_ROW_PX / 2);
    tm_svg_end(out);
}

/* ---- shades ---- */

static uint64_t row_sum(const struct tm_svg_heat *p, size_t row)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < p->n_cols; j++)
        sum += p->counts[row * p->n_cols + j];
    return sum;
}

static void draw_cell(struct tm_text *out, const double box[4], uint64_t count, uint64_t sum)
{
    char text[TM_QUANTITY_LEN];
    char shown[TM_QUANTITY_LEN * 2];
    double share = sum > 0 ? (double)count / (double)sum : 0;
    tm_text_printf(out,
                   "<rect class=\"c\" fill-opacity=\"%.3f\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                   "height=\"%.1f\"/>\n",
                   0.04 + 0.86 * share, box[0], box[1], box[2] - 2, box[3] - 2);
    /* The text turns to the page's colour where the shade is dark. */
    const char *cls = share > 0.55 ? "i" : "";
    double x = box[0] + box[2] / 2 - 1;
    if (sum > 0)
        (void)snprintf(shown, sizeof shown, "%.1f %%", share * 100);
    else
        (void)snprintf(shown, sizeof shown, "n/a");
    tm_svg_label(out, &(struct tm_svg_at){x, box[1] + 17, TM_SVG_MIDDLE, box[2]}, cls, shown);
    tm_svg_label(out, &(struct tm_svg_at){x, box[1] + 32, TM_SVG_MIDDLE, box[2]},
                 share > 0.55   ? "i t"
                 : share > 0.15 ? "t"
                                : "m t",
                 tm_count(text, count));
}

void tm_svg_heat(struct tm_text *out, const struct tm_svg_heat *p)
{
    double gutter = names_px(p->rows, p->n_rows, p->w);
    if (p->row_label)
        gutter = fmax(gutter, tm_svg_text_width(p->row_label) + GUTTER_PX);
    double top = p->col_label ? 44 : 24;
    double cell_w = p->n_cols > 0 ? fmin((p->w - gutter) / (double)p->n_cols, 130) : 0;
    double bottom = top + CELL_PX * (double)(p->n_rows > 0 ? p->n_rows : 1);
    tm_svg_begin(out, p->w, bottom + 4, p->title, p->desc);
    if (p->col_label)
        tm_svg_label(out, &(struct tm_svg_at){gutter, 14, TM_SVG_START, p->w - gutter}, "m",
                     p->col_label);
    if (p->row_label)
        tm_svg_label(out, &(struct tm_svg_at){2, top - 8, TM_SVG_START, gutter}, "m", p->row_label);
    for (size_t j = 0; j < p->n_cols; j++) {
        double x = gutter + cell_w * ((double)j + 0.5);
        tm_svg_label(out, &(struct tm_svg_at){x, top - 8, TM_SVG_MIDDLE, cell_w - 4}, "",
                     p->cols[j]);
    }
    for (size_t i = 0; i < p->n_rows; i++) {
        double y = top + CELL_PX * (double)i;
        draw_name(out, gutter, y + CELL_PX / 2, p->rows[i]);
        for (size_t j = 0; j < p->n_cols; j++)
            draw_cell(out, (const double[]){gutter + cell_w * (double)j, y, cell_w, CELL_PX},
                      p->counts[i * p->n_cols + j], row_sum(p, i));
    }
    if (p->n_rows == 0 || p->n_cols == 0)
        draw_empty(out, p->w, top + CELL_PX / 2);
    tm_svg_end(out);
}
