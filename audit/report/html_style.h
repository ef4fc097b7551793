/* audit/report/html_style.h - the style sheet of a report's page and of the pictures in it. */
#ifndef TM_AUDIT_REPORT_HTML_STYLE_H
#define TM_AUDIT_REPORT_HTML_STYLE_H

#include "audit/report/text.h"

/* CSS. */
void tm_html_style(struct tm_text *out);

#endif
