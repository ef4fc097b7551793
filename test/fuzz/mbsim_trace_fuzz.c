/* test/fuzz/mbsim_trace_fuzz.c - any text as a trace, played in both modes with machines that block and pad: what always holds is asserted.
 *
 * Input: one byte of choices (delay, path, defence), then the text. */
#include <stdlib.h>

#include "models/maybenot/ready/ready.h"
#include "tm/mbsim/net.h"
#include "tm/mbsim/trace.h"
#include "tm/mbsim/v2.h"

enum { STEPS_MAX = 1000, PACKETS_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_log(const struct tm_mbsim_log *l)
{
    int64_t n_under_way[2] = {0, 0};
    for (size_t i = 0; i < l->n; i++) {
        const struct tm_mbsim_event *e = &l->events[i];
        TM_ASSERT(i == 0 || e->t_ns >= l->events[i - 1].t_ns);
        if (e->kind == TM_MB_TUNNEL_SENT)
            n_under_way[e->is_client]++;
        if (e->kind == TM_MB_TUNNEL_RECV)
            TM_ASSERT(--n_under_way[!e->is_client] >= 0);
    }
}

static void build(struct tm_mb_ready *r, unsigned choice, bool is_client)
{
    const struct tm_mb_tamaraw_cfg tamaraw = {.interval_s = 0.01, .chunk = 5};
    const struct tm_mb_regulator_cfg regulator = TM_MB_REGULATOR_HEAVY;
    int rc = TM_OK;
    r->n = 0;
    if (choice == 1)
        rc = tm_mb_ready_tamaraw(r, &tamaraw, NULL);
    else if (choice == 2 && is_client)
        rc = tm_mb_ready_regulator_client(r, &regulator, NULL);
    else if (choice == 2)
        rc = tm_mb_ready_regulator_server(r, &regulator, NULL);
    else if (choice == 3)
        rc = tm_mb_ready_break_pad_client(r);
    if (rc != TM_OK)
        abort();
}

static void play(const struct tm_mbsim_trace *t, unsigned choices)
{
    struct tm_mb_ready ready[2];
    struct tm_mbsim_log log = {.n = 0};
    struct tm_mbsim_net_counts counts;
    const int64_t delay_ns = choices & 4 ? 10000000 : 0;
    build(&ready[0], choices & 3, true);
    build(&ready[1], choices & 3, false);
    const struct tm_mbsim_end_cfg client = {
        .machines = (const struct tm_mb_machine *const *)ready[0].machines,
        .n_machines = ready[0].n};
    const struct tm_mbsim_end_cfg server = {
        .machines = (const struct tm_mb_machine *const *)ready[1].machines,
        .n_machines = ready[1].n};
    const struct tm_mbsim_v2_cfg v2 = {
        .client = client, .server = server, .delay_ns = delay_ns, .max_steps = STEPS_MAX};
    if (tm_mbsim_v2(&log, t, &v2, NULL) != TM_OK)
        abort();
    check_log(&log);
    log.n = 0;
    struct tm_mbsim_line_cfg line = {.delay_ns = delay_ns};
    line.rate_bps = choices & 8 ? 100000 : 0;
    line.queue_bytes = choices & 16 ? 4000 : 0;
    line.jitter_ns = choices & 32 ? 5000000 : 0;
    line.p_loss = choices & 64 ? 0.3 : 0;
    const struct tm_mbsim_net_cfg net = {.client = client,
                                         .server = server,
                                         .up = line,
                                         .down = line,
                                         .trip_ns = delay_ns,
                                         .size_bytes = 1000,
                                         .max_steps = STEPS_MAX,
                                         .tail_ns = choices & 128 ? 1000000000 : 0};
    if (tm_mbsim_net(&log, &counts, t, &net, NULL) != TM_OK)
        abort();
    check_log(&log);
    tm_mbsim_log_deinit(&log);
    tm_mb_ready_free(&ready[0]);
    tm_mb_ready_free(&ready[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_mbsim_trace t = {.n = 0};
    struct tm_msg msg = {""};
    if (size == 0)
        return 0;
    const int rc = tm_mbsim_trace_parse(&t, (const char *)data + 1, size - 1, &msg);
    TM_ASSERT(rc == TM_OK || (rc == TM_ERR_FORMAT && msg.text[0] != '\0'));
    if (rc == TM_OK && t.n > 0 && t.n <= PACKETS_MAX && tm_mbsim_trace_sort(&t) == TM_OK)
        play(&t, data[0]);
    tm_mbsim_trace_deinit(&t);
    return 0;
}
