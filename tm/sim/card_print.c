#include "tm/sim/card_print.h"

#include <inttypes.h>

#include "tm/base/time.h"
#include "tm/core/stream.h"
#include "tm/sim/card_text.h"

#define FIGURE_LEN TM_CARD_TEXT_LEN

static void print_path(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg)
{
    char pace[FIGURE_LEN], rtt[FIGURE_LEN], rate[FIGURE_LEN], length[FIGURE_LEN];
    tm_card_text_us(pace, (uint64_t)cfg->pace_ms * TM_US_PER_MS);
    tm_card_text_us(rtt, (uint64_t)cfg->rtt_us);
    tm_card_text_bps(rate, cfg->line_bps);
    tm_card_text_us(length, (uint64_t)cfg->for_us);
    (void)fprintf(out, "%s, %" PRIu32 " user%s, ", cfg->model->name, cfg->n_users,
                  cfg->n_users == 1 ? "" : "s");
    if (cfg->pace_ms > 0)
        (void)fprintf(out, "pauses of at most %s", pace);
    else
        (void)fprintf(out, "pauses as learned");
    (void)fprintf(out, "; a path of %s and %s; %" PRIu32 " session%s of %s\n", rtt, rate,
                  card->n_sessions, card->n_sessions == 1 ? "" : "s", length);
}

static void print_capacity(FILE *out, const struct tm_card *card)
{
    char up[FIGURE_LEN], down[FIGURE_LEN];
    unsigned useful = tm_card_useful_permille(card), filled = tm_card_filled_permille(card);
    tm_card_text_bps(up, tm_card_capacity_bps(card, TM_UP));
    tm_card_text_bps(down, tm_card_capacity_bps(card, TM_DOWN));
    (void)fprintf(out, "  capacity         %s up, %s down, sustained, both at once\n", up, down);
    (void)fprintf(
        out,
        "  useful share     %u.%u %% of the bytes on the wire under that load; %u.%u %% of "
        "what plan and\n                   acknowledgements leave\n",
        useful / 10, useful % 10, filled / 10, filled % 10);
}

static void print_idle(FILE *out, const struct tm_card *card)
{
    char bare[FIGURE_LEN], whole[FIGURE_LEN];
    tm_card_text_bytes(bare, tm_card_month_bytes(card, false));
    tm_card_text_bytes(whole, tm_card_month_bytes(card, true));
    (void)fprintf(out,
                  "  idle             %s a month, %s with TCP and IP headers; %.1f connections a "
                  "minute\n",
                  bare, whole,
                  (double)card->n_carriers * 60e6 / (double)tm_max_us(card->counted_us, 1));
}

static void print_rhythm(FILE *out, const struct tm_card *card)
{
    static const char *const name[] = {"up  ", "down"};
    for (int dir = TM_UP; dir <= TM_DOWN; dir++) {
        const struct tm_rhythm *r = &card->rhythm[dir];
        char t[4][FIGURE_LEN];
        tm_card_text_us(t[0], tm_rhythm_wait_us(r, 500));
        tm_card_text_us(t[1], tm_rhythm_wait_us(r, 950));
        tm_card_text_us(t[2], tm_rhythm_interval_us(r, 500));
        tm_card_text_us(t[3], tm_rhythm_interval_us(r, 950));
        (void)fprintf(out,
                      "  next buffer %s within %s of half, %s of 95 %% of all moments; "
                      "intervals p50 %s, p95 %s\n",
                      name[dir], t[0], t[1], t[2], t[3]);
    }
}

static void print_times(FILE *out, const char *what, const struct tm_card_times *times)
{
    char t[4][FIGURE_LEN];
    if (times->whole_us.n == 0) {
        (void)fprintf(out, "  %s none was finished\n", what);
        return;
    }
    tm_card_text_us(t[0], tm_hist_quantile(&times->added_first_us, 500));
    tm_card_text_us(t[1], tm_hist_quantile(&times->added_first_us, 950));
    tm_card_text_us(t[2], tm_hist_quantile(&times->added_whole_us, 500));
    tm_card_text_us(t[3], tm_hist_quantile(&times->added_whole_us, 950));
    (void)fprintf(out, "  %s first byte p50 %s, p95 %s; whole p50 %s, p95 %s; n %" PRIu64, what,
                  t[0], t[1], t[2], t[3], times->whole_us.n);
    if (times->n_unfinished > 0)
        (void)fprintf(out, ", %" PRIu64 " unfinished", times->n_unfinished);
    (void)fputc('\n', out);
}

/* As they were, for a workload: how many, how much, how long. */
static void print_workload(FILE *out, const struct tm_card_times *times)
{
    char up[FIGURE_LEN], down[FIGURE_LEN], t[4][FIGURE_LEN];
    tm_card_text_bytes(up, times->up_bytes);
    tm_card_text_bytes(down, times->down_bytes);
    (void)fprintf(out, "  workload         %" PRIu64 " transfers done, %s up, %s down\n",
                  times->whole_us.n, up, down);
    if (times->whole_us.n == 0)
        return;
    tm_card_text_us(t[0], tm_hist_quantile(&times->first_us, 500));
    tm_card_text_us(t[1], tm_hist_quantile(&times->first_us, 950));
    tm_card_text_us(t[2], tm_hist_quantile(&times->whole_us, 500));
    tm_card_text_us(t[3], tm_hist_quantile(&times->whole_us, 950));
    (void)fprintf(out, "  they took        first byte p50 %s, p95 %s; whole p50 %s, p95 %s\n", t[0],
                  t[1], t[2], t[3]);
}

static void print_bent(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg)
{
    const struct tm_distortion *d = &card->distortion;
    double writes = d->n_writes > 0 ? (double)d->n_writes : 1;
    double learned = d->bytes > d->bytes_added ? (double)(d->bytes - d->bytes_added) : 1;
    (void)fprintf(
        out,
        "  bent for TLS     %.1f %% of the writes in size, by %+.2f %% of the bytes; %.1f "
        "%% of them in time\n",
        100 * (double)d->n_resized / writes, 100 * (double)d->bytes_added / learned,
        100 * (double)d->n_delayed / writes);
    unsigned rre = tm_card_cut_permille(cfg, TM_SWING_INTER_RRE);
    unsigned session = tm_card_cut_permille(cfg, TM_SWING_INTER_SESSION);
    if (cfg->pace_ms > 0)
        (void)fprintf(out,
                      "  bent by pace     cuts %u.%u %% of the pauses between pages, %u.%u %% of "
                      "those between sessions\n",
                      rre / 10, rre % 10, session / 10, session % 10);
}

static void print_window(FILE *out)
{
    (void)fprintf(out,
                  "  session window   %u KiB to %u KiB a stream, %u MiB of a session, each way\n",
                  TM_STREAM_WINDOW_MIN >> 10, TM_STREAM_WINDOW_MAX >> 10, TM_WINDOW_POOL >> 20);
}

void tm_card_print(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg)
{
    print_path(out, card, cfg);
    print_capacity(out, card);
    print_idle(out, card);
    print_rhythm(out, card);
    if (cfg->workload) {
        print_workload(out, &card->times[TM_CARD_WORKLOAD]);
        print_times(out, "added by it     ", &card->times[TM_CARD_WORKLOAD]);
    } else {
        print_times(out, "added to 10 kB  ", &card->times[TM_CARD_SMALL]);
        print_times(out, "added to 1 MB   ", &card->times[TM_CARD_LARGE]);
    }
    print_bent(out, card, cfg);
    print_window(out);
}

void tm_card_print_head(FILE *out, const char *label)
{
    (void)fprintf(out,
                  "%-24s %6s %10s %10s %8s %9s %9s %9s %9s %9s %7s\n"
                  "%-24s %6s %10s %10s %8s %9s %9s %9s %9s %9s %7s\n",
                  "", "", "CAPACITY", "CAPACITY", "IDLE", "WAIT P95", "WAIT P95", "10 KB", "10 KB",
                  "1 MB", "USEFUL", label, "USERS", "UP", "DOWN", "A MONTH", "UP", "DOWN", "P50",
                  "P95", "P50", "SHARE");
}

void tm_card_print_row(FILE *out, const char *label, const struct tm_card *card,
                       const struct tm_card_cfg *cfg)
{
    char up[FIGURE_LEN], down[FIGURE_LEN], month[FIGURE_LEN];
    char t[5][FIGURE_LEN] = {"-", "-", "-", "-", "-"};
    const struct tm_card_times *small = &card->times[TM_CARD_SMALL];
    const struct tm_card_times *large = &card->times[TM_CARD_LARGE];
    unsigned useful = tm_card_useful_permille(card);
    tm_card_text_bps(up, tm_card_capacity_bps(card, TM_UP));
    tm_card_text_bps(down, tm_card_capacity_bps(card, TM_DOWN));
    tm_card_text_bytes(month, tm_card_month_bytes(card, true));
    tm_card_text_us(t[0], tm_rhythm_wait_us(&card->rhythm[TM_UP], 950));
    tm_card_text_us(t[1], tm_rhythm_wait_us(&card->rhythm[TM_DOWN], 950));
    if (small->whole_us.n > 0) {
        tm_card_text_us(t[2], tm_hist_quantile(&small->added_whole_us, 500));
        tm_card_text_us(t[3], tm_hist_quantile(&small->added_whole_us, 950));
    }
    if (large->whole_us.n > 0)
        tm_card_text_us(t[4], tm_hist_quantile(&large->added_whole_us, 500));
    (void)fprintf(out, "%-24s %6" PRIu32 " %10s %10s %8s %9s %9s %9s %9s %9s %3u.%u %%\n", label,
                  cfg->n_users, up, down, month, t[0], t[1], t[2], t[3], t[4], useful / 10,
                  useful % 10);
}
