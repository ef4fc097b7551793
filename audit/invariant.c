#include "audit/invariant.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const DIR_TEXT[] = {"up", "down"};
static const char *const REF_TEXT[] = {"origin", "prev", "ended", "over"};

/* A carrier's place in the plan; by number alone: {0, 0, number}. */
struct key {
    uint32_t src, user;
    uint64_t index;
    uint32_t number;
    bool is_number;
};

static int by_place(const void *pa, const void *pb)
{
    const struct key *a = pa;
    const struct key *b = pb;
    if (a->src != b->src)
        return a->src < b->src ? -1 : 1;
    if (a->user != b->user)
        return a->user < b->user ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static bool has_openings(const struct tm_schedule *s)
{
    return s->has_side[TM_CLIENT];
}

/* The carriers of s in canonical order; *n of them; NULL without memory. */
static struct key *order_of(const struct tm_schedule *s, bool by_number, size_t *n)
{
    struct key *keys = calloc((size_t)s->n_carriers + 1, sizeof *keys);
    *n = 0;
    for (uint32_t k = 0; keys && k < s->n_carriers; k++) {
        const struct tm_sched_carrier *c = &s->carriers[k];
        if (!c->is_known)
            continue;
        bool is_number = by_number || !c->has_open;
        keys[(*n)++] = is_number ? (struct key){by_number ? 0 : UINT32_MAX, 0, k, k, true}
                                 : (struct key){(uint32_t)c->src, c->user, c->index, k, false};
    }
    if (keys)
        qsort(keys, *n, sizeof *keys, by_place);
    return keys;
}

#define KEY_TEXT_LEN 64

static void key_text(const struct key *k, char out[KEY_TEXT_LEN])
{
    if (k->is_number)
        (void)snprintf(out, KEY_TEXT_LEN, "carrier=%" PRIu32, k->number);
    else
        (void)snprintf(out, KEY_TEXT_LEN, "src=%" PRIu32 " user=%" PRIu32 " index=%" PRIu64, k->src,
                       k->user, k->index);
}

#define WRITE_TEXT_LEN 80

static void write_text(uint32_t i, const struct tm_write *w, char out[WRITE_TEXT_LEN])
{
    (void)snprintf(out, WRITE_TEXT_LEN,
                   "write=%" PRIu32 " %s size=%" PRIu32 " ref=%" PRId64 " gap=%" PRId64, i,
                   DIR_TEXT[w->dir], w->size, w->ref_back == 0 ? -1 : (int64_t)i - w->ref_back,
                   w->gap_us == TM_WRITE_GAP_UNKNOWN ? -1 : (int64_t)w->gap_us);
}

#define CLOSE_TEXT_LEN 160

/* What closes, and when; of a plain closing the gap alone. */
static void close_text(const struct tm_sched_carrier *c, enum tm_dir dir, char out[CLOSE_TEXT_LEN])
{
    const struct tm_schedlog_close *x = &c->close[dir];
    bool is_plain = dir == TM_UP && x->how == TM_CLOSE_FIN && x->ref == TM_SLOG_REF_END &&
                    x->server_ref == TM_SLOG_REF_FIN;
    if (is_plain)
        (void)snprintf(out, CLOSE_TEXT_LEN, "close gap=%" PRId64, x->gap_us);
    else
        (void)snprintf(out, CLOSE_TEXT_LEN,
                       "close %s %s ref=%" PRId64 " gap=%" PRId64 " server_ref=%" PRId64
                       " server_gap=%" PRId64,
                       DIR_TEXT[dir], x->how == TM_CLOSE_RESET ? "reset" : "fin", x->ref, x->gap_us,
                       x->server_ref, x->server_gap_us);
}

int tm_invariant_print(const struct tm_schedule *s, FILE *f)
{
    size_t n = 0;
    struct key *keys = order_of(s, !has_openings(s), &n);
    if (!keys)
        return TM_ERR_NOMEM;
    for (size_t k = 0; k < n; k++) {
        const struct tm_sched_carrier *c = &s->carriers[keys[k].number];
        char name[KEY_TEXT_LEN];
        key_text(&keys[k], name);
        if (c->has_open)
            (void)fprintf(f, "%s open ref=%s gap=%" PRId64 "\n", name, REF_TEXT[c->open_ref],
                          c->open_gap_us);
        for (uint32_t i = 0; i < c->n_writes; i++) {
            char text[WRITE_TEXT_LEN];
            if (!c->writes[i].is_known)
                continue;
            write_text(i, &c->writes[i].w, text);
            (void)fprintf(f, "%s %s\n", name, text);
        }
        for (int d = 0; d < 2; d++) {
            char text[CLOSE_TEXT_LEN];
            close_text(c, (enum tm_dir)d, text);
            if (c->has_close[d])
                (void)fprintf(f, "%s %s\n", name, text);
        }
    }
    free(keys);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}

/* ---- comparing ---- */

struct compare {
    struct tm_invariant_result *r;
    const struct tm_schedule *s[2];
};

static void differ(struct compare *c, const struct key *k, const char *first, const char *second)
{
    char name[KEY_TEXT_LEN];
    if (c->r->is_different)
        return;
    key_text(k, name);
    c->r->is_different = true;
    (void)snprintf(c->r->text, sizeof c->r->text, "%s: \"%s\" in the first, \"%s\" in the second",
                   name, first, second);
}

static void gap_text(char out[CLOSE_TEXT_LEN], const char *what, const char *ref, int64_t gap_us)
{
    (void)snprintf(out, CLOSE_TEXT_LEN, "%s%s%s gap=%" PRId64, what, *ref ? " ref=" : "", ref,
                   gap_us);
}

static void compare_ends(struct compare *c, const struct key *k,
                         const struct tm_sched_carrier *x[2])
{
    char text[2][CLOSE_TEXT_LEN];
    if (x[0]->has_open && x[1]->has_open &&
        (x[0]->open_ref != x[1]->open_ref || x[0]->open_gap_us != x[1]->open_gap_us)) {
        for (int s = 0; s < 2; s++)
            gap_text(text[s], "open", REF_TEXT[x[s]->open_ref], x[s]->open_gap_us);
        differ(c, k, text[0], text[1]);
    }
    for (int d = 0; d < 2; d++) {
        for (int s = 0; s < 2; s++)
            close_text(x[s], (enum tm_dir)d, text[s]);
        if (x[0]->has_close[d] && x[1]->has_close[d] && strcmp(text[0], text[1]) != 0)
            differ(c, k, text[0], text[1]);
    }
}

/* Write i, which at least one of the two names. */
static bool compare_write(struct compare *c, const struct key *k,
                          const struct tm_sched_carrier *x[2], uint32_t i)
{
    char text[2][WRITE_TEXT_LEN] = {"", ""};
    bool has[2];
    for (int s = 0; s < 2; s++) {
        has[s] = i < x[s]->n_writes && x[s]->writes[i].is_known;
        if (has[s])
            write_text(i, &x[s]->writes[i].w, text[s]);
    }
    if (has[0] && has[1]) {
        if (!tm_write_is_same(&x[0]->writes[i].w, &x[1]->writes[i].w))
            differ(c, k, text[0], text[1]);
        return true;
    }
    for (int s = 0; s < 2; s++) {
        c->r->n_only[s] += has[s];
        if (!has[s] && has[!s] && tm_sched_carrier_is_planned(x[s])) {
            (void)snprintf(text[s], WRITE_TEXT_LEN, "complete without it");
            differ(c, k, text[0], text[1]);
        }
    }
    return false;
}

static void compare_carrier(struct compare *c, const struct key *k,
                            const struct tm_sched_carrier *x[2])
{
    compare_ends(c, k, x);
    uint64_t before = c->r->n_writes;
    for (uint32_t i = 0; i < x[0]->n_writes || i < x[1]->n_writes; i++)
        c->r->n_writes += compare_write(c, k, x, i);
    c->r->n_carriers += c->r->n_writes > before;
}

/* Carrier k is in one log (`side`) alone; `next` is what the other has behind its place, or NULL. */
static void only_in(struct compare *c, const struct key *k, int side, const struct key *next)
{
    const struct tm_sched_carrier *x = &c->s[side]->carriers[k->number];
    for (uint32_t i = 0; i < x->n_writes; i++)
        c->r->n_only[side] += x->writes[i].is_known;
    if (next && next->src == k->src && next->user == k->user)
        differ(c, k, side == 0 ? "present" : "missing", side == 0 ? "missing" : "present");
}

int tm_invariant_compare(struct tm_invariant_result *r, const struct tm_schedule *a,
                         const struct tm_schedule *b)
{
    *r = (struct tm_invariant_result){0};
    struct compare c = {.r = r, .s = {a, b}};
    bool by_number = !has_openings(a) || !has_openings(b);
    size_t n[2] = {0, 0};
    struct key *keys[2] = {order_of(a, by_number, &n[0]), order_of(b, by_number, &n[1])};
    int rc = TM_ERR_NOMEM;
    if (!keys[0] || !keys[1])
        goto out;
    size_t at[2] = {0, 0};
    while (at[0] < n[0] || at[1] < n[1]) {
        const struct key *k0 = at[0] < n[0] ? &keys[0][at[0]] : NULL;
        const struct key *k1 = at[1] < n[1] ? &keys[1][at[1]] : NULL;
        int order = !k0 ? 1 : !k1 ? -1 : by_place(k0, k1);
        if (order == 0) {
            const struct tm_sched_carrier *x[2] = {&a->carriers[k0->number],
                                                   &b->carriers[k1->number]};
            compare_carrier(&c, k0, x);
        } else if (order < 0) {
            only_in(&c, k0, 0, k1);
        } else {
            only_in(&c, k1, 1, k0);
        }
        at[0] += order <= 0;
        at[1] += order >= 0;
    }
    rc = TM_OK;
out:
    free(keys[0]);
    free(keys[1]);
    return rc;
}
