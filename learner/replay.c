/* tm-learn replay: captured connections, write by write, as a schedule file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/classes.h"
#include "learner/commands.h"
#include "learner/joint/collect.h"
#include "learner/ops/replay.h"
#include "learner/options.h"
#include "learner/reading.h"
#include "models/gen.h"
#include "tm/base/grow.h"

struct replaying {
    struct tm_collect *collect;
    struct tm_deck deck;
    struct tm_replay_conn *conn; /* owned; of each connection of the deck */
    size_t n_conns, cap_conns;
    bool has_failed; /* no memory for the last one */
    int64_t origin_us;
    bool has_origin;
};

static void take_conn(void *ctx, const struct tm_collect_conn *c)
{
    struct replaying *r = ctx;
    if (tm_grow(&r->conn, &r->cap_conns, r->n_conns, sizeof *r->conn) != TM_OK) {
        r->has_failed = true;
        return;
    }
    struct tm_replay_conn *to = &r->conn[r->n_conns++];
    *to = (struct tm_replay_conn){
        .start_us = c->start_us, .end_us = c->end_us, .server_port = c->server_port};
    memcpy(to->server, c->server, TM_ADDR_LEN);
}

static void see_packet(void *ctx, const struct tm_packet *p)
{
    struct replaying *r = ctx;
    if (!r->has_origin || p->t_us < r->origin_us)
        r->origin_us = p->t_us;
    r->has_origin = true;
}

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct replaying *r = ctx;
    (void)w;
    (void)index;
    int rc = tm_collect_end(r->collect, &r->deck);
    return rc == TM_OK && r->has_failed ? TM_ERR_NOMEM : rc;
}

static int read_captures(struct replaying *r, const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_collect_cfg cfg = tm_classes_collect_cfg(o);
    struct tm_world *w = NULL;
    struct tm_reading_counts counts;
    cfg.taken = take_conn;
    cfg.taken_ctx = r;
    int rc = tm_world_new(&w, &o->world);
    if (rc == TM_OK)
        rc = tm_collect_new(&r->collect, &cfg);
    if (rc == TM_OK)
        rc = tm_reading_run(&(struct tm_reading){.traces = o->traces,
                                                 .n_traces = o->n_traces,
                                                 .join = o->join,
                                                 .world = &w,
                                                 .n_worlds = 1,
                                                 .collect = &r->collect,
                                                 .see = see_packet,
                                                 .see_ctx = r},
                            take_capture, r, &counts, msg);
    tm_world_free(w);
    return rc;
}

/* Numbers users from 0 on: those without a complete connection are not in the deck. */
static uint32_t number_users(struct tm_deck *d)
{
    uint32_t n = 0;
    for (size_t i = 0, was = 0; i < d->n_conns; i++) {
        n += i == 0 || d->conn[i].user != was;
        was = d->conn[i].user;
        d->conn[i].user = n - 1;
    }
    return n;
}

static int check(struct replaying *r, struct tm_msg *msg)
{
    if (r->deck.n_conns == 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "no connection was captured from its opening to its end");
    uint32_t n_users = number_users(&r->deck);
    if (n_users > TM_GEN_USERS_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT,
                          "%" PRIu32 " users, and a schedule file has %u at most; give fewer "
                          "captures, or another --key",
                          n_users, TM_GEN_USERS_MAX);
    return TM_OK;
}

/* 1: standard output failed. */
static int print_schedule(const struct replaying *r, const struct tm_options *o)
{
    const struct tm_replay_source s = {
        .deck = &r->deck, .conn = r->conn, .origin_us = r->origin_us, .pace_us = o->pace_us};
    struct tm_replay_place at = {0};
    struct tm_text t = {0};
    tm_replay_add_head(&t, &s);
    bool is_written = !t.is_bad && fputs(t.p, stdout) >= 0;
    while (is_written && !t.is_bad && at.next < r->deck.n_conns) {
        size_t i = at.next;
        struct tm_open open = tm_replay_open(&s, &at);
        tm_text_clear(&t);
        tm_replay_add_conn(&t, &s, i, &open);
        is_written = !t.is_bad && fputs(t.p, stdout) >= 0;
    }
    int rc = t.is_bad ? TM_ERR_NOMEM : TM_OK;
    tm_text_deinit(&t);
    return rc == TM_OK && (!is_written || fflush(stdout) != 0) ? 1 : rc;
}

static void print_left_out(const struct tm_collect_counts *c)
{
    if (c->n_incomplete + c->n_too_long + c->n_over > 0)
        (void)fprintf(
            stderr,
            "tm-learn: left out: %" PRIu64 " connections whose opening or end is missing, "
            "%" PRIu64 " that are too long, and %" PRIu64 " for which there was no room\n",
            c->n_incomplete, c->n_too_long, c->n_over);
}

int tm_cmd_replay(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct replaying r = {0};
    tm_options_replay(&o, argc, argv);
    int rc = read_captures(&r, &o, &msg);
    if (rc == TM_OK)
        rc = check(&r, &msg);
    if (rc == TM_OK)
        rc = print_schedule(&r, &o);
    if (rc == TM_OK)
        print_left_out(tm_collect_counts(r.collect));
    else
        (void)fprintf(stderr, "tm-learn: %s\n",
                      rc == 1               ? "standard output cannot be written"
                      : msg.text[0] != '\0' ? msg.text
                                            : tm_strerror(rc));
    tm_collect_free(r.collect);
    tm_deck_deinit(&r.deck);
    free(r.conn);
    return rc == TM_OK ? 0 : 1;
}
