#include "learner/shard_samples.h"

#include <stdlib.h>

#include "models/measured.h"

#define VARINT_MAX_LEN 8U
#define RUN_LEAST      2U /* bytes */
#define BITS_MAX       63U
#define TOTAL_END      (UINT64_C(1) << 48) /* as in distributions */

static void put_kind(struct tm_wr *w, const struct tm_runs *r, uint8_t bits)
{
    tm_wr_u8(w, bits);
    tm_wr_varint(w, r->n);
    for (size_t i = 0; i < r->n; i++) {
        tm_wr_varint(w, r->v[i].value);
        tm_wr_varint(w, r->v[i].count);
    }
}

int tm_shard_encode_samples(struct tm_samples *s, uint8_t **out, size_t *len)
{
    struct tm_runs r[TM_MEASURED_PARAMS] = {{0}};
    size_t cap = 0;
    int rc = TM_OK;
    *out = NULL;
    *len = 0;
    for (unsigned m = 0; m < TM_MEASURED_PARAMS && rc == TM_OK; m++) {
        rc = tm_samples_runs(s, TM_SAMPLES_MEASURED(m), &r[m]);
        cap += 1 + VARINT_MAX_LEN + (size_t)2 * VARINT_MAX_LEN * r[m].n;
    }
    if (rc == TM_OK)
        *out = malloc(cap);
    if (rc == TM_OK && !*out)
        rc = TM_ERR_NOMEM;
    if (rc == TM_OK) {
        struct tm_wr w = tm_wr_init(*out, cap);
        for (unsigned m = 0; m < TM_MEASURED_PARAMS; m++)
            put_kind(&w, &r[m], s->bits[TM_SAMPLES_MEASURED(m)]);
        TM_ASSERT(tm_wr_ok(&w));
        *len = w.len;
    }
    for (unsigned m = 0; m < TM_MEASURED_PARAMS; m++)
        free(r[m].v);
    return rc;
}

static int get_runs(struct tm_rd *rd, struct tm_run *v, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = tm_rd_varint(rd);
        uint64_t count = tm_rd_varint(rd);
        if (!tm_rd_ok(rd) || value > TM_MEASURED_MAX || (i > 0 && value <= v[i - 1].value) ||
            count == 0 || count >= TOTAL_END - total)
            return TM_ERR_FORMAT;
        total += count;
        v[i] = (struct tm_run){value, count};
    }
    return TM_OK;
}

static int get_kind(struct tm_rd *rd, struct tm_samples *s, unsigned kind)
{
    uint8_t bits = tm_rd_u8(rd);
    uint64_t n = tm_rd_varint(rd);
    if (!tm_rd_ok(rd) || bits > BITS_MAX || n > TM_SAMPLES_RUNS_MAX || n > rd->len / RUN_LEAST)
        return TM_ERR_FORMAT;
    s->bits[kind] = bits;
    if (n == 0)
        return TM_OK;
    struct tm_run *v = calloc((size_t)n, sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    int rc = get_runs(rd, v, (size_t)n);
    if (rc == TM_OK)
        rc = tm_packed_pack(v, (size_t)n, &s->packed[kind]);
    free(v);
    return rc;
}

int tm_shard_decode_samples(struct tm_rd *rd, struct tm_samples *out)
{
    int rc = TM_OK;
    *out = (struct tm_samples){0};
    for (unsigned m = 0; m < TM_MEASURED_PARAMS && rc == TM_OK; m++)
        rc = get_kind(rd, out, TM_SAMPLES_MEASURED(m));
    return rc;
}
