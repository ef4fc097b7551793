#include "page/svg_draw.h"

#include <assert.h>
#include <string.h>

#define NARROW_PX                                                                                  \
    500.0 /* wider pictures are scrolled on a small screen, not shrunk below LEGIBLE_PX */
#define LEGIBLE_PX  600.0
#define LINE_PX     18.0
#define SWATCH_PX   24.0
#define ITEM_GAP_PX 16.0

void tm_svg_begin(struct tm_text *out, double w, double h, const char *title, const char *desc)
{
    size_t id = out->len; /* differs from picture to picture on one page */
    tm_text_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
                   "style=\"max-width:%.0fpx;min-width:%.0fpx\" role=\"img\" "
                   "aria-labelledby=\"t%zu d%zu\">\n<title "
                   "id=\"t%zu\">",
                   w, h, w, w > NARROW_PX ? LEGIBLE_PX : 0, id, id, id);
    tm_text_escape(out, title);
    tm_text_printf(out, "</title>\n<desc id=\"d%zu\">", id);
    tm_text_escape(out, desc ? desc : "");
    tm_text_put(out, "</desc>\n");
}

void tm_svg_end(struct tm_text *out)
{
    tm_text_put(out, "</svg>\n");
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Advance widths of ASCII from the space on, in 1/100 of the size: those of DejaVu Sans (its hmtx table), which is wider than
 * the other usual sans-serif faces. */
static const unsigned char WIDTH[] = {
    32, 41, 46, 84, 64, 96, 78, 28, 40,  40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79,
    61, 79, 70, 64, 62, 74, 69, 99, 69,  62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64,
    64, 28, 28, 58, 28, 98, 64, 62, 64,  64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84};
static_assert(sizeof WIDTH == 0x7f - 0x20, "a width for each printable character");
#define WIDTH_OTHER 100 /* of a character beyond ASCII */

static double char_width(char c)
{
    unsigned char u = (unsigned char)c;
    if (is_continuation(c))
        return 0;
    return (u >= 0x20 && u < 0x7f ? WIDTH[u - 0x20] : WIDTH_OTHER) * TM_SVG_FONT_PX / 100;
}

double tm_svg_text_width(const char *s)
{
    double w = 0;
    for (; *s; s++)
        w += char_width(*s);
    return w;
}

void tm_svg_label(struct tm_text *out, const struct tm_svg_at *at, const char *cls, const char *s)
{
    static const char *const ANCHORS[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    char cut[128] = "";
    bool is_cut = at->room > 0 && tm_svg_text_width(s) > at->room;
    if (is_cut) {
        double w = WIDTH_OTHER * TM_SVG_FONT_PX / 100; /* the ellipsis */
        size_t n = 0;
        while (s[n] && n < sizeof cut - 4 && (w += char_width(s[n])) <= at->room)
            n++;
        while (n > 0 && is_continuation(s[n]))
            n--;
        memcpy(cut, s, n);
        memcpy(cut + n, "\xe2\x80\xa6", 4);
    }
    tm_text_printf(out, "<text x=\"%.1f\" y=\"%.1f\"%s", at->x, at->y, ANCHORS[at->anchor]);
    if (*cls)
        tm_text_printf(out, " class=\"%s\"", cls);
    tm_text_put(out, ">");
    if (is_cut) {
        tm_text_put(out, "<title>");
        tm_text_escape(out, s);
        tm_text_put(out, "</title>");
    }
    tm_text_escape(out, is_cut ? cut : s);
    tm_text_put(out, "</text>\n");
}

void tm_svg_line(struct tm_text *out, const char *cls, double x0, double y0, double x1, double y1)
{
    tm_text_printf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", cls, x0, y0, x1, y1);
}

void tm_svg_x_axis(struct tm_text *out, const struct tm_svg_axis_lines *a)
{
    double ticks[TM_TICKS_MAX];
    char text[TM_QUANTITY_LEN];
    uint32_t n = tm_scale_ticks(a->scale, a->wanted, ticks);
    double free_from = -1e9; /* labels that would touch their neighbour are left out */
    for (uint32_t i = 0; i < n; i++) {
        double x = tm_scale_px(a->scale, ticks[i]);
        tm_svg_line(out, "g", x, a->base, x, a->far);
        double half = tm_svg_text_width(tm_quantity(text, ticks[i], a->unit)) / 2;
        if (x - half < free_from)
            continue;
        tm_svg_label(out, &(struct tm_svg_at){x, a->base + 17, TM_SVG_MIDDLE, 0}, "m", text);
        free_from = x + half + 4;
    }
    tm_svg_line(out, "a", a->scale->px_low, a->base, a->scale->px_high, a->base);
    if (a->label) {
        double middle = (a->scale->px_low + a->scale->px_high) / 2;
        tm_svg_label(out, &(struct tm_svg_at){middle, a->base + 36, TM_SVG_MIDDLE, 2 * middle}, "m",
                     a->label);
    }
}

void tm_svg_y_axis(struct tm_text *out, const struct tm_svg_axis_lines *a)
{
    double ticks[TM_TICKS_MAX];
    char text[TM_QUANTITY_LEN];
    uint32_t n = tm_scale_ticks(a->scale, a->wanted, ticks);
    for (uint32_t i = 0; i < n; i++) {
        double y = tm_scale_px(a->scale, ticks[i]);
        tm_svg_line(out, "g", a->base, y, a->far, y);
        tm_svg_label(out, &(struct tm_svg_at){a->base - 6, y + 4, TM_SVG_END, 0}, "m",
                     tm_quantity(text, ticks[i], a->unit));
    }
    if (a->label)
        tm_svg_label(out, &(struct tm_svg_at){2, a->scale->px_high - 12, TM_SVG_START, a->far}, "m",
                     a->label);
}

void tm_svg_mark(struct tm_text *out, enum tm_svg_mark mark, unsigned tone, double x, double y)
{
    switch (mark) {
    case TM_SVG_DOT:
        tm_text_printf(out, "<circle class=\"f%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", tone, x,
                       y);
        return;
    case TM_SVG_DIAMOND:
        tm_text_printf(out, "<path class=\"h%u\" d=\"M%.1f %.1fl5.5 5.5l-5.5 5.5l-5.5 -5.5z\"/>\n",
                       tone, x, y - 5.5);
        return;
    case TM_SVG_TRIANGLE:
        tm_text_printf(out, "<path class=\"h%u\" d=\"M%.1f %.1fl5.5 9.5h-11z\"/>\n", tone, x,
                       y - 5.5);
        return;
    case TM_SVG_BAND:
        tm_text_printf(out,
                       "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"12\"/>\n",
                       x - 9, y - 6);
        return;
    case TM_SVG_STROKE:
        tm_text_printf(out, "<path class=\"s%u\" d=\"M%.1f %.1fh20\"/>\n", tone, x - 10, y);
        return;
    case TM_SVG_SQUARE:
        tm_text_printf(out,
                       "<rect class=\"f%u\" x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\"/>\n",
                       tone, x - 6, y - 6);
        return;
    }
}

double tm_svg_legend(struct tm_text *out, const struct tm_svg_legend_item *items, size_t n,
                     const double at[3])
{
    double x = at[0];
    double y = at[1];
    for (size_t i = 0; i < n; i++) {
        double w = SWATCH_PX + tm_svg_text_width(items[i].name);
        if (x > at[0] && x + w > at[0] + at[2]) {
            x = at[0];
            y += LINE_PX;
        }
        if (out) {
            tm_svg_mark(out, items[i].mark, items[i].tone, x + 10, y + 8);
            tm_svg_label(
                out, &(struct tm_svg_at){x + SWATCH_PX, y + 12, TM_SVG_START, at[2] - SWATCH_PX},
                "", items[i].name);
        }
        x += w + ITEM_GAP_PX;
    }
    return n > 0 ? y - at[1] + LINE_PX : 0;
}
