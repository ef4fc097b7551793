#include "trial/defence.h"

#include <string.h>

static int build_front(struct tm_mb_ready *out, enum tm_defence_side side,
                       const struct tm_defence_numbers *n, uint64_t seed, struct tm_msg *msg)
{
    struct tm_mb_rng rng;
    (void)side;
    tm_mb_rng_init_xoshiro(&rng, seed);
    return tm_mb_ready_front(out, &n->front, &rng, msg);
}

static int build_tamaraw(struct tm_mb_ready *out, enum tm_defence_side side,
                         const struct tm_defence_numbers *n, uint64_t seed, struct tm_msg *msg)
{
    (void)seed;
    return tm_mb_ready_tamaraw(out, &n->tamaraw[side], msg);
}

static int build_regulator(struct tm_mb_ready *out, enum tm_defence_side side,
                           const struct tm_defence_numbers *n, uint64_t seed, struct tm_msg *msg)
{
    (void)seed;
    return side == TM_DEFENCE_CLIENT ? tm_mb_ready_regulator_client(out, &n->regulator, msg)
                                     : tm_mb_ready_regulator_server(out, &n->regulator, msg);
}

static int build_interspace(struct tm_mb_ready *out, enum tm_defence_side side,
                            const struct tm_defence_numbers *n, uint64_t seed, struct tm_msg *msg)
{
    struct tm_mb_rng rng;
    (void)n;
    (void)msg;
    tm_mb_rng_init_xoshiro(&rng, seed);
    return side == TM_DEFENCE_CLIENT ? tm_mb_ready_interspace_client(out, &rng)
                                     : tm_mb_ready_interspace_server(out, &rng);
}

static int build_break_pad(struct tm_mb_ready *out, enum tm_defence_side side,
                           const struct tm_defence_numbers *n, uint64_t seed, struct tm_msg *msg)
{
    (void)n;
    (void)seed;
    (void)msg;
    return side == TM_DEFENCE_CLIENT ? tm_mb_ready_break_pad_client(out)
                                     : tm_mb_ready_break_pad_server(out);
}

#define FRONT_NUMBERS                                                                              \
    {                                                                                              \
        .budget = 1700, .window_min_s = 1, .window_max_s = 14, .n_states = 20                      \
    }
#define REGULATOR_NUMBERS                                                                          \
    {                                                                                              \
        .rate = 277, .decay = 0.94, .threshold = 3.55, .budget = 3550, .upload_ratio = 3.95,       \
        .delay_cap_s = 1.77, .n_states = 40                                                        \
    }

static const struct tm_defence defences[] = {
    {.name = "front",
     .about = "padding at the beginning, no delay (Gong and Wang)",
     .numbers.front = FRONT_NUMBERS,
     .build = build_front},
    {.name = "tamaraw",
     .about = "a constant rate each way (Cai et al.)",
     .numbers.tamaraw = {{.interval_s = 0.04, .chunk = 100}, {.interval_s = 0.012, .chunk = 100}},
     .build = build_tamaraw},
    {.name = "regulator",
     .about = "a rate that decays from surges on (Holland and Hopper)",
     .numbers.regulator = REGULATOR_NUMBERS,
     .build = build_regulator},
    {.name = "interspace", .about = "padding in gaps (Pulls)", .build = build_interspace},
    {.name = "break-pad", .about = "padding in long bursts", .build = build_break_pad},
};

size_t tm_defence_count(void)
{
    return sizeof defences / sizeof defences[0];
}

const struct tm_defence *tm_defence_at(size_t i)
{
    return &defences[i];
}

const struct tm_defence *tm_defence_named(const char *name)
{
    for (size_t i = 0; i < tm_defence_count(); i++)
        if (strcmp(defences[i].name, name) == 0)
            return &defences[i];
    return NULL;
}

/* Whole numbers that no option can mean are cut to one that the builders refuse. */
static uint32_t whole(double x)
{
    return x >= 0 && x <= UINT32_MAX ? (uint32_t)x : 0;
}

#define SETTER(name, expression)                                                                   \
    static void set_##name(struct tm_defence_numbers *n, enum tm_defence_side side, double x)      \
    {                                                                                              \
        (void)side;                                                                                \
        expression;                                                                                \
    }

SETTER(front_budget, n->front.budget = whole(x))
SETTER(front_window_min, n->front.window_min_s = x)
SETTER(front_window_max, n->front.window_max_s = x)
SETTER(front_states, n->front.n_states = whole(x))
SETTER(tamaraw_interval, n->tamaraw[side].interval_s = x)
SETTER(tamaraw_chunk, n->tamaraw[side].chunk = whole(x))
SETTER(regulator_rate, n->regulator.rate = x)
SETTER(regulator_decay, n->regulator.decay = x)
SETTER(regulator_threshold, n->regulator.threshold = x)
SETTER(regulator_budget, n->regulator.budget = whole(x))
SETTER(regulator_upload_ratio, n->regulator.upload_ratio = x)
SETTER(regulator_delay_cap, n->regulator.delay_cap_s = x)
SETTER(regulator_states, n->regulator.n_states = whole(x))

static const struct tm_defence_number numbers[] = {
    {"front", "budget", "packets of padding at most", true, set_front_budget},
    {"front", "window-min", "s, the least width of the density", false, set_front_window_min},
    {"front", "window-max", "s, the largest", false, set_front_window_max},
    {"front", "states", "steps of the density", true, set_front_states},
    {"tamaraw", "interval", "s from packet to packet", false, set_tamaraw_interval},
    {"tamaraw", "chunk", "packets, of which a multiple is sent", true, set_tamaraw_chunk},
    {"regulator", "rate", "packets a second after a surge", false, set_regulator_rate},
    {"regulator", "decay", "of the rate, each second", false, set_regulator_decay},
    {"regulator", "threshold", "s of waiting packets that make a surge", false,
     set_regulator_threshold},
    {"regulator", "budget", "packets of padding at most", true, set_regulator_budget},
    {"regulator", "upload-ratio", "packets received for one sent", false,
     set_regulator_upload_ratio},
    {"regulator", "delay-cap", "s that a packet waits at most, at the client", false,
     set_regulator_delay_cap},
    {"regulator", "states", "steps of the decay", true, set_regulator_states},
};

size_t tm_defence_number_count(void)
{
    return sizeof numbers / sizeof numbers[0];
}

const struct tm_defence_number *tm_defence_number_at(size_t i)
{
    return &numbers[i];
}
