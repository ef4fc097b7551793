#include "learner/report/model_page.h"

#include <stdio.h>

#include "learner/report/parts.h"
#include "page/html.h"
#include "page/scale.h"

#define DIGEST_SHOWN 8U

static void begin(struct tm_text *out, const struct tm_model_page *p)
{
    char title[128];
    char lead[160];
    size_t len = 0;
    const struct tm_model *m = &p->entry->model;
    (void)snprintf(title, sizeof title, "The model %.100s", m->name);
    len += (size_t)snprintf(lead, sizeof lead, "Kind %s, digest ", tm_model_kind_name(m->kind));
    for (size_t i = 0; i < DIGEST_SHOWN; i++)
        len += (size_t)snprintf(lead + len, sizeof lead - len, "%02x", p->entry->digest[i]);
    (void)snprintf(lead + len, sizeof lead - len, ".");
    tm_html_begin(out, title, lead);
    if (p->capture) {
        char text[TM_QUANTITY_LEN];
        tm_html_paragraph(out, "Beside it, %s connections of the captures that were given.",
                          tm_count(text, p->n_conns));
    }
}

static int body(struct tm_text *out, const struct tm_model_page *p)
{
    const struct tm_model *m = &p->entry->model;
    int rc = TM_OK;
    if (m->kind == TM_MODEL_SWING)
        rc = tm_model_page_params(out, &m->u.swing, p->capture);
    if (rc == TM_OK && p->capture_energy)
        tm_model_page_energy(out, p);
    if (rc == TM_OK)
        rc = tm_model_page_examples(out, m);
    if (rc == TM_OK)
        tm_model_page_origin(out, p->entry);
    return rc;
}

int tm_model_page(struct tm_text *out, const struct tm_model_page *p)
{
    begin(out, p);
    int rc = body(out, p);
    if (rc != TM_OK)
        return rc;
    tm_html_section_begin(out, "repeat", "To repeat this");
    tm_html_paragraph(out, "The same model and captures give the same page.");
    tm_html_code(out, p->command);
    tm_html_section_end(out);
    tm_html_end(out, "tm-learn");
    return tm_text_status(out);
}
