/* tm-test-model - writes hand-made models into a database, for the network tests.
 *
 *   tm-test-model FILE NAME...      each NAME is one of the models below
 *
 * `fast`, `ssh36`, `silent` and `joint` are those of the simulator's tests; `quick` is for byte-exactness where many tunnels
 * start one after another: small exchanges without thinking. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/store/store.h"
#include "test/sim/sim.h"

/* Sets one parameter to n values of equal weight, in rising order. */
static void set(struct tm_model *m, enum tm_swing_param p, const uint64_t *values, size_t n)
{
    struct tm_dist_point pt[8];
    for (size_t i = 0; i < n; i++)
        pt[i] = (struct tm_dist_point){values[i], i + 1};
    tm_dist_deinit(&m->u.swing.param[p]);
    if (n > sizeof pt / sizeof pt[0] || tm_dist_set(&m->u.swing.param[p], pt, n) != TM_OK)
        abort();
}
#define SET(m, p, ...)                                                                             \
    set(m, p, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

/* Large responses without a pause between connections: a few users fill the path. */
static void make_fast(struct tm_model *m)
{
    sim_model_bulk(m);
    SET(m, TM_SWING_INTER_RRE, 5000);
    SET(m, TM_SWING_INTER_SESSION, 10000);
}

/* 36-byte requests, thinking a tenth as long as in the simulator, where time costs nothing. */
static void make_ssh36(struct tm_model *m)
{
    sim_model_ssh(m);
    SET(m, TM_SWING_REQ_THINK, 8000, 15000, 30000);
    SET(m, TM_SWING_INTER_RRE, 100000);
    SET(m, TM_SWING_INTER_SESSION, 100000);
}

/* A minute of silence inside a connection, and then a moment with no connection at all. */
static void make_silent(struct tm_model *m)
{
    sim_model_silent(m);
    SET(m, TM_SWING_NUM_PAIRS, 2);
    SET(m, TM_SWING_REQ, 700); /* room for a small HTTP request */
    SET(m, TM_SWING_REQ_THINK, 60000000);
    SET(m, TM_SWING_INTER_RRE, 4000000);
}

/* Balanced both ways, several connections at once. */
static void make_quick(struct tm_model *m)
{
    sim_model_bulk(m);
    SET(m, TM_SWING_NUM_CONN, 2);
    SET(m, TM_SWING_REQ, 5000, 60000, 100000);
    SET(m, TM_SWING_RSP, 5000, 60000, 100000);
    SET(m, TM_SWING_INTER_RRE, 5000);
    SET(m, TM_SWING_INTER_SESSION, 10000);
}

/* Many short connections of a few small exchanges: what tells connections apart needs many of them. */
static void make_short(struct tm_model *m)
{
    make_quick(m);
    SET(m, TM_SWING_NUM_PAIRS, 3, 5, 9);
    SET(m, TM_SWING_REQ, 600, 900, 1700);
    SET(m, TM_SWING_RSP, 2000, 5000, 12000);
    SET(m, TM_SWING_REQ_THINK, 5000, 9000, 20000);
    SET(m, TM_SWING_SERVER_THINK, 4000, 9000);
}

/* Both ends think longer than the path is: at any moment writes of both wait for their time. */
static void make_thoughtful(struct tm_model *m)
{
    make_short(m);
    SET(m, TM_SWING_REQ_THINK, 100000, 200000, 300000);
    SET(m, TM_SWING_SERVER_THINK, 100000, 250000);
}

/* The simulator's, with less between pages. */
static void make_joint(struct tm_model *m)
{
    static const struct tm_dist_point soon[] = {{20000, 1}, {150000, 2}};
    sim_model_joint(m);
    const enum tm_swing_param gaps[] = {TM_SWING_INTER_RRE, TM_SWING_INTER_SESSION};
    for (size_t i = 0; i < 2; i++) {
        struct tm_dist *d = &m->u.joint.swing.param[gaps[i]];
        tm_dist_deinit(d);
        if (tm_dist_set(d, soon, 2) != TM_OK)
            abort();
    }
}

static const struct {
    const char *name;
    void (*make)(struct tm_model *m);
} MODELS[] = {{"fast", make_fast},   {"ssh36", make_ssh36}, {"silent", make_silent},
              {"quick", make_quick}, {"short", make_short}, {"thoughtful", make_thoughtful},
              {"joint", make_joint}};

static int save(const char *path, const char *name)
{
    struct tm_model m;
    struct tm_msg msg = {0};
    for (size_t i = 0; i < sizeof MODELS / sizeof MODELS[0]; i++) {
        if (strcmp(MODELS[i].name, name) != 0)
            continue;
        MODELS[i].make(&m);
        (void)snprintf(m.name, sizeof m.name, "%s", name);
        int rc = tm_store_save(path, &m, NULL, 0, &msg);
        tm_model_deinit(&m);
        if (rc != TM_OK)
            (void)fprintf(stderr, "tm-test-model: %s\n", msg.text);
        return rc == TM_OK ? 0 : 1;
    }
    (void)fprintf(stderr, "tm-test-model: no model '%s'\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    int status = argc < 3 ? 2 : 0;
    for (int i = 2; i < argc && status == 0; i++)
        status = save(argv[1], argv[i]);
    if (argc < 3)
        (void)fputs("usage: tm-test-model FILE NAME...\n", stderr);
    return status;
}
