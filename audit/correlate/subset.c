/* The tables count subsets by their sum.  left[i] holds those of the items before i, right those of the items behind; a subset with or
 * without i is one of each. */
#include "audit/correlate/subset.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CELLS       (TM_SUBSET_CELLS + 16U) /* behind the carrier's own: what rounding adds */
#define MISSING     0.1
#define FRAMES      128.0
#define N_DIRS      2U
#define WINDOWS_MAX 36000U /* two hours */

#define SPAN_MAX                                                                                   \
    200U /* cells that count as the carrier's volume: a tenth of 512, 128 bytes, rounding */
#define PADDED (CELLS + 2 * SPAN_MAX)

struct tables {
    double *left; /* n x CELLS */
    double right[CELLS];
    double scratch[CELLS];
    double fits[PADDED]; /* [SPAN_MAX + j]: sum of right[j .. j + span - 1] */
    uint32_t *cell;      /* n */
    /* The items that have bytes: sizes, then their evidence, and which they are. */
    double *packed; /* 2 n */
    uint32_t *from; /* n */
};

/* out = those of `in` without and with an item of `cell` cells; divided by two, as by chance, so that nothing overflows. */
static void add_item(double *out, const double *in, uint32_t cell)
{
    for (uint32_t s = 0; s < CELLS; s++)
        out[s] = (in[s] + (s >= cell ? in[s - cell] : 0)) / 2;
}

/* Sums of every run of `span` cells of right, zeros around it.  From sums within blocks of that length: no subtraction, which would lose
 * the tails that this is about. */
static void sum_runs(struct tables *t, uint32_t span)
{
    double padded[PADDED] = {0};
    double head[PADDED]; /* from the block's first cell to here */
    double sum = 0;
    memcpy(padded + SPAN_MAX, t->right, sizeof t->right);
    for (uint32_t j = 0; j < PADDED; j++) {
        sum = (j % span == 0 ? 0 : sum) + padded[j];
        head[j] = sum;
    }
    sum = 0;
    for (uint32_t j = PADDED; j-- > 0;) { /* from here to the block's last cell */
        sum = ((j + 1) % span == 0 ? 0 : sum) + padded[j];
        t->fits[j] = sum;
        if (j % span != 0 && j + span - 1 < PADDED)
            t->fits[j] += head[j + span - 1];
    }
}

/* How many pairs of a subset on the left and one on the right add up to low..low + span - 1 cells. */
static double count(const struct tables *t, const double *left, int32_t low)
{
    double sum = 0;
    for (int32_t a = 0; a < (int32_t)CELLS; a++) {
        int32_t j = low - a + (int32_t)SPAN_MAX;
        if (j >= 0 && j < (int32_t)PADDED)
            sum += left[a] * t->fits[j];
    }
    return sum;
}

static double weigh(double with, double without)
{
    if (with + without <= 0)
        return 0;
    double v = with <= 0 ? -TM_SUBSET_SURE : without <= 0 ? TM_SUBSET_SURE : log(with / without);
    return fmax(-TM_SUBSET_SURE, fmin(TM_SUBSET_SURE, v));
}

static void fill(struct tables *t, const double *size, uint32_t n, double total, double *evidence)
{
    double unit = fmax(total / TM_SUBSET_CELLS, 1);
    int32_t low = (int32_t)floor((total * (1 - MISSING) - FRAMES) / unit) - 1;
    int32_t high = (int32_t)ceil(total * 1.01 / unit) + 1;
    uint32_t span = (uint32_t)(high - low + 1);
    TM_ASSERT_LE(span, SPAN_MAX);
    memset(t->right, 0, sizeof t->right);
    memset(t->left, 0, sizeof(double[CELLS]));
    t->left[0] = t->right[0] = 1;
    double before =
        0; /* rounding passes on what it leaves, so that many small items keep their sum */
    for (uint32_t i = 0; i < n; i++) {
        /* What is larger than the carrier's whole volume fits nowhere. */
        double cells = round(before + size[i] / unit) - round(before);
        t->cell[i] = cells < CELLS ? (uint32_t)cells : CELLS;
        before += size[i] / unit;
        if (i + 1 < n)
            add_item(t->left + (size_t)(i + 1) * CELLS, t->left + (size_t)i * CELLS, t->cell[i]);
    }
    for (uint32_t i = n; i-- > 0;) {
        const double *left = t->left + (size_t)i * CELLS;
        int32_t cell = (int32_t)t->cell[i];
        sum_runs(t, span);
        evidence[i] = weigh(count(t, left, low - cell), count(t, left, low));
        add_item(t->scratch, t->right, t->cell[i]);
        memcpy(t->right, t->scratch, sizeof t->right);
    }
}

static int tables_init(struct tables *t, uint32_t n)
{
    size_t room = (size_t)n + 1;
    t->left = malloc(room * CELLS * sizeof *t->left);
    t->cell = malloc(room * sizeof *t->cell);
    t->packed = malloc(2 * room * sizeof *t->packed);
    t->from = malloc(room * sizeof *t->from);
    return t->left && t->cell && t->packed && t->from ? TM_OK : TM_ERR_NOMEM;
}

static void tables_deinit(struct tables *t)
{
    free(t->left);
    free(t->cell);
    free(t->packed);
    free(t->from);
}

/* Items without bytes are in no subset: they are left out before counting. */
static void evidence_of(struct tables *t, const double *size, uint32_t n, double total,
                        double *evidence)
{
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        evidence[i] = 0;
        if (size[i] <= 0)
            continue;
        t->packed[m] = size[i];
        t->from[m++] = i;
    }
    if (m == 0)
        return;
    if (total <= 0) { /* a silent carrier carries none of them */
        for (uint32_t k = 0; k < m; k++)
            evidence[t->from[k]] = -TM_SUBSET_SURE;
        return;
    }
    double *found = t->packed + n;
    fill(t, t->packed, m, total, found);
    for (uint32_t k = 0; k < m; k++)
        evidence[t->from[k]] = found[k];
}

int tm_subset_evidence(const double *size, uint32_t n, double total, double *evidence)
{
    struct tables t = {0};
    int rc = tables_init(&t, n);
    if (rc == TM_OK)
        evidence_of(&t, size, n, total, evidence);
    tables_deinit(&t);
    return rc;
}

/* ---- sliding ---- */

struct slide {
    const struct tm_scene_line *const *flows;
    const struct tm_scene_line *carrier;
    uint32_t n;
    uint32_t *at; /* n + 1: the next packet of each flow, then of the carrier */
    double *size; /* N_DIRS x n */
    double *evidence, *weight;
    struct tables t;
};

/* Bytes of each direction in [from_us, to_us); *at is the first packet at or behind from_us and moves there. */
static void volume(const struct tm_scene_line *l, uint32_t *at, int64_t from_us, int64_t to_us,
                   double out[N_DIRS])
{
    out[0] = out[1] = 0;
    while (*at < l->n && l->v[*at].t_us < from_us)
        (*at)++;
    for (uint32_t i = *at; i < l->n && l->v[i].t_us < to_us; i++)
        out[l->v[i].dir] += l->v[i].bytes;
}

static void one_window(struct slide *s, int64_t from_us, double *score)
{
    int64_t to_us = from_us + (int64_t)TM_SUBSET_WINDOW * TM_SUBSET_BUCKET_US;
    double total[N_DIRS];
    double bytes[N_DIRS];
    bool is_busy = false;
    for (uint32_t i = 0; i < s->n; i++) {
        volume(s->flows[i], &s->at[i], from_us, to_us, bytes);
        s->size[i] = bytes[0];
        s->size[s->n + i] = bytes[1];
        is_busy |= bytes[0] + bytes[1] > 0;
    }
    volume(s->carrier, &s->at[s->n], from_us, to_us, total);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): slide_deinit frees what size points into */
    for (uint32_t dir = 0; is_busy && dir < N_DIRS; dir++) {
        const double *size = s->size + (size_t)dir * s->n;
        evidence_of(&s->t, size, s->n, total[dir], s->evidence);
        for (uint32_t i = 0; i < s->n; i++) {
            score[i] += s->evidence[i];
            s->weight[i] += size[i] > 0;
        }
    }
}

static int slide_init(struct slide *s)
{
    size_t n = (size_t)s->n + 1;
    s->at = calloc(n, sizeof *s->at);
    s->size = calloc(N_DIRS * n, sizeof *s->size);
    s->evidence = malloc(n * sizeof *s->evidence);
    s->weight = calloc(n, sizeof *s->weight);
    int rc = tables_init(&s->t, s->n);
    return s->at && s->size && s->evidence && s->weight ? rc : TM_ERR_NOMEM;
}

static void slide_deinit(struct slide *s)
{
    free(s->at);
    free(s->size);
    free(s->evidence);
    free(s->weight);
    tables_deinit(&s->t);
}

int tm_subset_scores(const struct tm_scene_line *const *flows, uint32_t n,
                     const struct tm_scene_line *carrier, double *score)
{
    struct slide s = {.flows = flows, .carrier = carrier, .n = n};
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    int rc = slide_init(&s);
    if (rc != TM_OK)
        goto out;
    for (uint32_t i = 0; i < n; i++) {
        score[i] = 0;
        if (tm_scene_first_us(flows[i]) < first)
            first = tm_scene_first_us(flows[i]);
        if (tm_scene_last_us(flows[i]) > last)
            last = tm_scene_last_us(flows[i]);
    }
    const int64_t step_us = (int64_t)TM_SUBSET_SLIDE * TM_SUBSET_BUCKET_US;
    int64_t from_us = first - step_us;
    for (uint32_t k = 0; n > 0 && k < WINDOWS_MAX && from_us <= last; k++, from_us += step_us)
        one_window(&s, from_us, score);
    for (uint32_t i = 0; i < n; i++)
        score[i] = s.weight[i] > 0 ? score[i] / s.weight[i] : 0;
out:
    slide_deinit(&s);
    return rc;
}
