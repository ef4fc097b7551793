#include "test/unit/audit/wf/story.h"

#include <stdio.h>

#include "tm/base/err.h"

#define VISIT_US INT64_C(4000000)

struct writing {
    struct tm_trace_packet *v;
    uint32_t n;
};

static void put(struct writing *w, int64_t t_us, uint32_t bytes, enum tm_dir dir)
{
    if (w->n < STORY_PACKETS_MAX && t_us < VISIT_US)
        w->v[w->n++] = (struct tm_trace_packet){t_us, bytes, (uint8_t)dir, true};
}

/* A request and its answer of so many segments. */
static int64_t put_object(struct writing *w, int64_t t_us, uint32_t n_segments, struct tm_rng *rng)
{
    put(w, t_us, 300 + (uint32_t)tm_rng_below(rng, 60), TM_UP);
    t_us += 40000 + (int64_t)tm_rng_below(rng, 3000);
    for (uint32_t i = 0; i < n_segments; i++) {
        put(w, t_us, i + 1 < n_segments ? 1448 : 700, TM_DOWN);
        t_us += 1000 + (int64_t)tm_rng_below(rng, 200);
    }
    return t_us;
}

static void put_page(struct writing *w, uint32_t page, struct tm_rng *rng)
{
    int64_t t_us = 1000 + (int64_t)tm_rng_below(rng, 5000);
    uint32_t n_objects = 3 + page % 7;
    for (uint32_t i = 0; i < n_objects; i++) {
        t_us = put_object(w, t_us, 4 + (page * 5 + i * 3) % 17, rng);
        t_us += 20000 + 60000 * (page % 3) + (int64_t)tm_rng_below(rng, 20000);
    }
}

static void put_cover(struct writing *w, struct tm_rng *rng)
{
    int64_t t_us = (int64_t)tm_rng_below(rng, 100000);
    while (t_us < VISIT_US && w->n < STORY_PACKETS_MAX) {
        t_us = put_object(w, t_us, 1 + (uint32_t)tm_rng_below(rng, 12), rng);
        t_us += 20000 + (int64_t)tm_rng_below(rng, 200000);
    }
}

uint32_t story_visit(struct tm_trace_packet *out, enum story_wire wire, uint32_t page,
                     uint32_t n_pages, struct tm_rng *rng)
{
    struct writing w = {out, 0};
    if (wire == STORY_COVER)
        put_cover(&w, rng);
    else if (wire == STORY_CHANCE)
        put_page(&w, (uint32_t)tm_rng_below(rng, n_pages), rng);
    else
        put_page(&w, page, rng);
    return w.n;
}

static void add(struct tm_trace_set *set, const char *cls, const struct tm_trace_packet *p,
                uint32_t n)
{
    struct tm_trace t = {.start_us = INT64_C(1000000000) + (int64_t)set->n * VISIT_US,
                         .duration_us = VISIT_US};
    char name[32];
    (void)snprintf(name, sizeof name, "visit %zu", set->n);
    TM_ASSERT_EQ(tm_trace_set_name(set, cls, &t.cls), TM_OK);
    TM_ASSERT_EQ(tm_trace_set_name(set, name, &t.session), TM_OK);
    TM_ASSERT_EQ(tm_trace_set_add(set, &t, p, n), TM_OK);
}

void story_visits(struct tm_trace_set *set, enum story_wire wire, uint32_t n_pages, uint32_t loads,
                  uint32_t n_other, uint64_t seed)
{
    struct tm_trace_packet p[STORY_PACKETS_MAX];
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    char name[32];
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < loads * n_pages; i++) {
        (void)snprintf(name, sizeof name, "page %u", i % n_pages);
        add(set, name, p, story_visit(p, wire, i % n_pages, n_pages, &rng));
    }
    for (uint32_t i = 0; i < n_other; i++)
        add(set, "-", p, story_visit(p, wire, n_pages + i, n_pages, &rng));
}
