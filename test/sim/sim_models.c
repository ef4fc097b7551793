#include "test/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(struct tm_model *m, enum tm_swing_param p, const uint64_t *values, size_t n)
{
    struct tm_dist_point pt[16];
    for (size_t i = 0; i < n; i++)
        pt[i] = (struct tm_dist_point){values[i], i + 1};
    if (tm_dist_set(&m->u.swing.param[p], pt, n) != TM_OK)
        abort();
}
#define SET(m, p, ...)                                                                             \
    set(m, p, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

static void start(struct tm_model *m, const char *name)
{
    memset(m, 0, sizeof *m);
    m->kind = TM_MODEL_SWING;
    (void)snprintf(m->name, sizeof m->name, "%s", name);
}

void sim_model_https(struct tm_model *m)
{
    start(m, "https");
    SET(m, TM_SWING_NUM_RRE, 1, 2, 5);
    SET(m, TM_SWING_INTER_RRE, 300000, 2000000, 9000000);
    SET(m, TM_SWING_NUM_CONN, 1, 2, 6);
    SET(m, TM_SWING_INTER_CONN, 0, 1500, 40000, 300000);
    SET(m, TM_SWING_NUM_PAIRS, 1, 2, 3, 5, 12);
    SET(m, TM_SWING_REQ, 1, 93, 180, 517, 900, 2100);
    SET(m, TM_SWING_RSP, 51, 300, 1400, 4100, 16406, 16410, 70000);
    SET(m, TM_SWING_REQ_THINK, 0, 900, 15000, 200000, 1200000);
    SET(m, TM_SWING_SERVER_THINK, 0, 700, 12000, 90000);
    SET(m, TM_SWING_CLOSE_THINK, 0, 100, 5000000);
    SET(m, TM_SWING_INTER_SESSION, 1000000, 20000000);
}

void sim_model_ssh(struct tm_model *m)
{
    start(m, "ssh");
    SET(m, TM_SWING_NUM_CONN, 1);
    SET(m, TM_SWING_NUM_PAIRS, 40, 80, 200);
    SET(m, TM_SWING_REQ, 36);
    SET(m, TM_SWING_RSP, 36, 52, 100, 600);
    SET(m, TM_SWING_REQ_THINK, 80000, 150000, 300000);
    SET(m, TM_SWING_SERVER_THINK, 0, 1000, 3000);
    SET(m, TM_SWING_INTER_RRE, 1000000);
    SET(m, TM_SWING_INTER_SESSION, 1000000);
}

void sim_model_silent(struct tm_model *m)
{
    start(m, "silent");
    SET(m, TM_SWING_NUM_RRE, 3);
    SET(m, TM_SWING_INTER_RRE, 180000000, 600000000);
    SET(m, TM_SWING_NUM_PAIRS, 3, 4);
    SET(m, TM_SWING_REQ, 200, 700);
    SET(m, TM_SWING_RSP, 900, 5000);
    SET(m, TM_SWING_REQ_THINK, 60000000, 240000000);
    SET(m, TM_SWING_SERVER_THINK, 2000);
    SET(m, TM_SWING_INTER_SESSION, 900000000);
}

void sim_model_bulk(struct tm_model *m)
{
    start(m, "bulk");
    SET(m, TM_SWING_NUM_RRE, 1, 3);
    SET(m, TM_SWING_INTER_RRE, 20000);
    SET(m, TM_SWING_NUM_CONN, 2, 4);
    SET(m, TM_SWING_INTER_CONN, 1000, 30000);
    SET(m, TM_SWING_NUM_PAIRS, 4, 8, 20);
    SET(m, TM_SWING_REQ, 600, 9000, 60000);
    SET(m, TM_SWING_RSP, 20000, 150000, 400000);
    SET(m, TM_SWING_REQ_THINK, 0, 2000, 9000);
    SET(m, TM_SWING_SERVER_THINK, 0, 4000);
    SET(m, TM_SWING_INTER_SESSION, 50000);
}

/* ---- Invariant ---- */

struct entry {
    uint32_t carrier;
    int64_t i; /* -1: opening */
    char text[96];
};

static int by_carrier_and_index(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->carrier != y->carrier)
        return x->carrier < y->carrier ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

static void describe(const struct tm_schedlog_line *l, struct entry *e)
{
    e->carrier = l->carrier;
    if (l->kind == TM_SLOG_OPEN) {
        e->i = -1;
        (void)snprintf(e->text, sizeof e->text,
                       "c%u open user %u index %llu src %d ref %d gap %lld", l->carrier, l->user,
                       (unsigned long long)l->index, (int)l->src, (int)l->open_ref,
                       (long long)l->gap_us);
    } else {
        e->i = l->i;
        (void)snprintf(e->text, sizeof e->text, "c%u %u %s %u back %u gap %u", l->carrier, l->i,
                       l->w.dir == TM_UP ? "up" : "down", l->w.size, l->w.ref_back, l->w.gap_us);
    }
}

char *sim_invariant(const char *log)
{
    size_t n = 0;
    for (const char *p = log; *p; p++)
        n += *p == '\n';
    struct entry *e = calloc(n + 1, sizeof *e);
    char *out = calloc(n + 1, sizeof e->text);
    if (!e || !out)
        abort();
    size_t used = 0;
    for (const char *p = log; *p;) {
        const char *nl = strchr(p, '\n');
        struct tm_schedlog_line line;
        if (!nl || tm_schedlog_parse(&line, p, (size_t)(nl - p)) != TM_OK)
            abort();
        if (line.kind == TM_SLOG_OPEN || line.kind == TM_SLOG_WRITE || line.kind == TM_SLOG_RECV)
            describe(&line, &e[used++]);
        p = nl + 1;
    }
    qsort(e, used, sizeof *e, by_carrier_and_index);
    char *at = out;
    for (size_t i = 0; i < used; i++)
        at += sprintf(at, "%s\n", e[i].text);
    free(e);
    return out;
}
