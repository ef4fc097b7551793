#include "page/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "page/html_style.h"

#define TEXT_MAX 2048U

void tm_html_begin(struct tm_text *out, const char *title, const char *lead)
{
    tm_text_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'\"/>\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                     "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    tm_text_escape(out, title);
    tm_text_put(out, "</title>\n<style>\n");
    tm_html_style(out);
    tm_text_put(out, "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>");
    tm_text_escape(out, title);
    tm_text_put(out, "</h1>\n");
    if (lead) {
        tm_text_put(out, "<p class=\"lead\">");
        tm_text_escape(out, lead);
        tm_text_put(out, "</p>\n");
    }
    tm_text_put(out, "</header>\n");
}

void tm_html_end(struct tm_text *out, const char *program)
{
    tm_text_put(out, "<footer>");
    tm_text_escape(out, program);
    tm_text_put(out, " " TM_VERSION "</footer>\n</main>\n</body>\n</html>\n");
}

/* <tag attributes>text</tag> */
static void element(struct tm_text *out, const char *tag, const char *attributes, const char *text)
{
    tm_text_printf(out, "<%s%s>", tag, attributes);
    tm_text_escape(out, text);
    tm_text_printf(out, "</%s>\n", tag);
}

void tm_html_section_begin(struct tm_text *out, const char *id, const char *heading)
{
    tm_text_put(out, "<section id=\"");
    tm_text_escape(out, id);
    tm_text_put(out, "\">\n");
    element(out, "h2", "", heading);
}

void tm_html_section_end(struct tm_text *out)
{
    tm_text_put(out, "</section>\n");
}

void tm_html_subheading(struct tm_text *out, const char *heading)
{
    element(out, "h3", "", heading);
}

/* Formats fmt and the arguments behind it into `text`, an array of TEXT_MAX. */
#define FORMAT(text, fmt)                                                                          \
    do {                                                                                           \
        va_list ap;                                                                                \
        va_start(ap, fmt);                                                                         \
        (void)vsnprintf(text, sizeof(text), fmt, ap);                                              \
        va_end(ap);                                                                                \
    } while (0)

void tm_html_paragraph(struct tm_text *out, const char *fmt, ...)
{
    char text[TEXT_MAX];
    FORMAT(text, fmt);
    element(out, "p", "", text);
}

void tm_html_note(struct tm_text *out, const char *fmt, ...)
{
    char text[TEXT_MAX];
    FORMAT(text, fmt);
    element(out, "p", " class=\"note\"", text);
}

void tm_html_code(struct tm_text *out, const char *text)
{
    element(out, "pre", "", text);
}

static const char *tone_class(enum tm_html_tone tone)
{
    static const char *const CLASSES[] = {"plain", "good", "bad", "unsure"};
    return CLASSES[tone];
}

static void put_badge(struct tm_text *out, enum tm_html_tone tone, const char *badge)
{
    tm_text_printf(out, "<span class=\"badge %s\">", tone_class(tone));
    tm_text_escape(out, badge);
    tm_text_put(out, "</span>");
}

void tm_html_verdict(struct tm_text *out, const struct tm_html_verdict *v)
{
    tm_text_printf(out, "<div class=\"verdict %s\">\n<div><strong>", tone_class(v->tone));
    tm_text_escape(out, v->about);
    tm_text_put(out, "</strong> ");
    put_badge(out, v->tone, v->badge);
    tm_text_put(out, "</div>\n");
    element(out, "p", "", v->text);
    tm_text_put(out, "</div>\n");
}

void tm_html_warning(struct tm_text *out, const char *text)
{
    tm_text_put(out, "<div class=\"warning\"><strong>Note.</strong> ");
    tm_text_escape(out, text);
    tm_text_put(out, "</div>\n");
}

void tm_html_figure_begin(struct tm_text *out, const char *heading)
{
    tm_text_put(out, "<figure>\n");
    if (heading)
        element(out, "h4", "", heading);
}

void tm_html_figure_end(struct tm_text *out, const char *caption)
{
    if (caption)
        element(out, "figcaption", "", caption);
    tm_text_put(out, "</figure>\n");
}

void tm_html_grid_begin(struct tm_text *out, enum tm_html_grid grid)
{
    tm_text_put(out, grid == TM_GRID_HALVES ? "<div class=\"grid halves\">\n"
                                            : "<div class=\"grid\">\n");
}

void tm_html_grid_end(struct tm_text *out)
{
    tm_text_put(out, "</div>\n");
}

void tm_html_table_begin(struct tm_text *out, const char *caption, const char *const *heads,
                         size_t n)
{
    tm_text_put(out, "<div class=\"table\"><table>\n");
    if (caption)
        element(out, "caption", "", caption);
    tm_text_put(out, "<thead><tr>\n");
    for (size_t i = 0; i < n; i++) {
        bool is_number = heads[i][0] == '#';
        element(out, "th", is_number ? " scope=\"col\" class=\"n\"" : " scope=\"col\"",
                heads[i] + is_number);
    }
    tm_text_put(out, "</tr></thead>\n<tbody>\n");
}

void tm_html_row_begin(struct tm_text *out)
{
    tm_text_put(out, "<tr>\n");
}

void tm_html_row_end(struct tm_text *out)
{
    tm_text_put(out, "</tr>\n");
}

void tm_html_cell(struct tm_text *out, const char *fmt, ...)
{
    char text[TEXT_MAX];
    FORMAT(text, fmt);
    element(out, "td", "", text);
}

void tm_html_number_cell(struct tm_text *out, const char *fmt, ...)
{
    char text[TEXT_MAX];
    FORMAT(text, fmt);
    element(out, "td", " class=\"n\"", text);
}

void tm_html_badge_cell(struct tm_text *out, enum tm_html_tone tone, const char *badge)
{
    tm_text_put(out, "<td>");
    put_badge(out, tone, badge);
    tm_text_put(out, "</td>\n");
}

void tm_html_table_end(struct tm_text *out)
{
    tm_text_put(out, "</tbody></table></div>\n");
}

void tm_html_list_begin(struct tm_text *out)
{
    tm_text_put(out, "<dl>\n");
}

void tm_html_list_item(struct tm_text *out, const char *term, const char *fmt, ...)
{
    char text[TEXT_MAX];
    FORMAT(text, fmt);
    element(out, "dt", "", term);
    element(out, "dd", "", text);
}

void tm_html_list_end(struct tm_text *out)
{
    tm_text_put(out, "</dl>\n");
}
