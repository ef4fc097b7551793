#include "audit/report/svg.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page/svg_draw.h"
#include "test/support/check.h"

static size_t count(const char *in, const char *what)
{
    size_t n = 0;
    for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

/* No number that a browser cannot read, and elements that are closed. */
static void check_sound(const struct tm_text *t)
{
    CHECK_INT(tm_text_status(t), TM_OK);
    CHECK(strstr(t->p, "=\"nan") == NULL && strstr(t->p, "inf\"") == NULL &&
          strstr(t->p, " nan") == NULL && strstr(t->p, "Mnan") == NULL &&
          strstr(t->p, "Lnan") == NULL && strstr(t->p, "-nan") == NULL);
    CHECK_INT(count(t->p, "<svg"), count(t->p, "</svg>"));
    CHECK_INT(count(t->p, "<text"), count(t->p, "</text>"));
    CHECK_INT(count(t->p, "<g "), count(t->p, "</g>"));
}

static const struct tm_svg_plot PLOT = {
    .title = "T", .desc = "D", .w = 400, .h = 300, .x = {.label = "x"}, .y = {.label = "y"}};

static void a_line_runs_from_corner_to_corner_of_its_axes(void)
{
    const double x[] = {0, 1};
    const double y[] = {0, 1};
    const struct tm_svg_series s = {"only", x, y, 2, TM_SVG_LINE, 0};
    struct tm_svg_plot p = PLOT;
    struct tm_text t = {0};
    p.series = &s;
    p.n_series = 1;
    p.has_diagonal = true;
    tm_svg_plot(&t, &p);
    check_sound(&t);
    /* The data's line and the diagonal have the same ends. */
    const char *diagonal = strstr(t.p, "class=\"r\" d=\"");
    const char *line = strstr(t.p, "class=\"s0\" d=\"");
    CHECK(diagonal && line);
    if (diagonal && line) {
        diagonal += strlen("class=\"r\" d=\"");
        line += strlen("class=\"s0\" d=\"");
        CHECK_MEM(line, diagonal, strcspn(diagonal, "\"") + 1);
    }
    CHECK_INT(count(t.p, ">only<"), 0); /* a legend for one series says nothing */
    tm_text_deinit(&t);
}

static void several_series_get_a_legend_and_steps_are_square(void)
{
    const double x[] = {1, 2, 3};
    const double y[] = {0.2, 0.4, 1};
    const struct tm_svg_series s[] = {{"real", x, y, 3, TM_SVG_STEP, 0},
                                      {"cover <a&b>", x, y, 3, TM_SVG_POINTS, 1}};
    struct tm_svg_plot p = PLOT;
    struct tm_text t = {0};
    p.series = s;
    p.n_series = 2;
    tm_svg_plot(&t, &p);
    check_sound(&t);
    CHECK_INT(count(t.p, ">real</text>"), 1);
    CHECK_INT(count(t.p, ">cover &lt;a&amp;b&gt;</text>"), 1);
    CHECK_INT(count(t.p, "r=\"2\""), 3);
    const char *steps = strstr(t.p, "class=\"s0\" d=\"M");
    steps = steps ? strstr(steps + 1, "class=\"s0\" d=\"M") : NULL; /* the first is the legend's */
    CHECK(steps != NULL);
    if (steps) {
        const char *end = strchr(steps + 14, '"');
        CHECK(end && memchr(steps, 'H', (size_t)(end - steps)) &&
              !memchr(steps, 'L', (size_t)(end - steps)));
    }
    tm_text_deinit(&t);
}

static void a_gap_lifts_the_pen(void)
{
    const double x[] = {0, 1, 2, 3, 4};
    const double y[] = {0, 1, NAN, 1, 0};
    const struct tm_svg_series s = {"s", x, y, 5, TM_SVG_LINE, 0};
    struct tm_svg_plot p = PLOT;
    struct tm_text t = {0};
    p.series = &s;
    p.n_series = 1;
    tm_svg_plot(&t, &p);
    check_sound(&t);
    const char *path = strstr(t.p, "class=\"s0\" d=\"");
    CHECK(path != NULL);
    if (path) {
        char d[256] = "";
        (void)sscanf(path, "class=\"s0\" d=\"%255[^\"]", d);
        CHECK_INT(count(d, "M"), 2);
        CHECK_INT(count(d, "L"), 2);
    }
    tm_text_deinit(&t);
}

static void thousands_of_points_cost_no_more_than_the_paper_shows(void)
{
    enum { N = 20000 };
    double *v = calloc(2 * N, sizeof *v);
    CHECK(v != NULL);
    if (!v)
        return;
    for (size_t i = 0; i < N; i++)
        v[i] = v[N + i] = (double)i / N;
    const struct tm_svg_series s = {"s", v, v + N, N, TM_SVG_STEP, 0};
    struct tm_svg_plot p = PLOT;
    struct tm_text t = {0};
    p.series = &s;
    p.n_series = 1;
    tm_svg_plot(&t, &p);
    check_sound(&t);
    CHECK(t.len < 30000);
    tm_text_deinit(&t);
    free(v);
}

static void nothing_to_plot_is_said(void)
{
    const double none[] = {NAN, NAN};
    const struct tm_svg_series s[] = {{"a", none, none, 2, TM_SVG_LINE, 0},
                                      {"b", NULL, NULL, 0, TM_SVG_STEP, 1}};
    struct tm_svg_plot p = PLOT;
    for (size_t n = 0; n <= 2; n++) {
        struct tm_text t = {0};
        p.series = s;
        p.n_series = n;
        p.x.is_log = n == 2;
        tm_svg_plot(&t, &p);
        check_sound(&t);
        CHECK_INT(count(t.p, ">no data</text>"), 1);
        tm_text_deinit(&t);
    }
    struct tm_text t = {0};
    tm_svg_estimates(&t, &(struct tm_svg_estimates){.title = "e", .w = 500, .reference = NAN});
    tm_svg_bars(&t, &(struct tm_svg_bars){.title = "b", .w = 500});
    tm_svg_heat(&t, &(struct tm_svg_heat){.title = "h", .w = 500});
    check_sound(&t);
    CHECK_INT(count(t.p, ">no data</text>"), 3);
    tm_text_deinit(&t);
}

static void extreme_values_stay_on_the_paper(void)
{
    static const double V[] = {0, -1, DBL_MAX, -DBL_MAX, INFINITY, -INFINITY, 5e-324, NAN, 1e18};
    enum { N = sizeof V / sizeof *V };
    struct tm_text t = {0};
    for (size_t i = 0; i < N; i++) {
        for (unsigned k = 0; k < 6; k++) {
            const double pair[] = {V[i], V[(i + k) % N]};
            const struct tm_svg_series s = {"s", pair, pair, 2, (enum tm_svg_style)(k % 3), k};
            struct tm_svg_plot p = PLOT;
            p.series = &s;
            p.n_series = 1;
            p.x.is_log = k >= 3;
            tm_svg_plot(&t, &p);
            const struct tm_svg_estimate e = {
                "e", {V[i], pair[1], V[i]}, {0, pair[1], V[i]}, {V[i], pair[1]}};
            tm_svg_estimates(&t,
                             &(struct tm_svg_estimates){
                                 .title = "e", .w = 500, .reference = pair[1], .rows = &e, .n = 1});
            const struct tm_svg_bar b = {"b", V[i], k};
            tm_svg_bars(
                &t,
                &(struct tm_svg_bars){
                    .title = "b", .w = 500, .x.unit = (enum tm_unit)(k % 5), .rows = &b, .n = 1});
        }
    }
    check_sound(&t);
    tm_text_deinit(&t);
}

static void estimates_show_value_interval_and_floors(void)
{
    const struct tm_svg_estimate rows[] = {
        {"sizes", {0.671, 0.651, 0.690}, {NAN, 0.48, 0.52}, {0.51, 0.63}},
        {"times", {0.9, NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN}},
        {"all", {NAN, NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN}},
    };
    struct tm_text t = {0};
    tm_svg_estimates(&t, &(struct tm_svg_estimates){.title = "e",
                                                    .w = 900,
                                                    .reference = 0.5,
                                                    .value_name = "cover",
                                                    .floor_name = {"R", "Rb"},
                                                    .rows = rows,
                                                    .n = 3});
    check_sound(&t);
    CHECK_INT(count(t.p, ">0.671 [0.651, 0.690]</text>"), 1);
    CHECK_INT(count(t.p, ">0.900</text>"), 1);
    CHECK_INT(count(t.p, ">n/a</text>"), 1);
    CHECK_INT(count(t.p, "<circle"), 3);      /* two values and the legend's */
    CHECK_INT(count(t.p, "class=\"w\""), 3);  /* one whisker with its two ends */
    CHECK_INT(count(t.p, "class=\"h1\""), 2); /* one floor and the legend's */
    CHECK_INT(count(t.p, "class=\"b\""), 1);
    tm_text_deinit(&t);
}

static void a_confusion_table_shows_shares_of_rows(void)
{
    static const char *const NAMES[] = {"https", "ssh"};
    static const uint32_t COUNTS[] = {1500, 500, 0, 0};
    struct tm_text t = {0};
    tm_svg_heat(&t, &(struct tm_svg_heat){.title = "h",
                                          .w = 600,
                                          .row_label = "is",
                                          .col_label = "called",
                                          .rows = NAMES,
                                          .cols = NAMES,
                                          .counts = COUNTS,
                                          .n_rows = 2,
                                          .n_cols = 2});
    check_sound(&t);
    CHECK_INT(count(t.p, ">75.0 %</text>"), 1);
    CHECK_INT(count(t.p, ">1,500</text>"), 1);
    CHECK_INT(count(t.p, ">25.0 %</text>"), 1);
    CHECK_INT(count(t.p, ">n/a</text>"), 2); /* a class that never occurred */
    tm_text_deinit(&t);
}

static void a_long_name_is_cut_and_kept_in_a_tooltip(void)
{
    const char *name =
        "a-very-long-session-name-that-nobody-can-print-in-a-gutter-of-two-hundred-pixels \xc3\xa9";
    const struct tm_svg_bar b = {name, 1, 0};
    struct tm_text t = {0};
    tm_svg_bars(&t, &(struct tm_svg_bars){.title = "b", .w = 400, .rows = &b, .n = 1});
    check_sound(&t);
    CHECK_INT(count(t.p, name), 1);
    CHECK_INT(count(t.p, "<title>a-very"), 1);
    CHECK(strstr(t.p, "\xe2\x80\xa6</text>") != NULL);
    tm_text_deinit(&t);
}

static void text_is_not_cut_inside_a_character(void)
{
    for (double room = 20; room < 120; room += 1) {
        struct tm_text t = {0};
        tm_svg_label(&t, &(struct tm_svg_at){0, 0, TM_SVG_START, room}, "",
                     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        CHECK_INT(count(t.p, "\xef\xbf\xbd"), 0);
        tm_text_deinit(&t);
    }
}

static const struct check_case CASES[] = {
    {"a_line_runs_from_corner_to_corner_of_its_axes",
     a_line_runs_from_corner_to_corner_of_its_axes},
    {"several_series_get_a_legend_and_steps_are_square",
     several_series_get_a_legend_and_steps_are_square},
    {"a_gap_lifts_the_pen", a_gap_lifts_the_pen},
    {"thousands_of_points_cost_no_more_than_the_paper_shows",
     thousands_of_points_cost_no_more_than_the_paper_shows},
    {"nothing_to_plot_is_said", nothing_to_plot_is_said},
    {"extreme_values_stay_on_the_paper", extreme_values_stay_on_the_paper},
    {"estimates_show_value_interval_and_floors", estimates_show_value_interval_and_floors},
    {"a_confusion_table_shows_shares_of_rows", a_confusion_table_shows_shares_of_rows},
    {"a_long_name_is_cut_and_kept_in_a_tooltip", a_long_name_is_cut_and_kept_in_a_tooltip},
    {"text_is_not_cut_inside_a_character", text_is_not_cut_inside_a_character},
};
CHECK_MAIN("report/svg", CASES)
