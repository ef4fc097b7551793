/* A set-associative table: a datagram may stand in any of the 8 places of its set, so that finding
 * one and the oldest costs the same, whatever the input. */
#include "learner/capture/defrag.h"

#include <stdlib.h>
#include <string.h>

#define WAYS   8U
#define N_SETS (TM_DEFRAG_DATAGRAMS_MAX / WAYS)

enum state { UNUSED, PARTIAL, VOID };

struct part {
    uint16_t at;
    uint16_t len;
};

struct datagram {
    enum state state;
    int64_t start_us; /* when its first part to arrive did */
    uint32_t seen;    /* bytes */
    uint32_t total;   /* bytes; 0: the last part was not seen */
    uint32_t wire_len;
    uint32_t n_parts;
    struct part part[TM_DEFRAG_PARTS_MAX];
    struct tm_packet head; /* addresses and id are always set, TCP's fields once has_head */
    bool has_head;
    uint8_t bytes[TM_DEFRAG_HEAD_LEN];
};

struct tm_defrag {
    struct datagram set[N_SETS][WAYS];
    struct tm_defrag_counts counts;
};

int tm_defrag_new(struct tm_defrag **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? TM_OK : TM_ERR_NOMEM;
}

void tm_defrag_free(struct tm_defrag *d)
{
    free(d);
}

/* FNV-1a; a collision costs nothing but a place. */
static uint32_t hash_of(const struct tm_packet *p)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < TM_ADDR_LEN; i++)
        h = (h ^ p->src[i]) * 16777619U;
    for (size_t i = 0; i < TM_ADDR_LEN; i++)
        h = (h ^ p->dst[i]) * 16777619U;
    for (unsigned shift = 0; shift < 32; shift += 8)
        h = (h ^ (p->frag.id >> shift & 0xff)) * 16777619U;
    return h ^ h >> 16;
}

static bool is_of(const struct datagram *g, const struct tm_packet *p)
{
    return g->state != UNUSED && g->head.frag.id == p->frag.id &&
           g->head.ip_version == p->ip_version && memcmp(g->head.src, p->src, TM_ADDR_LEN) == 0 &&
           memcmp(g->head.dst, p->dst, TM_ADDR_LEN) == 0;
}

static bool is_expired(const struct datagram *g, int64_t now_us)
{
    return g->state != UNUSED && now_us - g->start_us > TM_DEFRAG_TIMEOUT_US;
}

static void give_up(struct tm_defrag *d, struct datagram *g)
{
    d->counts.n_lost += g->state == PARTIAL;
    g->state = UNUSED;
}

/* The place of the packet's datagram: where it stands, or a free one, or that of the oldest. */
static struct datagram *place_of(struct tm_defrag *d, const struct tm_packet *p)
{
    struct datagram *set = d->set[hash_of(p) % N_SETS];
    struct datagram *best = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (is_expired(&set[i], p->t_us))
            give_up(d, &set[i]);
        if (is_of(&set[i], p))
            return &set[i];
        if (best->state != UNUSED && (set[i].state == UNUSED || set[i].start_us < best->start_us))
            best = &set[i];
    }
    give_up(d, best);
    best->state = PARTIAL;
    best->start_us = p->t_us;
    best->seen = best->total = best->wire_len = best->n_parts = 0;
    best->has_head = false;
    best->head = *p;
    return best;
}

/* A part that is there already, exactly. */
static bool is_repeated(const struct datagram *g, const struct tm_packet_frag *f)
{
    for (uint32_t i = 0; i < g->n_parts; i++) {
        if (g->part[i].at == f->at && g->part[i].len == f->len)
            return f->is_last == (g->total == (uint32_t)f->at + f->len);
    }
    return false;
}

/* Whether the part fits to those before; if so it is entered. */
static bool enter(struct datagram *g, const struct tm_packet_frag *f)
{
    uint32_t end = (uint32_t)f->at + f->len;
    if (g->n_parts == TM_DEFRAG_PARTS_MAX || (g->total > 0 && (f->is_last || end > g->total)))
        return false;
    for (uint32_t i = 0; i < g->n_parts; i++) {
        uint32_t other_end = (uint32_t)g->part[i].at + g->part[i].len;
        if ((f->at < other_end && g->part[i].at < end) || (f->is_last && other_end > end))
            return false;
    }
    g->part[g->n_parts++] = (struct part){f->at, f->len};
    g->seen += f->len;
    if (f->is_last)
        g->total = end;
    return true;
}

/* The first part: all that it says, and its first bytes. */
static void keep_head(struct datagram *g, const struct tm_packet *p)
{
    uint32_t len = p->ip_cap_len < TM_DEFRAG_HEAD_LEN ? p->ip_cap_len : TM_DEFRAG_HEAD_LEN;
    size_t payload_at = (size_t)(p->payload - p->ip);
    g->head = *p;
    g->has_head = true;
    memcpy(g->bytes, p->ip, len);
    g->head.ip = g->bytes;
    g->head.ip_cap_len = len;
    g->head.payload = g->bytes + (payload_at < len ? payload_at : len);
    uint32_t left = payload_at < len ? len - (uint32_t)payload_at : 0;
    if (g->head.payload_cap_len > left)
        g->head.payload_cap_len = left;
}

static void finish(struct tm_defrag *d, struct datagram *g, struct tm_packet *p)
{
    int64_t t_us = p->t_us;
    *p = g->head;
    p->t_us = t_us;
    p->payload_len = g->total - g->head.frag.head_len;
    p->wire_len = g->wire_len;
    g->state = UNUSED;
    d->counts.n_whole++;
}

bool tm_defrag_feed(struct tm_defrag *d, struct tm_packet *p)
{
    struct datagram *g = place_of(d, p);
    if (g->state == VOID || is_repeated(g, &p->frag))
        return false;
    if (!enter(g, &p->frag)) {
        g->state = VOID; /* stays, so that its other parts are known as such */
        d->counts.n_overlap++;
        return false;
    }
    g->wire_len += p->wire_len;
    if (p->frag.at == 0)
        keep_head(g, p);
    if (!g->has_head || g->total == 0 || g->seen != g->total)
        return false;
    finish(d, g, p);
    return true;
}

void tm_defrag_count(const struct tm_defrag *d, struct tm_defrag_counts *out)
{
    *out = d->counts;
    for (size_t i = 0; i < TM_DEFRAG_DATAGRAMS_MAX; i++)
        out->n_lost += d->set[i / WAYS][i % WAYS].state == PARTIAL;
}
