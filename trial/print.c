#include "trial/print.h"

#include <inttypes.h>

#include "audit/json.h"

#define NS_PER_MS 1e6
#define NS_PER_S  1e9
#define PERCENT   100.0

static struct tm_trial sum_of(const struct tm_trial_job *jobs, size_t n, size_t *n_done)
{
    struct tm_trial sum = {.delay_ns = 0};
    *n_done = 0;
    for (size_t i = 0; i < n; i++)
        if (jobs[i].rc == TM_OK) {
            tm_trial_add(&sum, &jobs[i].result);
            ++*n_done;
        }
    return sum;
}

static void print_row(FILE *f, const char *name, const struct tm_trial *t)
{
    const struct tm_mbsim_report *r = &t->report;
    (void)fprintf(f,
                  "%8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
                  " %7.1f %8.1f %8.1f %8.1f %8.1f %8.2f %8.2f  %s%s\n",
                  r->up.n_packets, r->up.n_padding, r->down.n_packets, r->down.n_padding,
                  tm_trial_packet_overhead(t) * PERCENT, (double)r->up.p50_ns / NS_PER_MS,
                  (double)r->up.p95_ns / NS_PER_MS, (double)r->down.p50_ns / NS_PER_MS,
                  (double)r->down.p95_ns / NS_PER_MS, (double)r->plain_ns / NS_PER_S,
                  (double)r->defended_ns / NS_PER_S, name, r->is_cut ? " (cut)" : "");
}

void tm_trial_print_table(FILE *f, const struct tm_trial_job *jobs, size_t n,
                          const struct tm_trial_cfg *cfg)
{
    size_t n_done;
    const struct tm_trial sum = sum_of(jobs, n, &n_done);
    char name[32];
    (void)fputs("      up           down           padding  delay up, ms    delay down, ms    "
                "lasts, s\n"
                " packets  padding  packets  padding  for 100      p50      p95      p50      p95 "
                "   plain defended  trace\n",
                f);
    for (size_t i = 0; i < n; i++)
        if (jobs[i].rc == TM_OK)
            print_row(f, jobs[i].path, &jobs[i].result);
    if (n_done > 1) {
        (void)snprintf(name, sizeof name, "%zu traces", n_done);
        print_row(f, name, &sum);
    }
    if (n_done > 0)
        (void)fprintf(f, "\n%.1f bytes of padding for 100 of the application\n",
                      tm_trial_byte_overhead(&sum) * PERCENT);
    if (cfg->mode == TM_TRIAL_NETWORK && n_done > 0)
        (void)fprintf(f,
                      "%" PRIu64 " packets lost, %" PRIu64
                      " dropped by a full queue; packets took the place of %" PRIu64
                      " of padding\n",
                      sum.counts.n_lost[0] + sum.counts.n_lost[1],
                      sum.counts.n_dropped[0] + sum.counts.n_dropped[1], sum.counts.n_replaced);
}

static void put_cost(struct tm_json_out *j, const char *key, const struct tm_mbsim_cost *c)
{
    tm_json_out_begin(j, key, '{');
    tm_json_out_count(j, "packets", c->n_packets);
    tm_json_out_count(j, "padding", c->n_padding);
    tm_json_out_number(j, "delay_mean_ms", c->mean_ns / NS_PER_MS);
    tm_json_out_number(j, "delay_p50_ms", (double)c->p50_ns / NS_PER_MS);
    tm_json_out_number(j, "delay_p95_ms", (double)c->p95_ns / NS_PER_MS);
    tm_json_out_number(j, "delay_max_ms", (double)c->max_ns / NS_PER_MS);
    tm_json_out_end(j, '}');
}

static void put_trial(struct tm_json_out *j, const struct tm_trial *t,
                      const struct tm_trial_cfg *cfg)
{
    tm_json_out_truth(j, "is_cut", t->report.is_cut);
    tm_json_out_number(j, "padding_per_packet", tm_trial_packet_overhead(t));
    tm_json_out_number(j, "padding_per_byte", tm_trial_byte_overhead(t));
    tm_json_out_number(j, "plain_s", (double)t->report.plain_ns / NS_PER_S);
    tm_json_out_number(j, "defended_s", (double)t->report.defended_ns / NS_PER_S);
    put_cost(j, "up", &t->report.up);
    put_cost(j, "down", &t->report.down);
    if (cfg->mode != TM_TRIAL_NETWORK)
        return;
    tm_json_out_count(j, "lost_up", t->counts.n_lost[0]);
    tm_json_out_count(j, "lost_down", t->counts.n_lost[1]);
    tm_json_out_count(j, "dropped_up", t->counts.n_dropped[0]);
    tm_json_out_count(j, "dropped_down", t->counts.n_dropped[1]);
    tm_json_out_count(j, "replaced", t->counts.n_replaced);
}

void tm_trial_print_json(FILE *f, const struct tm_trial_job *jobs, size_t n,
                         const struct tm_trial_cfg *cfg)
{
    struct tm_json_out j = {.f = f};
    size_t n_done;
    const struct tm_trial sum = sum_of(jobs, n, &n_done);
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    tm_json_out_text(&j, "mode", cfg->mode == TM_TRIAL_V2 ? "v2" : "network");
    tm_json_out_count(&j, "seed", cfg->seed);
    tm_json_out_begin(&j, "traces", '[');
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc != TM_OK)
            continue;
        tm_json_out_begin(&j, NULL, '{');
        tm_json_out_text(&j, "trace", jobs[i].path);
        tm_json_out_number(&j, "delay_ms", (double)jobs[i].result.delay_ns / NS_PER_MS);
        put_trial(&j, &jobs[i].result, cfg);
        tm_json_out_end(&j, '}');
    }
    tm_json_out_end(&j, ']');
    tm_json_out_begin(&j, "all", '{');
    tm_json_out_count(&j, "traces", n_done);
    put_trial(&j, &sum, cfg);
    tm_json_out_end(&j, '}');
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
}
