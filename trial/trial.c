#include "trial/trial.h"

#define V2_DELAY_NS INT64_C(10000000)
#define SEED_STEP   16 /* more than the streams of one run */
#define SIZE_BYTES  1500U

struct machines {
    uint64_t seed;                     /* of the run */
    struct tm_mb_ready client, server; /* of a ready defence */
    struct tm_mbsim_end_cfg at_client, at_server;
};

static struct tm_mbsim_end_cfg end_of(struct tm_mb_machine *const *machines, size_t n,
                                      const struct tm_mb_framework_cfg *limits)
{
    return (struct tm_mbsim_end_cfg){.machines = (const struct tm_mb_machine *const *)machines,
                                     .n_machines = n,
                                     .limits = *limits};
}

static int make_machines(struct machines *m, const struct tm_trial_cfg *cfg, uint64_t seed,
                         struct tm_msg *msg)
{
    *m = (struct machines){.seed = seed};
    if (!cfg->ready) {
        m->at_client = end_of(cfg->client.machines, cfg->client.n, &cfg->limits);
        m->at_server = end_of(cfg->server.machines, cfg->server.n, &cfg->limits);
        return TM_OK;
    }
    int rc = cfg->ready->build(&m->client, TM_DEFENCE_CLIENT, &cfg->ready->numbers, seed + 4, msg);
    if (rc == TM_OK)
        rc = cfg->ready->build(&m->server, TM_DEFENCE_SERVER, &cfg->ready->numbers, seed + 5, msg);
    m->at_client = end_of(m->client.machines, m->client.n, &cfg->limits);
    m->at_server = end_of(m->server.machines, m->server.n, &cfg->limits);
    return rc;
}

static int64_t trip_ns(const struct tm_mbsim_trace *trace, const struct tm_trial_cfg *cfg)
{
    return cfg->has_trip ? cfg->trip_ns : tm_mbsim_script_guess_trip_ns(trace);
}

static int64_t delay_ns(const struct tm_mbsim_trace *trace, const struct tm_trial_cfg *cfg)
{
    if (cfg->has_delay)
        return cfg->line.delay_ns;
    return cfg->mode == TM_TRIAL_V2 ? V2_DELAY_NS : trip_ns(trace, cfg);
}

/* Padding that can hide the largest packet. */
static uint32_t padding_size(const struct tm_mbsim_trace *trace, const struct tm_trial_cfg *cfg)
{
    uint32_t most = 0;
    for (size_t i = 0; i < trace->n; i++)
        most = trace->packets[i].size_bytes > most ? trace->packets[i].size_bytes : most;
    if (cfg->size_bytes > 0)
        return cfg->size_bytes;
    most = most > 0 ? most : SIZE_BYTES;
    return most < TM_MBSIM_SIZE_MAX ? most : TM_MBSIM_SIZE_MAX;
}

/* The run with the machines, or with none. */
static int run(struct tm_mbsim_log *log, struct tm_mbsim_net_counts *counts,
               const struct tm_mbsim_trace *trace, const struct tm_trial_cfg *cfg,
               const struct machines *m, struct tm_msg *msg)
{
    struct tm_mbsim_line_cfg line = cfg->line;
    line.delay_ns = delay_ns(trace, cfg);
    if (cfg->mode == TM_TRIAL_V2) {
        const struct tm_mbsim_v2_cfg v2 = {.client = m->at_client,
                                           .server = m->at_server,
                                           .delay_ns = line.delay_ns,
                                           .pps = cfg->pps,
                                           .seed = m->seed,
                                           .max_steps = cfg->max_steps,
                                           .keep = TM_MBSIM_KEEP_PACKETS};
        return tm_mbsim_v2(log, trace, &v2, msg);
    }
    const struct tm_mbsim_net_cfg net = {.client = m->at_client,
                                         .server = m->at_server,
                                         .up = line,
                                         .down = line,
                                         .wake_ns = cfg->wake_ns,
                                         .has_window = cfg->has_window,
                                         .trip_ns = trip_ns(trace, cfg),
                                         .size_bytes = padding_size(trace, cfg),
                                         .seed = m->seed,
                                         .max_steps = cfg->max_steps,
                                         .tail_ns = cfg->tail_ns};
    return tm_mbsim_net(log, counts, trace, &net, msg);
}

static uint64_t bytes_of(const struct tm_mbsim_trace *trace, uint32_t size_bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < trace->n; i++)
        sum += trace->packets[i].size_bytes > 0 ? trace->packets[i].size_bytes : size_bytes;
    return sum;
}

int tm_trial_run(struct tm_trial *out, struct tm_mbsim_log *log, const struct tm_mbsim_trace *trace,
                 const struct tm_trial_cfg *cfg, size_t index, struct tm_msg *msg)
{
    const uint64_t seed = cfg->seed + SEED_STEP * index;
    const struct machines none = {.seed = seed};
    struct tm_mbsim_log plain = {.n = 0};
    struct tm_mbsim_net_counts ignored;
    struct machines m;
    *out =
        (struct tm_trial){.delay_ns = delay_ns(trace, cfg), .size_bytes = padding_size(trace, cfg)};
    int rc = make_machines(&m, cfg, seed, msg);
    if (rc == TM_OK)
        rc = run(log, &out->counts, trace, cfg, &m, msg);
    if (rc == TM_OK)
        rc = run(&plain, &ignored, trace, cfg, &none, msg);
    if (rc == TM_OK)
        rc = tm_mbsim_report_make(&out->report, log, &plain);
    out->packet_bytes = bytes_of(trace, out->size_bytes);
    out->padding_bytes = (out->report.up.n_padding + out->report.down.n_padding) * out->size_bytes;
    tm_mbsim_log_deinit(&plain);
    tm_mb_ready_free(&m.client);
    tm_mb_ready_free(&m.server);
    return rc;
}

void tm_trial_add(struct tm_trial *sum, const struct tm_trial *t)
{
    tm_mbsim_report_add(&sum->report, &t->report);
    for (int way = 0; way < 2; way++) {
        sum->counts.n_lost[way] += t->counts.n_lost[way];
        sum->counts.n_dropped[way] += t->counts.n_dropped[way];
    }
    sum->counts.n_replaced += t->counts.n_replaced;
    sum->packet_bytes += t->packet_bytes;
    sum->padding_bytes += t->padding_bytes;
}

double tm_trial_packet_overhead(const struct tm_trial *t)
{
    const uint64_t n = t->report.up.n_packets + t->report.down.n_packets;
    return n > 0 ? (double)(t->report.up.n_padding + t->report.down.n_padding) / (double)n : 0;
}

double tm_trial_byte_overhead(const struct tm_trial *t)
{
    return t->packet_bytes > 0 ? (double)t->padding_bytes / (double)t->packet_bytes : 0;
}
