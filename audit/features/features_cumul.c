/* CUMUL's interpolated points and RF's traffic aggregation matrix (the table is in features.c). */
#include "audit/features/features.h"
#include "audit/features/features_impl.h"

#define POINTS 100U

static void name_cumul(struct tm_column *c)
{
    for (unsigned i = 0; i < POINTS; i++)
        tm_column_name(&c[i], "c%u", i + 1);
}

/* With signed sizes p (up +) the curve leads through (a_i, c_i), a_i = a_(i-1) + |p_i|, c_i = c_(i-1) + p_i, from (0, 0); its points
 * at a = k/100 of the end are the features. */
static void fill_cumul(float *x, const struct tm_features_view *v)
{
    double end = v->bytes_dir[TM_UP] + v->bytes_dir[TM_DOWN];
    double a = 0;
    double c = 0;
    uint32_t k = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        double bytes = v->p[i].bytes;
        double sign = v->p[i].dir == TM_UP ? 1 : -1;
        for (; k < POINTS && end * (k + 1) <= (a + bytes) * POINTS; k++)
            x[k] = (float)(c + sign * (end * (k + 1) / POINTS - a));
        a += bytes;
        c += sign * bytes;
    }
}

static void name_tam(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++) {
        for (unsigned i = 0; i < TM_TAM_SLOTS; i++)
            tm_column_name(c++, "tam_%s_%u", tm_features_dir(d), i);
    }
}

/* Packets in each slot of the first 80 s; what comes later is counted in the last slot. */
static void fill_tam(float *x, const struct tm_features_view *v)
{
    for (uint32_t i = 0; i < 2 * TM_TAM_SLOTS; i++)
        x[i] = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        int64_t slot = tm_features_at_us(v, i) / TM_TAM_SLOT_US;
        if (slot >= (int64_t)TM_TAM_SLOTS)
            slot = TM_TAM_SLOTS - 1;
        x[v->p[i].dir * (int64_t)TM_TAM_SLOTS + slot]++;
    }
}

const struct tm_family TM_FAMILIES_CUMUL[] = {
    {TM_GROUP_CUMUL, POINTS, name_cumul, fill_cumul},
    {TM_GROUP_TAM, 2 * TM_TAM_SLOTS, name_tam, fill_tam},
};
const uint32_t TM_FAMILIES_CUMUL_N = sizeof TM_FAMILIES_CUMUL / sizeof *TM_FAMILIES_CUMUL;
