#include <inttypes.h>

#include "tm/base/time.h"
#include "tm/core/stream.h"
#include "tm/sim/card_print.h"

static const char *const dir_name[2] = {"up", "down"};

static void print_quantiles(FILE *out, const char *name, const struct tm_hist *h)
{
    if (h->n > 0)
        (void)fprintf(out, ", \"%s_p50_us\": %" PRIu64 ", \"%s_p95_us\": %" PRIu64, name,
                      tm_hist_quantile(h, 500), name, tm_hist_quantile(h, 950));
    else
        (void)fprintf(out, ", \"%s_p50_us\": null, \"%s_p95_us\": null", name, name);
}

static void print_times(FILE *out, const char *name, const struct tm_card_times *t)
{
    (void)fprintf(out,
                  ", \"%s\": {\"n\": %" PRIu64 ", \"unfinished\": %" PRIu64
                  ", \"up_bytes\": %" PRIu64 ", \"down_bytes\": %" PRIu64,
                  name, t->whole_us.n, t->n_unfinished, t->up_bytes, t->down_bytes);
    print_quantiles(out, "first_byte", &t->first_us);
    print_quantiles(out, "whole", &t->whole_us);
    print_quantiles(out, "added_first_byte", &t->added_first_us);
    print_quantiles(out, "added_whole", &t->added_whole_us);
    (void)fputc('}', out);
}

static void print_played(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg)
{
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_digest(cfg->model, digest);
    /* A model's name needs no escapes (tm_model_name_ok). */
    (void)fprintf(out, "\"model\": \"%s\", \"kind\": \"%s\", \"digest\": \"", cfg->model->name,
                  tm_model_kind_name(cfg->model->kind));
    for (unsigned i = 0; i < TM_DIGEST_LEN; i++)
        (void)fprintf(out, "%02x", digest[i]);
    (void)fprintf(out,
                  "\", \"users\": %" PRIu32 ", \"pace_us\": %" PRId64
                  ", \"master\": \"%s\", \"socks_reply\": \"%s\", \"rtt_us\": %" PRId64
                  ", \"rate_bps\": %" PRIu64 ", \"seed\": %" PRIu64 ", \"sessions\": %" PRIu32
                  ", \"for_us\": %" PRId64,
                  cfg->n_users, cfg->pace_ms * TM_US_PER_MS,
                  cfg->master == TM_CLIENT ? "client" : "server",
                  cfg->reply == TM_LOAD_EARLY ? "early" : "exact", cfg->rtt_us, cfg->line_bps,
                  cfg->seed, card->n_sessions, cfg->for_us);
}

static void print_dir(FILE *out, const struct tm_card *card, enum tm_dir dir)
{
    const struct tm_rhythm *r = &card->rhythm[dir];
    (void)fprintf(out,
                  ", \"%s\": {\"capacity_bps\": %" PRIu64 ", \"wire_bytes\": %" PRIu64
                  ", \"header_bytes\": %" PRIu64 ", \"wait_p50_us\": %" PRIu64
                  ", \"wait_p95_us\": %" PRIu64 ", \"interval_p50_us\": %" PRIu64
                  ", \"interval_p95_us\": %" PRIu64 "}",
                  dir_name[dir], tm_card_capacity_bps(card, dir), card->wire_bytes[dir],
                  card->header_bytes[dir], tm_rhythm_wait_us(r, 500), tm_rhythm_wait_us(r, 950),
                  tm_rhythm_interval_us(r, 500), tm_rhythm_interval_us(r, 950));
}

static void print_share(FILE *out, const char *name, unsigned permille)
{
    (void)fprintf(out, ", \"%s\": %u.%03u", name, permille / 1000, permille % 1000);
}

void tm_card_print_json(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg)
{
    const struct tm_distortion *d = &card->distortion;
    print_played(out, card, cfg);
    (void)fprintf(out,
                  ", \"counted_us\": %" PRId64 ", \"connections\": %" PRIu64
                  ", \"month_bytes\": %" PRIu64 ", \"month_bytes_with_headers\": %" PRIu64
                  ", \"lively\": %s",
                  card->counted_us, card->n_carriers, tm_card_month_bytes(card, false),
                  tm_card_month_bytes(card, true), tm_card_is_lively(card) ? "true" : "false");
    print_dir(out, card, TM_UP);
    print_dir(out, card, TM_DOWN);
    if (cfg->workload) {
        print_times(out, "workload", &card->times[TM_CARD_WORKLOAD]);
    } else {
        print_times(out, "object_10kb", &card->times[TM_CARD_SMALL]);
        print_times(out, "object_1mb", &card->times[TM_CARD_LARGE]);
    }
    print_share(out, "pace_cuts_rre", tm_card_cut_permille(cfg, TM_SWING_INTER_RRE));
    print_share(out, "pace_cuts_session", tm_card_cut_permille(cfg, TM_SWING_INTER_SESSION));
    print_share(out, "useful_share", tm_card_useful_permille(card));
    print_share(out, "filled_share", tm_card_filled_permille(card));
    (void)fprintf(out,
                  ", \"projection\": {\"writes\": %" PRIu64 ", \"resized\": %" PRIu64
                  ", \"delayed\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"bytes_added\": %" PRIu64
                  "}, \"window\": {\"stream_min_bytes\": %u, \"stream_max_bytes\": %u, "
                  "\"session_bytes\": %u}",
                  d->n_writes, d->n_resized, d->n_delayed, d->bytes, d->bytes_added,
                  TM_STREAM_WINDOW_MIN, TM_STREAM_WINDOW_MAX, TM_WINDOW_POOL);
}
