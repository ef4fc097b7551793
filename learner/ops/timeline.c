#include "learner/ops/timeline.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/time.h"

#define NONE UINT32_MAX

/* Where one user is. */
struct user {
    struct tm_open next;
    int64_t next_us;  /* when `next` opens; TM_NEVER: nothing is left */
    uint32_t number;  /* of `next` in the schedule file */
    int64_t prev_us;  /* the last opening */
    int64_t ended_us; /* the end of all connections so far */
    int64_t over_us;  /* the last byte of all connections so far */
};

struct tm_timeline {
    struct tm_tap_path path;
    uint8_t seed[TM_SEED_LEN];       /* of what the path draws */
    struct tm_gen *gen;              /* owned; NULL: a schedule file is played */
    const struct tm_schedfile *file; /* borrowed */
    uint32_t *following; /* owned; of each of its connections the user's next, or NONE */
    uint64_t n_opened;
    uint64_t n_conns;
    uint32_t n_users;
    struct user user[];
};

void tm_timed_conn_deinit(struct tm_timed_conn *c)
{
    tm_plan_deinit(&c->plan);
    free(c->time);
    *c = (struct tm_timed_conn){0};
}

static uint64_t n_segments(const struct tm_tap_path *path, uint64_t bytes)
{
    return (bytes + path->mss - 1) / path->mss;
}

int64_t tm_tap_path_span_us(const struct tm_tap_path *path, uint64_t offset)
{
    uint64_t bytes = offset + n_segments(path, offset) * TM_TAP_HEADER_LEN;
    return (int64_t)(bytes * 8 * 1000000 / path->rate_bps); /* below 2^53 */
}

/* Where the last segment of a write begins. */
static uint64_t last_segment(const struct tm_tap_path *path, uint32_t size)
{
    return size > 0 ? (n_segments(path, size) - 1) * path->mss : 0;
}

/* When, in the time in which its answer would pass the tap, the sender `dir` knows of write r. */
static int64_t event_us(const struct tm_timed_conn *c, const struct tm_tap_path *path, size_t r,
                        enum tm_dir dir)
{
    int64_t way_us = 0;
    if (c->plan.w[r].dir != dir)
        way_us = dir == TM_UP ? TM_TAP_CLIENT_US : path->rtt_us;
    return c->time[r].last_us + way_us;
}

/* Who closes when (struct tm_close); over_us is known. */
static int fill_closing(struct tm_timed_conn *c, const struct tm_tap_path *path,
                        const int64_t free_us[2])
{
    const struct tm_plan *p = &c->plan;
    const struct tm_close *how = &p->close;
    bool is_reset = how->how == TM_CLOSE_RESET;
    int64_t from_us = c->over_us;
    c->fin_us = TM_NEVER;
    if (how->server_back > 0) {
        c->fin_us = event_us(c, path, p->n_writes - how->server_back, TM_DOWN);
        c->fin_us = tm_max_us(c->fin_us + how->server_gap_us, free_us[TM_DOWN]);
        from_us = tm_max_us(from_us, c->fin_us + TM_TAP_CLIENT_US);
    }
    if (how->back > 0)
        from_us = event_us(c, path, p->n_writes - how->back, TM_UP);
    c->close_us = tm_max_us(tm_later_us(from_us, p->close_gap_us), free_us[TM_UP]);
    if (is_reset)
        c->close_us = tm_max_us(c->close_us, c->over_us);
    if (c->close_us > TM_TIMELINE_END_US ||
        (c->fin_us != TM_NEVER && c->fin_us > TM_TIMELINE_END_US))
        return TM_ERR_RANGE;
    if (is_reset && c->fin_us > c->close_us)
        c->fin_us = TM_NEVER;
    if (!is_reset && how->server_back == 0)
        c->fin_us = tm_max_us(c->close_us + path->rtt_us, free_us[TM_DOWN]);
    c->end_us = is_reset ? c->close_us : tm_max_us(c->close_us, c->fin_us + TM_TAP_CLIENT_US);
    return TM_OK;
}

int tm_timed_conn_fill(struct tm_timed_conn *c, const struct tm_tap_path *path)
{
    const struct tm_plan *p = &c->plan;
    c->time = calloc(p->n_writes > 0 ? p->n_writes : 1, sizeof *c->time);
    if (!c->time)
        return TM_ERR_NOMEM;
    int64_t ready_us = c->open_us + path->rtt_us + TM_TAP_CLIENT_US; /* the handshake's ACK */
    const int64_t start_us[2] = {ready_us, ready_us + path->rtt_us};
    int64_t free_us[2] = {start_us[TM_UP], start_us[TM_DOWN]};
    int64_t last_us = ready_us;
    for (size_t i = 0; i < p->n_writes; i++) {
        const struct tm_write *w = &p->w[i];
        enum tm_dir dir = w->dir == TM_UP ? TM_UP : TM_DOWN;
        int64_t from_us = w->ref_back > 0 ? event_us(c, path, i - w->ref_back, dir) : start_us[dir];
        int64_t first_us = tm_max_us(from_us + w->gap_us, free_us[dir]);
        if (first_us > TM_TIMELINE_END_US)
            return TM_ERR_RANGE;
        c->time[i].first_us = first_us;
        c->time[i].last_us = first_us + tm_tap_path_span_us(path, last_segment(path, w->size));
        free_us[dir] = first_us + tm_tap_path_span_us(path, w->size);
        last_us = tm_max_us(last_us, event_us(c, path, i, TM_UP));
    }
    c->over_us = last_us;
    return fill_closing(c, path, free_us);
}

/* When the user's next connection opens, after its earlier ones were timed. */
static void set_time(struct user *u)
{
    int64_t from_us = 0;
    switch (u->next.ref) {
    case TM_OPEN_ORIGIN:
        from_us = 0;
        break;
    case TM_OPEN_PREV:
        from_us = u->prev_us;
        break;
    case TM_OPEN_ENDED:
        from_us = u->ended_us;
        break;
    case TM_OPEN_OVER:
        from_us = u->over_us;
        break;
    }
    u->next_us = tm_later_us(from_us, u->next.gap_us);
}

/* The user's next opening. */
static void draw(struct tm_timeline *t, uint32_t number)
{
    struct user *u = &t->user[number];
    if (t->gen) {
        tm_gen_open(t->gen, number, &u->next);
    } else if (u->number == NONE) {
        u->next_us = TM_NEVER;
        return;
    } else {
        u->next = t->file->conn[u->number].open;
    }
    set_time(u);
}

static bool is_sound(const struct tm_tap_path *p)
{
    return p->rtt_us >= TM_TAP_RTT_MIN_US && p->rtt_us <= TM_TAP_RTT_MAX_US &&
           p->rate_bps >= TM_TAP_RATE_MIN && p->rate_bps <= TM_TAP_RATE_MAX &&
           p->mss >= TM_TAP_MSS_MIN && p->mss <= TM_TAP_MSS_MAX;
}

static struct tm_timeline *new_timeline(const struct tm_tap_path *path, uint32_t n_users,
                                        uint64_t n_conns)
{
    struct tm_timeline *t = calloc(1, sizeof *t + n_users * sizeof t->user[0]);
    if (t) {
        t->path = *path;
        t->n_users = n_users;
        t->n_conns = n_conns;
    }
    return t;
}

static void start(struct tm_timeline *t)
{
    for (uint32_t i = 0; i < t->n_users; i++)
        draw(t, i);
}

int tm_timeline_new(struct tm_timeline **out, const struct tm_gen_cfg *cfg,
                    const struct tm_tap_path *path, uint64_t n_conns)
{
    *out = NULL;
    if (!is_sound(path) || cfg->n_users > TM_GEN_USERS_MAX)
        return TM_ERR_RANGE;
    struct tm_timeline *t = new_timeline(path, cfg->n_users, n_conns);
    if (!t)
        return TM_ERR_NOMEM;
    int rc = tm_gen_new(&t->gen, cfg);
    if (rc != TM_OK) {
        tm_timeline_free(t);
        return rc;
    }
    memcpy(t->seed, cfg->seed, sizeof t->seed);
    start(t);
    *out = t;
    return TM_OK;
}

int tm_timeline_new_schedule(struct tm_timeline **out, const struct tm_schedfile *f,
                             const struct tm_tap_path *path, uint64_t n_conns)
{
    *out = NULL;
    if (!is_sound(path) || f->n_users > TM_GEN_USERS_MAX)
        return TM_ERR_RANGE;
    struct tm_timeline *t =
        new_timeline(path, f->n_users, n_conns < f->n_conns ? n_conns : f->n_conns);
    uint32_t *following = calloc(f->n_conns > 0 ? f->n_conns : 1, sizeof *following);
    if (!t || !following) {
        free(following);
        free(t);
        return TM_ERR_NOMEM;
    }
    t->file = f;
    t->following = following;
    for (uint32_t u = 0; u < t->n_users; u++)
        t->user[u].number = NONE;
    for (size_t i = f->n_conns; i > 0; i--) {
        struct user *u = &t->user[f->conn[i - 1].user];
        following[i - 1] = u->number;
        u->number = (uint32_t)(i - 1);
    }
    start(t);
    *out = t;
    return TM_OK;
}

void tm_timeline_free(struct tm_timeline *t)
{
    if (!t)
        return;
    tm_gen_free(t->gen);
    free(t->following);
    free(t);
}

/* Who opens next; of several at one time the first. */
static uint32_t next_user(const struct tm_timeline *t)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < t->n_users; i++) {
        if (t->user[i].next_us < t->user[best].next_us)
            best = i;
    }
    return best;
}

int64_t tm_timeline_next_us(const struct tm_timeline *t)
{
    return t->n_opened < t->n_conns ? t->user[next_user(t)].next_us : TM_NEVER;
}

static int copy_plan(const struct tm_plan *from, struct tm_plan *to)
{
    int rc = TM_OK;
    for (size_t i = 0; i < from->n_writes && rc == TM_OK; i++)
        rc = tm_plan_add(to, from->w[i]);
    to->close_gap_us = from->close_gap_us;
    to->close = from->close;
    return rc;
}

/* The path of a user's connection. */
static struct tm_tap_path path_of(const struct tm_timeline *t, uint32_t user,
                                  const struct tm_open *open)
{
    struct tm_tap_path path = t->path;
    const struct tm_dist *d = path.rtts;
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    if (!d || d->n_points == 0)
        return path;
    uint64_t total = tm_dist_total(d), near = total * TM_TAP_RTT_NEAR / 100;
    tm_rng_child(key, t->seed, TM_RNG_PATH, (uint64_t)user << 32 | open->session);
    tm_rng_init(&rng, key);
    uint64_t rank = tm_rng_below(&rng, total);
    tm_rng_child(key, key, TM_RNG_CONN, open->index);
    tm_rng_init(&rng, key);
    rank += tm_rng_below(&rng, 2 * near + 1);
    rank = rank < near ? 0 : rank - near;
    uint64_t rtt_us = tm_dist_at(d, rank < total ? rank : total - 1);
    path.rtt_us = rtt_us < TM_TAP_RTT_MAX_US ? (int64_t)rtt_us : TM_TAP_RTT_MAX_US;
    path.rtt_us = tm_max_us(path.rtt_us, TM_TAP_RTT_MIN_US);
    tm_rng_deinit(&rng);
    return path;
}

int tm_timeline_next(struct tm_timeline *t, struct tm_timed_conn *c)
{
    if (t->n_opened >= t->n_conns)
        return 0;
    uint32_t number = next_user(t);
    struct user *u = &t->user[number];
    if (u->next_us > TM_TIMELINE_END_US)
        return TM_ERR_RANGE;
    c->number = t->n_opened;
    c->user = number;
    c->open = u->next;
    c->open_us = u->next_us;
    c->path = path_of(t, number, &c->open);
    int rc = t->gen ? tm_gen_plan(t->gen, number, u->next.index, &c->plan)
                    : copy_plan(&t->file->conn[u->number].plan, &c->plan);
    if (rc == TM_OK)
        rc = tm_timed_conn_fill(c, &c->path);
    if (rc != TM_OK) {
        tm_timed_conn_deinit(c);
        return rc;
    }
    u->prev_us = c->open_us;
    u->ended_us = tm_max_us(u->ended_us, c->end_us);
    u->over_us = tm_max_us(u->over_us, c->over_us);
    t->n_opened++;
    if (!t->gen)
        u->number = t->following[u->number];
    draw(t, number);
    return 1;
}
