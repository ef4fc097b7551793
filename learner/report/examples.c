/* Connections drawn from the model. */
#include <stdio.h>
#include <stdlib.h>

#include "learner/report/parts.h"
#include "models/gen.h"
#include "page/html.h"
#include "page/scale.h"
#include "page/svg_plot.h"

#define N_EXAMPLES 6U
#define SEED       1U

/* How the bytes of one connection add up in either direction. */
struct writes {
    double *t_s[2]; /* owned, n[dir] points; from 0 bytes at 0 s to the end of the connection */
    double *bytes[2];
    size_t n[2];
    double end_s;
};

static void writes_deinit(struct writes *w)
{
    for (size_t dir = 0; dir < 2; dir++) {
        free(w->t_s[dir]);
        free(w->bytes[dir]);
    }
}

static void add_point(struct writes *w, unsigned dir, double t_s, double bytes)
{
    size_t i = w->n[dir]++;
    w->t_s[dir][i] = t_s;
    w->bytes[dir][i] = (i > 0 ? w->bytes[dir][i - 1] : 0) + bytes;
}

/* When each write begins if the network takes no time: its event's time and its gap. */
static int lay_out(struct writes *w, const struct tm_plan *p)
{
    size_t n = p->n_writes > 0 ? p->n_writes : 1;
    double *at = calloc(n, sizeof *at);
    int rc = at ? TM_OK : TM_ERR_NOMEM;
    *w = (struct writes){0};
    for (size_t dir = 0; dir < 2; dir++) {
        w->t_s[dir] = calloc(n + 2, sizeof(double));
        w->bytes[dir] = calloc(n + 2, sizeof(double));
        if (!w->t_s[dir] || !w->bytes[dir])
            rc = TM_ERR_NOMEM;
        else
            add_point(w, (unsigned)dir, 0, 0);
    }
    for (size_t i = 0; i < p->n_writes && rc == TM_OK; i++) {
        const struct tm_write *x = &p->w[i];
        double event = x->ref_back > 0 ? at[i - x->ref_back] : 0;
        at[i] = event + (double)x->gap_us / 1e6;
        add_point(w, x->dir, at[i], (double)x->size);
        w->end_s = at[i] > w->end_s ? at[i] : w->end_s;
    }
    for (unsigned dir = 0; dir < 2 && rc == TM_OK; dir++)
        add_point(w, dir, w->end_s, 0);
    free(at);
    return rc;
}

static void plot(struct tm_text *out, const struct tm_plan *p, const struct writes *w,
                 uint64_t number)
{
    char heading[64];
    char up[TM_QUANTITY_LEN];
    char down[TM_QUANTITY_LEN];
    char last[TM_QUANTITY_LEN];
    char caption[160];
    const struct tm_svg_series series[] = {
        {"up", w->t_s[TM_UP], w->bytes[TM_UP], w->n[TM_UP], TM_SVG_STEP, 0},
        {"down", w->t_s[TM_DOWN], w->bytes[TM_DOWN], w->n[TM_DOWN], TM_SVG_STEP, 1},
    };
    (void)snprintf(heading, sizeof heading, "Connection %llu", (unsigned long long)number);
    (void)snprintf(caption, sizeof caption, "%zu writes: %s up, %s down, the last after %s.",
                   p->n_writes, tm_quantity(up, (double)tm_plan_bytes(p, TM_UP), TM_UNIT_BYTES),
                   tm_quantity(down, (double)tm_plan_bytes(p, TM_DOWN), TM_UNIT_BYTES),
                   tm_quantity(last, w->end_s, TM_UNIT_SECONDS));
    tm_html_figure_begin(out, heading);
    tm_svg_plot(out, &(struct tm_svg_plot){
                         .title = heading,
                         .desc = "Bytes sent so far against time, in either direction.",
                         .w = TM_MODEL_PAGE_HALF_PX,
                         .h = 200,
                         .x = {.unit = TM_UNIT_SECONDS},
                         .y = {.label = "bytes so far", .unit = TM_UNIT_BYTES},
                         .series = series,
                         .n_series = 2,
                     });
    tm_html_figure_end(out, caption);
}

int tm_model_page_examples(struct tm_text *out, const struct tm_model *m)
{
    struct tm_gen *g = NULL;
    struct tm_plan plan = {0};
    struct tm_gen_cfg cfg = {.model = m, .n_users = 1};
    tm_seed_from_u64(cfg.seed, SEED);
    tm_html_section_begin(out, "examples", "Connections that it makes");
    tm_html_paragraph(
        out, "Drawn with seed %u, not recorded; as they would be if the network took no time.",
        SEED);
    tm_html_grid_begin(out, TM_GRID_HALVES);
    int rc = tm_gen_new(&g, &cfg);
    for (uint64_t i = 0; i < N_EXAMPLES && rc == TM_OK; i++) {
        struct writes w;
        rc = tm_gen_plan(g, 0, i, &plan);
        if (rc != TM_OK)
            break;
        rc = lay_out(&w, &plan);
        if (rc == TM_OK)
            plot(out, &plan, &w, i + 1);
        writes_deinit(&w);
    }
    tm_html_grid_end(out);
    tm_html_section_end(out);
    tm_plan_deinit(&plan);
    tm_gen_free(g);
    return rc;
}
