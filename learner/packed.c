#include "learner/packed.h"

#include <stdlib.h>
#include <string.h>

#include "learner/held.h"

#define NUMBER_MAX 10U /* bytes that 64 bits take */
#define RUN_MAX    (2 * (size_t)NUMBER_MAX)
#define BITS_FIRST 40U /* the first rounding; what is below 2^40 us or bytes stays as it is */
#define N_BITS     65U

/* A packed list under work. */
struct writer {
    uint8_t *byte; /* owned */
    size_t cap;
    size_t len;
    size_t n;
    uint64_t total;
    uint64_t last;     /* value written */
    struct tm_run run; /* not written yet: more of its value may come; count 0: none */
    unsigned bits;
    size_t n_needed
        [N_BITS]; /* values that differ from the one before if so many bits are kept, and not with fewer */
};

void tm_packed_deinit(struct tm_packed *t)
{
    free(t->byte);
    *t = (struct tm_packed){0};
}

struct tm_packed_reader tm_packed_read(const struct tm_packed *t)
{
    return (struct tm_packed_reader){.byte = t->byte,
                                     .byte_end = t->byte ? t->byte + t->len : NULL};
}

struct tm_packed_reader tm_packed_read_sorted(const uint64_t *v, size_t n)
{
    return (struct tm_packed_reader){.v = v, .v_end = n > 0 ? v + n : v};
}

static uint64_t get(const uint8_t **at)
{
    const uint8_t *p = *at;
    uint64_t v = *p & 0x7f;
    for (unsigned shift = 7; *p++ >= 0x80; shift += 7)
        v |= (uint64_t)(*p & 0x7f) << shift;
    *at = p;
    return v;
}

static size_t put(uint8_t *p, uint64_t v)
{
    size_t len = 0;
    for (; v >= 0x80; v >>= 7)
        p[len++] = (uint8_t)(v | 0x80);
    p[len++] = (uint8_t)v;
    return len;
}

bool tm_packed_next(struct tm_packed_reader *r)
{
    if (r->byte != r->byte_end) {
        r->run.value += get(&r->byte);
        r->run.count = get(&r->byte);
        return true;
    }
    if (r->v == r->v_end)
        return false;
    r->run = (struct tm_run){*r->v, 0};
    for (; r->v != r->v_end && *r->v == r->run.value; r->v++)
        r->run.count++;
    return true;
}

/* How many significant bits tell two different values apart. */
static unsigned bits_between(uint64_t a, uint64_t b)
{
    return (unsigned)(__builtin_clzll(a ^ b) - __builtin_clzll(b)) + 1;
}

static int make_room(struct writer *w)
{
    if (w->cap - w->len >= RUN_MAX)
        return TM_OK;
    size_t cap = w->cap + w->cap / 2 + 256 * RUN_MAX;
    uint8_t *p = realloc(w->byte, cap);
    if (!p)
        return TM_ERR_NOMEM;
    w->byte = p;
    w->cap = cap;
    return TM_OK;
}

/* What waits is complete. */
static int flush(struct writer *w)
{
    int rc = w->run.count > 0 ? make_room(w) : TM_OK;
    if (rc != TM_OK || w->run.count == 0)
        return rc;
    if (w->n > 0)
        w->n_needed[bits_between(w->last, w->run.value)]++;
    w->len += put(w->byte + w->len, w->run.value - w->last);
    w->len += put(w->byte + w->len, w->run.count);
    w->total += w->run.count;
    w->last = w->run.value;
    w->n++;
    return TM_OK;
}

static int write_run(struct writer *w, struct tm_run run)
{
    run.value = tm_held_rounded(run.value, w->bits);
    if (w->run.count > 0 && w->run.value == run.value) {
        w->run.count += run.count;
        return TM_OK;
    }
    int rc = flush(w);
    w->run = run;
    return rc;
}

/* Both readers to their end. */
static int write_all(struct writer *w, struct tm_packed_reader a, struct tm_packed_reader b)
{
    bool has_a = tm_packed_next(&a);
    bool has_b = tm_packed_next(&b);
    int rc = TM_OK;
    while (rc == TM_OK && (has_a || has_b)) {
        if (has_a && (!has_b || a.run.value <= b.run.value)) {
            rc = write_run(w, a.run);
            has_a = tm_packed_next(&a);
        } else {
            rc = write_run(w, b.run);
            has_b = tm_packed_next(&b);
        }
    }
    return rc == TM_OK ? flush(w) : rc;
}

/* The most bits, of BITS_FIRST and below the present ones, with which n_max values are left or fewer. */
static unsigned bits_for(const struct writer *w, size_t n_max)
{
    unsigned bits = w->bits == 0 ? BITS_FIRST : w->bits - 1;
    size_t n = 1;
    for (unsigned i = 0; i <= bits; i++)
        n += w->n_needed[i];
    for (; n > n_max; bits--)
        n -= w->n_needed[bits];
    return bits;
}

/* Again from the first value. */
static void begin(struct writer *w, unsigned bits)
{
    *w = (struct writer){.byte = w->byte, .cap = w->cap, .bits = bits};
}

/* What was written becomes *out, unless rc is an error. */
static int end(struct writer *w, int rc, struct tm_packed *out)
{
    *out = (struct tm_packed){0};
    if (rc == TM_OK && w->n > 0) {
        out->byte = malloc(w->len);
        rc = out->byte ? TM_OK : TM_ERR_NOMEM;
    }
    if (rc == TM_OK && w->n > 0) {
        memcpy(out->byte, w->byte, w->len);
        out->len = w->len;
        out->n = w->n;
        out->total = w->total;
    }
    free(w->byte);
    return rc;
}

int tm_packed_pack(const struct tm_run *v, size_t n, struct tm_packed *out)
{
    struct writer w = {0};
    int rc = TM_OK;
    for (size_t i = 0; i < n && rc == TM_OK; i++)
        rc = write_run(&w, v[i]);
    if (rc == TM_OK)
        rc = flush(&w);
    return end(&w, rc, out);
}

int tm_packed_join(const struct tm_packed_reader *a, const struct tm_packed_reader *b, size_t n_max,
                   uint8_t *bits, struct tm_packed *out)
{
    struct writer w = {.bits = *bits};
    TM_ASSERT(n_max >= 256);
    int rc = write_all(&w, *a, *b);
    if (rc == TM_OK && w.n > n_max) {
        begin(&w, bits_for(&w, n_max));
        rc = write_all(&w, *a, *b);
    }
    unsigned kept = w.bits;
    rc = end(&w, rc, out);
    if (rc == TM_OK)
        *bits = (uint8_t)kept;
    return rc;
}
