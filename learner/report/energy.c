/* Wavelet energies of the captures and of a sample of the model. */
#include <math.h>
#include <stdio.h>

#include "learner/report/parts.h"
#include "page/html.h"
#include "page/scale.h"
#include "page/svg_plot.h"

/* Energies against the width of the intervals; scales without any are left out. */
struct energies {
    double width_s[TM_WAVELET_SCALES];
    double log2[TM_WAVELET_SCALES];
    size_t n;
};

static struct energies energies_of(const struct tm_wavelet *w, enum tm_wavelet_series s)
{
    struct energies e = {.n = 0};
    for (unsigned j = 0; j < TM_WAVELET_SCALES; j++) {
        double v = tm_wavelet_log2(w, s, j);
        if (!isfinite(v))
            continue;
        e.width_s[e.n] = (double)tm_wavelet_width_us(j) / 1e6;
        e.log2[e.n++] = v;
    }
    return e;
}

static void plot(struct tm_text *out, const struct tm_model_page *p, enum tm_wavelet_series s)
{
    static const struct {
        const char *heading;
        const char *caption;
    } word[TM_WAVELET_SERIES] = {
        [TM_WAVELET_PACKETS_UP] = {"Packets up", "Packets from clients."},
        [TM_WAVELET_PACKETS_DOWN] = {"Packets down", "Packets from servers."},
        [TM_WAVELET_BYTES_UP] = {"Bytes up", "Payload bytes from clients."},
        [TM_WAVELET_BYTES_DOWN] = {"Bytes down", "Payload bytes from servers."},
    };
    struct energies model = energies_of(p->sample_energy, s);
    struct energies real = energies_of(p->capture_energy, s);
    const struct tm_svg_series series[] = {
        {"model", model.width_s, model.log2, model.n, TM_SVG_LINE, 0},
        {"captures", real.width_s, real.log2, real.n, TM_SVG_LINE, 1},
    };
    tm_html_figure_begin(out, word[s].heading);
    tm_svg_plot(out,
                &(struct tm_svg_plot){
                    .title = word[s].heading,
                    .desc = "Wavelet energy against the width of the intervals compared.",
                    .w = TM_MODEL_PAGE_HALF_PX,
                    .h = 240,
                    .x = {.label = "width of intervals", .unit = TM_UNIT_SECONDS, .is_log = true},
                    .y = {.label = "log2 of the energy", .unit = TM_UNIT_NONE},
                    .series = series,
                    .n_series = 2,
                });
    tm_html_figure_end(out, word[s].caption);
}

void tm_model_page_energy(struct tm_text *out, const struct tm_model_page *p)
{
    const struct tm_sample_head *h = p->sample;
    char conns[TM_QUANTITY_LEN];
    char users[TM_QUANTITY_LEN];
    char rtt[TM_QUANTITY_LEN];
    tm_html_section_begin(out, "energy", "How bursty it is at each time scale");
    tm_html_paragraph(out,
                      "The energy of Haar wavelet coefficients: how much neighbouring intervals of "
                      "one width differ, in packets and in bytes. The model's is that of a sample "
                      "about as long as the captures, with as many connections: %s of %s user%s at "
                      "a time, over a path of %s round trip and %.4g Mbit/s.",
                      tm_count(conns, h->n_conns), tm_count(users, h->n_users),
                      h->n_users == 1 ? "" : "s",
                      tm_quantity(rtt, (double)h->path.rtt_us / 1e6, TM_UNIT_SECONDS),
                      (double)h->path.rate_bps / 1e6);
    tm_html_grid_begin(out, TM_GRID_HALVES);
    for (int s = 0; s < TM_WAVELET_SERIES; s++)
        plot(out, p, (enum tm_wavelet_series)s);
    tm_html_grid_end(out);
    tm_html_note(
        out,
        "As Swing is judged (Vishwanath and Vahdat, 2009, sec. IV.B), from 1 ms up. No value: "
        "fewer than %u pairs of intervals, or all pairs equal. All users of the sample begin at "
        "its start, so the widest intervals are burstier than with people who come and go.",
        TM_WAVELET_PAIRS);
    tm_html_section_end(out);
}
