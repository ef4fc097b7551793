#include "audit/classify/rate.h"

#include <math.h>
#include <stdlib.h>

#include "audit/ml/group.h"

/* times: how often each group counts; NULL: once. */
static double share(const struct tm_rate_input *in, const struct tm_groups *g,
                    enum tm_rate_kind kind, const uint32_t *times)
{
    double hit[256] = {0};
    double all[256] = {0};
    for (uint32_t i = 0; i < in->n; i++) {
        uint8_t c = kind == TM_RATE_ALL ? 0 : in->cls[i];
        double w = times ? times[g->of[i]] : 1;
        hit[c] += in->hit[i] ? w : 0;
        all[c] += w;
    }
    double sum = 0;
    uint32_t n_classes = 0;
    for (uint32_t c = 0; c < 256; c++) {
        if (all[c] > 0) {
            sum += hit[c] / all[c];
            n_classes++;
        }
    }
    return n_classes > 0 ? sum / n_classes : NAN;
}

int tm_rate(const struct tm_rate_input *in, enum tm_rate_kind kind, struct tm_rng *rng,
            struct tm_interval *out)
{
    struct tm_groups g = {0};
    *out = (struct tm_interval){NAN, NAN, NAN};
    if (in->n == 0)
        return TM_OK;
    int rc = tm_groups_init(&g, in->session, in->cls, in->n);
    if (rc != TM_OK)
        return rc;
    double *draws = malloc((in->n_boot + 1U) * sizeof *draws);
    uint32_t *times = malloc(g.n_groups * sizeof *times);
    rc = TM_ERR_NOMEM;
    if (!draws || !times)
        goto out;
    out->value = share(in, &g, kind, NULL);
    for (uint32_t i = 0; i < in->n_boot; i++) {
        tm_groups_draw(&g, rng, times);
        draws[i] = share(in, &g, kind, times);
    }
    tm_interval_of(draws, in->n_boot, tm_groups_fewest(&g), out);
    if (out->value >= 1) {
        out->low = pow(0.025, 1.0 / g.n_groups);
        out->high = 1;
    } else if (out->value <= 0) {
        out->low = 0;
        out->high = 1 - pow(0.025, 1.0 / g.n_groups);
    }
    rc = TM_OK;
out:
    free(draws);
    free(times);
    tm_groups_deinit(&g);
    return rc;
}

int tm_rate_of_class(const struct tm_rate_input *in, uint8_t cls, struct tm_rng *rng,
                     struct tm_interval *out)
{
    uint8_t *hit = malloc((size_t)in->n + 1);
    uint8_t *one = malloc((size_t)in->n + 1);
    uint32_t *session = malloc(((size_t)in->n + 1) * sizeof *session);
    int rc = TM_ERR_NOMEM;
    if (hit && one && session) {
        struct tm_rate_input own = {
            .hit = hit, .cls = one, .session = session, .n_boot = in->n_boot};
        for (uint32_t i = 0; i < in->n; i++) {
            if (in->cls[i] == cls) {
                hit[own.n] = in->hit[i];
                one[own.n] = cls;
                session[own.n++] = in->session[i];
            }
        }
        rc = tm_rate(&own, TM_RATE_ALL, rng, out);
    }
    free(hit);
    free(one);
    free(session);
    return rc;
}
