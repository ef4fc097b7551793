#include "audit/detect/runs.h"

#include <stdlib.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

static uint64_t token_of(const struct tm_write_cut *w)
{
    return (uint64_t)w->bytes << 1 | w->dir;
}

static size_t length(const struct tm_writes *w, size_t i)
{
    size_t n = w->start[i + 1] - w->start[i];
    return n < TM_RUNS_WRITES_MAX ? n : TM_RUNS_WRITES_MAX;
}

static uint64_t hash_of(const struct tm_trace_set *set, size_t i)
{
    const struct tm_trace_packet *p = tm_trace_packets(set, &set->v[i]);
    uint64_t h = FNV_OFFSET;
    for (uint32_t k = 0; k < set->v[i].n_packets; k++)
        h = (h ^ ((uint64_t)p[k].bytes << 1 | p[k].dir)) * FNV_PRIME;
    return h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* End marks differ from each other, so the comparison ends inside a connection. */
static int by_suffix(const void *a, const void *b, void *ctx)
{
    const uint64_t *x = (const uint64_t *)ctx + *(const uint32_t *)a,
                   *y = (const uint64_t *)ctx + *(const uint32_t *)b;
    if (x == y)
        return 0;
    while (*x == *y) {
        x++;
        y++;
    }
    return *x < *y ? -1 : 1;
}

int tm_runs_init(struct tm_runs *out, const struct tm_trace_set *train,
                 const struct tm_writes *writes)
{
    size_t n = writes->n + train->n;
    *out = (struct tm_runs){0};
    if (n >= UINT32_MAX)
        return TM_ERR_LIMIT;
    *out = (struct tm_runs){.token = calloc(n + 1, sizeof *out->token),
                            .suffix = calloc(n + 1, sizeof *out->suffix),
                            .sequence = calloc(train->n + 1, sizeof *out->sequence)};
    if (!out->token || !out->suffix || !out->sequence) {
        tm_runs_deinit(out);
        return TM_ERR_NOMEM;
    }
    for (size_t i = 0; i < train->n; i++) {
        for (size_t k = 0; k < length(writes, i); k++)
            out->token[out->n++] = token_of(&writes->v[writes->start[i] + k]);
        out->token[out->n++] = UINT64_MAX - i;
        out->sequence[out->n_sequences++] = hash_of(train, i);
    }
    for (size_t k = 0; k < out->n; k++)
        out->suffix[k] = (uint32_t)k;
    qsort_r(out->suffix, out->n, sizeof *out->suffix, by_suffix, out->token);
    qsort(out->sequence, out->n_sequences, sizeof *out->sequence, by_hash);
    return TM_OK;
}

void tm_runs_deinit(struct tm_runs *r)
{
    free(r->token);
    free(r->suffix);
    free(r->sequence);
    *r = (struct tm_runs){0};
}

/* Writes that a training suffix and w share at the beginning; *is_below: the suffix sorts before w. */
static size_t shared(const struct tm_runs *r, size_t suffix, const struct tm_write_cut *w, size_t n,
                     bool *is_below)
{
    const uint64_t *t = r->token + r->suffix[suffix];
    size_t k = 0;
    while (k < n && t[k] == token_of(&w[k]))
        k++;
    *is_below = k < n && t[k] < token_of(&w[k]);
    return k;
}

/* The longest beginning of w that some training connection has: it is a neighbour's in sorted order. */
static size_t longest_at(const struct tm_runs *r, const struct tm_write_cut *w, size_t n)
{
    size_t low = 0, high = r->n, best = 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        bool is_below = false;
        size_t k = shared(r, mid, w, n, &is_below);
        best = k > best ? k : best;
        if (is_below)
            low = mid + 1;
        else
            high = mid;
    }
    return best;
}

double tm_runs_longest(const struct tm_runs *r, const struct tm_writes *writes, size_t i)
{
    size_t n = length(writes, i), best = 0;
    const struct tm_write_cut *w = writes->v + writes->start[i];
    for (size_t k = 0; k + best < n; k++) {
        size_t run = longest_at(r, w + k, n - k);
        best = run > best ? run : best;
    }
    return n > 0 ? (double)best / (double)n : 0;
}

bool tm_runs_has_copy(const struct tm_runs *r, const struct tm_trace_set *set, size_t i)
{
    uint64_t h = hash_of(set, i);
    return bsearch(&h, r->sequence, r->n_sequences, sizeof h, by_hash) != NULL;
}
