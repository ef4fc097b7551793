#include "learner/provenance_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A whole number of at most `max`; false for anything else. */
static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || v > max)
        return false;
    *out = v;
    return true;
}

static bool read_time(const char *text, int64_t *out)
{
    uint64_t v;
    if (!read_number(text, TM_MODEL_TIME_MAX_US, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool read_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t v;
    if (!read_number(text, max, &v) || v < min)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* "443,8443". */
static bool read_ports(const char *text, struct tm_options *o)
{
    o->world.n_ports = 0;
    for (const char *p = text;; p++) {
        char *end;
        unsigned long v = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : 0;
        if (v < 1 || v > 65535 || o->world.n_ports == TM_OPTIONS_PORTS_MAX)
            return false;
        o->ports[o->world.n_ports++] = (uint16_t)v;
        if (*end != ',')
            return *end == '\0';
        p = end;
    }
}

/* "client", "pair" or "pair/27". */
static bool read_key(const char *text, struct tm_fit_cfg *fit)
{
    uint32_t bits;
    fit->server_bits = 0;
    if (strcmp(text, "client") == 0) {
        fit->key = TM_USER_CLIENT;
    } else if (strcmp(text, "pair") == 0) {
        fit->key = TM_USER_PAIR;
    } else if (strncmp(text, "pair/", 5) == 0 && read_u32(text + 5, 1, 32, &bits)) {
        fit->key = TM_USER_NET;
        fit->server_bits = (uint8_t)bits;
    } else {
        return false;
    }
    return true;
}

/* One of the words, whose number is set. */
static bool read_word(const char *text, const char *const *word, unsigned n, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(text, word[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* The options that are words; *is_one is false for others. */
static bool read_choice(const char *key, const char *value, struct tm_options *o, bool *is_one)
{
    static const char *const flag[] = {"0", "1"};
    static const char *const join[] = {
        [TM_JOIN_FOLLOWING] = "following", [TM_JOIN_ALL] = "all", [TM_JOIN_NONE] = "none"};
    static const char *const end[] = {[TM_END_CLOSE] = "close", [TM_END_PAYLOAD] = "payload"};
    unsigned v = 0;
    bool is_ok = true;
    *is_one = true;
    if (strcmp(key, "join") == 0) {
        is_ok = read_word(value, join, 3, &v);
        o->join = (enum tm_join)v;
    } else if (strcmp(key, "conn_end") == 0) {
        is_ok = read_word(value, end, 2, &v);
        o->fit.end = (enum tm_conn_end)v;
    } else if (strcmp(key, "no_server_think") == 0) {
        is_ok = read_word(value, flag, 2, &v);
        o->fit.is_server_think_zero = v == 1;
    } else if (strcmp(key, "tails") == 0) {
        is_ok = read_word(value, flag, 2, &v);
        o->world.exchange.is_tail_pair = v == 1;
    } else {
        *is_one = false;
    }
    return is_ok;
}

static bool read_line(const char *key, const char *value, struct tm_options *o)
{
    struct tm_group_cfg *g = &o->fit.group;
    struct tm_exchange_cfg *x = &o->world.exchange;
    const struct {
        const char *key;
        int64_t *us;
    } time[] = {{"rre_gap_us", &g->rre_gap_us},
                {"inter_conn_us", &g->inter_conn_us},
                {"session_gap_us", &g->session_gap_us},
                {"session_length_us", &g->session_length_us},
                {"away_us", &g->away_us}};
    const struct {
        const char *key;
        uint32_t *v;
        uint32_t min;
        uint32_t max;
    } number[] = {{"max_conns", &g->max_conns, 1, TM_MODEL_COUNT_MAX},
                  {"max_rres", &g->max_rres, 1, TM_MODEL_COUNT_MAX},
                  {"max_pairs", &x->max_pairs, 1, TM_MODEL_PAIRS_MAX},
                  {"gap_credit_bytes", &x->gap_credit_bytes, 0, 1U << 30},
                  {"min_packets", &o->world.min_packets, 1, 1000000},
                  {"max_flows", &o->world.flow.max_flows, 1, 1U << 28},
                  {"min_rtts", &o->fit.min_rtts, 1, 1000000},
                  {"k", &o->pool.k, 1, TM_POOL_K_MAX}};
    for (size_t i = 0; i < sizeof time / sizeof *time; i++) {
        if (strcmp(key, time[i].key) == 0)
            return read_time(value, time[i].us);
    }
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        if (strcmp(key, number[i].key) == 0)
            return read_u32(value, number[i].min, number[i].max, number[i].v);
    }
    bool is_one;
    bool is_ok = read_choice(key, value, o, &is_one);
    if (is_one)
        return is_ok;
    if (strcmp(key, "port") == 0)
        return read_ports(value, o);
    return strcmp(key, "key") != 0 || read_key(value, &o->fit);
}

int tm_prov_read_options(const struct tm_provenance *prov, size_t n, struct tm_options *o,
                         struct tm_msg *msg)
{
    static const char option[] = "option.";
    o->world.ports = o->ports;
    for (size_t i = 0; i < n; i++) {
        bool is_option = strncmp(prov[i].key, option, sizeof option - 1) == 0;
        if (is_option && !read_line(prov[i].key + sizeof option - 1, prov[i].value, o))
            return tm_msg_set(msg, TM_ERR_FORMAT, "provenance %s: %.60s is no value of that option",
                              prov[i].key, prov[i].value);
    }
    if (o->world.n_ports == 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "the model does not say which ports it was learned from; models of "
                          "--class and --other cannot be learned again");
    return TM_OK;
}
