#include "models/recombine.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define N_CONNS 200U

static const uint8_t KEY[TM_SEED_LEN] = {7};
static const uint8_t OTHER_KEY[TM_SEED_LEN] = {8};

/* Connections of a greeting and 3 to 12 exchanges; every size but the greeting's is one connection's alone. */
static void fill(struct tm_deck *d)
{
    for (uint32_t i = 0; i < N_CONNS; i++) {
        CHECK_INT(tm_deck_add_conn(d, i % 4 == 0 ? TM_DECK_FIRST : TM_DECK_LATER, 1000 + i), TM_OK);
        CHECK_INT(tm_deck_add_write(d, (struct tm_write){.size = 40, .gap_us = i, .dir = TM_DOWN}),
                  TM_OK);
        for (uint32_t k = 0; k < 3 + i % 10; k++) {
            const struct tm_write up = {.size = 500 + (i * 16 + k) % 500,
                                        .gap_us = 100000 + 100 * i + k,
                                        .dir = TM_UP,
                                        .ref_back = 1};
            const struct tm_write down = {
                .size = 5000 + i * 16 + k, .gap_us = 2000 + i, .dir = TM_DOWN, .ref_back = 1};
            CHECK_INT(tm_deck_add_write(d, up), TM_OK);
            CHECK_INT(tm_deck_add_write(d, down), TM_OK);
        }
    }
}

static struct tm_recombine_report mix(struct tm_deck *out, const struct tm_deck *in,
                                      const struct tm_recombine_cfg *cfg, const uint8_t *key)
{
    struct tm_recombine_report report;
    CHECK_INT(tm_recombine(out, in, cfg, key, &report), TM_OK);
    CHECK_INT(tm_deck_check(out), TM_OK);
    return report;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sizes with directions (or pauses), sorted; the caller frees. */
static uint64_t *sorted(const struct tm_deck *d, int is_pause)
{
    uint64_t *v = calloc(d->n_writes + 1, sizeof *v);
    for (size_t i = 0; v && i < d->n_writes; i++)
        v[i] = is_pause ? d->w[i].gap_us : (uint64_t)d->w[i].size << 1 | d->w[i].dir;
    if (v)
        qsort(v, d->n_writes, sizeof *v, by_value);
    return v;
}

static void every_write_and_pause_is_used_exactly_once(void)
{
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    cfg.share_max = 100;
    fill(&in);
    (void)mix(&out, &in, &cfg, KEY);
    CHECK_INT(out.n_conns, in.n_conns);
    CHECK_INT(out.n_writes, in.n_writes);
    for (int what = 0; what < 2; what++) {
        uint64_t *a = sorted(&in, what), *b = sorted(&out, what);
        CHECK(a && b && memcmp(a, b, in.n_writes * sizeof *a) == 0);
        free(a);
        free(b);
    }
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* The connection of fill() that a write other than the greeting is of, when pauses stayed where they were. */
static uint32_t parent_of(const struct tm_write *w)
{
    return w->dir == TM_DOWN ? (w->size - 5000) / 16 : (w->gap_us - 100000) / 100;
}

static void no_parent_gives_more_than_its_share(void)
{
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    cfg.pause_mix = 0;
    fill(&in);
    struct tm_recombine_report r = mix(&out, &in, &cfg, KEY);
    CHECK(out.n_conns > N_CONNS * 9 / 10);
    CHECK_INT(out.n_conns + r.n_dropped, N_CONNS);
    CHECK(r.parents_median >= 3);
    CHECK(r.share_p95 <= cfg.share_max);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        uint32_t n[N_CONNS] = {0}, most = 0;
        for (uint32_t k = 1; k < out.conn[i].n_writes; k++) {
            uint32_t p = parent_of(&out.w[out.conn[i].first + k]);
            most = ++n[p] > most ? n[p] : most;
        }
        if (most * 100 > out.conn[i].n_writes * cfg.share_max) {
            CHECK_INT(most, out.conn[i].n_writes * cfg.share_max / 100);
            break;
        }
    }
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static void order_of_directions_is_kept(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    fill(&in);
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        uint32_t n_wrong = 0;
        for (uint32_t k = 0; k < out.conn[i].n_writes; k++) {
            const struct tm_write *w = &out.w[out.conn[i].first + k];
            n_wrong += w->dir != (k % 2 == 0 ? TM_DOWN : TM_UP) || w->ref_back != (k > 0);
        }
        if (n_wrong > 0) {
            CHECK_INT(n_wrong, 0);
            break;
        }
    }
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static void the_key_decides_everything(void)
{
    struct tm_deck in = {0}, a = {0}, b = {0}, c = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    fill(&in);
    (void)mix(&a, &in, &cfg, KEY);
    (void)mix(&b, &in, &cfg, KEY);
    (void)mix(&c, &in, &cfg, OTHER_KEY);
    CHECK_INT(a.n_conns, b.n_conns);
    CHECK_INT(a.n_writes, b.n_writes);
    CHECK_MEM(a.conn, b.conn, a.n_conns * sizeof *a.conn);
    size_t n = a.n_writes < c.n_writes ? a.n_writes : c.n_writes, same = 0;
    for (size_t i = 0; i < a.n_writes; i++) {
        if (a.w[i].size != b.w[i].size || a.w[i].gap_us != b.w[i].gap_us ||
            a.w[i].ref_back != b.w[i].ref_back) {
            CHECK_INT(a.w[i].size, b.w[i].size);
            break;
        }
    }
    for (size_t i = 0; i < n; i++)
        same += a.w[i].size == c.w[i].size;
    CHECK(same < n / 2);
    tm_deck_deinit(&in);
    tm_deck_deinit(&a);
    tm_deck_deinit(&b);
    tm_deck_deinit(&c);
}

static void roles_stay_with_the_beginning(void)
{
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    uint32_t n_first = 0;
    cfg.share_max = 100;
    fill(&in);
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++)
        n_first += out.conn[i].role == TM_DECK_FIRST;
    CHECK_INT(n_first, N_CONNS / 4);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* Connections of one write, each with a pause of its own: 4 of 200 ranks and no farther. */
static void pauses_stay_near_their_rank(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = {
        .parents = 1, .rounds_max = 0, .share_max = 100, .pause_mix = 20};
    uint32_t n_moved = 0, far = 0;
    for (uint32_t i = 0; i < N_CONNS; i++) {
        CHECK_INT(tm_deck_add_conn(&in, TM_DECK_FIRST, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(&in, (struct tm_write){.size = 9, .gap_us = i}), TM_OK);
    }
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        uint32_t move = (uint32_t)abs((int)out.w[i].gap_us - (int)i);
        far = move > far ? move : far;
        n_moved += move > 0;
    }
    CHECK_INT(out.n_conns, N_CONNS);
    CHECK(far <= 4);
    CHECK(n_moved > N_CONNS / 2);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static uint64_t sizes_of(const struct tm_deck *d, uint32_t i)
{
    uint64_t h = 0;
    for (uint32_t k = 0; k < d->conn[i].n_writes; k++)
        h = h * 1000003 + d->w[d->conn[i].first + k].size;
    return h;
}

static void no_connection_has_the_sizes_of_one_of_the_input(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    uint32_t n_copies = 0;
    fill(&in);
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        for (uint32_t k = 0; k < in.n_conns; k++)
            n_copies += sizes_of(&out, i) == sizes_of(&in, k);
    }
    CHECK_INT(n_copies, 0);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* Two kinds of connections that agree in all but two writes, which are of one class of sizes; 7 exchanges between. */
static void sizes_that_exclude_each_other_do_not_meet(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    uint32_t n_mixed = 0;
    for (uint32_t i = 0; i < N_CONNS; i++) {
        const struct tm_write hello = {.size = 100 + i % 2, .dir = TM_DOWN},
                              bye = {.size = 200 + i % 2, .dir = TM_DOWN, .ref_back = 1};
        CHECK_INT(tm_deck_add_conn(&in, TM_DECK_FIRST, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(&in, hello), TM_OK);
        for (uint32_t k = 0; k < 14; k++) {
            const struct tm_write w = {.size = 1000 + (i * 37 + k * 71) % 900,
                                       .dir = k % 2 == 0 ? TM_UP : TM_DOWN,
                                       .ref_back = 1};
            CHECK_INT(tm_deck_add_write(&in, w), TM_OK);
        }
        CHECK_INT(tm_deck_add_write(&in, bye), TM_OK);
    }
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        const struct tm_write *w = &out.w[out.conn[i].first];
        n_mixed += w[0].size % 2 != w[out.conn[i].n_writes - 1].size % 2;
    }
    CHECK(out.n_conns > N_CONNS / 2);
    CHECK(n_mixed <= out.n_conns / 50);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* Three writes: the answer refers to the request two before it, over another answer. */
static void references_across_a_cut_keep_their_direction(void)
{
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    cfg.share_max = 100;
    for (uint32_t i = 0; i < 60; i++) {
        CHECK_INT(tm_deck_add_conn(&in, TM_DECK_FIRST, 0), TM_OK);
        for (uint32_t k = 0; k < 9; k++) {
            const struct tm_write w = {.size = 100 + 9 * i + k,
                                       .dir = k % 3 == 0 ? TM_UP : TM_DOWN,
                                       .ref_back = (uint8_t)(k == 0       ? 0
                                                             : k % 3 == 0 ? 1
                                                                          : k % 3)};
            CHECK_INT(tm_deck_add_write(&in, w), TM_OK);
        }
    }
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < out.n_conns; i++) {
        const struct tm_write *w = &out.w[out.conn[i].first];
        uint32_t n_wrong = 0;
        for (uint32_t k = 1; k < out.conn[i].n_writes; k++) {
            n_wrong += w[k].ref_back == 0 || w[k].ref_back > k;
            n_wrong +=
                w[k].ref_back > 0 && w[k].ref_back <= k && w[k].dir == w[k - w[k].ref_back].dir;
        }
        if (n_wrong > 0) {
            CHECK_INT(n_wrong, 0);
            break;
        }
    }
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static void what_is_welded_throughout_comes_out_as_it_is(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    fill(&in);
    for (uint32_t i = 0; i < in.n_conns; i++)
        memset(in.weld + in.conn[i].first + 1, 1, in.conn[i].n_writes - 1);
    struct tm_recombine_report r = mix(&out, &in, &cfg, KEY);
    CHECK_INT(r.n_dropped, 0);
    CHECK_INT(out.n_conns, in.n_conns);
    CHECK_INT(out.n_writes, in.n_writes);
    uint32_t n_other = 0;
    for (size_t i = 0; i < in.n_writes && out.n_writes == in.n_writes; i++)
        n_other += out.w[i].size != in.w[i].size;
    CHECK_INT(n_other, 0);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* A size of the first or second exchange is never seen without the one behind it. */
static void blocks_stay_whole(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    uint32_t n_parted = 0, n_seen = 0;
    fill(&in);
    for (uint32_t i = 0; i < in.n_conns; i++)
        in.weld[in.conn[i].first + 4] = 1;
    (void)mix(&out, &in, &cfg, KEY);
    for (uint32_t i = 0; i < in.n_conns; i++) {
        const struct tm_write *block = &in.w[in.conn[i].first + 3];
        for (size_t k = 0; k + 1 < out.n_writes; k++) {
            if (out.w[k + 1].size != block[1].size)
                continue;
            n_seen++;
            n_parted += out.w[k].size != block[0].size;
        }
    }
    CHECK(n_seen > N_CONNS * 9 / 10);
    CHECK_INT(n_parted, 0);
    CHECK(out.n_conns > N_CONNS * 9 / 10);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

/* Closings that run from the client's last write or the server's, and say by their gaps whose they are. */
static void close_all(struct tm_deck *d)
{
    for (uint32_t i = 0; i < d->n_conns; i++) {
        struct tm_deck_conn *c = &d->conn[i];
        c->close = (struct tm_close){.how = (uint8_t)(i % 2),
                                     .back = (uint8_t)(1 + i % 3),
                                     .server_back = (uint8_t)(1 + i % 2),
                                     .server_gap_us = i};
    }
}

static uint8_t dir_of(const struct tm_deck *d, const struct tm_deck_conn *c, uint8_t back)
{
    return d->w[c->first + c->n_writes - back].dir;
}

static void a_closing_stays_with_the_end_that_it_closed(void)
{
    struct tm_deck in = {0}, out = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    size_t n_crossed = 0;
    fill(&in);
    close_all(&in);
    (void)mix(&out, &in, &cfg, KEY);
    CHECK(out.n_conns > N_CONNS / 2);
    for (size_t i = 0; i < out.n_conns; i++) {
        const struct tm_deck_conn *got = &out.conn[i];
        CHECK(got->close.server_gap_us < N_CONNS);
        const struct tm_deck_conn *want = &in.conn[got->close.server_gap_us % N_CONNS];
        CHECK_INT(out.w[got->first + got->n_writes - 1].size,
                  in.w[want->first + want->n_writes - 1].size);
        CHECK_INT(got->close.how, want->close.how);
        CHECK_INT(dir_of(&out, got, got->close.back), dir_of(&in, want, want->close.back));
        CHECK_INT(dir_of(&out, got, got->close.server_back),
                  dir_of(&in, want, want->close.server_back));
        n_crossed += out.w[got->first + 1].size != in.w[want->first + 1].size;
    }
    CHECK(n_crossed > out.n_conns / 2);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static void decks_too_small_to_mix_are_reported(void)
{
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    struct tm_recombine_report r = mix(&out, &in, &cfg, KEY);
    CHECK_INT(out.n_conns, 0);
    CHECK_INT(tm_deck_add_conn(&in, TM_DECK_FIRST, 5), TM_OK);
    CHECK_INT(tm_deck_add_write(&in, (struct tm_write){.size = 1}), TM_OK);
    r = mix(&out, &in, &cfg, KEY);
    CHECK_INT(out.n_conns, 0);
    CHECK_INT(r.n_dropped, 1);
    cfg.share_max = 100;
    r = mix(&out, &in, &cfg, KEY);
    CHECK_INT(out.n_conns, 1);
    CHECK_INT(r.n_single, 1);
    CHECK_INT(r.n_dropped, 0);
    tm_deck_deinit(&in);
    tm_deck_deinit(&out);
}

static void nonsense_is_refused(void)
{
    static const struct tm_recombine_cfg BAD[] = {
        {.parents = 0, .share_max = 60},
        {.parents = TM_RECOMBINE_PARENTS_MAX + 1, .share_max = 60},
        {.parents = 5, .share_max = 0},
        {.parents = 5, .share_max = 101},
        {.parents = 5, .share_max = 60, .rounds_max = TM_RECOMBINE_ROUNDS_MAX + 1},
        {.parents = 5, .share_max = 60, .pause_mix = 1001},
    };
    struct tm_deck in = {0}, out = {0};
    struct tm_recombine_report r;
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        CHECK_INT(tm_recombine(&out, &in, &BAD[i], KEY, &r), TM_ERR_RANGE);
    CHECK_INT(tm_deck_add_conn(&in, TM_DECK_FIRST, 5), TM_OK);
    CHECK_INT(tm_recombine(&out, &in, &cfg, KEY, &r),
              TM_ERR_RANGE); /* a connection without writes */
    tm_deck_deinit(&in);
}

static const struct check_case cases[] = {
    {"a_closing_stays_with_the_end_that_it_closed", a_closing_stays_with_the_end_that_it_closed},
    {"every_write_and_pause_is_used_exactly_once", every_write_and_pause_is_used_exactly_once},
    {"no_parent_gives_more_than_its_share", no_parent_gives_more_than_its_share},
    {"order_of_directions_is_kept", order_of_directions_is_kept},
    {"the_key_decides_everything", the_key_decides_everything},
    {"roles_stay_with_the_beginning", roles_stay_with_the_beginning},
    {"pauses_stay_near_their_rank", pauses_stay_near_their_rank},
    {"no_connection_has_the_sizes_of_one_of_the_input",
     no_connection_has_the_sizes_of_one_of_the_input},
    {"sizes_that_exclude_each_other_do_not_meet", sizes_that_exclude_each_other_do_not_meet},
    {"references_across_a_cut_keep_their_direction", references_across_a_cut_keep_their_direction},
    {"what_is_welded_throughout_comes_out_as_it_is", what_is_welded_throughout_comes_out_as_it_is},
    {"blocks_stay_whole", blocks_stay_whole},
    {"decks_too_small_to_mix_are_reported", decks_too_small_to_mix_are_reported},
    {"nonsense_is_refused", nonsense_is_refused},
};

CHECK_MAIN("recombine", cases)
