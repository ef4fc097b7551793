/* page/html_style.h - the style sheet of a report's page and of the pictures in it. */
#ifndef TM_PAGE_HTML_STYLE_H
#define TM_PAGE_HTML_STYLE_H

#include "page/text.h"

/* CSS. */
void tm_html_style(struct tm_text *out);

#endif
