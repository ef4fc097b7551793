/* test/sim/sim_app.c - the applications: streams whose every byte is known, checked where it arrives. */
#include "test/sim/sim_impl.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16384U

/* The n (at most CHUNK) bytes of the stream from `at` on, until the next call. */
static const uint8_t *pattern(uint64_t id, enum tm_side from, uint64_t at, size_t n)
{
    static uint64_t word[CHUNK / 8 + 1];
    size_t skip = at % 8, n_words = (skip + n + 7) / 8;
    for (size_t k = 0; k < n_words; k++) {
        uint64_t x = (id * 2 + from) * UINT64_C(0x9e3779b97f4a7c15) +
                     (at / 8 + k) * UINT64_C(0xd1b54a32d192ed03);
        x ^= x >> 29;
        x *= UINT64_C(0xbf58476d1ce4e5b9);
        x ^= x >> 32;
        word[k] = htole64(x);
    }
    return (const uint8_t *)word + skip;
}

static uint64_t count_wrong(uint64_t id, enum tm_side from, uint64_t at, const uint8_t *p, size_t n)
{
    uint64_t wrong = 0;
    for (size_t done = 0, some; done < n; done += some) {
        some = n - done < CHUNK ? n - done : CHUNK;
        const uint8_t *want = pattern(id, from, at + done, some);
        if (memcmp(p + done, want, some) == 0)
            continue;
        for (size_t i = 0; i < some; i++)
            wrong += p[done + i] != want[i];
    }
    return wrong;
}

static struct app_stream *app_find(struct sim *m, uint64_t id)
{
    return id / 2 <= m->n_streams && id >= 2 ? &m->stream[id / 2 - 1] : NULL;
}

/* That the side sends on the stream. */
static uint64_t bytes_of(const struct sim *m, const struct app_stream *st, enum tm_side side)
{
    uint64_t most = side == TM_CLIENT ? m->cfg->up_bytes : m->cfg->down_bytes;
    uint64_t hash = (st->id + side) * UINT64_C(0x9e3779b97f4a7c15) >> 40;
    return m->cfg->is_uneven ? hash % (most + 1) : most;
}

/* Perhaps: the application has other things to do. */
static bool gives_up(struct sim *m, struct app_stream *st, enum tm_side side)
{
    unsigned permille = m->cfg->reset_permille;
    if (permille == 0 || st->ended[side] || tm_rng_below(&m->rng, 1000) >= permille)
        return false;
    tm_session_stream_reset(sim_end(m, side), st->id, TM_REPLY_FAILURE);
    st->ended[side] = true;
    m->r->streams_reset += !st->is_reset;
    st->is_reset = true;
    return true;
}

void sim_app_send(struct sim *m, struct app_stream *st, enum tm_side side)
{
    uint64_t all = bytes_of(m, st, side);
    while (st->open[side] && !st->ended[side] && st->put[side] < all) {
        size_t n = all - st->put[side] < CHUNK ? (size_t)(all - st->put[side]) : CHUNK;
        ssize_t took = tm_session_stream_send(sim_end(m, side), st->id,
                                              pattern(st->id, side, st->put[side], n), n);
        if (took < 0) {
            m->r->wrong_bytes++;
            return;
        }
        st->put[side] += (uint64_t)took;
        if (st->put[side] == all)
            tm_session_stream_finish(sim_end(m, side), st->id);
        if ((size_t)took < n)
            return;
    }
}

void sim_app_read(struct sim *m, struct app_stream *st, enum tm_side side, uint64_t budget)
{
    bool end = false;
    while (budget > 0 && !st->ended[side]) {
        struct tm_view v = tm_session_stream_peek(sim_end(m, side), st->id, &end);
        size_t n = v.len < budget ? v.len : (size_t)budget;
        m->r->wrong_bytes += count_wrong(st->id, sim_other(side), st->got[side], v.p, n);
        st->got[side] += n;
        budget -= n;
        bool all = end && n == v.len;
        if (all && !st->end_seen[side]) {
            st->end_seen[side] = true;
            m->r->wrong_bytes += st->got[side] != bytes_of(m, st, sim_other(side));
        }
        tm_session_stream_consume(sim_end(m, side), st->id, n);
        if (n == 0 || all)
            return;
    }
}

void sim_app_event(struct sim *m, enum tm_side side, const struct tm_event *ev)
{
    if (ev->kind == TM_EVENT_FAILED) {
        m->r->failed = ev->why;
        return;
    }
    if (ev->kind == TM_EVENT_PLAYED) {
        m->r->n_played++;
        m->r->played_us = tm_sim_now_us(m->world);
        return;
    }
    struct app_stream *st = app_find(m, ev->stream);
    if (!st)
        abort();
    if (ev->kind != TM_EVENT_OPEN && ev->kind != TM_EVENT_RESET && ev->kind != TM_EVENT_ENDED &&
        gives_up(m, st, side))
        return;
    switch (ev->kind) {
    case TM_EVENT_OPEN:
        if (m->cfg->refuse) {
            tm_session_stream_reply(sim_end(m, side), ev->stream, TM_REPLY_REFUSED);
            break;
        }
        st->open[side] = true;
        tm_session_stream_reply(sim_end(m, side), ev->stream, TM_REPLY_OK);
        sim_app_send(m, st, side);
        break;
    case TM_EVENT_REPLY:
        if (ev->reply == TM_REPLY_REFUSED) {
            st->refused = true;
            m->r->streams_refused++;
        }
        break;
    case TM_EVENT_READABLE:
        if (m->cfg->slow_reader_bps == 0)
            sim_app_read(m, st, side, UINT64_MAX);
        break;
    case TM_EVENT_WRITABLE:
        sim_app_send(m, st, side);
        break;
    case TM_EVENT_RESET:
        st->ended[side] = true;
        m->r->wrong_bytes += !st->is_reset;
        break;
    case TM_EVENT_ENDED:
        st->ended[side] = true;
        m->r->wrong_bytes += !st->end_seen[side];
        m->r->streams_done += st->ended[sim_other(side)];
        break;
    case TM_EVENT_FAILED:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED:
        break;
    }
}
