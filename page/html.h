/* page/html.h - one self-contained page: sections, tables, verdicts and warnings around pictures.
 *
 * No script and no external resource, and the page's policy forbids both.  Every text given here is escaped; what was escaped already
 * (audit/report/svg.h) is written into `out` between the calls.  Light and dark follow the reader's system; prints on paper. */
#ifndef TM_PAGE_HTML_H
#define TM_PAGE_HTML_H

#include <stddef.h>

#include "page/text.h"

/* Head and title of the page; lead: one line under the title, NULL: none. */
void tm_html_begin(struct tm_text *out, const char *title, const char *lead);
/* Foot with the program's name and its version. */
void tm_html_end(struct tm_text *out, const char *program);

/* id: letters and dashes, unique on the page. */
void tm_html_section_begin(struct tm_text *out, const char *id, const char *heading);
void tm_html_section_end(struct tm_text *out);
void tm_html_subheading(struct tm_text *out, const char *heading);
/* A paragraph; tm_html_note: a smaller one, in the muted colour. */
void tm_html_paragraph(struct tm_text *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void tm_html_note(struct tm_text *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A command line, as it is typed. */
void tm_html_code(struct tm_text *out, const char *text);

/* The tone is also said in words by a badge, so that colour is not the only sign of it. */
enum tm_html_tone { TM_TONE_PLAIN, TM_TONE_GOOD, TM_TONE_BAD, TM_TONE_UNSURE };
/* about: what is judged; badge: the outcome in a word or two. */
struct tm_html_verdict {
    enum tm_html_tone tone;
    const char *about, *badge, *text;
};
void tm_html_verdict(struct tm_text *out, const struct tm_html_verdict *v);
void tm_html_warning(struct tm_text *out, const char *text);

/* A figure: the picture is written between the two calls. */
void tm_html_figure_begin(struct tm_text *out, const char *heading);
void tm_html_figure_end(struct tm_text *out, const char *caption);
/* What is written between the two stands side by side, in columns of at least this width; one below the other where there is no
 * room. */
enum tm_html_grid { TM_GRID_HALVES, TM_GRID_THIRDS };
void tm_html_grid_begin(struct tm_text *out, enum tm_html_grid grid);
void tm_html_grid_end(struct tm_text *out);

/* A table; columns whose head begins with '#' hold numbers (set to the right, the '#' is not shown).  Cells stand
 * between the beginning and the end of a row. */
void tm_html_table_begin(struct tm_text *out, const char *caption, const char *const *heads,
                         size_t n);
void tm_html_row_begin(struct tm_text *out);
void tm_html_row_end(struct tm_text *out);
void tm_html_cell(struct tm_text *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tm_html_number_cell(struct tm_text *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void tm_html_badge_cell(struct tm_text *out, enum tm_html_tone tone, const char *badge);
void tm_html_table_end(struct tm_text *out);

/* Term and explanation, in a list that begins and ends. */
void tm_html_list_begin(struct tm_text *out);
void tm_html_list_item(struct tm_text *out, const char *term, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void tm_html_list_end(struct tm_text *out);

#endif
