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

/* ---- A joint model ---- */

static void card(struct tm_joint *j, enum tm_deck_role role, uint32_t close_gap_us)
{
    if (tm_deck_add_conn(&j->deck, role, close_gap_us) != TM_OK)
        abort();
}

static void put(struct tm_joint *j, enum tm_dir dir, uint32_t size, uint32_t gap_us, uint8_t back)
{
    const struct tm_write w = {
        .size = size, .gap_us = gap_us, .dir = (uint8_t)dir, .ref_back = back};
    if (tm_deck_add_write(&j->deck, w) != TM_OK)
        abort();
}

/* TLS and HTTP/2: hello in two pieces, flight and tickets in a row, small frames, two requests at once, chunks
 * paced by the server while the client sends window updates at its own pace. */
static void put_page(struct tm_joint *j, uint32_t v)
{
    put(j, TM_UP, 517, 0, 0);
    put(j, TM_UP, 200 + v, 30, 1);
    put(j, TM_DOWN, 3800 + 7 * v, 9000 + 100 * v, 1);
    put(j, TM_DOWN, 303, 120, 1);
    put(j, TM_DOWN, 9, 0, 1);
    put(j, TM_UP, 64, 2500, 1);
    put(j, TM_UP, 17, 40, 1);
    put(j, TM_UP, 300 + 3 * v, 0, 1);
    put(j, TM_UP, 310 + v, 5000, 2);
    put(j, TM_DOWN, 40, 2100, 2);
    for (uint32_t k = 0; k < 4 + v % 5; k++) {
        put(j, TM_DOWN, 9000 + 1000 * v, 30000, k == 0 ? 1 : 2);
        put(j, TM_UP, 35, 41000, k == 0 ? 3 : 2);
    }
    put(j, TM_DOWN, 31, 500000, 2);
}

/* SSH: both speak at once, the server first; keys faster than their echoes. */
static void put_terminal(struct tm_joint *j, uint32_t v)
{
    put(j, TM_DOWN, 21, 1500, 0);
    put(j, TM_UP, 32, 800, 0);
    put(j, TM_DOWN, 1080, 200, 2);
    put(j, TM_UP, 1500, 100, 2);
    for (uint32_t k = 0; k < 10 + v % 7; k++) {
        put(j, TM_UP, 36, 12000 + 500 * v, 1);
        put(j, TM_UP, 36, 90, 1);
        put(j, TM_DOWN, 36, 2500, 2);
        put(j, TM_DOWN, 108 + 4 * v, 60, 1);
    }
    put(j, TM_UP, 1, 100000, 1);
}

void sim_model_joint(struct tm_model *m)
{
    start(m, "joint");
    SET(m, TM_SWING_NUM_RRE, 1, 2, 5);
    SET(m, TM_SWING_INTER_RRE, 300000, 2000000);
    SET(m, TM_SWING_NUM_CONN, 1, 2, 6);
    SET(m, TM_SWING_INTER_CONN, 0, 1500, 40000);
    SET(m, TM_SWING_INTER_SESSION, 1000000);
    struct tm_swing levels = m->u.swing;
    m->kind = TM_MODEL_JOINT;
    m->u.joint = (struct tm_joint){
        .swing = levels,
        .recombine = {.parents = 3, .rounds_max = 4, .share_max = 100, .pause_mix = 20}};
    for (uint32_t v = 0; v < 80; v++) {
        card(&m->u.joint, v % 2 ? TM_DECK_LATER : TM_DECK_FIRST, 1000 * v);
        if (v % 4 == 0)
            put_terminal(&m->u.joint, v);
        else
            put_page(&m->u.joint, v);
    }
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
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line line;
    while (sim_next_line(&lines, &line)) {
        if (line.kind == TM_SLOG_OPEN || line.kind == TM_SLOG_WRITE || line.kind == TM_SLOG_RECV)
            describe(&line, &e[used++]);
    }
    qsort(e, used, sizeof *e, by_carrier_and_index);
    char *at = out;
    for (size_t i = 0; i < used; i++)
        at += sprintf(at, "%s\n", e[i].text);
    free(e);
    return out;
}
