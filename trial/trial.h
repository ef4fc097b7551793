/* trial/trial.h - one trace with machines and without: what tm-sim run does for each of its traces. */
#ifndef TM_TRIAL_TRIAL_H
#define TM_TRIAL_TRIAL_H

#include "tm/mbsim/net.h"
#include "tm/mbsim/report.h"
#include "tm/mbsim/script.h"
#include "tm/mbsim/v2.h"
#include "trial/defence.h"
#include "trial/input.h"

enum tm_trial_mode { TM_TRIAL_NETWORK, TM_TRIAL_V2 };

struct tm_trial_cfg {
    enum tm_trial_mode mode;
    enum tm_trial_take take;
    const struct tm_defence *ready; /* built anew for each trace; NULL: the machines below */
    struct tm_trial_machines client, server;
    struct tm_mb_framework_cfg limits; /* at either end */
    struct tm_mbsim_line_cfg line;     /* either way; delay_ns of both modes */
    bool has_delay;                    /* else, in mode network, that of the trace */
    bool has_trip;                     /* else guessed from each trace */
    int64_t trip_ns, tail_ns, wake_ns;
    bool has_window;
    uint64_t pps; /* mode v2; 0: the trace's own */
    uint32_t
        size_bytes; /* of padding, and where a trace says none; 0: the trace's largest, or 1500 */
    uint64_t seed;  /* of the first trace; the next one's is 16 more */
    size_t max_steps;
};

struct tm_trial {
    struct tm_mbsim_report report;
    struct tm_mbsim_net_counts counts; /* mode network */
    uint64_t packet_bytes;             /* of the application, from the trace */
    uint64_t padding_bytes;
    uint32_t size_bytes; /* of padding, that was used */
    int64_t delay_ns;    /* one way, that was used */
};

/* Runs the trace that is trial number `index`.  With *out the defended run's packets at the client are in *log.  TM_ERR_RANGE, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_trial_run(struct tm_trial *out, struct tm_mbsim_log *log,
                               const struct tm_mbsim_trace *trace, const struct tm_trial_cfg *cfg,
                               size_t index, struct tm_msg *msg);
void tm_trial_add(struct tm_trial *sum, const struct tm_trial *t);

/* Padding for each packet, or byte, of the application. */
double tm_trial_packet_overhead(const struct tm_trial *t);
double tm_trial_byte_overhead(const struct tm_trial *t);

#endif
