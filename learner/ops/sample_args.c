#include "learner/ops/sample_args.h"

#include "learner/ops/lines.h"
#include "models/gen.h"
#include "tm/cli/args.h"

#define CONNS_MAX UINT64_C(1000000000)

enum { OPT_SEED = 0x300, OPT_USERS, OPT_RTT, OPT_RATE, OPT_MSS };

static const struct argp_option option_table[] = {
    {"connections", 'n', "N", 0,
     "connections (sample: 1000, or all of a schedule file; compare: as many as the captures have, "
     "or 10000)",
     3},
    {"users", OPT_USERS, "N", 0,
     "users at a time (sample: 1; compare: as many as make it as long as the captures)", 3},
    {"seed", OPT_SEED, "N", 0, "another number gives another sample (0)", 3},
    {"rtt", OPT_RTT, "TIME", 0, "round trip between client and server (20ms)", 3},
    {"rate", OPT_RATE, "BITS/S", 0, "rate of the path, each way, for each connection (100M)", 3},
    {"mss", OPT_MSS, "BYTES", 0, "payload of a full segment (1448)", 3},
    {0},
};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct tm_sample_head *h = st->input;
    struct tm_tap_path *path = &h->path;
    switch (key) {
    case 'n':
        h->n_conns = tm_args_number(arg, "connections", 1, CONNS_MAX, st);
        return 0;
    case OPT_SEED:
        h->seed = tm_args_number(arg, "seed", 0, UINT64_MAX, st);
        return 0;
    case OPT_USERS:
        h->n_users = (uint32_t)tm_args_number(arg, "users", 1, TM_GEN_USERS_MAX, st);
        return 0;
    case OPT_RTT:
        path->rtt_us = tm_args_duration(arg, "rtt", TM_TAP_RTT_MIN_US, TM_TAP_RTT_MAX_US, st);
        return 0;
    case OPT_RATE:
        path->rate_bps = tm_args_rate(arg, "rate", TM_TAP_RATE_MIN, TM_TAP_RATE_MAX, st);
        return 0;
    case OPT_MSS:
        path->mss = (uint32_t)tm_args_number(arg, "mss", TM_TAP_MSS_MIN, TM_TAP_MSS_MAX, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp tm_sample_argp = {.options = option_table, .parser = parse};
